"""Filters of the leaderboard: radio buttons and style rules, so that they work without a script.

Rules name elements by numbers alone; nothing that came from outside stands in them. A browser that does not know
`:has` shows all boards and no filters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from hrtem_bench.report.gather import axis_named
from hrtem_bench.report.markup import Html, element, join, paragraph, text

if TYPE_CHECKING:
    from hrtem_bench.comparison.leaderboard import Board

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
    """A group of radio buttons. options: what may be chosen, besides all. boards: for each, the boards that have it."""

    key: str
    title: str
    options: tuple[str, ...]
    boards: tuple[frozenset[int], ...]


def kind_name(kind: str) -> str:
    """A kind of submission in words."""
    return KINDS.get(kind, kind)


def kinds_of(boards: Sequence[Board]) -> list[str]:
    """The kinds of models on the boards, in words, sorted; a row's class is "kind-" and its place in this."""
    return sorted({kind_name(row.kind) for board in boards for row in board.rows})


def filters(boards: Sequence[Board]) -> tuple[Html, str]:
    """The filters of a page with these boards, whose sections are board-1, board-2, …, and their style rules.

    Both are empty where there is nothing to choose.
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
