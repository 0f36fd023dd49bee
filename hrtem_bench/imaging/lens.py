"""The lens of image formation: the frequencies it passes, the grid it needs, and its factor on a wave's spectrum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hrtem_bench.conditions import Condition
from hrtem_bench.imaging.coherence import SourcePoint
from hrtem_bench.physics import wave_transfer, wavelength

NEGLIGIBLE = 1e-4
"""Frequencies whose amplitude an envelope brings below this share are not carried."""


def passed_band(c: Condition) -> float:
    """The frequency, 1/Å, beyond which the temporal envelope or the aperture leaves nothing to speak of; inf if none.

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

    A wave with frequencies up to k has a square with frequencies up to 2k. On m points those beyond m - h fold back
    to frequencies up to h, the largest that the output holds. Sizes are rounded up to ones with a fast transform.

    Parameters
    ----------
    reaches
        Largest frequencies of the wave along y and x, in steps of one over the field.
    out_shape
        Pixels of the image.
    """
    from scipy.fft import next_fast_len

    ny, nx = (
        int(next_fast_len(2 * k + min((n_out - 1) // 2, 2 * k) + 1))
        for k, n_out in zip(reaches, out_shape, strict=True)
    )
    return ny, nx


def transfers(ky: Any, kx: Any, c: Condition, points: Sequence[SourcePoint], zero_focus: float) -> Iterator[Any]:
    """For each point of the source, the factor on a wave's spectrum: (ny, nx) complex64, of the library of ky and kx.

    It holds `wave_transfer` of the condition, tilted and defocused as the point says, the phase that brings the
    specimen's zero plane to focus, and the square root of the point's weight: the image is the plain sum of squares.
    The tilt acts in the zero plane, where the specimen is, so it shifts the lens and not the phase of zero focus.

    Parameters
    ----------
    ky, kx
        Frequencies along y and x, 1/Å, float64, (ny,) and (nx,).
    c
        The condition, without the spreads that the points stand for.
    """
    from array_api_compat import array_namespace

    xp = array_namespace(ky)
    plane = _focus_phase(ky, kx, c, zero_focus)
    tilt, lens = None, None
    for point in points:
        ty, tx = point.tilt
        if tilt != point.tilt:  # points of one tilt follow each other
            tilt, lens = point.tilt, plane * wave_transfer((kx + tx)[None, :], (ky + ty)[:, None], c)
        offset = _focus_phase(ky + ty, kx + tx, c, point.focus)
        yield xp.astype(point.weight**0.5 * lens * offset, xp.complex64)


def _focus_phase(ky: Any, kx: Any, c: Condition, focus: float) -> Any:
    """exp(-iπλ C10 q²) for a C10 of `focus` Å: the product of a column and a row."""
    from array_api_compat import array_namespace

    if not focus:
        return 1.0
    xp = array_namespace(ky)
    y, x = (xp.exp(-1j * np.pi * wavelength(c.energy) * focus * k * k) for k in (ky, kx))
    return y[:, None] * x[None, :]
