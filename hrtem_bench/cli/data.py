"""`hrtem-bench generate` and `verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrtem_bench.cli.printing import counted, timed, wrote


def generate(
    recipe: Annotated[str, typer.Argument(help="Name of a shipped recipe (mini), or a TOML file.")],
    out: Annotated[Path, typer.Option(help="Folder of the dataset: new, or one to go on with.")],
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; as many as CPU cores if not given.")] = None,
) -> None:
    """Make a dataset: simulate its structures, render its images, write a folder that `load_dataset` reads.

    The same recipe gives the same bytes, whatever the number of workers. Interrupted, it goes on where it was
    when the same command is given again.
    """
    from hrtem_bench.dataset import generate as make
    from hrtem_bench.dataset import load_recipe

    with timed("generated"), counted("structures") as moved:
        make(load_recipe(recipe), out, workers=workers, progress=moved)
    wrote(out)


def verify(data: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a dataset.")]) -> None:
    """Check a dataset: manifest, checksums, schema, every row, and that the splits share nothing.

    Exit status 0 if it is sound, 1 if not; each problem is a line.
    """
    from hrtem_bench.dataset import verify as check

    with counted("files") as moved:
        found = check(data, progress=moved)
    for problem in found.problems:
        print(problem)
    print(
        f"{data}: {found.images} images of {found.structures} structures in {found.shards} files, "
        + ("sound" if found.ok else f"{len(found.problems)} problems")
    )
    if not found.ok:
        raise typer.Exit(1)
