"""Image formation: exit waves to expected intensity by the quasi-coherent envelopes, and to ideal electron counts."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from hrtem_bench.conditions import COEFFICIENTS, Condition, coefficients
from hrtem_bench.errors import InputError
from hrtem_bench.imaging.fourier import pixel_sizes, resample, resampled_shape, resize_spectrum
from hrtem_bench.physics import wave_transfer, wavelength

NEGLIGIBLE = 1e-4
"""A wave's frequencies that an envelope brings below this part of their amplitude are not carried further."""


def expected_intensity(
    waves: Any,
    conditions: Sequence[Condition],
    *,
    pixel_size: float | tuple[float, float],
    output_pixel_size: float | tuple[float, float],
    zero_focus: float = 0.0,
    threads: int = 1,
) -> Any:
    """Intensities averaged over phonon configurations, (conditions, ny, nx) float32, mean about 1, never negative.

    Arguments as in `render`. Each wave is multiplied by `wave_transfer` (quasi-coherent envelopes: docs/coherence.md
    says how far from the truth they are) and by the defocus phase of `zero_focus`, and carried on the smallest grid
    on which squaring it folds nothing back into the output's band. The waves are transformed once for all conditions.
    threads: that share the conditions; the result does not depend on it.
    """
    from scipy import fft

    waves = checked_waves(waves)
    size, out_size = pixel_sizes(pixel_size), pixel_sizes(output_pixel_size)
    out_shape = resampled_shape(waves.shape[1:], size, out_size)
    band = max(_band(c, 0.5 / min(size)) for c in conditions)
    shape = working_shape(waves.shape[1:], size, out_shape, band)
    spectra = resize_spectrum(fft.fft2(waves, norm="forward"), shape)
    ky, kx = (np.fft.fftfreq(m, n * d / m) for m, n, d in zip(shape, waves.shape[1:], size, strict=True))

    def image(c: Condition) -> Any:
        intensity = _mean_intensity(spectra, specimen_transfer(ky, kx, c, zero_focus))
        return np.maximum(resample(intensity, out_shape), 0)

    with ThreadPoolExecutor(threads) as pool:
        return np.stack(list(pool.map(image, conditions)))


def _mean_intensity(spectra: Any, transfer: Any) -> Any:
    """Mean over spectra (n, ny, nx) of |wave|², the waves being the inverse transforms of spectrum times transfer."""
    from scipy import fft

    total = np.zeros(transfer.shape, np.float32)
    buffer = np.empty(transfer.shape, np.complex64)
    for spectrum in spectra:
        np.multiply(spectrum, transfer, out=buffer)
        parts = fft.ifft2(buffer, norm="forward", overwrite_x=True).view(np.float32)
        np.square(parts, out=parts)
        parts[:, 0::2] += parts[:, 1::2]
        total += parts[:, 0::2]
    return total / np.float32(len(spectra))


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


def _band(c: Condition, limit: float) -> float:
    """The frequency, 1/Å, beyond which the temporal envelope or the aperture leaves nothing that matters."""
    q = limit
    if c.focal_spread:
        exponent = np.sqrt(-2 * np.log(NEGLIGIBLE))
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
    round_and_upright = not any(tilt) and all(COEFFICIENTS[name][1] == 0 for name in coefficients(c))
    if round_and_upright:  # the same in all four quadrants: one is enough
        rows, columns = (np.minimum(np.arange(len(k)), len(k) - np.arange(len(k))) for k in (ky, kx))
        quarter = _transfer(np.abs(ky[: len(ky) // 2 + 1]), np.abs(kx[: len(kx) // 2 + 1]), c, zero_focus, tilt)
        return quarter[rows][:, columns]
    return _transfer(ky, kx, c, zero_focus, tilt)


def _transfer(ky: Any, kx: Any, c: Condition, zero_focus: float, tilt: tuple[float, float]) -> Any:
    qx, qy = kx[None].astype(np.float64), ky[:, None].astype(np.float64)
    if not (c.angular_spread or any(tilt)):  # no envelope depends on C10, so the zero plane can go into it
        return wave_transfer(qx, qy, c.replace(C10=c.C10 + zero_focus)).astype(np.complex64)
    phase = np.pi * wavelength(c.energy) * zero_focus * (qx**2 + qy**2)
    return (wave_transfer(qx + tilt[0], qy + tilt[1], c) * np.exp(-1j * phase)).astype(np.complex64)
