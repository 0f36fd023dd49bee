"""The lens of image formation: the frequencies it passes, the grid it needs, and its factor on a wave's spectrum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hrtem_bench.conditions import COEFFICIENTS, Condition, coefficients
from hrtem_bench.imaging.coherence import SourcePoint
from hrtem_bench.physics import wave_transfer, wavelength

NEGLIGIBLE = 1e-4
"""Frequencies whose amplitude an envelope brings below this share are not carried."""


def passed_band(c: Condition) -> float:
    """The frequency, 1/Å, beyond which the temporal envelope is below NEGLIGIBLE or the aperture cuts; inf if none.

    The condition's focal spread counts as an envelope; give one without it for a coherent image.
    """
    q = np.inf
    if c.focal_spread:
        exponent = np.sqrt(-2 * np.log(NEGLIGIBLE))
        q = np.sqrt(exponent / (np.pi * wavelength(c.energy) * c.focal_spread))
    if c.aperture is not None:
        q = min(q, c.aperture * 1e-3 / wavelength(c.energy))
    return float(q)


def grid_of(reaches: tuple[int, int], out_shape: tuple[int, int]) -> tuple[int, int]:
    """The grid, (ny, nx), on which |wave|² is free of aliasing inside the output's band.

    reaches: largest frequencies of the wave along y and x, in steps of one over the field. out_shape: pixels of the
    image. A wave with frequencies up to k has a square with frequencies up to 2k. On m points those beyond m - h fold
    back to frequencies up to h, the largest that the output holds. Sizes are rounded up to ones with a fast transform.
    """
    from scipy.fft import next_fast_len

    ny, nx = (
        int(next_fast_len(2 * k + min((n_out - 1) // 2, 2 * k) + 1))
        for k, n_out in zip(reaches, out_shape, strict=True)
    )
    return ny, nx


def transfers(ky: Any, kx: Any, c: Condition, points: Sequence[SourcePoint], zero_focus: float) -> Iterator[Any]:
    """For each point of the source, the factor on a wave's spectrum: (ny, nx) complex64, of the library of ky and kx.

    ky, kx: frequencies, 1/Å, float64, (ny,) and (nx,). c: without the spreads that the points stand for. The factor
    holds `wave_transfer` of the condition, tilted and defocused as the point says, the phase that brings the specimen's
    zero plane to focus, and the square root of the point's weight: the image is the plain sum of squares. The tilt acts
    in the zero plane, where the specimen is, so it shifts the lens and not the phase of zero focus.
    """
    tilt, lens = None, None
    for point in points:
        ty, tx = point.tilt
        if tilt != point.tilt:  # points of one tilt follow each other
            tilt, lens = point.tilt, _lens(ky, kx, c, point.tilt) * _focus_phase(ky, kx, c, zero_focus)
        yield lens * _focus_phase(ky + ty, kx + tx, c, point.focus, point.weight**0.5)


def _lens(ky: Any, kx: Any, c: Condition, tilt: tuple[float, float]) -> Any:
    """`wave_transfer` at the tilted frequencies, complex64, of an FFT with an odd number of points along each axis.

    Without a tilt, a lens without odd aberrations is the same at q and -q, and a round one in all four quadrants: a
    part of the plane is worked out, and the rest copied from it.
    """
    from array_api_compat import array_namespace, device

    xp = array_namespace(ky)
    orders = [COEFFICIENTS[name][1] for name in coefficients(c)]
    ty, tx = tilt
    if ty or tx or any(m % 2 for m in orders):
        return xp.astype(wave_transfer((kx + tx)[None, :], (ky + ty)[:, None], c), xp.complex64)
    ny, nx = ky.shape[0], kx.shape[0]
    y, x = ky[: ny // 2 + 1], kx if any(orders) else kx[: nx // 2 + 1]
    part = xp.astype(wave_transfer(x[None, :], y[:, None], c), xp.complex64)
    where = {"device": device(ky)}
    if any(orders):
        opposite = xp.asarray((-np.arange(nx)) % nx, **where)
        below = xp.take(xp.flip(part[1:, :], axis=0), opposite, axis=1)
        return xp.concat([part, below], axis=0)
    rows, columns = (xp.asarray(np.minimum(np.arange(n), n - np.arange(n)), **where) for n in (ny, nx))
    return xp.take(xp.take(part, rows, axis=0), columns, axis=1)


def _focus_phase(ky: Any, kx: Any, c: Condition, focus: float, factor: float = 1.0) -> Any:
    """factor · exp(-iπλ C10 q²) for a C10 of `focus` Å, complex64: the product of a column and a row."""
    from array_api_compat import array_namespace

    xp = array_namespace(ky)
    y, x = (xp.astype(xp.exp(-1j * np.pi * wavelength(c.energy) * focus * k * k), xp.complex64) for k in (ky, kx))
    return factor * y[:, None] * x[None, :]
