"""The results of a study as figures and tables: matrices, curves of the cost of a shift, and the share of the seeds."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hrtem_bench.report.figure_style import GREY, PAGE, SERIES, TRAINED, figure_png, new_figure, styled
from hrtem_bench.report.transfer_figures import matrix_figure
from hrtem_bench.report.wording import number, plain
from hrtem_bench.scoring.estimate import Estimate
from hrtem_bench.study.comparisons import axis_slopes, between_networks, mixture_gains, side_of_focus
from hrtem_bench.study.findings import Costs, Matrix, costs, matrix, rows_of, seed_share
from hrtem_bench.support.files import write_aside, write_aside_bytes

DPI = 160.0
WIDEST_TABLE = 12
"""Columns of a table of costs; the figure alone shows more."""
AXIS_UNITS = dict.fromkeys(("focal spread", "dose, tested higher", "dose, tested lower"), "a factor e") | {
    "another camera": "from one to another"
}
"""Axis -> the shift that a number is for, where that is not the whole range of the test conditions."""
Rows = list[dict[str, Any]]
Blocks = dict[tuple[str, str], Rows]
"""(block, specimens) -> rows."""


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
    parts += _comparisons(table)
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
    if found and figures and len(losses.test) <= WIDEST_TABLE:
        lines.append(_cost_table(found))
    return "\n".join(lines)


def _comparisons(table: Any) -> list[str]:
    """Sections on what several blocks or specimens say together; those that the rows say nothing of are left out."""
    blocks: Blocks = {}
    by_block: dict[str, Rows] = {}
    for row in table.to_pylist():
        if not row["failed"]:
            blocks.setdefault((row["block"], row["specimens"]), []).append(row)
            by_block.setdefault(row["block"], []).append(row)
    return [*_side_section(blocks), *_network_section(by_block), *_axis_section(by_block), *_mixture_section(by_block)]


def _table_section(title: str, words: str, head: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """A section with one table; nothing for a table without lines."""
    if not lines:
        return []
    rows = [head, ["---"] * len(head), *lines]
    return [f"## {title}\n\n{words}\n", "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"]


def _side_section(blocks: Blocks) -> list[str]:
    found = {key: side_of_focus(rows) for key, rows in sorted(blocks.items())}
    return _table_section(
        "Which side of focus is forgiving",
        "Networks trained at underfocus (+d) against those trained as far at overfocus (−d): difference of their mean "
        "ln(loss) over all test conditions, mean over pairs of one d and one seed, with the 95 % interval of a "
        "bootstrap over pairs. Above 0, overfocus is the better place to train at.",
        ("block", "specimens", "film", "difference of ln(loss)"),
        [(*key, blocks[key][0]["film"], _interval(one)) for key, one in found.items() if one is not None],
    )


def _network_section(by_block: dict[str, Rows]) -> list[str]:
    """Blocks of other networks beside the block that has more training sets, the same among them."""
    lines = []
    for (name, rows), (other, theirs) in itertools.permutations(sorted(by_block.items()), 2):
        networks = rows[0]["network"], theirs[0]["network"]
        sets = [{row["train"] for row in one} for one in (rows, theirs)]
        if networks[0] != networks[1] and sets[1] < sets[0]:
            found = between_networks(rows, theirs)
            if found is not None:
                lines.append((f"{other}: {networks[1]}", f"{name}: {networks[0]}", *map(_interval, found)))
    return _table_section(
        "Other networks",
        "How much more the first network loses than the second: difference of ln(loss), mean over the training sets "
        "and test conditions that both have, with the 95 % interval of a bootstrap over seeds.",
        ("network", "beside", "where trained", "elsewhere"),
        lines,
    )


def _axis_section(by_block: dict[str, Rows]) -> list[str]:
    return _table_section(
        "What a shift costs along each axis",
        "Networks trained at one condition: what a shift adds to ln(loss), by a regression on the distances along all "
        "axes, after the mean of each test condition has been taken off; 95 % intervals of a bootstrap over training "
        "sets.",
        ("block", "axis", "shift", "added ln(loss)"),
        [
            (block, axis, AXIS_UNITS.get(axis, "the whole range"), _interval(one))
            for block, rows in sorted(by_block.items())
            for axis, one in axis_slopes(rows).items()
        ],
    )


def _mixture_section(by_block: dict[str, Rows]) -> list[str]:
    return _table_section(
        "What mixtures buy",
        "Networks trained at several conditions, with as many images of each: their mean ln(loss) over all test "
        "conditions less that of networks trained at one; 95 % intervals of a bootstrap over training sets.",
        ("block", "conditions in the training set", "difference of ln(loss)"),
        [
            (block, str(size), _interval(one))
            for block, rows in sorted(by_block.items())
            for size, one in mixture_gains(rows).items()
        ],
    )


def _interval(one: Estimate) -> str:
    return number(one.value) + ("" if one.low is None else f" ({number(one.low)} to {number(one.high)})")


def _cost_table(found: Sequence[Costs]) -> str:
    """ln(loss elsewhere / loss where trained) with its interval, training sets in rows."""
    head = ["trained at", *found[0].test]
    lines = [
        "ln(loss / loss where trained), with the 95 % interval of a bootstrap over seeds:\n",
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
    ]
    for one in found:
        lines.append("| " + " | ".join([one.train, *map(_interval, one.cost)]) + " |")
    return "\n".join(lines) + "\n"
