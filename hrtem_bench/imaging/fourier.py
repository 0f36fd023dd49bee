"""Cropping and padding in Fourier space: another pixel size for a periodic field, without aliasing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hrtem_bench.errors import InputError


def pixel_sizes(pixel_size: float | tuple[float, float]) -> tuple[float, float]:
    """(dy, dx) in Å from one number or a pair; InputError unless positive."""
    pair = pixel_size if isinstance(pixel_size, tuple | list) else (pixel_size, pixel_size)
    if len(pair) != 2 or not all(p > 0 for p in pair):
        raise InputError(f"pixel_size must be a number above 0 Å or a pair (dy, dx), not {pixel_size!r}")
    return float(pair[0]), float(pair[1])


def resampled_shape(
    shape: tuple[int, int], pixel_size: tuple[float, float], output_pixel_size: tuple[float, float]
) -> tuple[int, int]:
    """The shape of the same field at another pixel size; InputError unless the field is a whole number of pixels."""
    out = []
    for n, d, d_out in zip(shape, pixel_size, output_pixel_size, strict=True):
        exact = n * d / d_out
        count = round(exact)
        if count < 1 or abs(exact - count) > 1e-4:
            raise InputError(
                f"a field of {n * d:g} Å is no whole number of {d_out:g} Å pixels: use {n * d / max(count, 1):.6g} Å"
            )
        out.append(count)
    return out[0], out[1]


def halves(reach: int) -> tuple[slice, slice]:
    """Where the frequencies 0 to `reach` and -`reach` to -1 lie along an axis of an FFT."""
    return slice(0, reach + 1), slice(-reach, None) if reach else slice(0, 0)


def common_reach(first: int, second: int) -> int:
    """The largest frequency, in steps, that FFTs of both numbers of points hold with its negative."""
    return (min(first, second) - 1) // 2


def resize_spectrum(spectrum: Any, shape: tuple[int, int]) -> Any:
    """Crop or zero-pad the last two axes of a full FFT, keeping each coefficient (the norm is not touched).

    spectrum (..., ny, nx), FFT order -> (..., *shape). At an even size the lone Nyquist row and column, which stand
    for a wave and its mirror image together, are left out. The answer is of the spectrum's kind, on its device.
    """
    from array_api_compat import array_namespace, device

    xp = array_namespace(spectrum)
    out = xp.zeros((*spectrum.shape[:-2], *shape), dtype=spectrum.dtype, device=device(spectrum))
    ky, kx = (common_reach(n, m) for n, m in zip(spectrum.shape[-2:], shape, strict=True))
    for ys in halves(ky):
        for xs in halves(kx):
            out[..., ys, xs] = spectrum[..., ys, xs]
    return out


def from_quarter(quarter: Any, shape: tuple[int, int]) -> Any:
    """The full plane (ny, nx), FFT order, of what is the same in its four quadrants; quarter: |ky|, |kx| from 0 on."""
    ny, nx = shape
    half = np.concatenate([quarter, quarter[:, (nx - 1) // 2 : 0 : -1]], axis=1)
    return np.concatenate([half, half[(ny - 1) // 2 : 0 : -1]])


def in_place(transform: Callable[..., Any], field: Any, axis: int) -> None:
    """A transform of complex numbers along one axis, without a factor on the inverse, written over its input."""
    out = transform(field, axis=axis, norm="forward", overwrite_x=True)
    if not np.may_share_memory(out, field):  # another back end of SciPy's FFT may not write in place
        field[...] = out


def resample(field: Any, shape: tuple[int, int]) -> Any:
    """A real periodic field (ny, nx) at another number of pixels, its band cut or padded in Fourier space."""
    from scipy import fft

    (ny, nx), (my, mx) = field.shape, shape
    spectrum = fft.rfft2(field, norm="forward")
    out = np.zeros((my, mx // 2 + 1), spectrum.dtype)
    ky, kx = common_reach(ny, my), common_reach(nx, mx)
    for ys in halves(ky):
        out[ys, : kx + 1] = spectrum[ys, : kx + 1]
    return fft.irfft2(out, shape, norm="forward")
