"""A number with its interval: what every score, difference and mean of this package is."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec
import numpy as np

from hrtem_bench.scoring.statistics import Replicates, interval


class Estimate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number and the lower and upper limit of its interval; limits are None where there is no interval.

    The level is that of the file or record that holds it. A number that is not defined has no estimate: `known` tells,
    and `known_only` leaves it out before it is written.
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


def known_only(estimates: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """The estimates that have a value."""
    return {name: one for name, one in estimates.items() if one.known}


def finite(value: float) -> float | None:
    """A number; None for one that is not finite."""
    return float(value) if math.isfinite(value) else None


__all__ = ["Estimate", "estimate", "estimate_of", "estimates_of", "finite", "known_only"]
