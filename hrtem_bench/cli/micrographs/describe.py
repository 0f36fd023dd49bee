"""`hrtem-bench describe`: what can be read off a user's own micrographs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.printing import counting, print_warnings, wrote

if TYPE_CHECKING:
    from hrtem_bench.micrographs.description import Description


@dataclass(frozen=True)
class KnownOptions:
    """What is known of the images."""

    pixel_size: options.PixelSize = None
    energy: options.Energy = None
    cs: options.Cs = None
    crystal: Annotated[
        str | None,
        typer.Option(help="Crystal of the particles, Au or a CIF file, whose lattice spots check the pixel size."),
    ] = None


@options.with_option_groups
def describe(
    images: options.Micrographs,
    given: options.ModelOptions,
    known: KnownOptions,
    model: Annotated[str | None, typer.Option(help="A model that finds the particles, as for predict.")] = None,
    results: Annotated[
        Path | None, typer.Option(help="Folder of the model's own results, which say what Dice to expect here.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for description.json and a page, description.html.")] = None,
) -> None:
    """What can be read off micrographs: focus, dose, noise, texture, sizes, each with how it was found.

    What cannot be said is said too. Nothing is simulated, and without --model no network is run.
    """
    from hrtem_bench.micrographs.describe import DescribeSettings, check_free, described

    settings = DescribeSettings(
        known.pixel_size,
        options.energy(known.energy),
        options.cs(known.cs),
        known.crystal,
        None if model is None else given.load(model),
        results,
    )
    if out is not None:
        check_free(out, images)
    start = time.process_time()
    with counting("micrographs") as moved:
        found = described(images, settings, moved)
    print_description(found.description)
    used = time.process_time() - start
    print(f"{used:.1f} s of processor time, {used / len(found.images):.1f} s for each file")
    if out is not None:
        from hrtem_bench.report import write_description

        wrote(write_description(out, found))


def print_description(told: Description) -> None:
    """A line for each number that was found, and for what was not."""
    from hrtem_bench.report import description_rows, missing_rows

    print(f"files: {len(told.images)}; ± and brackets are 95 % intervals")
    rows = list(description_rows(told))
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    for what, value, how in rows:
        print(f"{what:{first}}  {value:>{second}}  {how}".rstrip())
    for names, how in missing_rows(told):
        print(f"not known: {names}: {how}")
    print_warnings(told.warnings)
    if told.expected is not None:
        for warning in told.expected.warnings:
            print(f"note: {warning}")
