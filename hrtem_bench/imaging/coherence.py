"""Partial coherence as a sum of coherent images: the points of focus and illumination angle, and their weights.

Electrons of one beam differ in focus and in angle, by normal distributions of the standard deviations `focal_spread`
and `angular_spread`. Each makes its own coherent image, and the recorded one is their sum. The sum is taken over
equally spaced points with the weights of the normal distribution. For a mean over phases up to P rad that takes about
P points, where Gauss-Hermite quadrature takes about (P/2)²: 13 against 43 at 10 rad for an error of 0.5 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from hrtem_bench.conditions import Condition
from hrtem_bench.errors import InputError
from hrtem_bench.physics import chi_gradient, wavelength

MOST_NODES = 200
TOLERANCE = 0.005
"""Error that a chosen number of nodes leaves in the mean of any phase factor that occurs."""


@dataclass(frozen=True)
class SourcePoint:
    """One point of the source: its share of the electrons, its focus offset (C10, Å) and its tilt (y, x), 1/Å."""

    weight: float = 1.0
    focus: float = 0.0
    tilt: tuple[float, float] = (0.0, 0.0)


def source_points(
    c: Condition,
    band: float,
    *,
    nodes: int | None = None,
    angle_nodes: int | None = None,
    tolerance: float = TOLERANCE,
) -> tuple[SourcePoint, ...]:
    """The points of the source over which to sum coherent images; their weights add up to 1.

    c: its spreads, aberrations and aperture are used. band: the highest frequency of the waves that matters, 1/Å.
    nodes: number of values of focus; None for the least that `focus_nodes` gives. angle_nodes: number of angles along
    each of two axes; 1 for the axis alone, None for the least that keeps to `tolerance`, the error of the mean of any
    phase factor that occurs. InputError if a number is not from 1 to 200, or more than 200 are needed.
    """
    width = 1e-3 * c.angular_spread / wavelength(c.energy)
    if c.aperture is not None:
        band = min(band, 1e-3 * c.aperture / wavelength(c.energy) + 3 * width)
    x, focus_weights = (np.zeros(1), np.ones(1))
    if c.focal_spread:
        x, focus_weights = normal_nodes(_focus_phase(c, band), nodes, tolerance)
    elif nodes is not None:
        checked_count(nodes)
    u, angle_weights = (np.zeros(1), np.ones(1))
    if c.angular_spread:
        u, angle_weights = normal_nodes(_tilt_phase(c, band, width), angle_nodes, tolerance)
    return tuple(
        SourcePoint(float(wy * wx * wf), float(c.focal_spread * f), (float(width * uy), float(width * ux)))
        for uy, wy in zip(u, angle_weights, strict=True)
        for ux, wx in zip(u, angle_weights, strict=True)
        for f, wf in zip(x, focus_weights, strict=True)
    )


def focus_nodes(condition: Condition, band: float) -> int:
    """The least number of coherent images that stand for a condition's focal spread.

    The mean over focus of every phase factor is right to half a per cent, and by that the contrast of lattice fringes
    to 1 % (docs/explanation/coherence.md).

    Parameters
    ----------
    condition
        Of which the energy, the focal spread and the aperture are used.
    band
        The highest frequency of the waves that matters, 1/Å.

    Returns
    -------
    int
        1 without a focal spread. At 300 kV and 1.67 1/Å: 5 at 10 Å, 13 at 60 Å.
    """
    if condition.aperture is not None:
        band = min(band, 1e-3 * condition.aperture / wavelength(condition.energy))
    return len(normal_nodes(_focus_phase(condition, band))[0]) if condition.focal_spread else 1


@lru_cache(maxsize=256)
def normal_nodes(phase: float, count: int | None = None, tolerance: float = TOLERANCE) -> tuple[Any, Any]:
    """Equally spaced points and their weights, each (n,), that average a function of a standard normal deviate.

    phase: the largest a, rad, for which the mean of exp(iax), which is exp(-a²/2), matters. count: n; None for the
    least for which that mean is right to `tolerance` for every a up to `phase`. The spacing balances the two errors of
    the sum: what it leaves out beyond its ends, and that it takes phases 2π/spacing apart for equal. InputError if n is
    not from 1 to 200, or more than 200 are needed.
    """
    if count is not None:
        return _spaced_nodes(checked_count(count), phase)
    a = np.linspace(0.0, phase, 257)
    for n in range(1, MOST_NODES + 1):
        x, weight = _spaced_nodes(n, phase)
        if np.abs(np.cos(np.outer(a, x)) @ weight - np.exp(-0.5 * a * a)).max() < tolerance:
            return x, weight
    raise InputError(
        f"phases up to {phase:.0f} rad over the source take more than {MOST_NODES} nodes: set an aperture, give waves "
        "of a narrower band, or give the number of nodes"
    )


def _spaced_nodes(n: int, phase: float) -> tuple[Any, Any]:
    # The end is (n + 1/3) h/2 from the middle, and the nearest phase taken for a small one is 2π/h - phase away; they
    # are set equal. The two constants, 1/3 and 0.42, make up for the tail and for few nodes; a test holds the number
    # of nodes against the best spacing.
    a, b = n + 1 / 3, phase + 0.42
    spacing = (np.sqrt(b * b + 4 * np.pi * a) - b) / a
    x = (np.arange(n) - (n - 1) / 2) * spacing
    weight = np.exp(-0.5 * x * x)
    weight /= weight.sum()
    x.flags.writeable = weight.flags.writeable = False  # they are remembered
    return x, weight


def checked_count(count: int) -> int:
    """A number of nodes; InputError unless it is whole and from 1 to `MOST_NODES`."""
    if isinstance(count, bool) or count != int(count) or not 1 <= count <= MOST_NODES:
        raise InputError(f"the number of nodes is a whole number from 1 to {MOST_NODES}, not {count}")
    return int(count)


def _focus_phase(c: Condition, band: float) -> float:
    """πλΔq²: the phase, rad, that one standard deviation of focus puts between the axis and the edge of the band."""
    return float(np.pi * wavelength(c.energy) * c.focal_spread * band**2)


def _tilt_phase(c: Condition, band: float, width: float) -> float:
    """The phase, rad, that one standard deviation of tilt, `width` 1/Å, puts between opposite edges of the band."""
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    radius = np.linspace(0, band, 33)[:, None]
    ends = [c.replace(C10=c.C10 + sign * 2 * c.focal_spread) for sign in (-1, 1)]
    steepest = max(
        float(np.hypot(*chi_gradient(radius * np.cos(angle), radius * np.sin(angle), end)).max()) for end in ends
    )
    return 2 * width * steepest
