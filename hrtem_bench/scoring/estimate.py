"""A number with its interval: the type of every score, difference and mean."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec
import numpy as np

from hrtem_bench.scoring.statistics import Replicates, interval


class Estimate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number with the limits of its interval; the limits are None where there is no interval.

    The level of the interval is stated by the file or record that holds the estimate. Numbers that are not defined are
    left out of files: see `known` and `known_only`.
    """

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def known(self) -> bool:
        """The value is a finite number."""
        return math.isfinite(self.value)


def estimate(value: float, low: float = math.nan, high: float = math.nan) -> Estimate:
    """An estimate of numbers; a limit that is not finite becomes None."""
    return Estimate(float(value), finite(low), finite(high))


def estimate_of(replicates: Replicates, confidence: float) -> Estimate:
    """A single number with its interval, see `statistics.interval`."""
    return estimate(float(replicates.estimate), *map(float, interval(replicates, confidence)))


def estimates_of(replicates: Replicates, confidence: float) -> list[Estimate]:
    """Each of the numbers (C,) with its interval."""
    low, high = interval(replicates, confidence)
    values = np.asarray(replicates.estimate)
    return [estimate(*map(float, one)) for one in zip(values, low, high, strict=True)]


def student(value: float, variance: float, freedom: float, confidence: float) -> Estimate:
    """A number of this variance with its interval by Student's t."""
    from scipy import stats

    half = float(stats.t.ppf(0.5 + 0.5 * confidence, freedom)) * variance**0.5
    return estimate(value, value - half, value + half)


def known_only(estimates: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """The estimates that have a value."""
    return {name: one for name, one in estimates.items() if one.known}


def finite(value: float) -> float | None:
    """A number; None for one that is not finite."""
    return float(value) if math.isfinite(value) else None
