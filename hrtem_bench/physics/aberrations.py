"""The wave-front aberration χ(q) to fifth order and its gradient, as polynomials in qx and qy.

With z = qx + i qy, a term q^(n+1) cos(m (φ - φ_nm)) of Krivanek's series is |z|^(2p) Re[e^(-i m φ_nm) z^m],
p = (n + 1 - m) / 2: a polynomial, smooth at q = 0 where the angle φ is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hrtem_bench.conditions import COEFFICIENTS, Condition, coefficients
from hrtem_bench.physics.constants import wavelength
from hrtem_bench.physics.frequencies import Array, as_frequencies


@dataclass(frozen=True)
class _Term:
    """scale * |z|^(2p) * (cos * Re z^m + sin * Im z^m); scale in rad Å^(n+1)."""

    scale: float
    p: int
    m: int
    cos: float
    sin: float


def chi(qx: Array, qy: Array, condition: Condition) -> Array:
    """Wave-front aberration χ(q) = (2π/λ) Σ α^(n+1)/(n+1) C_nm cos(m (φ - φ_nm)); the wave is multiplied by exp(-iχ).

    Parameters
    ----------
    qx, qy
        Spatial frequencies, 1/Å, arrays of NumPy, PyTorch or CuPy that broadcast. α = λq, and φ is the angle from +x
        to +y.
    condition
        Its energy, C10 (> 0 is overfocus), C30 and aberrations count.

    Returns
    -------
    array
        rad, of the broadcast shape and the kind, dtype and device of the frequencies; differentiable where the library
        is. In float32 the rounding error of a large χ is about 1e-7 of it.

    Raises
    ------
    InputError
        For complex frequencies.

    References
    ----------
    Krivanek, Dellby, Lupini, Ultramicroscopy 78 (1999) 1, with the signs of abTEM (Madsen, Susi, Open Research Europe
    1 (2021) 24).
    """
    _, qx, qy = as_frequencies(qx, qy)
    square = qx * qx + qy * qy
    terms = _terms(condition)
    circular = _circular(qx, qy, max((t.m for t in terms), default=0))
    total = 0.0 * square
    for term in terms:
        total = total + term.scale * _times_power(_harmonic(term, circular), square, term.p)
    return total


def chi_gradient(qx: Array, qy: Array, condition: Condition) -> tuple[Array, Array]:
    """Gradient of `chi`; divided by 2π it is the displacement, Å, that the lens gives the ray of frequency q.

    Parameters
    ----------
    qx, qy, condition
        As for `chi`.

    Returns
    -------
    tuple of arrays
        (∂χ/∂qx, ∂χ/∂qy), rad Å, each as `chi` returns them.

    Raises
    ------
    InputError
        For complex frequencies.
    """
    _, qx, qy = as_frequencies(qx, qy)
    square = qx * qx + qy * qy
    terms = _terms(condition)
    circular = _circular(qx, qy, max((t.m for t in terms), default=0))
    along_x, along_y = 0.0 * square, 0.0 * square
    for term in terms:
        if term.p:
            radial = 2 * term.p * term.scale * _times_power(_harmonic(term, circular), square, term.p - 1)
            along_x, along_y = along_x + radial * qx, along_y + radial * qy
        if term.m:
            real, imaginary = circular[term.m - 1]
            slope = term.m * term.scale
            slope_x = slope * (term.cos * real + term.sin * imaginary)
            slope_y = slope * (term.sin * real - term.cos * imaginary)
            along_x = along_x + _times_power(slope_x, square, term.p)
            along_y = along_y + _times_power(slope_y, square, term.p)
    return along_x, along_y


def _terms(condition: Condition) -> list[_Term]:
    wave = wavelength(condition.energy)
    terms = []
    for name, (magnitude, angle) in coefficients(condition).items():
        n, m = COEFFICIENTS[name]
        scale = 2 * math.pi * wave**n / (n + 1) * magnitude
        terms.append(_Term(scale, (n + 1 - m) // 2, m, math.cos(m * angle), math.sin(m * angle)))
    return terms


def _circular(qx: Array, qy: Array, order: int) -> list[tuple[Array | float, Array | float]]:
    """Real and imaginary part of (qx + i qy)^m for m = 0 ... order."""
    powers: list[tuple[Array | float, Array | float]] = [(1.0, 0.0)]
    for _ in range(order):
        real, imaginary = powers[-1]
        powers.append((real * qx - imaginary * qy, real * qy + imaginary * qx))
    return powers


def _harmonic(term: _Term, circular: list[tuple[Array | float, Array | float]]) -> Array | float:
    real, imaginary = circular[term.m]
    return term.cos * real + term.sin * imaginary


def _times_power(factor: Array | float, square: Array, exponent: int) -> Array | float:
    for _ in range(exponent):  # products: a general power is slower and its gradient at 0 is not finite
        factor = factor * square
    return factor
