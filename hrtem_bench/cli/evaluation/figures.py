"""`hrtem-bench figures`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrtem_bench.cli.printing import wrote


def figures(
    results: Annotated[
        list[Path], typer.Argument(help="A folder that `evaluate` wrote, and others whose curves are drawn beside.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the figures, each as .svg and .png.")],
    width: Annotated[
        float, typer.Option(help="Of each figure, mm: journals have columns of 85 and pages of 170.")
    ] = 85.0,
) -> None:
    """The figures of finished results alone, at a journal's width: curve, σ, ε and reliability."""
    from hrtem_bench.comparison.companions import companions
    from hrtem_bench.report import journal_figures, save_figure
    from hrtem_bench.scoring.reading import read_results

    own, *others = results
    found = read_results(own)
    beside = companions(found, own, others) if others else []
    for name, figure in journal_figures(found, beside, width=width).items():
        for path in save_figure(figure, out / f"{name}_{width:g}mm"):
            wrote(path)
