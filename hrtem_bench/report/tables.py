"""The tables of a report: scores per condition, scores of the curve, settings, provenance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from hrtem_bench.report.curves import TrackAxis
from hrtem_bench.report.gather import PerImage, condition_name, sorted_points, track_of
from hrtem_bench.report.markup import Html, join, table
from hrtem_bench.report.style import number, quantity

if TYPE_CHECKING:
    from hrtem_bench.scoring.results import CurvePoint, Results

OVERLAP: Mapping[str, str] = MappingProxyType({"dice": "Dice", "iou": "IoU"})
PROBABILITY: Mapping[str, str] = MappingProxyType({
    "nll": "Loss (NLL)", "brier": "Brier score", "calibration_error": "Calibration error",
})  # fmt: skip
OBJECTS: Mapping[str, str] = MappingProxyType({
    "surface_dice": "Surface Dice",
    "precision": "Object precision",
    "recall": "Object recall",
    "f1": "Object F1",
    "panoptic_quality": "Panoptic quality",
})  # fmt: skip

NAMES: Mapping[str, str] = MappingProxyType({
    "id_dice": "Dice in distribution",
    "ood_dice": "Mean Dice out of distribution",
    "id_ood_gap": "ID–OOD gap",
    "spearman_sigma_nll": "Spearman’s ρ of σ with the loss",
    "spearman_sigma_dice": "Spearman’s ρ of σ with the Dice",
    "worst_dice": "Lowest mean Dice",
    "slope_sigma_dice": "Slope of Dice against σ",
    "area_dice": "Mean height of the Dice curve",
    "width_95": "Width that keeps 95 % of the ID Dice",
    "breakdown_below": "Breakdown below training",
    "breakdown_above": "Breakdown above training",
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

    The rows of trained conditions are set off. A table of which nothing is known is left out.
    """
    points, track = sorted_points(results), track_of(results)
    level = f"{100 * results.settings.confidence:g} %"
    caption = f"means per condition of the {track.title.lower()} track, with {level} bootstrap intervals"
    marks = [point.in_distribution for point in points]
    names = [condition_name(point, track) for point in points]
    overlap = {title: [interval(point, name) for point in points] for name, title in OVERLAP.items()}
    columns = {
        "Condition": names,
        "Trained here": ["yes" if mark else "no" for mark in marks],
        "Dice": overlap.pop("Dice"),
        "Dice, 10–90 % of images": [_spread(per_image, point.condition) for point in points],
        **overlap,
        "σ(train, test)": [number(point.sigma, 3) for point in points],
        "ε": [number(point.epsilon, 3) for point in points],
        "Coverage": [number(point.coverage, 3) for point in points],
        "Images": [f"{point.n_images:,}" for point in points],
        "Structures": [f"{point.n_structures:,}" for point in points],
    }
    tables = [_table(f"Overlap and transfer: {caption}", columns, marks)]
    for title, scores in (("Probabilities", PROBABILITY), ("Outlines and objects", OBJECTS)):
        known = [name for name in scores if any(getattr(point, name) is not None for point in points)]
        if known:
            cells = {scores[name]: [interval(point, name) for point in points] for name in known}
            tables.append(_table(f"{title}: {caption}", {"Condition": names, **cells}, marks))
    return join(tables)


def _table(caption: str, columns: Mapping[str, Sequence[str]], marked: Sequence[bool]) -> Html:
    rows = list(zip(*columns.values(), strict=True))
    return table(caption, list(columns), rows, classes=["marked" if one else "" for one in marked])


def interval(point: CurvePoint, name: str) -> str:
    """``0.910 (0.890–0.930)``: a mean and, where known, its interval."""
    low, high = getattr(point, f"{name}_low", None), getattr(point, f"{name}_high", None)
    mean = number(getattr(point, name), 3)
    return mean if low is None or high is None else f"{mean} ({between(low, high)})"


def between(low: float, high: float, digits: int = 3) -> str:
    """A range: ``0.890–0.930``, with "to" where a dash could be taken for a minus sign."""
    return f"{number(low, digits)}{'–' if low >= 0 else ' to '}{number(high, digits)}"


def _spread(per_image: PerImage, condition: str) -> str:
    own = np.asarray(per_image["dice"], dtype=float)[np.asarray(per_image["condition_id"]) == condition]
    if not own.size:
        return number(None)
    low, high = np.percentile(own, [10, 90])
    return between(float(low), float(high))


def summary_entries(results: Results) -> list[tuple[str, str]]:
    """The scores of the whole curve, each with its interval where it has one."""
    values = {key: value for key, value in fields(results.summary).items() if value is not None}
    track = track_of(results)
    names = {point.condition: condition_name(point, track) for point in results.curve}
    entries = []
    for key, value in values.items():
        if key.endswith(("_low", "_high", "_censored", "_from", "_to")):
            continue
        if isinstance(value, str):
            entries.append((readable(key), names.get(value, value)))
            continue
        on_axis = key.startswith(("width_", "breakdown_"))
        shown = place(value, track, signed=key.startswith("breakdown_")) if on_axis else number(value, 3)
        if values.get(f"{key}_censored"):
            shown = f"at least {shown}" if key.startswith("width_") else f"none as far as {shown}"
        if f"{key}_low" in values and f"{key}_high" in values:
            shown += f" ({between(values[f'{key}_low'], values[f'{key}_high'], 1 if on_axis else 3)})"
        if key == "area_dice" and "area_from" in values and "area_to" in values:
            shown += f", {place(values['area_from'], track)} to {place(values['area_to'], track)}"
        entries.append((readable(key), shown))
    return entries


def place(value: float, track: TrackAxis, *, signed: bool = True) -> str:
    """A place or length on the axis, to three digits."""
    return quantity(float(f"{value:.3g}"), track.unit, signed=signed and track.signed)


def entries_of(part: Any) -> list[tuple[str, str]]:
    """The fields of one part of the results as names and values, nested mappings flattened, unknown ones left out."""
    entries: list[tuple[str, str]] = []
    for key, value in fields(part).items():
        if isinstance(value, Mapping):
            named = {name: one for name, one in value.items() if one is not None}
            entries += [(f"{readable(key)}: {NAMES.get(name, name)}", show(one)) for name, one in named.items()]
        elif value is not None:
            entries.append((readable(key), show(value)))
    return entries


def fields(part: Any) -> dict[str, Any]:
    """A part of the results as a plain dict."""
    plain: dict[str, Any] = msgspec.to_builtins(part)
    return plain


def readable(key: str) -> str:
    """A field's name for readers."""
    return NAMES.get(key, key.replace("_", " ").capitalize())


def show(value: Any) -> str:
    """A value of any plain kind for readers."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:g}".replace("-", "−")
    if isinstance(value, list | tuple):
        return ", ".join(show(one) for one in value) or "none"
    return str(value)
