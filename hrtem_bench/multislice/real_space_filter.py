"""Propagation over a slice as a short symmetric filter along each axis, in place of a pair of Fourier transforms.

exp(-iπλz q²) is a product of one factor per axis, and over a slice of 2 Å it carries a wave sideways by a pixel or
so: a filter of 2 TAPS + 1 complex weights does it (the real-space method: D. Van Dyck, W. Coene, Ultramicroscopy 15
(1984) 29-40). It follows the propagator as far towards Nyquist as it can without amplifying any frequency.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from hrtem_bench.multislice.plan import MultislicePlan
from hrtem_bench.multislice.real_space_patches import WIDEST, patch_shape
from hrtem_bench.multislice.transmission import roll_off
from hrtem_bench.physics import wavelength

TAPS = 4
TRUSTED = 0.3
"""Part of Nyquist up to which the filter is held to the propagator most closely: at 0.1 Å pixels, 1.5/Å."""
PASSES = (0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5)
"""Parts of Nyquist up to which the filter may follow the propagator: the largest that does not make it amplify."""
STOP = 1.2
"""Part of Nyquist where the roll-off beyond the pass band would reach 0."""
GAIN = 5e-4
"""By how much a filter may amplify any frequency: waves go through some tens of slices."""
TOLERANCE = 1e-3
"""The largest error in the trusted band with which a filter may be used."""


@lru_cache(maxsize=64)
def stencil(distance: float, pixel_size: float, energy: float) -> tuple[Any, float]:
    """Weights of the filter that carries a wave over `distance`, Å, along one axis, and its error.

    Returns ((TAPS + 1,) complex128: the middle weight, then those at 1, 2, ... pixels to both sides; the largest
    error of its response up to TRUSTED of Nyquist, infinite where no filter of this length keeps from amplifying).
    """
    for passed in PASSES:
        values, error, largest = _fitted(distance, pixel_size, energy, passed)
        values.flags.writeable = False  # remembered, since waves of many specimens take the same steps
        if largest <= 1 + GAIN:
            return values, error
    return values, np.inf


def _fitted(distance: float, pixel_size: float, energy: float, passed: float) -> tuple[Any, float, float]:
    """(weights, error up to TRUSTED, largest modulus of the response) for a pass band up to `passed` of Nyquist.

    The weights add up to 1, so that a plane wave stays one; else they are a weighted least-squares fit of the
    propagator, close below TRUSTED and lenient where it rolls off.
    """
    f = np.linspace(0, 0.5, 2001)
    u = 2 * f
    chirp = np.exp(-1j * np.pi * wavelength(energy) * distance * (f / pixel_size) ** 2)
    target = chirp * roll_off(u, passed, STOP)
    weight = np.where(u < passed, np.exp(np.interp(u, [TRUSTED, passed], np.log([3e3, 10.0]))), 1.0)
    cosines = 2 * np.cos(2 * np.pi * np.outer(f, np.arange(1, TAPS + 1))) - 2
    sides = np.linalg.lstsq(cosines * weight[:, None], (target - 1) * weight, rcond=None)[0]
    weights = np.concatenate([[1 - 2 * sides.sum()], sides])
    got = response(weights, f)
    return weights, float(np.abs(got - chirp)[u <= TRUSTED].max()), float(np.abs(got).max())


def response(weights: Any, f: Any) -> Any:
    """What the filter multiplies a wave of f cycles per pixel by; f (n,) -> (n,) complex128."""
    cosines = np.cos(2 * np.pi * np.outer(f, np.arange(len(weights))))
    return cosines @ (np.asarray(weights) * np.r_[1, 2 * np.ones(len(weights) - 1)])


def obstacle(plan: MultislicePlan, widest: int | None = None) -> str | None:
    """Why the method cannot take a calculation, in words; None when it can. widest: columns of a grid at most."""
    (ny, nx), (py, px) = plan.grid.shape, patch_shape(plan.grid)
    if plan.tilt != (0.0, 0.0):
        return "a tilted beam needs filters that are not symmetric"
    if px > WIDEST or py > WIDEST:
        return f"pixels of {min(plan.grid.pixel_size):g} Å are too fine: an atom would take over {WIDEST} of them"
    if ny < py or nx < px:
        return f"a grid of {ny} x {nx} is smaller than the {py} x {px} pixels that hold an atom"
    if widest is not None and nx > widest:
        return f"a grid {nx} pixels wide is over {widest}"
    error = max(stencil(plan.slice_thickness, d, plan.energy)[1] for d in plan.grid.pixel_size)
    if error > TOLERANCE:
        return (
            f"slices of {plan.slice_thickness:g} Å at {min(plan.grid.pixel_size):g} Å pixels and "
            f"{plan.energy / 1e3:g} keV carry the wave too far sideways for a short filter"
        )
    return None


def weights(distance: float, plan: MultislicePlan) -> Any:
    """(2, 2, TAPS + 1) float32: the filters along y and x, real and imaginary parts, for no further than a slice."""
    reach = min(distance, plan.slice_thickness)
    filters = [stencil(reach, d, plan.energy)[0] for d in plan.grid.pixel_size]
    return np.array([[values.real, values.imag] for values in filters], np.float32)
