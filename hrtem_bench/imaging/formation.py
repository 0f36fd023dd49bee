"""Image formation: exit waves to expected intensity by the quasi-coherent envelopes, and to ideal electron counts."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hrtem_bench.conditions import COEFFICIENTS, Condition, coefficients
from hrtem_bench.errors import InputError
from hrtem_bench.imaging.fourier import (
    common_reach,
    from_quarter,
    halves,
    in_place,
    pixel_sizes,
    resample,
    resampled_shape,
)
from hrtem_bench.physics import wave_transfer, wavelength

NEGLIGIBLE = 1e-4
"""A wave's frequencies that an envelope brings below this part of their amplitude are not carried further."""
ROWS = 64
"""Rows that are transformed and squared at a time: few enough to stay in the cache between the two."""


@dataclass(frozen=True)
class Spectra:
    """Exit waves transformed once, for any number of images.

    coefficients: (waves, ky, kx) complex64, FFT over number of points, in FFT order; all of them, or those from 0 to
    some reach and from minus that to -1. shape, size: number of the waves' pixels and their (dy, dx), Å. out_shape:
    pixels of the images, over the same field.
    """

    coefficients: Any
    shape: tuple[int, int]
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

    waves = checked_waves(waves)
    size = pixel_sizes(pixel_size)
    out_shape = resampled_shape(waves.shape[1:], size, pixel_sizes(output_pixel_size))
    return Spectra(fft.fft2(waves, norm="forward", workers=threads), waves.shape[1:], size, out_shape)


def expected_intensity(
    waves: Any,
    conditions: Sequence[Condition],
    *,
    pixel_size: float | tuple[float, float],
    output_pixel_size: float | tuple[float, float],
    zero_focus: float = 0.0,
    tolerance: float = 0.0,
    threads: int = 1,
) -> Any:
    """Intensities averaged over phonon configurations, (conditions, ny, nx) float32, mean about 1, never negative.

    Arguments as in `render`. Each wave is multiplied by `wave_transfer` (quasi-coherent envelopes: docs/coherence.md
    says how far from the truth they are) and by the defocus phase of `zero_focus`, and carried on the smallest grid
    on which squaring it folds nothing back into the output's band. The waves are transformed once for all conditions,
    and an image is the same whatever others are made beside it. tolerance: 0 to 1; above 0, what the envelopes leave
    less than this part of in the square may fold back, for a smaller grid: with 0.03, an image at 300 kV with 10 Å of
    focal spread is wrong by some 3e-5 of its contrast, no pixel by more than 1e-3, and made in two thirds of the time.
    threads: that share the conditions; the result does not depend on it.
    """
    if not len(conditions):
        raise InputError("no condition is given to make an image at")
    if not 0 <= tolerance < 1:
        raise InputError(f"tolerance is a part of a wave's square, from 0 to below 1, not {tolerance:g}")
    spectra = spectra_of(waves, pixel_size=pixel_size, output_pixel_size=output_pixel_size, threads=threads)
    spectra = _carried_alone(spectra, conditions, tolerance)
    with ThreadPoolExecutor(threads) as pool:
        return np.stack(list(pool.map(lambda c: mean_image(spectra, c, zero_focus, tolerance), conditions)))


def mean_image(spectra: Spectra, c: Condition, zero_focus: float = 0.0, tolerance: float = 0.0) -> Any:
    """One image of `expected_intensity`, (ny, nx) float32."""
    shape, reaches = _carried(spectra, c, tolerance)
    frequencies = []
    for n, m, d, reach in zip(spectra.shape, shape, spectra.size, reaches, strict=True):
        frequencies.append(np.concatenate([np.fft.fftfreq(m, n * d / m)[part] for part in halves(reach)]))
    transfer = specimen_transfer(frequencies[0], frequencies[1], c, zero_focus)
    return np.maximum(resample(_mean_intensity(spectra.coefficients, transfer, shape), spectra.out_shape), 0)


