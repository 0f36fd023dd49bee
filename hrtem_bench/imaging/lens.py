"""The lens of image formation: which frequencies it carries, on which grid, and what it does to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from hrtem_bench.conditions import COEFFICIENTS, Condition, coefficients
from hrtem_bench.imaging.fourier import common_reach, from_quarter
from hrtem_bench.physics import wave_transfer, wavelength

NEGLIGIBLE = 1e-4
"""A wave's frequencies that an envelope brings below this part of their amplitude may fold back."""
ROUNDING = 1e-7
"""What single precision does not tell from nothing, as a part of a wave's amplitude."""


def carried(
    shape: tuple[int, int],
    size: tuple[float, float],
    out_shape: tuple[int, int],
    c: Condition,
    tolerance: float = 0.0,
    largest_prime: int = 11,
    least: float = 0.0,
) -> tuple[tuple[int, int], tuple[int, int]]:
    """The working grid of an image, and the largest frequencies carried on it along y and x, in steps.

    shape, size: pixels of the waves and their (dy, dx), Å. out_shape: pixels of the image. tolerance: as in
    `expected_intensity`. largest_prime: as in `working_shape`. least: without a tolerance, the part of their amplitude
    below which frequencies are not carried; 0 carries all that the grid holds.
    """
    limit = 0.5 / min(size)
    folding = _band(c, limit, max(tolerance**0.5, NEGLIGIBLE))
    grid = working_shape(shape, size, out_shape, folding, largest_prime)
    least = max(tolerance**2, NEGLIGIBLE) if tolerance else least
    ky, kx = (
        min(common_reach(n, m), int(np.ceil(_band(c, limit, least) * n * d)) if least else n)
        for n, m, d in zip(shape, grid, size, strict=True)
    )
    return grid, (ky, kx)


def _band(c: Condition, limit: float, share: float) -> float:
    """The frequency, 1/Å, up to `limit`, beyond which temporal envelope or aperture leave less than a share."""
    q = limit
    if c.focal_spread:
        exponent = np.sqrt(-2 * np.log(share))
        q = min(q, np.sqrt(exponent / (np.pi * wavelength(c.energy) * c.focal_spread)))
    if c.aperture is not None:
        q = min(q, c.aperture * 1e-3 / wavelength(c.energy))
    return float(q)


def working_shape(
    shape: tuple[int, int],
    size: tuple[float, float],
    out_shape: tuple[int, int],
    band: float,
    largest_prime: int = 11,
) -> tuple[int, int]:
    """A grid on which |wave|² of a wave inside `band` is right inside the output's band.

    The square reaches 2·band and, on m points, folds back from m/L: into the output's band only if
    m/L < 2·band + q_out. It never needs to hold more than the waves do, twice over. largest_prime: 11 or 5, of the
    numbers of points, for the transforms to be fast.
    """
    from scipy.fft import next_fast_len

    out = []
    for n, d, n_out in zip(shape, size, out_shape, strict=True):
        length = n * d
        points = min(2 * band, n / length) * length + n_out / 2
        out.append(int(next_fast_len(max(int(np.ceil(points)) + 1, n_out), real=largest_prime == 5)))
    return out[0], out[1]


def specimen_transfer(ky: Any, kx: Any, c: Condition, zero_focus: float, tilt: tuple[float, float] = (0.0, 0.0)) -> Any:
    """(ny, nx) complex64: `wave_transfer` and the phase that brings the specimen's zero plane to focus.

    ky, kx: frequencies in FFT order, 1/Å. Envelopes belong to the condition alone. tilt: (x, y) of the illumination as
    a spatial frequency, 1/Å. It is applied in the zero plane, where the specimen is, so it shifts the lens and not the
    phase of zero focus.
    """
    orders = [COEFFICIENTS[name][1] for name in coefficients(c)]
    if any(tilt) or any(m % 2 for m in orders):
        return _transfer(ky, kx, c, zero_focus, tilt)
    if not any(orders):  # the same in all four quadrants: one is enough
        y, x = (np.abs(k[: len(k) // 2 + 1]) for k in (ky, kx))
        return from_quarter(_transfer(y, x, c, zero_focus), (len(ky), len(kx)))
    if len(ky) % 2 and len(kx) % 2:  # the same at q and -q, and each q has its -q: half of the plane is enough
        half = _transfer(ky[: len(ky) // 2 + 1], kx, c, zero_focus)
        opposite = np.roll(half[:0:-1, ::-1], 1, axis=1)
        return np.concatenate([half, opposite])
    return _transfer(ky, kx, c, zero_focus)


def _transfer(ky: Any, kx: Any, c: Condition, zero_focus: float, tilt: tuple[float, float] = (0.0, 0.0)) -> Any:
    qx, qy = kx[None].astype(np.float64), ky[:, None].astype(np.float64)
    return lens_at(qx, qy, c, zero_focus, tilt).astype(np.complex64)


def lens_at(qx: Any, qy: Any, c: Condition, zero_focus: float, tilt: tuple[float, float] = (0.0, 0.0)) -> Any:
    """What `specimen_transfer` is at frequencies qx, qy, 1/Å, of any kind of array: complex, of the same kind."""
    if not (c.angular_spread or any(tilt)):  # no envelope depends on C10, so the zero plane can go into it
        return wave_transfer(qx, qy, c.replace(C10=c.C10 + zero_focus))
    plane = Condition(energy=c.energy, C10=zero_focus)
    return wave_transfer(qx + tilt[0], qy + tilt[1], c) * wave_transfer(qx, qy, plane)
