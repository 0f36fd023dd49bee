"""The leaderboard as one self-contained page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hrtem_bench.comparison.leaderboard import ELSEWHERE, Row, cells, columns, host
from hrtem_bench.report.curves import curve_figure
from hrtem_bench.report.filters import filters, kind_name, kinds_of
from hrtem_bench.report.gather import axis_named, condition_name, curve_through, in_order
from hrtem_bench.report.html import page, plate_element
from hrtem_bench.report.markup import Html, element, join, paragraph, table, text
from hrtem_bench.report.plates import Plate
from hrtem_bench.report.style import PAGE, SERIES
from hrtem_bench.report.tables import interval

if TYPE_CHECKING:
    from hrtem_bench.comparison.leaderboard import Board

RULE = (
    "Models stand in the order of their mean Dice over the conditions, each counted alike. The numbers behind a rank "
    "are its 95 % range when the test structures are drawn anew; models whose ranges overlap are not told apart. "
    "Brackets are 95 % intervals over structures."
)


PRINTED = "@media print { @page { size: A4 landscape; } }\n"
"""Its tables are wider than an upright page."""


def board_page(boards: Sequence[Board]) -> str:
    """The page as HTML text; the same input gives the same text.

    boards: see `hrtem_bench.comparison.leaderboard`.
    """
    shown, rules = filters(boards)
    kinds = kinds_of(boards)
    sections = {"filters": ("Filter", shown)}
    for index, board in enumerate(boards):
        data = board.dataset
        heading = f"{axis_named(data.axis, data.unit).title}: {data.name} {data.version}"
        sections[f"board-{index + 1}"] = (heading, _board(board, f"board-{index + 1}", kinds))
    header = join([element("p", text("hrtem-bench"), class_="kicker"), element("h1", text("Leaderboard"))])
    return page("Leaderboard – hrtem-bench", header, sections, "Made by hrtem-bench.", rules + PRINTED)


def _board(board: Board, key: str, kinds: Sequence[str]) -> Html:
    data = board.dataset
    split = data.split.capitalize()
    facts = f"{split} split, checksum {data.checksum[:12]}; only results of these very images are ranked together."
    head = ["Model", "Rank", *(title for _, title in columns(board)), "Trained at", "Parameters", "Kind"]
    paged = any(row.url for row in board.rows)
    head += [ELSEWHERE] * paged
    own = [[host(row.url)] * paged for row in board.rows]
    rows = [
        [row.model, _rank(row), *cells(row, columns(board)), *_facts(row), *page]
        for row, page in zip(board.rows, own, strict=True)
    ]
    classes = [f"kind-{1 + kinds.index(kind_name(row.kind))}" for row in board.rows]
    links = [{0: row.report} | ({len(head) - 1: row.url} if paged else {}) for row in board.rows]
    names = " A model's name leads to its report." if any(row.report for row in board.rows) else ""
    return join([
        paragraph(facts),
        paragraph(RULE + names),
        table(f"Scores of the whole curve, {data.track} track", head, rows, classes=classes, links=links, folding=True),
        plate_element(_plate(board, key)),
        _conditions(board, classes),
    ])  # fmt: skip


def _rank(row: Row) -> str:
    return f"{row.rank} ({row.rank_low}–{row.rank_high})"


def _facts(row: Row) -> list[str]:
    elsewhere = f"on the {row.training_track} track" if row.training_track else "not stated"
    trained = ", ".join(row.trained) or elsewhere
    return [trained, "–" if row.parameters is None else f"{row.parameters:,}", kind_name(row.kind)]


def _plate(board: Board, key: str) -> Plate:
    track = axis_named(board.dataset.axis, board.dataset.unit)
    first, *others = [curve_through(row.model, row.curve, track) for row in board.rows[: len(SERIES)]]
    shown = f"the first {1 + len(others)} models" if len(board.rows) > len(SERIES) else "the models"
    return Plate(
        key,
        curve_figure(first, track, others=others, width=0.6 * PAGE),
        f"Curves of {shown}, with 95 % intervals of each condition; diamonds are where a model was trained. σ and ε "
        f"are those of {first.name}.",
        f"Curves of {', '.join(one.name for one in (first, *others))} over {track.title.lower()}.",
    )


def _conditions(board: Board, classes: Sequence[str]) -> Html:
    """Dice by model and condition; where a model was trained is not marked, since it differs from row to row."""
    track = axis_named(board.dataset.axis, board.dataset.unit)
    names = [condition_name(point, track) for point in in_order(board.rows[0].curve)]
    rows = [[row.model, *(interval(point.dice) for point in in_order(row.curve))] for row in board.rows]
    caption = "Mean Dice per condition, with 95 % intervals"
    return table(caption, ["Model", *names], rows, classes=classes, folding=True)