def _carried(spectra: Spectra, c: Condition, tolerance: float) -> tuple[tuple[int, int], tuple[int, int]]:
    """The working grid of an image, and the largest frequencies carried on it along y and x, in steps."""
    band = _band(c, 0.5 / min(spectra.size), NEGLIGIBLE)
    folding = _band(c, band, max(tolerance**0.5, NEGLIGIBLE))
    shape = working_shape(spectra.shape, spectra.size, spectra.out_shape, folding)
    ky, kx = (
        min(common_reach(n, m), int(np.ceil(band * n * d)) if tolerance else n)
        for n, m, d in zip(spectra.shape, shape, spectra.size, strict=True)
    )
    return shape, (ky, kx)


def _carried_alone(spectra: Spectra, conditions: Sequence[Condition], tolerance: float) -> Spectra:
    """Without the coefficients that no condition carries, so that those it does lie close together in memory."""
    ky, kx = np.max([_carried(spectra, c, tolerance)[1] for c in conditions], axis=0)
    kept = np.empty((len(spectra.coefficients), 2 * ky + 1, 2 * kx + 1), np.complex64)
    for ys in halves(ky):
        for xs in halves(kx):
            kept[:, ys, xs] = spectra.coefficients[:, ys, xs]
    return replace(spectra, coefficients=kept)


def _mean_intensity(spectra: Any, transfer: Any, shape: tuple[int, int]) -> Any:
    """Mean over spectra of |wave|², the waves being the inverse transforms, `shape` points, of spectrum times transfer.

    spectra: (n, ny, nx) complex64. transfer: complex64, over the frequencies to carry alone, an odd number each way.
    """
    from scipy import fft

    rows, columns = (halves(n // 2) for n in transfer.shape)
    total = np.zeros(shape, np.float32)
    carried = np.empty((shape[0], transfer.shape[1]), np.complex64)  # the other columns are empty until the last
    chosen = (slice(None),) if transfer.shape[1] == spectra.shape[2] else columns
    block = np.empty((ROWS, shape[1]), np.complex64)
    for spectrum in spectra:
        carried[rows[0].stop : shape[0] - transfer.shape[0] // 2] = 0
        for ys in rows:
            for xs in chosen:
                np.multiply(spectrum[ys, xs], transfer[ys, xs], out=carried[ys, xs])
        in_place(fft.ifft, carried, axis=0)
        for begin in range(0, shape[0], ROWS):
            part = carried[begin : begin + ROWS]
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


def checked_waves(waves: Any) -> Any:
    waves = np.asarray(waves)
    if waves.ndim == 2:
        waves = waves[None]
    if waves.ndim != 3 or not np.iscomplexobj(waves) or not waves.size:
        raise InputError(
            f"exit waves are a complex array (phonons, ny, nx) or (ny, nx), not {waves.dtype} {waves.shape}"
        )
    return waves.astype(np.complex64, copy=False)


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
    shape: tuple[int, int], size: tuple[float, float], out_shape: tuple[int, int], band: float
) -> tuple[int, int]:
    """A grid on which |wave|² of a wave inside `band` is right inside the output's band.

    The square reaches 2·band and, on m points, folds back from m/L: into the output's band only if
    m/L < 2·band + q_out. It never needs to hold more than the waves do, twice over.
    """
    from scipy.fft import next_fast_len

    out = []
    for n, d, n_out in zip(shape, size, out_shape, strict=True):
        length = n * d
        points = min(2 * band, n / length) * length + n_out / 2
        out.append(int(next_fast_len(max(int(np.ceil(points)) + 1, n_out))))
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
    if not (c.angular_spread or any(tilt)):  # no envelope depends on C10, so the zero plane can go into it
        return wave_transfer(qx, qy, c.replace(C10=c.C10 + zero_focus)).astype(np.complex64)
    phase = np.pi * wavelength(c.energy) * zero_focus * (qx**2 + qy**2)
    return (wave_transfer(qx + tilt[0], qy + tilt[1], c) * np.exp(-1j * phase)).astype(np.complex64)
