"""The tables of a report: scores per condition, scores of the curve, settings, provenance."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from hrtem_bench.report.gather import PerImage, condition_name, sorted_points, track_of
from hrtem_bench.report.markup import Html, table
from hrtem_bench.report.style import number

if TYPE_CHECKING:
    from hrtem_bench.harness import CurvePoint, Results

SCORES: Mapping[str, str] = MappingProxyType({
    "dice": "Dice",
    "iou": "IoU",
    "nll": "Loss (NLL)",
    "surface_dice": "Surface Dice",
    "precision": "Object precision",
    "recall": "Object recall",
    "f1": "Object F1",
    "panoptic_quality": "Panoptic quality",
    "brier": "Brier score",
    "calibration_error": "Calibration error",
})  # fmt: skip
"""Scores a point of a curve may have, in the order of the table's columns."""

NAMES: Mapping[str, str] = MappingProxyType({
    "id_dice": "Dice in distribution",
    "ood_dice": "Mean Dice out of distribution",
    "id_ood_gap": "ID–OOD gap",
    "spearman_sigma_nll": "Spearman’s ρ of σ with the loss",
    "spearman_sigma_dice": "Spearman’s ρ of σ with the Dice",
    "q_max": "Band limit q_max (1/Å)",
    "confidence": "Confidence level",
    "limit": "Images per condition",
})  # fmt: skip
"""Names of fields for readers, where the field's own name will not do."""


def condition_table(results: Results, per_image: PerImage) -> Html:
    """Scores of each condition, in the order of the axis; the rows of trained conditions are set off."""
    points, track = sorted_points(results), track_of(results)
    scores = [name for name in SCORES if any(getattr(point, name, None) is not None for point in points)]
    head = ["Condition", "Trained here"]
    for name in scores:
        head.append(SCORES[name])
        if name == "dice":
            head.append("Dice, 10–90 % of images")
    head += ["σ(train, test)", "ε", "Coverage", "Images", "Structures"]
    rows = []
    for point in points:
        row = [condition_name(point, track), "yes" if point.in_distribution else "no"]
        for name in scores:
            row.append(interval(point, name))
            if name == "dice":
                row.append(_spread(per_image, point.condition))
        row += [number(value, 3) for value in (point.sigma, point.epsilon, point.coverage)]
        rows.append([*row, f"{point.n_images:,}", f"{point.n_structures:,}"])
    level, name = f"{100 * results.settings.confidence:g} %", track.title.lower()
    caption = f"Means per condition of the {name} track, with {level} intervals from a bootstrap over structures"
    return table(caption, head, rows, [point.in_distribution for point in points])


def interval(point: CurvePoint, name: str) -> str:
    """``0.910 (0.890–0.930)``: a mean and, where known, its interval."""
    low, high = getattr(point, f"{name}_low", None), getattr(point, f"{name}_high", None)
    mean = number(getattr(point, name), 3)
    return mean if low is None or high is None else f"{mean} ({between(low, high)})"


def between(low: float, high: float) -> str:
    """A range: ``0.890–0.930``, with "to" where a dash could be taken for a minus sign."""
    return f"{number(low, 3)}{'–' if low >= 0 else ' to '}{number(high, 3)}"


def _spread(per_image: PerImage, condition: str) -> str:
    own = np.asarray(per_image["dice"], dtype=float)[np.asarray(per_image["condition_id"]) == condition]
    return between(*map(float, np.percentile(own, [10, 90]))) if own.size else number(None)


def summary_entries(results: Results) -> list[tuple[str, str]]:
    """The scores of the whole curve, each with its interval where it has one."""
    values = {key: value for key, value in fields(results.summary).items() if value is not None}
    names = {point.condition: condition_name(point, track_of(results)) for point in results.curve}
    entries = []
    for key, value in values.items():
        if key.endswith(("_low", "_high")) and key.rsplit("_", 1)[0] in values:
            continue
        shown = number(value, 3) if isinstance(value, float) else names.get(str(value), show(value))
        if f"{key}_low" in values and f"{key}_high" in values:
            shown += f" ({between(values[f'{key}_low'], values[f'{key}_high'])})"
        entries.append((readable(key), shown))
    return entries


def entries_of(part: Any, *, without: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """The fields of one part of the results as names and values, nested mappings flattened."""
    entries: list[tuple[str, str]] = []
    for key, value in fields(part).items():
        if key in without or value is None:
            continue
        if isinstance(value, Mapping):
            entries += [(f"{readable(key)}: {name}", show(one)) for name, one in value.items()]
        else:
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
