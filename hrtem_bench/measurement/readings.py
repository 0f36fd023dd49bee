"""A number that was measured, with its interval and how it was found, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec
import numpy as np
from numpy.typing import NDArray

NOT_MEASURED = "not measured"
SIGMAS = 1.96
"""Standard deviations on either side that hold 95 % of a normal distribution."""
UNITS: Mapping[str, str] = MappingProxyType({
    **dict.fromkeys(("defocus", "defocus_spread", "astigmatism", "rings_resolution", "drift"), "Å"),
    **dict.fromkeys(("astigmatism_angle", "drift_angle"), "rad"),
    **dict.fromkeys(("film_correlation", "information_limit"), "Å"),
    **dict.fromkeys(("ntf_half", "mtf_half"), "of Nyquist"),
    "gain": "greys", "dose": "e/Å²",
    "particle_diameter": "Å", "particle_diameter_spread": "Å", "particle_area": "Å²",
})  # fmt: skip
"""Of readings by the names that `micrographs.Description` has for them; the others are without unit."""


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
    half = SIGMAS * std
    low, high = (value - half, value + half) if math.isfinite(std) else (None, None)
    return Reading(value, low, high, unit, how)


def missing(names: Iterable[str], how: str) -> dict[str, Reading]:
    """Readings without a value, by name; how: why there is none."""
    return {name: Reading(unit=UNITS.get(name, ""), how=how) for name in names}


def mean_reading(values: NDArray[np.float64], unit: str, how: str) -> Reading:
    """The mean of values (n,), with the interval of its standard error."""
    std = float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return reading(float(values.mean()), std, unit, how)


def spread_reading(values: NDArray[np.float64], unit: str, noun: str, how: str) -> Reading:
    """The standard deviation of values (n,), with its interval; for one value there is none."""
    from scipy import stats

    if len(values) < 2:
        return Reading(unit=unit, how=f"there are less than two {noun}")
    std, free = float(values.std(ddof=1)), len(values) - 1
    low, high = (std * math.sqrt(free / float(stats.chi2.ppf(share, free))) for share in (0.975, 0.025))
    return Reading(std, low, high, unit, f"standard deviation over {len(values)} {noun}, {how}")
