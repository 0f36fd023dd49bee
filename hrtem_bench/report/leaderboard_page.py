"""The leaderboard as one self-contained page, with filters that work without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from hrtem_bench.report.captioned_figures import Plate, curves_plate, plate_element
from hrtem_bench.report.curve_data import axis_named, condition_name, curve_through, in_order
from hrtem_bench.report.figure_style import SERIES
from hrtem_bench.report.html_elements import Html, element, join, masthead, page, paragraph, table, text
from hrtem_bench.report.score_tables import ELSEWHERE, cells, columns, host, rank, with_interval
from hrtem_bench.scoring.summary import CURVE_SCORES

if TYPE_CHECKING:
    from hrtem_bench.comparison.leaderboard import Board, BoardRow


RULE = (
    "Models stand in the order of their mean Dice over the conditions, each counted alike. The numbers behind a rank "
    "are its 95 % range when the test structures are drawn anew; models whose ranges overlap are not told apart. "
    "Brackets are 95 % intervals over structures."
)


RANKING = ("mean_dice", "id_dice", "ood_dice", "id_ood_gap", "worst_dice")
"""Scores that stand beside the rank; the others are in tables of their own, so that each fits a page."""
COMPARED = ("relative_error", "effective_robustness", "excess_loss")
"""Scores beside those of a baseline, or beside what physics expects."""
MOST_COLUMNS = 6
"""Conditions in one table."""
PRINTED = (
    "@media print { @page { size: A4 landscape; } .folding table { font-size: 8pt; } .plate .wide { width: 140mm; } }\n"
)
"""Its tables are wider than an upright page."""


def board_page(boards: Sequence[Board]) -> str:
    """The boards that `leaderboard` makes, as HTML text. The same input gives the same text."""
    shown, rules = filters(boards)
    kinds = kinds_of(boards)
    sections = {"filters": ("Filter", shown)}
    for index, board in enumerate(boards):
        data = board.dataset
        heading = f"{axis_named(data.axis, data.unit).title}: {data.name} {data.version}"
        sections[f"board-{index + 1}"] = (heading, _board(board, f"board-{index + 1}", kinds))
    header = masthead("hrtem-bench", "Leaderboard")
    return page("Leaderboard – hrtem-bench", header, sections, "Made by hrtem-bench.", rules + PRINTED)


def _board(board: Board, key: str, kinds: Sequence[str]) -> Html:
    data = board.dataset
    split = data.split.capitalize()
    facts = f"{split} split, checksum {data.checksum[:12]}; only results of these very images are ranked together."
    shown = columns(board)
    first, beside = ([one for one in shown if one[0] in chosen] for chosen in (RANKING, COMPARED))
    shape = [one for one in shown if one not in first + beside]
    head = ["Model", "Rank", *titles(first), "Parameters"]
    paged = any(row.url for row in board.rows)
    head += [ELSEWHERE] * paged
    own = [[host(row.url)] * paged for row in board.rows]
    rows = [
        [row.model, rank(row), *cells(row, first), _parameters(row), *page]
        for row, page in zip(board.rows, own, strict=True)
    ]
    classes = [f"kind-{1 + kinds.index(kind_name(row.kind))}" for row in board.rows]
    links = [{0: row.report} | ({len(head) - 1: row.url} if paged else {}) for row in board.rows]
    names = " Names lead to reports." if any(row.report for row in board.rows) else ""
    shapes = [[row.model, *cells(row, shape)] for row in board.rows]
    others = [[row.model, *cells(row, beside), _trained_at(row), kind_name(row.kind)] for row in board.rows]
    return join([
        paragraph(facts),
        paragraph(RULE + names),
        table(f"Ranking, {data.track} track", head, rows, classes=classes, links=links, folding=True),
        table("Shape of the curve", ["Model", *titles(shape, data.unit)], shapes, classes=classes, folding=True)
        if shape else Html(""),
        table(
            "Beside a baseline and what physics expects", ["Model", *titles(beside), "Trained at", "Kind"], others,
            classes=classes, folding=True,
        ),
        plate_element(_board_plate(board, key)),
        _condition_table(board, classes),
    ])  # fmt: skip


def titles(scores: Sequence[tuple[str, str]], unit: str = "") -> list[str]:
    """The titles of scores of `columns`, with the unit of the axis where they are places on it."""
    placed = {name for name, one in CURVE_SCORES.items() if one.on_axis and unit}
    return [f"{title} ({unit})" if name in placed else title for name, title in scores]


def _trained_at(row: BoardRow) -> str:
    elsewhere = f"on the {row.training_track} track" if row.training_track else "not stated"
    return ", ".join(row.trained) or elsewhere


def _parameters(row: BoardRow) -> str:
    return "–" if row.parameters is None else f"{row.parameters:,}"


def _board_plate(board: Board, key: str) -> Plate:
    track = axis_named(board.dataset.axis, board.dataset.unit)
    curves = [curve_through(row.model, row.curve, track) for row in board.rows[: len(SERIES)]]
    shown = "the models" if len(board.rows) <= len(SERIES) else f"the first {len(curves)} models"
    caption = f"Curves of {shown}, with 95 % intervals of each condition; diamonds are where a model was trained."
    return curves_plate(key, curves, track, caption)


def _condition_table(board: Board, classes: Sequence[str]) -> Html:
    """Dice by model and condition. Where a model was trained is not marked, since it differs from row to row."""
    track = axis_named(board.dataset.axis, board.dataset.unit)
    names = [condition_name(point, track) for point in in_order(board.rows[0].curve)]
    scores = [[with_interval(point.dice) for point in in_order(row.curve)] for row in board.rows]
    caption = "Mean Dice per condition, with 95 % intervals"
    parts = []
    for start in range(0, len(names), MOST_COLUMNS):
        part = slice(start, start + MOST_COLUMNS)
        rows = [[row.model, *own[part]] for row, own in zip(board.rows, scores, strict=True)]
        parts.append(table(caption, ["Model", *names[part]], rows, classes=classes, folding=True))
    return join(parts)


KINDS = {
    "folder": "card and code",
    "function": "Python function",
    "file": "Python function",
    "module": "PyTorch module",
    "pt2": "torch.export",
    "onnx": "ONNX",
    "predictions": "predictions only",
}
"""Kinds of submission, see `hrtem_bench.models.Submission`, as a reader is told of them."""


@dataclass(frozen=True)
class Filter:
    """A group of radio buttons. options: what may be chosen besides "all". boards: those that have each option."""

    key: str
    title: str
    options: tuple[str, ...]
    boards: tuple[frozenset[int], ...]


def kind_name(kind: str) -> str:
    """A kind of submission in words."""
    return KINDS.get(kind, kind)


def kinds_of(boards: Sequence[Board]) -> list[str]:
    """The kinds of models on the boards, in words, sorted; a row's class is "kind-" and the place in this list."""
    return sorted({kind_name(row.kind) for board in boards for row in board.rows})


