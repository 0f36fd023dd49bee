"""Fourier transforms of any array library; cropping and padding in Fourier space; pixel sizes of a periodic field."""

from __future__ import annotations

from typing import Any

import numpy as np

from hrtem_bench.errors import InputError

PLANE = (-2, -1)


def pixel_sizes(pixel_size: float | tuple[float, float]) -> tuple[float, float]:
    """(dy, dx) in Å from one number or a pair; InputError unless positive."""
    pair = pixel_size if isinstance(pixel_size, tuple | list) else (pixel_size, pixel_size)
    if len(pair) != 2 or not all(np.isfinite(p) and p > 0 for p in pair):
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


def _halves(reach: int) -> tuple[slice, slice]:
    """Where the frequencies 0 to `reach` and -`reach` to -1 lie along an axis of an FFT."""
    return slice(0, reach + 1), slice(-reach, None) if reach else slice(0, 0)


def resize_spectrum(spectrum: Any, shape: tuple[int, int]) -> Any:
    """Crop or zero-pad the last two axes of a full FFT, keeping each coefficient (the norm is not touched).

    spectrum (..., ny, nx), FFT order -> (..., *shape). At an even size the lone Nyquist row and column, which stand
    for a wave and its mirror image together, are left out. The answer is of the spectrum's kind, on its device.
    """
    from array_api_compat import array_namespace, device

    xp = array_namespace(spectrum)
    out = xp.zeros((*spectrum.shape[:-2], *shape), dtype=spectrum.dtype, device=device(spectrum))
    # The largest frequencies, in steps, that both hold with their negatives.
    ky, kx = ((min(n, m) - 1) // 2 for n, m in zip(spectrum.shape[-2:], shape, strict=True))
    for ys in _halves(ky):
        for xs in _halves(kx):
            out[..., ys, xs] = spectrum[..., ys, xs]
    return out


def spectrum_of(field: Any) -> Any:
    """FFT over the last two axes, divided by the number of points, so that the first coefficient is the mean."""
    return _transforms(field).fftn(field, axes=PLANE, norm="forward")


def field_of(spectrum: Any) -> Any:
    """The reverse of `spectrum_of`, complex."""
    return _transforms(spectrum).ifftn(spectrum, axes=PLANE, norm="forward")


def _transforms(array: Any) -> Any:
    """`scipy.fft` for NumPy's arrays, which is more than twice as fast as `numpy.fft`; else the library's own."""
    from array_api_compat import array_namespace, is_numpy_array

    if is_numpy_array(array):
        from scipy import fft

        return fft
    return array_namespace(array).fft
