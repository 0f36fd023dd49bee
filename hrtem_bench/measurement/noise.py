"""The noise of images from the power spectrum where the specimen no longer shows: white, or as a known camera's."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.imaging.cameras import camera
from hrtem_bench.imaging.detector import Detector, noise_power
from hrtem_bench.measurement.power_spectrum import HANN_CORRELATION, PowerSpectrum

Floats = NDArray[np.float64]

CAMERAS = ("scintillator-good", "scintillator-poor")
"""Cameras, of `imaging.cameras`, whose noise is not white."""
WHITE = "white"
WIDTHS: Floats = np.geomspace(0.4, 2.5, 185)
"""Factors on a camera's frequencies that are tried, 1 % apart."""
SPECIMEN_ENDS, LAST_START = 1.1, 0.85
"""1/Å above which a specimen is taken to show no more; and the share of Nyquist from which noise is fitted if that lies
beyond it: an image of coarse pixels has noise alone in the corners of its spectrum only."""
FITS = 1.8
"""χ² for each degree of freedom up to which a model counts as fitting."""
_RINGS = 50  # to Nyquist; a square spectrum has 70 to its corner
_CLIP = 8.0


@dataclass(frozen=True)
class RingMeans:
    """Mean power (n,) in rings of a spectrum, cut at 8 times the ring's middle, over which lie lattice spots.

    u: share of Nyquist, (n,). weight: independent values in each ring, (n,).
    """

    u: Floats
    power: Floats
    weight: Floats


@dataclass(frozen=True)
class NoiseFit:
    """Noise A NTF(u / width)² + B, grey² per pixel, fitted to rings from `start`, a share of Nyquist.

    camera: "white", where A is 0, or the name of a camera. width_low, width_high: ends of the 95 % interval; power_std:
    standard deviation of the power at frequency 0, relative. chi2: for each degree of freedom.
    """

    camera: str
    start: float
    shot: float
    constant: float
    chi2: float
    width: float = 1.0
    width_low: float = 1.0
    width_high: float = 1.0
    power_std: float = 0.0

    @property
    def white(self) -> bool:
        """The noise has the same power at all frequencies."""
        return self.camera == WHITE

    @property
    def at_zero(self) -> float:
        """Power of the shot noise at frequency 0, grey² per pixel: gain² times electrons per pixel over DQE(0)."""
        return self.constant if self.white else self.shot

    def power(self, u: Floats) -> Floats:
        """At shares of Nyquist (n,)."""
        return self.constant + (0.0 * u if self.white else self.shot * ntf_squared(self.camera, u / self.width))


def ring_means(spectrum: PowerSpectrum, rings: int = _RINGS) -> RingMeans:
    """Mean power in so many rings of equal width to Nyquist, and beyond it to the corner."""
    u = spectrum.q / spectrum.nyquist
    ring = (u * rings).astype(np.intp)
    count = np.bincount(ring)
    safe = np.maximum(count, 1)
    middle = np.bincount(ring, spectrum.power) / safe
    for _ in range(2):  # a spot lifts the mean itself
        middle = np.bincount(ring, np.minimum(spectrum.power, _CLIP * middle[ring])) / safe
    full = count > 0
    weight = count * spectrum.repeats / HANN_CORRELATION
    return RingMeans((np.bincount(ring, u) / safe)[full], middle[full], weight[full])


def ntf_squared(name: str, u: Floats) -> Floats:
    """NTF² of a camera by its name at shares of Nyquist (n,)."""
    detector = replace(camera(name), gain=1.0, read_noise=0.0)
    return np.asarray(noise_power(detector, detector.counted_share, u, 0 * u), dtype=np.float64)


def fit_noise(rings: RingMeans, nyquist: float) -> NoiseFit | None:
    """White noise, or that of a camera with its frequencies times a width, whichever fits; None where neither does.

    nyquist: 1/Å. Fitted are the rings beyond 1.1 1/Å, or 0.85 of Nyquist if that is less, to the corner of the
    spectrum. A camera is taken only where white noise does not fit.
    """
    start = noise_start(nyquist)
    white = _fit_white(rings, start)
    if white.chi2 < FITS:
        return white
    best = min((_fit_camera(rings, start, name) for name in CAMERAS), key=lambda one: one.chi2)
    return best if best.chi2 < FITS else None


def noise_start(nyquist: float) -> float:
    """Share of Nyquist, 1/Å, from which a spectrum is taken to hold noise alone."""
    return min(SPECIMEN_ENDS / nyquist, LAST_START)


def half_width(curve: Callable[[Floats], Floats], width: float) -> float | None:
    """Share of Nyquist at which a curve, its frequencies times `width`, is ½; None where it is not, to Nyquist."""
    u = np.linspace(0, 1, 1001)
    below = np.flatnonzero(curve(u / width) <= 0.5)
    return float(u[below[0]]) if len(below) else None


def mtf_of(detector: Detector) -> Callable[[Floats], Floats]:
    """MTF of a detector as a function of the share of Nyquist along x."""
    mtf = detector.mtf
    return lambda u: np.ones_like(u) if mtf is None else np.asarray(mtf(u, 0 * u), dtype=np.float64)


def _fit_white(rings: RingMeans, start: float) -> NoiseFit:
    chosen = rings.u >= start
    power, weight = rings.power[chosen], rings.weight[chosen]
    mean = float(np.average(power, weights=weight))
    chi2 = float(np.sum(weight * (power / mean - 1) ** 2)) / (len(power) - 1)
    return NoiseFit(WHITE, start, 0.0, mean, chi2, power_std=1 / math.sqrt(float(weight.sum())))


def _fit_camera(rings: RingMeans, start: float, name: str) -> NoiseFit:
    chosen = rings.u >= start
    u, power, weight = rings.u[chosen], rings.power[chosen], rings.weight[chosen]
    fits = [_amplitudes(ntf_squared(name, u / width), power, weight) for width in WIDTHS]
    chi2 = np.array([one[1] for one in fits])
    best = int(np.argmin(chi2))
    spare = len(u) - 3
    inside = np.flatnonzero(chi2 <= chi2[best] + 4 * max(1.0, chi2[best] / spare))
    shot, constant = fits[best][0]
    ends = [fits[k][0][0] for k in (inside[0], inside[-1])]
    return NoiseFit(
        name, start, shot, constant, float(chi2[best]) / spare, float(WIDTHS[best]), float(WIDTHS[inside[0]]),
        float(WIDTHS[inside[-1]]), abs(ends[0] - ends[1]) / 4 / max(shot, 1e-300),
    )  # fmt: skip


def _amplitudes(shape: Floats, power: Floats, weight: Floats) -> tuple[Sequence[float], float]:
    """The amplitudes of `shape` and of a constant, not negative, and χ²."""
    from scipy.optimize import nnls

    scale = np.sqrt(weight) / power
    found, left = nnls(np.stack([shape, np.ones_like(shape)], axis=1) * scale[:, None], power * scale)
    return (float(found[0]), float(found[1])), float(left**2)
