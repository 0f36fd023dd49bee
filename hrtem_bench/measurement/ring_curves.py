"""What rings that were fitted tell besides focus: noise and rings over q, drift, and the amplitude phase."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.measurement.power_spectrum import HANN_CORRELATION, PowerSpectrum
from hrtem_bench.measurement.thon_rings import ThonRings, hats
from hrtem_bench.physics import wavelength

Floats = NDArray[np.float64]

_KNOTS, _CLIP = 20, 8.0


@dataclass(frozen=True)
class RingCurves:
    """The fitted spectrum noise(q) + rings(q) sin²(χ - a): q, noise, rings (n,), 1/Å and grey².

    wave: sin²(χ - a), model: the spectrum, at the pixels of the power spectrum, (pixels,); nan outside of the band.
    """

    q: Floats
    noise: Floats
    rings: Floats
    wave: Floats
    model: Floats


@dataclass(frozen=True)
class Drift:
    """A straight drift of `length`, Å, along `angle`, rad from +x to +y, that would damp rings as they are.

    squared, squared_std: length² in Å² and its standard deviation.
    """

    length: float
    angle: float
    squared: float
    squared_std: float


def ring_curves(spectrum: PowerSpectrum, rings: ThonRings, energy: float, spherical: float) -> RingCurves:
    """Noise and rings as piecewise linear functions of q, by weighted least squares, for fitted aberrations.

    energy: eV. spherical: C30, Å. The band is `PowerSpectrum.ring_band`.
    """
    wave = oscillation(spectrum, rings, energy, spherical)
    low, high = spectrum.ring_band
    chosen = (spectrum.q >= low) & (spectrum.q < high)
    places = np.linspace(low, high, _KNOTS)
    q = spectrum.q[chosen]
    left = np.clip(((q - low) / (places[1] - places[0])).astype(np.intp), 0, _KNOTS - 2)
    mean = np.bincount(left, spectrum.power[chosen]) / np.maximum(np.bincount(left), 1)
    power = np.minimum(spectrum.power[chosen], _CLIP * mean[left])
    linear = hats(q, places)
    columns = np.concatenate([linear, linear * wave[chosen, None]], axis=1) / mean[left, None]
    found = np.linalg.lstsq(columns.T @ columns, columns.T @ (power / mean[left]), rcond=1e-9)[0]
    noise, ring = np.maximum(found[:_KNOTS], 0), np.maximum(found[_KNOTS:], 0)
    model = np.full(spectrum.q.shape, np.nan)
    model[chosen] = np.interp(q, places, noise) + np.interp(q, places, ring) * wave[chosen]
    return RingCurves(places, noise, ring, wave, model)


def oscillation(spectrum: PowerSpectrum, rings: ThonRings, energy: float, spherical: float) -> Floats:
    """sin²χ at the pixels of a spectrum for fitted aberrations."""
    wave = wavelength(energy)
    focus = -rings.defocus + rings.astigmatism * np.cos(2 * (spectrum.phi - rings.astigmatism_angle))
    chi = np.pi * wave * spectrum.q**2 * focus + 0.5 * np.pi * wave**3 * spherical * spectrum.q**4
    return np.asarray(np.sin(chi) ** 2)


def drift_of(spectrum: PowerSpectrum, curves: RingCurves, resolution: float) -> Drift | None:
    """The drift that damps the rings by direction; None where it cannot be told.

    A drift d multiplies the power of rings by sinc²(q·d), about exp(-(π q·d)²/3); the part that is alike in all
    directions is in `curves` already, and exp(-(πq)²/6 d² cos 2(φ - θ)) is left. resolution: Å, to which rings fit.
    """
    chosen = np.isfinite(curves.model) & (spectrum.q < 1 / resolution)
    q, phi = spectrum.q[chosen], spectrum.phi[chosen]
    model, power = curves.model[chosen], spectrum.power[chosen]
    ring = np.interp(q, curves.q, curves.rings) * curves.wave[chosen]
    power = np.minimum(power, _CLIP * model)
    strength = (np.pi * q) ** 2 / 6
    base = np.stack([strength * np.cos(2 * phi), strength * np.sin(2 * phi)])
    values = np.zeros(2)
    for _ in range(6):
        damped = ring * np.exp(-np.clip(values @ base, -2, 2))
        fit = np.maximum(model - ring + damped, 1e-12 * model.max())
        slopes = -damped * base / fit
        matrix = slopes @ slopes.T
        if not np.linalg.det(matrix) > 0:
            return None
        values = values + np.linalg.solve(matrix, slopes @ ((power - fit) / fit))
    covariance = np.linalg.inv(matrix) * HANN_CORRELATION / spectrum.repeats
    squared = float(np.hypot(*values))
    along = values / squared if squared else np.array([1.0, 0.0])
    std = float(np.sqrt(along @ covariance @ along))
    return Drift(math.sqrt(squared), float(np.arctan2(values[1], values[0]) / 2), squared, std)