def filters(boards: Sequence[Board]) -> tuple[Html, str]:
    """The filters of a page with these boards, whose sections are board-1, board-2, …, and their style rules.

    Both are empty if there is nothing to choose.
    """
    data = [board.dataset for board in boards]
    kinds = [sorted({kind_name(row.kind) for row in board.rows}) for board in boards]
    groups = [
        _filter("track", "Track", [[f"{axis_named(one.axis, one.unit).title} ({one.track})"] for one in data]),
        _filter("data", "Dataset", [[f"{one.name} {one.version}, {one.checksum[:8]}"] for one in data]),
        _filter("kind", "Kind of model", kinds),
    ]
    groups = [group for group in groups if len(group.options) > 1]
    if not groups:
        return Html(""), ""
    words = "Ranks and curves stay those among all models of a board, whatever is shown."
    nothing = element("p", text("No board has all of these."), id="nothing")
    shown = element("div", *(_buttons(group) for group in groups), paragraph(words), nothing, class_="filters")
    return shown, _rules(groups, len(boards))


def _filter(key: str, title: str, of_boards: Sequence[Sequence[str]]) -> Filter:
    options = sorted({option for options in of_boards for option in options})
    boards = (frozenset(i for i, own in enumerate(of_boards) if option in own) for option in options)
    return Filter(key, title, tuple(options), tuple(boards))


def _buttons(group: Filter) -> Html:
    buttons = []
    for place, option in enumerate(("all", *group.options)):
        name = f"{group.key}-{place}"
        first = ' checked="checked"' if place == 0 else ""
        button = Html(f'<input type="radio" name="{group.key}" id="filter-{name}" autocomplete="off"{first}>')
        buttons.append(element("label", button, text(option)))
    return element("fieldset", element("legend", text(group.title)), join(buttons))


def _rules(groups: Sequence[Filter], count: int) -> str:
    rules = []
    for group in groups:
        for place, boards in enumerate(group.boards, start=1):
            chosen = f"body:has(#filter-{group.key}-{place}:checked)"
            gone = [
                f"#board-{i + 1}, {chosen} li:has(> [href='#board-{i + 1}'])" for i in range(count) if i not in boards
            ]
            if group.key == "kind":
                gone.append(f"tr[class*='kind-']:not(.kind-{place})")
            rules += [f"{chosen} {one} {{ display: none; }}" for one in gone]
    for places in product(*(range(len(group.options) + 1) for group in groups)):
        own = [group.boards[place - 1] for group, place in zip(groups, places, strict=True) if place]
        if own and not frozenset.intersection(*own):
            chosen = "".join(
                f":has(#filter-{group.key}-{place}:checked)"
                for group, place in zip(groups, places, strict=True)
                if place
            )
            rules.append(f"body{chosen} #nothing {{ display: block; }}")
    return "@media screen {\n" + "\n".join(rules) + "\n}\n"
