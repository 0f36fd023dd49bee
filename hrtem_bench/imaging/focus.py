"""The zero of focus of a specimen: where its particles, in vacuum, show the least contrast."""

from __future__ import annotations

from typing import Any

import numpy as np

from hrtem_bench.conditions import Condition
from hrtem_bench.imaging.formation import WaveSpectra, image_of, spectra_of
from hrtem_bench.imaging.fourier import pixel_sizes
from hrtem_bench.imaging.rendering import checked_waves

STEP = 5.0


def contrast(wave: Any, values: Any, *, pixel_size: float | tuple[float, float], energy: float = 300e3) -> Any:
    """Standard deviation over mean of the image of a wave at values of focus, in a lens without aberrations.

    Seen at 0.4 Å pixels, or the wave's own if larger, with a focal spread of 10 Å taken as an envelope, so that what
    decides is the band that images carry.

    Parameters
    ----------
    wave
        (ny, nx), complex.
    values
        C10, Å.
    pixel_size
        Of the wave, Å, a number or (dy, dx).
    energy
        eV.

    Returns
    -------
    numpy.ndarray
        One number for each value.
    """
    spectra = _seen(wave, pixel_size)
    return np.array([_contrast(spectra, c10, energy) for c10 in values])


def _seen(wave: Any, pixel_size: float | tuple[float, float]) -> WaveSpectra:
    sizes = pixel_sizes(pixel_size)
    shape = np.shape(wave)[-2:]
    out = tuple(max(round(n * d / max(0.4, d)), 1) for n, d in zip(shape, sizes, strict=True))
    return spectra_of(checked_waves(wave), sizes, (out[0], out[1]))


def _contrast(spectra: WaveSpectra, c10: float, energy: float) -> Any:
    image = image_of(spectra, Condition(energy=energy, C10=c10, focal_spread=10.0))
    return image.std() / image.mean()


def find_zero_focus(
    wave: Any,
    *,
    pixel_size: float | tuple[float, float],
    lowest: float,
    highest: float = 0.0,
    energy: float = 300e3,
) -> float:
    """The C10 of minimum contrast of the particles' exit wave.

    Scanned in steps of about 5 Å, the best of them refined to 0.1 Å.

    Parameters
    ----------
    wave
        (ny, nx) complex at the exit plane, of the particles alone in vacuum.
    pixel_size
        Å, a number or (dy, dx).
    lowest, highest
        Where to look, Å. The particles lie upstream, so C10 is negative (underfocus): `lowest` is minus the distance
        from the exit plane to the first atoms.
    energy
        eV.

    Returns
    -------
    float
        C10, Å.
    """
    from scipy.optimize import minimize_scalar

    spectra = _seen(wave, pixel_size)

    def measure(c10: float) -> float:
        return _contrast(spectra, c10, energy)

    steps = np.linspace(lowest, highest, max(int(np.ceil((highest - lowest) / STEP)), 2) + 1)
    best = int(np.argmin([measure(c10) for c10 in steps]))
    bounds = steps[max(best - 1, 0)], steps[min(best + 1, len(steps) - 1)]
    return float(minimize_scalar(measure, bounds=bounds, method="bounded", options={"xatol": 0.1}).x)
