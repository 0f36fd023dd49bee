"""`hrtem-bench verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.printing import counting, print_table


def verify(
    data: options.DataFolder,
    against: Annotated[
        Path | None, typer.Option(help="Another making of the same recipe: say how far the two differ.")
    ] = None,
) -> None:
    """Check a dataset: manifest, checksums, schema, every row, and that the splits share nothing.

    Exit status 0 if it is sound, 1 if not; each problem is a line. Other code than this one's is a note.
    """
    from hrtem_bench.dataset import differences
    from hrtem_bench.dataset import verify as check

    with counting("files") as moved:
        found = check(data, progress=moved)
    for problem in found.problems:
        print(problem)
    for note in found.notes:
        print(f"note: {note}")
    print(
        f"{data}: {found.images} images of {found.structures} structures in {found.shards} files, "
        + ("sound" if found.ok else f"{len(found.problems)} problems")
    )
    if against is not None:
        print_table(
            f"{data} against {against}",
            ("track", "images", "pixels that differ", "largest, electrons", "mask pixels that differ"),
            [
                (d.track, str(d.images), f"{d.pixels:.3g}", str(d.largest), f"{d.mask_pixels:.3g}")
                for d in differences(data, against)
            ],
        )
    if not found.ok:
        raise typer.Exit(1)
