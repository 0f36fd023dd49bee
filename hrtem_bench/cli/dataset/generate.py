"""`hrtem-bench generate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.printing import bytes_text, counting, duration, timed, wrote

if TYPE_CHECKING:
    from hrtem_bench.dataset import Recipe


def generate(
    recipe: Annotated[str, typer.Argument(help="A shipped recipe (mini, small, full), or a TOML file of your own.")],
    out: Annotated[Path, typer.Option(help="Folder of the dataset: new, or one to go on with.")],
    workers: options.Workers = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a dask scheduler whose workers simulate instead.")
    ] = None,
    device: Annotated[Literal["cpu", "cuda"], typer.Option(help="Where multislice runs.")] = "cpu",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would make and take; make nothing.")] = False,
) -> None:
    """Make a dataset: simulate its structures, render its images, write a folder that `load_dataset` reads.

    The same recipe gives the same bytes, whatever the number of workers. Interrupted, it goes on where it was
    when the same command is given again.
    """
    from hrtem_bench.dataset import generate as make
    from hrtem_bench.dataset import load_recipe

    what = load_recipe(recipe)
    if dry_run:
        announce(what, workers)
        return
    with timed("generated"), counting("structures") as moved:
        make(what, out, workers=workers, scheduler=scheduler, device=device, progress=moved)
    wrote(out)


def announce(recipe: Recipe, workers: int | None) -> None:
    """Say what a recipe would make and take."""
    from hrtem_bench.dataset import generation_cost
    from hrtem_bench.generation.generate import default_workers

    found = generation_cost(recipe, workers or default_workers("cpu"))
    waves = f" with {bytes_text(found.wave_bytes)} of exit waves for each of {found.wave_structures} structures"
    total = bytes_text(found.bytes) + (waves if found.wave_structures else "")
    print(
        f"{recipe.name} {recipe.version}: {found.structures} structures, {found.simulations} simulations, "
        f"{found.images} images, {found.shards} files, {total}; about {duration(found.seconds)} on "
        f"{found.workers} of this machine's cores, without a GPU; {bytes_text(found.memory)} of memory for each"
    )
