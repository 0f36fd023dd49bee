"""`hrtem-bench render`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.printing import bytes_text, counting, duration, timed, wrote


def render(
    data: Annotated[str, typer.Argument(metavar="DIR", help="Folder of a dataset that keeps exit waves, or a Hub id.")],
    recipe: Annotated[
        str, typer.Option(help="Recipe of the new dataset: a TOML file, with the specimens and multislice of DIR's.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the new dataset: new, or one to go on with.")],
    workers: options.Workers = None,
    device: Annotated[Literal["cpu", "cuda"], typer.Option(help="Where images are formed.")] = "cpu",
    revision: Annotated[str | None, typer.Option(help="Revision of a dataset on the Hub.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say whether the two agree, and what it would take; make nothing.")
    ] = False,
) -> None:
    """Make a dataset from the exit waves that another keeps: other imaging, tracks, detectors, doses; no multislice.

    Interrupted, it goes on where it was when the same command is given again.
    """
    from hrtem_bench.dataset import load_recipe, render_dataset

    what = load_recipe(recipe)
    if dry_run:
        from hrtem_bench.dataset.from_waves import estimate_rendering

        found = estimate_rendering(data, what, revision=revision, workers=workers)
        print(
            f"{what.name} {what.version}: {found.structures} structures from the exit waves of {data}, {found.images} "
            f"images, {found.shards} files, {bytes_text(found.bytes)}; about {duration(found.seconds)} on "
            f"{found.workers} of this machine's cores, without a GPU; {bytes_text(found.memory)} of memory for each"
        )
        return
    with timed("rendered"), counting("structures") as moved:
        render_dataset(data, what, out, revision=revision, workers=workers, device=device, progress=moved)
    wrote(out)
