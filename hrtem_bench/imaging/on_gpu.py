"""Images on a GPU: the waves transformed once for all conditions, in operations NumPy, PyTorch and CuPy have alike.

The same model as on the CPU; without a GPU the tests run it on NumPy and PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from hrtem_bench.conditions import Condition
from hrtem_bench.errors import InputError
from hrtem_bench.imaging.fourier import resize_spectrum
from hrtem_bench.imaging.lens import ROUNDING, carried, lens_at
from hrtem_bench.support.gpu import cuda_arrays, memory_for_a_batch

ARRAYS_PER_WAVE = 8
"""Complex arrays of a wave's size that are alive at once: spectra, waves on a larger grid, and the FFT's workspace."""

PLANE = (-2, -1)
Pair = tuple[int, int]
Sizes = tuple[float, float]


def images_on_gpu(
    waves: Any, size: Sizes, out_shape: Pair, conditions: Sequence[Condition], zero_focus: float, tolerance: float
) -> Iterator[Any]:
    """Images (ny, nx) float32, NumPy arrays, one for each condition; arguments as of `compiled_intensity`."""
    cupy, xp = cuda_arrays()
    batch = max(int(memory_for_a_batch(cupy) / (ARRAYS_PER_WAVE * waves[0].nbytes)), 1)
    try:
        for image in images_of(waves, size, out_shape, conditions, zero_focus, tolerance, batch, xp, cupy.asarray):
            yield cupy.asnumpy(image)
    except cupy.cuda.memory.OutOfMemoryError:
        raise InputError("these waves do not fit in the GPU's memory: use device='cpu'") from None


def images_of(
    waves: Any,
    size: Sizes,
    out_shape: Pair,
    conditions: Sequence[Condition],
    zero_focus: float,
    tolerance: float,
    batch: int,
    xp: Any,
    to_device: Callable[[Any], Any],
) -> Iterator[Any]:
    """Images (ny, nx) float32 on the device, one for each condition.

    waves: (n, ny, nx) complex64, NumPy. batch: how many of them are worked on at once; they are added up in their
    order. xp: the array namespace (from array_api_compat). to_device: NumPy array to the library's own, on its device.
    """
    shape: Pair = waves.shape[1:]
    grids = [carried(shape, size, out_shape, c, tolerance, least=ROUNDING) for c in conditions]
    most: Pair = (max(ky for _, (ky, _) in grids), max(kx for _, (_, kx) in grids))
    batches = [slice(begin, begin + batch) for begin in range(0, len(waves), batch)]
    spectra = [_cut(xp.fft.fftn(to_device(waves[part]), axes=PLANE, norm="forward"), most) for part in batches]
    for c, (grid, reaches) in zip(conditions, grids, strict=True):
        qy, qx = (
            to_device(np.fft.fftfreq(2 * k + 1, 1 / (2 * k + 1)) / (n * d))
            for k, n, d in zip(reaches, shape, size, strict=True)
        )
        lens = xp.astype(lens_at(qx[None, :], qy[:, None], c, zero_focus), xp.complex64)
        total = sum(_sum_of_squares(_cut(part, reaches) * lens, grid, xp) for part in spectra)
        spectrum = resize_spectrum(xp.fft.fftn(xp.astype(total, xp.complex64), axes=PLANE, norm="forward"), out_shape)
        image = xp.astype(xp.real(xp.fft.ifftn(spectrum, axes=PLANE, norm="forward")), xp.float32) / len(waves)
        yield image * xp.astype(image > 0, xp.float32)


def _cut(spectrum: Any, reaches: Pair) -> Any:
    return resize_spectrum(spectrum, (2 * reaches[0] + 1, 2 * reaches[1] + 1))


def _sum_of_squares(spectra: Any, grid: Pair, xp: Any) -> Any:
    """(ny, nx): |wave|² on a grid, added up over the first axis."""
    waves = xp.fft.ifftn(resize_spectrum(spectra, grid), axes=PLANE, norm="forward")
    return xp.sum(xp.real(waves) ** 2 + xp.imag(waves) ** 2, axis=0)
