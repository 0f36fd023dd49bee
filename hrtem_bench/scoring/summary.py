"""Scores of a whole curve of means over conditions: area, breakdown, width, slope, the worst condition.

Each is a vectorised function of curves (..., C) -> (...), so that `Replicates.map` gives it an interval. `value` (C,)
are the places of the conditions on the axis, ascending.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.scoring.estimate import Estimate, estimate, estimate_of, known_only
from hrtem_bench.scoring.results import CurvePoint, Summary
from hrtem_bench.scoring.statistics import Limits, Replicates, spearman

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CurveScore:
    """A score of a curve: its label in reports, its title on a leaderboard ("" for none), its range.

    on_axis: in the axis's unit.
    """

    label: str
    title: str
    low: float = 0.0
    high: float = 1.0
    on_axis: bool = False


CURVE_SCORES: Mapping[str, CurveScore] = MappingProxyType({
    "id_dice": CurveScore("Dice in distribution", "Dice where trained"),
    "ood_dice": CurveScore("Mean Dice out of distribution", "Dice elsewhere"),
    "id_ood_gap": CurveScore("ID–OOD gap", "Gap", low=-1.0),
    "worst_dice": CurveScore("Lowest mean Dice", "Worst condition"),
    "area_dice": CurveScore("Mean height of the Dice curve", "Area"),
    "width_95": CurveScore(
        "Width that keeps 95 % of the ID Dice", "Width at 95 %", high=math.inf, on_axis=True
    ),
    "breakdown_below": CurveScore("Breakdown below training", "Breaks down below", -math.inf, math.inf, True),
    "breakdown_above": CurveScore("Breakdown above training", "Breaks down above", -math.inf, math.inf, True),
    "slope_sigma_dice": CurveScore("Slope of Dice against σ", "Slope against σ", -math.inf, math.inf),
    "spearman_sigma_nll": CurveScore("Spearman’s ρ of σ with the loss", "", low=-1.0),
    "spearman_sigma_dice": CurveScore("Spearman’s ρ of σ with the Dice", "", low=-1.0),
})  # fmt: skip
"""What `summarise` gives, by name: docs/reference/results.md says what each is."""


def summarise(
    points: Sequence[CurvePoint], dice: Replicates, *, confidence: float, has_axis: bool, breakdown: float
) -> Summary:
    """The scores of the whole curve; those that are not defined are left out.

    Parameters
    ----------
    points
        The curve.
    dice
        Replicates of the mean Dice of each point.
    confidence
        Of the intervals.
    has_axis
        Whether the points' values are numbers with a unit.
    breakdown
        The Dice below which a model counts as broken down.
    """
    mean = dice.estimate
    trained = np.array([point.in_distribution for point in points])
    sigma = np.array([np.nan if point.sigma is None else point.sigma for point in points])
    known = trained.any() or np.isfinite(sigma).all()
    made = {"worst_dice": dice.map(lambda m: m.min(axis=-1))}
    if trained.any():
        made["id_dice"] = dice.map(lambda m: m[..., trained].mean(axis=-1))
    if known and not trained.all():
        made["ood_dice"] = dice.map(lambda m: m[..., ~trained].mean(axis=-1))
    if trained.any() and not trained.all():
        made["id_ood_gap"] = dice.map(lambda m: m[..., trained].mean(axis=-1) - m[..., ~trained].mean(axis=-1))
    if np.isfinite(sigma).all() and np.ptp(sigma) > 0:
        made["slope_sigma_dice"] = dice.map(lambda m: slope(m, sigma))
    scores = {name: estimate_of(one, confidence) for name, one in made.items()}
    nll = [point.scores["nll"].value if "nll" in point.scores else np.nan for point in points]
    for name, values in (("nll", nll), ("dice", mean)):
        rho = spearman(sigma, values)
        if rho is not None:
            scores[f"spearman_sigma_{name}"] = estimate(rho)
    order = np.argsort([point.value for point in points], kind="stable")
    ordered = [points[i] for i in order]
    value = np.array([point.value for point in ordered])
    censored: list[str] = []
    on_axis = has_axis and len(set(value)) == len(value) > 1
    if on_axis:
        found, censored = _axis_scores(ordered, dice.map(lambda m: m[..., order]), confidence, breakdown)
        scores |= found
    return Summary(
        scores={name: one for name in CURVE_SCORES if (one := known_only(scores).get(name)) is not None},
        censored=censored,
        worst_condition=points[int(np.argmin(mean))].condition,
        best_condition=points[int(np.argmax(mean))].condition,
        span=(float(value[0]), float(value[-1])) if on_axis else None,
    )


def _axis_scores(
    points: Sequence[CurvePoint], dice: Replicates, confidence: float, breakdown: float
) -> tuple[dict[str, Estimate], list[str]]:
    """The scores that need numbers on the axis, and the names of those that the axis cuts off; points in its order."""
    value = np.array([point.value for point in points])
    trained = np.array([point.in_distribution for point in points])
    scores = {"area_dice": estimate_of(dice.map(lambda m: area(m, value)), confidence)}
    censored: list[str] = []
    if not trained.any():
        return scores, censored
    scores["width_95"] = estimate_of(dice.map(lambda m: width(m, value, trained)), confidence)
    ends = reach(dice.estimate, value, trained, 0.95 * dice.estimate[trained].mean())
    if not np.isfinite(ends).all():
        censored.append("width_95")
    band = np.array([point.dice_band.low for point in points], dtype=float)
    if np.isfinite(band).all():
        down, up = reach(band, value, trained, breakdown)
        for name, place, end in (("breakdown_below", down, value[0]), ("breakdown_above", up, value[-1])):
            scores[name] = estimate(float(place if np.isfinite(place) else end))
            if not np.isfinite(place):
                censored.append(name)
    return scores, censored


def area(curve: Floats, value: Floats) -> Floats:
    """The normalised area under the curve: its mean height from the first to the last value, by trapezoids."""
    return np.trapezoid(curve, value, axis=-1) / (value[-1] - value[0])


def slope(curve: Floats, sigma: Floats) -> Floats:
    """Slope of the least-squares line of the curve against σ (C,): the score lost for a loss of σ from 1 to 0."""
    centred = sigma - sigma.mean()
    return curve @ centred / (centred @ centred)


def reach(curve: Floats, value: Floats, trained: NDArray[np.bool_], least: Floats | float) -> Limits:
    """How far the curve stays at or above `least`, from the trained conditions outwards.

    Between conditions the curve is a straight line.

    Parameters
    ----------
    curve
        (..., C).
    value
        (C,), ascending.
    trained
        (C,) bool, at least one.
    least
        (...) or a number.

    Returns
    -------
    Limits
        Values on the axis below and above the trained conditions, (...) each: infinite where the curve never falls
        below, the outermost trained condition where it is below there already.
    """
    places = np.flatnonzero(trained)
    first, last = int(places[0]), int(places[-1])
    least = np.asarray(least, dtype=np.float64)
    up = _crossing(curve[..., last:], value[last:], least)
    down = _crossing(curve[..., first::-1], value[first::-1], least)
    return Limits(np.where(np.isinf(down), -np.inf, down), up)


def _crossing(curve: Floats, value: Floats, least: Floats) -> Floats:
    """Where curves (..., n), walked from their first point, first fall below `least`; infinity where they do not."""
    margin = curve - least[..., None]
    low = margin < 0
    index = np.argmax(low, axis=-1)
    after = np.take_along_axis(margin, index[..., None], axis=-1)[..., 0]
    before = np.take_along_axis(margin, np.maximum(index - 1, 0)[..., None], axis=-1)[..., 0]
    part = np.where(index > 0, before / np.where(before > after, before - after, 1.0), 0.0)
    start = value[np.maximum(index - 1, 0)]
    return np.where(low.any(axis=-1), start + part * (value[index] - start), np.inf)


def width(curve: Floats, value: Floats, trained: NDArray[np.bool_], share: float = 0.95) -> Floats:
    """Width of the range about the trained conditions in which the score keeps `share` of its mean at them.

    In the axis's unit. If the curve keeps it to the end of the axis, the range is cut there, so the width is a lower
    limit.
    """
    own = curve[..., trained].mean(axis=-1)
    down, up = reach(curve, value, trained, share * own)
    return np.minimum(up, value[-1]) - np.maximum(down, value[0])
