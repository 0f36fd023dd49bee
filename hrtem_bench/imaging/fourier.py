"""Cropping and padding in Fourier space: another pixel size for a periodic field, without aliasing."""

from __future__ import annotations

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


def resize_spectrum(spectrum: Any, shape: tuple[int, int]) -> Any:
    """Crop or zero-pad the last two axes of a full FFT, keeping each coefficient (the norm is not touched).

    spectrum (..., ny, nx), FFT order -> (..., *shape). At an even size the lone Nyquist row and column, which stand
    for a wave and its mirror image together, are left out.
    """
    ny, nx = spectrum.shape[-2:]
    my, mx = shape
    out = np.zeros((*spectrum.shape[:-2], my, mx), spectrum.dtype)
    ky, kx = (min(ny, my) - 1) // 2, (min(nx, mx) - 1) // 2
    for ys in (slice(0, ky + 1), slice(-ky, None) if ky else slice(0, 0)):
        for xs in (slice(0, kx + 1), slice(-kx, None) if kx else slice(0, 0)):
            out[..., ys, xs] = spectrum[..., ys, xs]
    return out


def resample(field: Any, shape: tuple[int, int]) -> Any:
    """A real periodic field (ny, nx) at another number of pixels, its band cut or padded in Fourier space."""
    from scipy import fft

    (ny, nx), (my, mx) = field.shape, shape
    spectrum = fft.rfft2(field, norm="forward")
    out = np.zeros((my, mx // 2 + 1), spectrum.dtype)
    ky, kx = (min(ny, my) - 1) // 2, (min(nx, mx) - 1) // 2
    out[: ky + 1, : kx + 1] = spectrum[: ky + 1, : kx + 1]
    if ky:
        out[-ky:, : kx + 1] = spectrum[-ky:, : kx + 1]
    return fft.irfft2(out, shape, norm="forward")
