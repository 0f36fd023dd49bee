"""Scores of a whole curve of means over conditions: area, breakdown, width, slope, the worst condition.

Each is a vectorised function of curves (..., C) -> (...), so that `Replicates.map` gives it an interval.
`value` (C,) are the places of the conditions on the axis, ascending.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def area(curve: Floats, value: Floats) -> Floats:
    """The normalised area under the curve: its mean height from the first to the last value, by trapezoids."""
    return np.trapezoid(curve, value, axis=-1) / (value[-1] - value[0])


def slope(curve: Floats, sigma: Floats) -> Floats:
    """Slope of the least-squares line of the curve against σ (C,): the score lost for a loss of σ from 1 to 0."""
    centred = sigma - sigma.mean()
    return curve @ centred / (centred @ centred)


def reach(curve: Floats, value: Floats, trained: NDArray[np.bool_], least: Floats | float) -> tuple[Floats, Floats]:
    """How far the curve stays at or above `least`, walking from the trained conditions outwards: (down, up).

    trained: (C,), at least one. least: (...) or a number. Between conditions the curve is a straight line.
    Where it never crosses the answer is infinite; where it is below already at the outermost trained
    condition, that condition's value.
    """
    places = np.flatnonzero(trained)
    first, last = int(places[0]), int(places[-1])
    least = np.asarray(least, dtype=np.float64)
    up = _crossing(curve[..., last:], value[last:], least)
    down = _crossing(curve[..., first::-1], value[first::-1], least)
    return np.where(np.isinf(down), -np.inf, down), up


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
    """The width of the range about the trained conditions that keeps `share` of the mean score at them.

    In the axis's unit. Where the curve keeps it to the end of the axis, the range is cut there: a lower
    limit.
    """
    own = curve[..., trained].mean(axis=-1)
    down, up = reach(curve, value, trained, share * own)
    return np.minimum(up, value[-1]) - np.maximum(down, value[0])


__all__ = ["area", "reach", "slope", "width"]
