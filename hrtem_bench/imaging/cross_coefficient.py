"""The transmission cross-coefficient: partial coherence without approximation, the reference for small fields.

The illumination's tilt is taken in the usual thin approximation: a wave incident at an angle θ leaves the specimen as
the untilted exit wave times exp(2πi θ·r/λ), so its Fourier transform meets the lens shifted by θ/λ. The tilt is
applied in the specimen's zero plane. What that leaves out is the shift t·θ across a specimen of thickness t, 0.04 Å
for 200 Å and 0.2 mrad.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hrtem_bench.conditions import Condition
from hrtem_bench.errors import InputError
from hrtem_bench.imaging.coherence import source_points
from hrtem_bench.physics import wave_transfer, wavelength

TCC_LIMIT = 2048
"""Most Fourier coefficients of a wave that are taken: the work grows with the square of their number."""
TOLERANCE = 1e-4
"""Error of the mean of any phase factor over the illumination angle."""
EMPTY = 1e-7
"""Coefficients below this share of the largest are left out."""


def tcc_image(
    waves: Any,
    size: tuple[float, float],
    out_shape: tuple[int, int],
    c: Condition,
    zero_focus: float = 0.0,
    angle_nodes: int | None = None,
) -> Any:
    """One expected image, (ny, nx) float32: I(Q) = Σ over q1 - q2 = Q of T(q1, q2) ψ(q1) ψ*(q2), in float64.

    waves: (n, ny, nx), with pixels of `size` (dy, dx) Å. out_shape: pixels of the image, over the same field.
    zero_focus: C10, Å, that brings the specimen's zero plane to focus. angle_nodes: as in `cross_coefficient`.
    InputError if the waves have more than `TCC_LIMIT` Fourier coefficients; 64 x 64 pixels of a wave band-limited to
    2/3 of Nyquist have 1,430.
    """
    spectra = np.fft.fft2(waves.astype(complex), norm="forward")
    strength = np.abs(spectra).max(axis=0)
    if not np.isfinite(strength[0, 0]):
        raise InputError("the exit waves hold values that are not finite numbers (NaN or infinity): make them again")
    iy, ix = np.nonzero(strength > EMPTY * strength.max())
    if len(iy) > TCC_LIMIT:
        raise InputError(
            f"the transmission cross-coefficient takes at most {TCC_LIMIT} Fourier coefficients and the waves have "
            f"{len(iy)}: use a smaller field or coherence='quadrature'"
        )
    ky, kx = (np.fft.fftfreq(n, d) for n, d in zip(waves.shape[1:], size, strict=True))
    q = np.stack([kx[ix], ky[iy]])
    held = spectra[:, iy, ix] * np.exp(-1j * np.pi * wavelength(c.energy) * zero_focus * (q[0] ** 2 + q[1] ** 2))
    pairs = cross_coefficient(q, q, c, angle_nodes=angle_nodes) * (held.T @ held.conj()) / len(held)
    steps = [np.fft.fftfreq(n, 1 / n)[i].astype(int) for n, i in zip(waves.shape[1:], (iy, ix), strict=True)]
    into = _places([s[:, None] - s[None] for s in steps], out_shape)
    count = out_shape[0] * out_shape[1]
    real, imaginary = (np.bincount(into, part.ravel(), count + 1)[:count] for part in (pairs.real, pairs.imag))
    image = np.fft.ifft2((real + 1j * imaginary).reshape(out_shape), norm="forward").real
    return np.maximum(image, 0).astype(np.float32)


def cross_coefficient(first: Any, second: Any, condition: Condition, *, angle_nodes: int | None = None) -> Any:
    """Transmission cross-coefficient T(q1, q2): the mean of t(q1) t*(q2) over focus and illumination angle.

    t(q) = A exp(-iχ). The mean over focus is in closed form; that over the angle is a sum. T(q, q) = 1 without an
    aperture: what one beam alone puts into the image is not damped. Source: Ishizuka, Ultramicroscopy 5 (1980) 55.

    Parameters
    ----------
    first, second
        (2, n) and (2, m): the x and y components of q1 and q2, 1/Å.
    condition
        Its spreads are standard deviations.
    angle_nodes
        Number of angles along each of two axes; None for as many as these frequencies take.

    Returns
    -------
    numpy.ndarray
        (n, m), complex128.
    """
    first, second = (np.asarray(q, float) for q in (first, second))
    band = max(float(np.hypot(*q).max(initial=0)) for q in (first, second))
    coherent = condition.replace(focal_spread=0.0, angular_spread=0.0)
    total: Any = 0.0
    for point in source_points(condition, band, nodes=1, angle_nodes=angle_nodes, tolerance=TOLERANCE):
        ty, tx = point.tilt
        (left, a), (right, b) = (
            (wave_transfer(qx, qy, coherent), qx * qx + qy * qy)
            for qx, qy in ((q[0] + tx, q[1] + ty) for q in (first, second))
        )
        phase = np.pi * wavelength(condition.energy) * condition.focal_spread * (a[:, None] - b[None])
        total = total + point.weight * np.exp(-0.5 * phase**2) * np.outer(left, right.conj())
    return total


def _places(steps: list[Any], shape: tuple[int, int]) -> Any:
    """Flat index into an FFT of `shape` of each pair's (y, x) frequency step; one past its end outside the band."""
    inside = np.logical_and(*(np.abs(s) <= (n - 1) // 2 for s, n in zip(steps, shape, strict=True)))
    return np.where(inside, (steps[0] % shape[0]) * shape[1] + steps[1] % shape[1], shape[0] * shape[1]).ravel()
