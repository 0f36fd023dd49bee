"""`hrtem-bench explore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrtem_bench.cli.output_files import check_ending, write_text


def explore(
    out: Annotated[Path, typer.Option(help="The page: a file ending in .html.")] = Path("explorer.html"),
) -> None:
    """Write a page to open in a browser: a lens to play with, two conditions side by side.

    It shows T(q) of both, ε, σ, coverage, the loss to expect, and a particle's image. It fetches nothing.
    """
    from hrtem_bench.report import explorer_page

    check_ending(out, (".html",))
    write_text(out, explorer_page())
