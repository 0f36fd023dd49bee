"""Envelopes, aperture and the transfer functions of an imaging condition.

Every function takes qx, qy, 1/Å, as NumPy, PyTorch or CuPy arrays, and answers with the shape of their
broadcast and their kind, dtype (complex of the same precision for `wave_transfer`) and device. All are
differentiable in q where the library is. Complex frequencies raise InputError.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from hrtem_bench.conditions import Condition, Conditions, as_condition_set
from hrtem_bench.physics.aberrations import chi, chi_gradient
from hrtem_bench.physics.constants import wavelength
from hrtem_bench.physics.frequencies import Array, as_frequencies


def temporal_envelope(qx: Array, qy: Array, condition: Condition) -> Array:
    """E_t(q) = exp(-½ (π λ Δ q²)²), the mean of exp(-iπλ δ q²) over a normal distribution of the defocus δ.

    Parameters
    ----------
    qx, qy
        Spatial frequencies, 1/Å, see the module.
    condition
        Its focal spread Δ is the standard deviation of δ, Å.

    Returns
    -------
    array
        0 to 1.

    References
    ----------
    Frank, Optik 38 (1973) 519.
    """
    xp, qx, qy = as_frequencies(qx, qy)
    square = qx * qx + qy * qy
    if not condition.focal_spread:
        return 1.0 + 0.0 * square
    phase = math.pi * wavelength(condition.energy) * condition.focal_spread * square
    return xp.exp(-0.5 * phase * phase)


def spatial_envelope(qx: Array, qy: Array, condition: Condition) -> Array:
    """E_s(q) = exp(-½ (β/λ)² |∇χ(q)|²), for illumination angles normally distributed about the axis.

    Parameters
    ----------
    qx, qy
        Spatial frequencies, 1/Å, see the module.
    condition
        Its angular spread β is the standard deviation of the angle along x, and along y, mrad.

    Returns
    -------
    array
        0 to 1; the first order in β.

    References
    ----------
    Frank, Optik 38 (1973) 519; Wade, Frank, Optik 49 (1977) 81.
    """
    xp, qx, qy = as_frequencies(qx, qy)
    if not condition.angular_spread:
        return 1.0 + 0.0 * (qx + qy)
    along_x, along_y = chi_gradient(qx, qy, condition)
    width = 1e-3 * condition.angular_spread / wavelength(condition.energy)
    return xp.exp(-0.5 * width**2 * (along_x * along_x + along_y * along_y))


def aperture(qx: Array, qy: Array, condition: Condition) -> Array:
    """1 where λ|q| is at most the aperture's semi-angle, else 0; 1 everywhere without an aperture.

    Parameters
    ----------
    qx, qy
        Spatial frequencies, 1/Å, see the module.
    condition
        Its aperture is a semi-angle, mrad.

    Returns
    -------
    array
        0 or 1: the edge is sharp.
    """
    xp, qx, qy = as_frequencies(qx, qy)
    square = qx * qx + qy * qy
    if condition.aperture is None:
        return 1.0 + 0.0 * square
    edge = 1e-3 * condition.aperture / wavelength(condition.energy)
    return xp.astype(square <= edge**2, square.dtype)


def envelope(qx: Array, qy: Array, condition: Condition) -> Array:
    """E_t E_s A: what partial coherence and the aperture leave of the amplitude, 0 to 1."""
    product = temporal_envelope(qx, qy, condition)
    if condition.angular_spread:
        product = product * spatial_envelope(qx, qy, condition)
    if condition.aperture is not None:
        product = product * aperture(qx, qy, condition)
    return product


def ctf(qx: Array, qy: Array, condition: Condition) -> Array:
    """Contrast transfer function T(q) = E_s E_t A sin χ: a weak phase object of phase φ(q) has the contrast 2 T φ.

    Parameters
    ----------
    qx, qy
        Spatial frequencies, 1/Å, see the module.
    condition
        The dose plays no part.

    Returns
    -------
    array
        -1 to 1. 0 at every q where C10 = C30 = 0 and no other aberration is there.

    Notes
    -----
    The contrast is 2 T φ for an even χ. With odd aberrations (C21, C23, C41, C43, C45) the linear transfer is
    exp(-iχ_odd) sin χ_even, and T remains the sine of the whole χ by definition.
    """
    xp, qx, qy = as_frequencies(qx, qy)
    return envelope(qx, qy, condition) * xp.sin(chi(qx, qy, condition))


def wave_transfer(qx: Array, qy: Array, condition: Condition) -> Array:
    """exp(-iχ) E_t E_s A: the factor on the Fourier transform of an exit wave.

    Parameters
    ----------
    qx, qy
        Spatial frequencies, 1/Å, see the module.
    condition
        The dose plays no part.

    Returns
    -------
    array
        Complex, of the precision of the frequencies.
    """
    xp, qx, qy = as_frequencies(qx, qy)
    return envelope(qx, qy, condition) * xp.exp(-1j * chi(qx, qy, condition))


def transfer_spectrum(qx: Array, qy: Array, conditions: Conditions) -> Array:
    """P(q) = Σ w T(q)², the weighted mean of T² over a condition or a set of conditions.

    Parameters
    ----------
    qx, qy
        Spatial frequencies, 1/Å, see the module.
    conditions
        A Condition, a ConditionSet, or a sequence of conditions that count alike.

    Returns
    -------
    array
        0 to 1, of the broadcast shape.
    """
    return _weighted(conditions, lambda condition: ctf(qx, qy, condition) ** 2)


def mean_transfer(qx: Array, qy: Array, conditions: Conditions) -> Array:
    """Σ w T(q), the weighted mean of T with its sign over a condition or a set of conditions.

    Parameters
    ----------
    qx, qy
        Spatial frequencies, 1/Å, see the module.
    conditions
        As in `transfer_spectrum`.

    Returns
    -------
    array
        -1 to 1, of the broadcast shape.
    """
    return _weighted(conditions, lambda condition: ctf(qx, qy, condition))


def _weighted(conditions: Conditions, value: Callable[[Condition], Array]) -> Array:
    """Σ w value(c) over the conditions c of a set."""
    members = as_condition_set(conditions)
    total = 0.0
    for condition, weight in zip(members.conditions, members.weights, strict=True):
        total = total + weight * value(condition)
    return total
