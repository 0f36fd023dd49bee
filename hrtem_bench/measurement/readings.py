"""A number that was measured, with its interval and how it was found, or why there is none."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

NOT_MEASURED = "not measured"
SIGMAS = 1.96
"""Standard deviations on either side that hold 95 % of a normal distribution."""


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number with the ends of its 95 % interval, in `unit`, and in words how it was found.

    value: None where it cannot be had; `how` then says why. low, high: None where the interval is not known.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    how: str = NOT_MEASURED


def reading(value: float, std: float, unit: str, how: str) -> Reading:
    """A number with the 95 % interval of a standard deviation."""
    if not math.isfinite(value):
        return Reading(unit=unit, how=how)
    spread = SIGMAS * std if math.isfinite(std) else None
    return Reading(
        value, None if spread is None else value - spread, None if spread is None else value + spread, unit, how
    )


def spread_reading(values: NDArray[np.float64], unit: str, noun: str, how: str) -> Reading:
    """The standard deviation of values (n,), with its interval; for one value there is none."""
    from scipy import stats

    if len(values) < 2:
        return Reading(unit=unit, how=f"there are less than two {noun}")
    std, free = float(values.std(ddof=1)), len(values) - 1
    low, high = (std * math.sqrt(free / float(stats.chi2.ppf(share, free))) for share in (0.975, 0.025))
    return Reading(std, low, high, unit, f"standard deviation over {len(values)} {noun}, {how}")


__all__ = ["NOT_MEASURED", "SIGMAS", "Reading", "reading", "spread_reading"]
