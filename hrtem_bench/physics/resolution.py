"""Scherzer defocus, point resolution and information limit of a condition."""

from __future__ import annotations

import math

import numpy as np

from hrtem_bench.conditions import Condition
from hrtem_bench.physics.aberrations import chi_gradient
from hrtem_bench.physics.constants import wavelength

_THRESHOLD = 2.0  # the envelope's exponent at the information limit: exp(-2)


def scherzer_defocus(condition: Condition) -> float:
    """Extended Scherzer defocus √(3/2 · C30 λ): the factor √1.5 makes χ = -3π/4 at its minimum, sin χ = -0.71 there.

    Parameters
    ----------
    condition
        Its energy and C30 alone matter.

    Returns
    -------
    float
        Å; positive is underfocus, so set C10 to minus it. Negative for a negative C30, 0 for C30 = 0.

    Notes
    -----
    Scherzer's own factor is 1 in place of √1.5, some textbooks have 1.2. Source: Kirkland, Advanced Computing in
    Electron Microscopy, 2nd ed. (2010), chapter 3.
    """
    return math.copysign(math.sqrt(1.5 * abs(condition.C30) * wavelength(condition.energy)), condition.C30)


def point_resolution(condition: Condition) -> float:
    """Point resolution (|C30| λ³ / 6)^¼ ≈ 0.64 |C30|^¼ λ^¾: where χ first returns to 0 at `scherzer_defocus`.

    Parameters
    ----------
    condition
        Its energy and C30 alone matter, not its C10.

    Returns
    -------
    float
        Å. 0 for C30 = 0: spherical aberration sets no limit then, and `information_limit` is the one to ask.

    Notes
    -----
    Source: as `scherzer_defocus`.
    """
    return (abs(condition.C30) * wavelength(condition.energy) ** 3 / 6) ** 0.25


def information_limit(condition: Condition) -> float:
    """The spacing where E_t E_s first falls to exp(-2) = 13.5 %, or where the aperture cuts if sooner.

    Parameters
    ----------
    condition
        With an angular spread its aberrations count, in their worst direction.

    Returns
    -------
    float
        Å. √(πλΔ/2) with a focal spread Δ (standard deviation) alone. 0 where nothing limits a scattering angle below
        1 rad.

    References
    ----------
    O'Keefe, Ultramicroscopy 47 (1992) 282.
    """
    wave = wavelength(condition.energy)
    cut = 0.0 if condition.aperture is None else wave / (1e-3 * condition.aperture)
    if not condition.angular_spread:
        return max(cut, math.sqrt(math.pi * wave * condition.focal_spread / _THRESHOLD))
    q = np.geomspace(1e-4, 1 / wave, 8192)
    beyond = np.flatnonzero(_envelope_exponent(q, condition) >= _THRESHOLD)
    if not beyond.size:
        return cut
    first = int(beyond[0])
    if first == 0:
        return float(1 / q[0])
    return max(cut, 1 / _crossing(float(q[first - 1]), float(q[first]), condition))


def _crossing(low: float, high: float, condition: Condition) -> float:
    """The q between low and high, 1/Å, where the exponent passes the threshold, by bisection."""
    for _ in range(60):
        middle = 0.5 * (low + high)
        if _envelope_exponent(np.array([middle]), condition)[0] < _THRESHOLD:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _envelope_exponent(q: np.ndarray, condition: Condition) -> np.ndarray:
    """-ln(E_t E_s) in the worst of 72 directions; shape of q."""
    wave = wavelength(condition.energy)
    angle = 2 * np.pi * np.arange(72) / 72
    along_x, along_y = chi_gradient(q[:, None] * np.cos(angle), q[:, None] * np.sin(angle), condition)
    steepest = np.max(along_x**2 + along_y**2, axis=1)
    width = 1e-3 * condition.angular_spread / wave
    return 0.5 * (math.pi * wave * condition.focal_spread * q**2) ** 2 + 0.5 * width**2 * steepest
