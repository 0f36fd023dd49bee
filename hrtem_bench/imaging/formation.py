"""Image formation: exit waves to expected intensity by the quasi-coherent envelopes, and to ideal electron counts."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from hrtem_bench.conditions import Condition
from hrtem_bench.errors import InputError, require
from hrtem_bench.imaging.fourier import halves, in_place, pixel_sizes, resample, resampled_shape
from hrtem_bench.imaging.lens import carried, specimen_transfer
from hrtem_bench.machine import cpus, on_gpu

METHODS = ("auto", "compiled", "scipy")
ROWS = 64
"""Rows that are transformed and squared at a time: few enough to stay in the cache between the two."""


@dataclass(frozen=True)
class Spectra:
    """Exit waves transformed once, for any number of images.

    coefficients: (waves, ny, nx) complex64, FFT over number of points. size: (dy, dx) of the waves' pixels, Å.
    out_shape: pixels of the images, over the same field.
    """

    coefficients: Any
    size: tuple[float, float]
    out_shape: tuple[int, int]


def spectra_of(
    waves: Any,
    *,
    pixel_size: float | tuple[float, float],
    output_pixel_size: float | tuple[float, float],
    threads: int = 1,
) -> Spectra:
    """Arguments as in `expected_intensity`."""
    from scipy import fft

    waves, size, out_shape = checked_field(waves, pixel_size, output_pixel_size)
    return Spectra(fft.fft2(waves, norm="forward", workers=threads), size, out_shape)


def expected_intensity(
    waves: Any,
    conditions: Sequence[Condition],
    *,
    pixel_size: float | tuple[float, float],
    output_pixel_size: float | tuple[float, float],
    zero_focus: float = 0.0,
    tolerance: float = 0.0,
    threads: int | None = None,
    method: str = "auto",
    device: str = "cpu",
) -> Any:
    """Intensities averaged over phonon configurations, (conditions, ny, nx) float32, mean about 1, never negative.

    Arguments as in `render`. Each wave is multiplied by `wave_transfer` (quasi-coherent envelopes: docs/coherence.md
    says how far from the truth they are) and by the defocus phase of `zero_focus`, and carried on the smallest grid
    on which squaring it folds nothing back into the output's band. The waves are transformed once for all conditions,
    and an image is the same whatever others are made beside it. tolerance: 0 to 1; above 0, what the envelopes leave
    less than this part of in the square may fold back, for a smaller grid: with 0.03, an image at 300 kV with 10 Å of
    focal spread is wrong by some 3e-5 of its contrast, no pixel by more than 1e-3, and made in half of the time.
    threads: CPU threads, all by default; the result does not depend on it. method: "compiled" (by Numba, in half of the
    time, but for some ten seconds when a machine compiles it first; numbers of pixels without a prime factor above 5),
    "scipy", or "auto": compiled where that can be. They agree to 1e-5, and with "scipy" images are the very same
    wherever they are made, as are those of `render`. device: "cpu", or "cuda" for a GPU (CuPy), where method and
    threads do not matter; it agrees to 1e-5 too. Raises InputError.
    """
    if not len(conditions):
        raise InputError("no condition is given to make an image at")
    if not 0 <= tolerance < 1:
        raise InputError(f"tolerance is a part of a wave's square, from 0 to below 1, not {tolerance:g}")
    waves, size, out_shape = checked_field(waves, pixel_size, output_pixel_size)
    threads = threads or cpus()
    if on_gpu(device):
        from hrtem_bench.imaging.on_gpu import images_on_gpu

        return np.stack(list(images_on_gpu(waves, size, out_shape, conditions, zero_focus, tolerance)))
    if _is_compiled(method, waves.shape[1:], out_shape):
        from hrtem_bench.imaging.compiled import compiled_intensity

        return compiled_intensity(waves, size, out_shape, conditions, zero_focus, tolerance, threads)
    spectra = spectra_of(waves, pixel_size=pixel_size, output_pixel_size=output_pixel_size, threads=threads)
    with ThreadPoolExecutor(threads) as pool:
        return np.stack(list(pool.map(lambda c: mean_image(spectra, c, zero_focus, tolerance), conditions)))


def _is_compiled(method: str, *shapes: tuple[int, int]) -> bool:
    """Whether planes of these shapes go the compiled way; InputError where they are to and cannot."""
    if method not in METHODS:
        raise InputError(f"unknown method {method!r}: known are {', '.join(METHODS)}")
    if method == "scipy" or (method == "auto" and find_spec("numba") is None):
        return False
    require("numba", "sim")
    from hrtem_bench.imaging.compiled import transformable

    if method == "compiled" and not transformable(*shapes):
        raise InputError(
            f"method 'compiled' takes numbers of pixels without a prime factor above 5, not {shapes}: use 'auto'"
        )
    return transformable(*shapes)


def mean_image(spectra: Spectra, c: Condition, zero_focus: float = 0.0, tolerance: float = 0.0) -> Any:
    """One image of `expected_intensity`, (ny, nx) float32."""
    pixels = spectra.coefficients.shape[1:]
    shape, reaches = carried(pixels, spectra.size, spectra.out_shape, c, tolerance)
    frequencies = []
    for n, m, d, reach in zip(pixels, shape, spectra.size, reaches, strict=True):
        frequencies.append(np.concatenate([np.fft.fftfreq(m, n * d / m)[part] for part in halves(reach)]))
    transfer = specimen_transfer(frequencies[0], frequencies[1], c, zero_focus)
    return np.maximum(resample(_mean_intensity(spectra.coefficients, transfer, shape), spectra.out_shape), 0)


def _mean_intensity(spectra: Any, transfer: Any, shape: tuple[int, int]) -> Any:
    """Mean over spectra of |wave|², the waves being the inverse transforms, `shape` points, of spectrum times transfer.

    spectra: (n, ny, nx) complex64. transfer: complex64, over the frequencies to carry alone, an odd number each way.
    """
    from scipy import fft

    rows, columns = (halves(n // 2) for n in transfer.shape)
    total = np.zeros(shape, np.float32)
    held = np.empty((shape[0], transfer.shape[1]), np.complex64)  # the other columns are empty until the last
    block = np.empty((ROWS, shape[1]), np.complex64)
    for spectrum in spectra:
        held[rows[0].stop : shape[0] - transfer.shape[0] // 2] = 0
        for ys in rows:
            for xs in columns:
                np.multiply(spectrum[ys, xs], transfer[ys, xs], out=held[ys, xs])
        in_place(fft.ifft, held, axis=0)
        for begin in range(0, shape[0], ROWS):
            part = held[begin : begin + ROWS]
            wave = block[: len(part)]
            wave[:, columns[0].stop : shape[1] - transfer.shape[1] // 2] = 0
            for xs in columns:
                wave[:, xs] = part[:, xs]
            in_place(fft.ifft, wave, axis=1)
            numbers = wave.view(np.float32)
            np.square(numbers, out=numbers)
            total[begin : begin + ROWS] += numbers[:, 0::2] + numbers[:, 1::2]
    total /= np.float32(len(spectra))
    return total


def expose(
    intensity: Any,
    dose: float,
    *,
    pixel_size: float | tuple[float, float],
    seed: int | np.random.Generator | None,
) -> Any:
    """Electron counts, float32, of an ideal counting detector: Poisson deviates of intensity · dose · pixel area.

    intensity: any shape, 1 for no specimen. dose: electrons per Å². pixel_size: Å. seed: an int or a Generator.
    """
    dy, dx = pixel_sizes(pixel_size)
    return random_generator(seed).poisson(np.asarray(intensity, float) * (dose * dy * dx)).astype(np.float32)


def random_generator(seed: int | np.random.Generator | None) -> np.random.Generator:
    """The Generator itself, or one from an int; InputError for None."""
    if seed is None:
        raise InputError("an image with a dose has noise: give seed, an int, or a dose of None for none")
    return seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seed)


def checked_field(
    waves: Any, pixel_size: float | tuple[float, float], output_pixel_size: float | tuple[float, float]
) -> tuple[Any, tuple[float, float], tuple[int, int]]:
    """(waves as `checked_waves` gives them, their (dy, dx) in Å, the shape of their images); InputError."""
    waves, size = checked_waves(waves), pixel_sizes(pixel_size)
    return waves, size, resampled_shape(waves.shape[1:], size, pixel_sizes(output_pixel_size))


def checked_waves(waves: Any) -> Any:
    waves = np.asarray(waves)
    if waves.ndim == 2:
        waves = waves[None]
    if waves.ndim != 3 or not np.iscomplexobj(waves) or not waves.size:
        raise InputError(
            f"exit waves are a complex array (phonons, ny, nx) or (ny, nx), not {waves.dtype} {waves.shape}"
        )
    return waves.astype(np.complex64, copy=False)
