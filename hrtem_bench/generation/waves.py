"""Exit waves, compressed: their Fourier coefficients inside the simulated band, in half precision."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hrtem_bench.errors import InputError

SCALE = 1000.0
"""Coefficients of a wave of mean amplitude 1 are stored times this, which keeps small ones above half's underflow."""

MOST_PADDING = 64
"""Coefficients of a wave, at most, for each that is stored: what a file says of their number must not take memory."""

SCATTERED_BAND = 1.7
"""Frequency, 1/Å, inside which particles scatter all but a thousandth of what they do, measured."""


def pack(waves: Any, field: float, band: float) -> bytes:
    """Waves (phonons, n, n) over a square `field` (Å) as bytes: their coefficients at |q| <= `band` (1/Å).

    The bytes are little-endian float16, (phonons, coefficients, 2): real and imaginary part of FFT / n² times SCALE, in
    the order of the FFT's rows. Each coefficient keeps 11 bits.
    """
    from scipy import fft

    spectra = fft.fft2(waves, norm="forward")[:, inside(waves.shape[-1], field, band)]
    return (np.stack([spectra.real, spectra.imag], axis=-1) * SCALE).astype("<f2").tobytes()


def unpack(data: bytes, shape: tuple[int, int, int], field: float, band: float) -> Any:
    """The waves, complex64 of `shape` (phonons, n, n), from the bytes of `pack`; InputError if the size is wrong."""
    from scipy import fft

    damaged = InputError(f"exit waves of {len(data)} bytes do not hold {shape} waves up to {band:g} 1/Å: damaged file")
    if len(data) % 4 or min(shape) < 1 or math.prod(shape) > MOST_PADDING * len(data) // 4 or not field > 0 <= band:
        raise damaged
    chosen = inside(shape[-1], field, band)
    stored = np.frombuffer(data, "<f2")
    if stored.size != 2 * shape[0] * np.count_nonzero(chosen):
        raise damaged
    pairs = stored.astype(np.float32).reshape(shape[0], -1, 2) / np.float32(SCALE)
    spectra = np.zeros(shape, np.complex64)
    spectra[:, chosen] = pairs[..., 0] + 1j * pairs[..., 1]
    return fft.ifft2(spectra, norm="forward", overwrite_x=True)


def inside(points: int, field: float, band: float) -> Any:
    """Which coefficients of a (points, points) FFT lie at |q| <= band: bool (points, points), FFT order."""
    q = np.fft.fftfreq(points, field / points)
    # With a tolerance, so that rounding does not decide about a coefficient on the circle.
    return np.hypot(q[:, None], q) <= band * (1 + 1e-9)
