"""Scores, settings and provenance as rows of text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from hrtem_bench.comparison.leaderboard import scores_of
from hrtem_bench.report.curve_data import PerImage, TrackAxis, condition_name, in_order, place, track_of
from hrtem_bench.report.html_elements import Html, join, paragraph, table
from hrtem_bench.report.model_verdict import transfer_note
from hrtem_bench.report.wording import between, digits_apart, estimated, markdown_table, number, with_unit
from hrtem_bench.scoring.catalogue import all_metrics
from hrtem_bench.scoring.metric import Group
from hrtem_bench.scoring.summary import CURVE_SCORES

if TYPE_CHECKING:
    from hrtem_bench.comparison.leaderboard import Board, BoardRow
    from hrtem_bench.scoring.estimate import Estimate
    from hrtem_bench.scoring.results import CurvePoint, Results, Summary


GROUPS: Mapping[Group, str] = MappingProxyType({
    "overlap": "Overlap and transfer", "probabilities": "Probabilities", "objects": "Outlines and objects",
})  # fmt: skip
"""Title of the table of each group of metrics."""

NAMES: Mapping[str, str] = MappingProxyType({
    "q_max": "Band limit q_max (1/Å)",
    "confidence": "Confidence level",
    "limit": "Images per condition",
    "breakdown_dice": "Dice that counts as breakdown",
    "surface_tolerance": "Tolerance of surface Dice (Å)",
    "object_min_area": "Smallest object (Å²)",
    "object_match": "IoU above which objects match",
    "pixel_size": "pixel size (Å)",
})  # fmt: skip
"""Names of fields for readers, where the field's own name will not do."""


def condition_tables(results: Results, per_image: PerImage) -> Html:
    """Scores of each condition, in the order of the axis: overlap and transfer; probabilities; outlines and objects.

    Rows of trained conditions are highlighted. Empty tables are left out.
    """
    points, track = in_order(results.curve), track_of(results)
    level = f"{100 * results.settings.confidence:g} %"
    caption = f"means per condition of the {track.title.lower()} track, with {level} bootstrap intervals"
    marks = [point.in_distribution for point in points]
    names = [condition_name(point, track) for point in points]
    groups = {group: _score_columns(points, group) for group in GROUPS}
    overlap = groups.pop("overlap")
    columns = {
        "Condition": names,
        "Dice": overlap.pop("Dice"),
        "Trained here": ["yes" if mark else "no" for mark in marks],
        "Dice, 10–90 % of images": [_spread_of_images(per_image, point.condition) for point in points],
        **overlap,
        "σ(train, test)": [number(point.sigma, 3) for point in points],
        "ε": [number(point.epsilon, 3) for point in points],
        "Coverage": [number(point.coverage, 3) for point in points],
        "Images": [f"{point.n_images:,}" for point in points],
        "Structures": [f"{point.n_structures:,}" for point in points],
    }
    shown, constant = without_constants(columns)
    tables = [_score_table(f"{GROUPS['overlap']}: {caption}", shown, marks)]
    if constant:
        same = "; ".join(f"{name} {value}" for name, value in constant.items())
        tables.append(paragraph(f"The same at every condition: {same}."))
    tables.append(paragraph(transfer_note(results)))
    for group, cells in groups.items():
        if cells:
            tables.append(_score_table(f"{GROUPS[group]}: {caption}", {"Condition": names, **cells}, marks))
    return join(tables)


def without_constants(columns: Mapping[str, Sequence[str]]) -> tuple[dict[str, Sequence[str]], dict[str, str]]:
    """The columns of a table that differ between rows, always with the first two; and the single values of the others.

    With a single row all are kept.
    """
    names = list(columns)
    constant = {name: columns[name][0] for name in names[2:] if len(columns[name]) > 1 and len(set(columns[name])) == 1}
    return {name: columns[name] for name in names if name not in constant}, constant


def _score_columns(points: Sequence[CurvePoint], group: Group) -> dict[str, list[str]]:
    """The columns of a group's metrics, by their labels, without empty ones."""
    return {
        f"{one.label} ({one.unit})" if one.unit == "Å" else one.label: [
            with_interval(p.scores.get(name)) for p in points
        ]
        for name, one in all_metrics().items()
        if one.group == group and any(name in point.scores for point in points)
    }


def _score_table(caption: str, columns: Mapping[str, Sequence[str]], marked: Sequence[bool]) -> Html:
    rows = list(zip(*columns.values(), strict=True))
    return table(caption, list(columns), rows, classes=["marked" if one else "" for one in marked])


def with_interval(one: Estimate | None, digits: int = 3) -> str:
    """``0.910 (0.890–0.930)``: a mean and, if known, its interval, with enough digits to distinguish its ends."""
    if one is None:
        return number(None)
    digits = digits_apart(one, digits)
    mean = number(one.value, digits)
    return mean if one.low is None or one.high is None else f"{mean} ({between(one.low, one.high, digits)})"


