"""What a study found, as pictures and tables: matrices, curves of the cost of a shift, and the seeds' share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hrtem_bench.report.figure_style import GREY, PAGE, SERIES, TRAINED, figure_png, new_figure, styled
from hrtem_bench.report.transfer_figures import matrix_figure
from hrtem_bench.report.wording import number, plain
from hrtem_bench.study.findings import Costs, Matrix, costs, matrix, rows_of, seed_share
from hrtem_bench.support.files import write_aside, write_aside_bytes

NAMES = {"nll": "loss (NLL)", "double_softmax_ce": "double-softmax cross-entropy", "dice": "Dice"}
DPI = 160.0


def write_findings(table: Any, out: Path, title: str) -> list[Path]:
    """Write findings.md and its figures for the rows of a study. The same rows give the same bytes.

    Parameters
    ----------
    table
        The rows, a pyarrow Table.
    out
        The folder.
    title
        Of the page.

    Returns
    -------
    list of Path
        What was written.
    """
    out.mkdir(parents=True, exist_ok=True)
    written, parts = [], [f"# {title}\n"]
    groups = sorted({(row["block"], row["specimens"]) for row in table.to_pylist() if not row["failed"]})
    for block, specimens in groups:
        rows = rows_of(table, block, specimens)
        losses, overlap = matrix(rows, "nll"), matrix(rows, "dice")
        stem = f"{block}-{specimens}"
        figures = {f"{stem}-dice.png": _matrix(overlap), f"{stem}-cost.png": cost_figure(losses, overlap)}
        if len(overlap.train) * len(overlap.test) > 500:
            figures = {}
        for name, figure in figures.items():
            write_aside_bytes(out / name, figure_png(figure, DPI))
            written.append(out / name)
        parts.append(_section(block, specimens, rows, losses, overlap, list(figures)))
    write_aside(out / "findings.md", "\n".join(parts))
    return [*written, out / "findings.md"]


@styled
def cost_figure(losses: Matrix, overlap: Matrix) -> Figure:
    """Dice of each training set over the test conditions, bars the standard deviation between seeds."""
    figure = new_figure(PAGE, 78.0)
    ax = figure.subplots()
    x = np.arange(len(overlap.test))
    for k, name in enumerate(overlap.train[: len(SERIES)]):
        color = SERIES[k % len(SERIES)]
        ax.errorbar(
            x + 0.06 * (k - 2), overlap.mean[k], overlap.spread[k], color=color, marker="o", label=plain(name, 40)
        )
        if name in overlap.test:
            place = overlap.test.index(name)
            ax.plot(x[place] + 0.06 * (k - 2), overlap.mean[k, place], "D", color=TRAINED, zorder=5)
    ax.set_xticks(x, [plain(name, 24) for name in overlap.test], rotation=45, ha="right", rotation_mode="anchor")
    ax.set(ylabel="Dice", xlabel="tested at")
    ax.grid(axis="y", color=GREY, alpha=0.2)
    ax.legend(title="trained at (diamond: tested there)", frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _matrix(overlap: Matrix) -> Figure:
    return matrix_figure(overlap.mean, overlap.train, overlap.test, title="Dice, mean over seeds")


def _section(
    block: str, specimens: str, rows: Sequence[dict[str, Any]], losses: Matrix, overlap: Matrix, figures: Sequence[str]
) -> str:
    networks = len({row["name"] for row in rows})
    ended = sum({row["name"]: row["converged"] for row in rows}.values())
    share = seed_share(losses)
    lines = [
        f"## {block}, {specimens}\n",
        f"{networks} networks, of which {ended} had converged; {len(overlap.train)} training sets, "
        f"{overlap.values.shape[-1]} seeds, {len(overlap.test)} test conditions. ln(loss) has a standard deviation of "
        f"{number(share.total_sd)} over all rows and of {number(share.seed_sd)} between seeds, which is "
        f"{number(100 * share.share, 0)} % of the variance.\n",
    ]
    lines += [f"![{name}]({name})\n" for name in figures]
    found = costs(losses)
    if found and figures:
        lines.append(_cost_table(found))
    return "\n".join(lines)


def _cost_table(found: Sequence[Costs]) -> str:
    """ln(loss elsewhere / loss where trained) with its interval, training sets in rows."""
    head = ["trained at", *found[0].test]
    lines = [
        "ln(loss / loss where trained), with the 95 % interval of a bootstrap over seeds:\n",
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
    ]
    for one in found:
        cells = [
            number(e.value) + ("" if e.low is None else f" ({number(e.low)} to {number(e.high)})") for e in one.cost
        ]
        lines.append("| " + " | ".join([one.train, *cells]) + " |")
    return "\n".join(lines) + "\n"


__all__ = ["cost_figure", "write_findings"]
