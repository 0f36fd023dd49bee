"""The summary of a curve: its scores as numbers, with intervals from the replicates of its means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.scoring import curve_scores
from hrtem_bench.scoring.results import CurvePoint, Summary
from hrtem_bench.scoring.statistics import Replicates, interval, spearman

Floats = NDArray[np.float64]


def summarise(
    points: Sequence[CurvePoint], dice: Replicates, *, confidence: float, has_axis: bool, breakdown: float
) -> Summary:
    """The scores of the whole curve; each is None where it has no meaning.

    dice: replicates of the mean Dice of each point. has_axis: the points' values are numbers with a unit.
    breakdown: the Dice below which a model counts as broken down.
    """
    mean = dice.estimate
    trained = np.array([point.in_distribution for point in points])
    sigma = np.array([np.nan if point.sigma is None else point.sigma for point in points])
    known = trained.any() or np.isfinite(sigma).all()
    nll = [np.nan if point.nll is None else point.nll for point in points]
    scores: dict[str, Any] = {}
    if trained.any():
        scores |= with_interval("id_dice", dice.map(lambda m: m[..., trained].mean(axis=-1)), confidence)
    if known and not trained.all():
        scores |= with_interval("ood_dice", dice.map(lambda m: m[..., ~trained].mean(axis=-1)), confidence)
    if trained.any() and not trained.all():
        gap = dice.map(lambda m: m[..., trained].mean(axis=-1) - m[..., ~trained].mean(axis=-1))
        scores |= with_interval("id_ood_gap", gap, confidence)
    if np.isfinite(sigma).all() and np.ptp(sigma) > 0:
        scores |= with_interval("slope_sigma_dice", dice.map(lambda m: curve_scores.slope(m, sigma)), confidence)
    if has_axis:
        scores |= _axis_scores(points, dice, trained, confidence, breakdown)
    return Summary(
        spearman_sigma_nll=spearman(sigma, nll),
        spearman_sigma_dice=spearman(sigma, mean),
        worst_condition=points[int(np.argmin(mean))].condition,
        best_condition=points[int(np.argmax(mean))].condition,
        **with_interval("worst_dice", dice.map(lambda m: m.min(axis=-1)), confidence),
        **scores,
    )


def _axis_scores(
    points: Sequence[CurvePoint], dice: Replicates, trained: NDArray[np.bool_], confidence: float, breakdown: float
) -> dict[str, Any]:
    """What needs an axis with numbers on it: area, width and breakdown points."""
    order = np.argsort([point.value for point in points], kind="stable")
    value = np.array([point.value for point in points])[order]
    if len(set(value)) < max(len(value), 2):
        return {}
    trained = trained[order]
    dice = dice.map(lambda m: m[..., order])
    scores = with_interval("area_dice", dice.map(lambda m: curve_scores.area(m, value)), confidence)
    scores |= {"area_from": float(value[0]), "area_to": float(value[-1])}
    if not trained.any():
        return scores
    width = dice.map(lambda m: curve_scores.width(m, value, trained))
    scores |= with_interval("width_95", width, confidence)
    down, up = curve_scores.reach(dice.estimate, value, trained, 0.95 * dice.estimate[trained].mean())
    scores["width_95_censored"] = not bool(np.isfinite(down) and np.isfinite(up))
    band = np.array([points[i].dice_band_low for i in order], dtype=float)
    if np.isfinite(band).all():
        down, up = curve_scores.reach(band, value, trained, breakdown)
        for name, place, end in (("breakdown_below", down, value[0]), ("breakdown_above", up, value[-1])):
            scores[name] = float(place if np.isfinite(place) else end)
            scores[f"{name}_censored"] = not bool(np.isfinite(place))
    return scores


def with_interval(name: str, replicates: Replicates, confidence: float) -> dict[str, Any]:
    """{name, name_low, name_high} of a single number; the limits None where there is no interval."""
    low, high = interval(replicates, confidence)
    return {name: float(replicates.estimate), f"{name}_low": finite(low), f"{name}_high": finite(high)}


def finite(value: Any) -> float | None:
    """A number, None for NaN."""
    return float(value) if np.isfinite(value) else None