def _spread_of_images(per_image: PerImage, condition: str) -> str:
    own = np.asarray(per_image["dice"], dtype=float)[np.asarray(per_image["condition_id"]) == condition]
    if not own.size:
        return number(None)
    low, high = np.percentile(own, [10, 90])
    return between(float(low), float(high))


def summary_entries(results: Results) -> list[tuple[str, str]]:
    """The scores of the whole curve, each with its interval if it has one."""
    summary, track = results.summary, track_of(results)
    names = {point.condition: condition_name(point, track) for point in results.curve}
    entries = [
        (CURVE_SCORES[name].label, _curve_score(name, one, summary, track)) for name, one in summary.scores.items()
    ]
    for field in ("best_condition", "worst_condition"):
        entries.append((readable(field), names.get(getattr(summary, field), getattr(summary, field))))
    return entries


def _curve_score(name: str, one: Estimate, summary: Summary, track: TrackAxis) -> str:
    on_axis = CURVE_SCORES[name].on_axis
    if not on_axis:
        shown = with_interval(one)
        if name == "area_dice" and summary.span is not None:
            shown += f", {place(summary.span[0], track)} to {place(summary.span[1], track)}"
        return shown
    shown = place(one.value, track, signed=name.startswith("breakdown_"))
    if name in summary.censored:
        shown = f"at least {shown}" if name.startswith("width_") else f"none as far as {shown}"
    if one.low is not None and one.high is not None:
        shown += f" ({between(one.low, one.high, 1)})"
    return shown


def entries_of(part: Any) -> list[tuple[str, str]]:
    """The fields of one part of the results as names and values, nested mappings flattened, unknown ones left out."""
    entries: list[tuple[str, str]] = []
    for key, value in msgspec.to_builtins(part).items():
        if isinstance(value, Mapping):
            named = {name: one for name, one in value.items() if one is not None}
            entries += [(f"{readable(key)}: {NAMES.get(name, name)}", value_text(one)) for name, one in named.items()]
        elif value is not None:
            entries.append((readable(key), value_text(value)))
    return entries


def readable(key: str) -> str:
    """A field's name for readers."""
    return NAMES.get(key, key.replace("_", " ").capitalize())


def value_text(value: Any) -> str:
    """A value of any plain kind for readers."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:g}".replace("-", "−")
    if isinstance(value, list | tuple):
        return ", ".join(value_text(one) for one in value) or "none"
    return str(value)


ELSEWHERE = "Model’s page"
COLUMNS: Mapping[str, str] = MappingProxyType({
    "mean_dice": "Mean Dice",
    **{name: one.title for name, one in CURVE_SCORES.items() if one.title},
    "relative_error": "Error / baseline's",
    "effective_robustness": "Effective robustness",
    "excess_loss": "ln(loss / expected)",
})  # fmt: skip
"""Title of each score that a board may show."""


def columns(board: Board) -> tuple[tuple[str, str], ...]:
    """The scores that a board shows, by name and title: those that any of its models has."""
    known = {name for row in board.rows for name in scores_of(row)}
    return tuple((name, title) for name, title in COLUMNS.items() if name in known)


def board_markdown(board: Board) -> str:
    """The board as a Markdown table, intervals in brackets; names lead to reports."""
    data, linked = board.dataset, any(row.url for row in board.rows)
    shown = columns(board)
    head = ["Rank", "Model", *(title for _, title in shown), *([ELSEWHERE] * linked)]
    rows = [
        [rank(row), _link(row.model, row.report), *cells(row, shown), *([_link(host(row.url), row.url)] * linked)]
        for row in board.rows
    ]
    title = _escaped(f"{data.track} track of {data.name} {data.version}")
    return f"### {title}\n\n{markdown_table(head, rows)}"


def rank(row: BoardRow) -> str:
    """Its rank and the rank's interval: ``2 (1–3)``."""
    return f"{row.rank} ({row.rank_low}–{row.rank_high})"


def host(url: str) -> str:
    """The text of a link to a model's own page: the name of the site."""
    return url.removeprefix("https://").partition("/")[0]


def _link(words: str, address: str) -> str:
    return f"[{_escaped(words)}]({address})" if address else _escaped(words)


def _escaped(words: str) -> str:
    """Plain words for Markdown: on one line, with nothing in them read as markup or HTML."""
    return re.sub(r"([\\`*_\[\]<>|&~#])", r"\\\1", " ".join(words.split()))


def cells(row: BoardRow, shown: Sequence[tuple[str, str]]) -> list[str]:
    """A row's scores as text, in the order of `columns`, each with its interval where it has one."""
    scores = scores_of(row)
    return [_cell(name, scores.get(name), name in row.summary.censored) for name, _ in shown]


def _cell(name: str, one: Estimate | None, censored: bool) -> str:
    if one is None or (censored and name != "width_95"):
        return number(None) if one is None else f"not by {with_unit(one.value, '')}"
    on_axis = name in CURVE_SCORES and CURVE_SCORES[name].on_axis
    return ("≥ " if censored else "") + estimated(one, digits=1 if on_axis else 3)
