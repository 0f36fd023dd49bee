"""Noise of dose and detector in rings of spatial frequency, relative to the mean of the image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.observer.settings import ObserverSettings

Floats = NDArray[np.float64]
_POINTS = 192


@dataclass(frozen=True)
class RingNoise:
    """What dose and detector do to x = I / mean - 1.

    Parameters
    ----------
    variance
        N_k: variance of the noise of x in each ring, (rings,).
    transfer
        Mean of MTF² over each ring, by which the specimen's power is multiplied, (rings,).
    low_variance, low_transfer
        Variance of the noise in the low-pass channel, and the mean of MTF² over it.
    whole
        Variance of the noise over all frequencies of the pixels.
    """

    variance: Floats
    transfer: Floats
    low_variance: float
    low_transfer: float
    whole: float


def ring_noise(dose: float | None, detector: Any, pixel_size: float, settings: ObserverSettings) -> RingNoise:
    """Noise and transfer in the observer's rings.

    The noise of x has the spectral density S(q) = (noise power of the counts) · pixel area / (mean counts)², in Å²,
    with the noise power of `imaging.noise_power`; for a detector that counts every electron it is 1 / dose. N_k is its
    integral over the ring, π (q₂² - q₁²) S for white noise. Rings end at Nyquist's frequency.

    Parameters
    ----------
    dose
        Electrons per Å²; None for no noise.
    detector
        An `imaging.Detector`; None counts every electron where it falls.
    pixel_size
        Of the image, Å.
    settings
        The observer's.

    Raises
    ------
    InputError
        For a dose that is not a finite number above 0, and a first ring that lies beyond Nyquist's frequency.
    """
    if dose is not None and not 0 < dose < math.inf:
        raise InputError(
            f"dose must be a finite number of electrons per Å² above 0, not {dose:g}: leave it out for no noise"
        )
    nyquist = 0.5 / pixel_size
    if settings.edges[1] > nyquist:
        raise InputError(
            f"pixels of {pixel_size:g} Å show frequencies up to {nyquist:.3g} 1/Å, and the first ring of the observer "
            f"ends at {settings.edges[1]:g}: use smaller pixels"
        )
    u = (np.arange(_POINTS) + 0.5) / _POINTS
    q = nyquist * np.hypot(u[:, None], u)
    density, squared = _density_and_transfer(dose, detector, pixel_size, u)
    variance, transfer = [], []
    for low, high in zip(settings.edges, settings.edges[1:], strict=False):
        inside = (q >= low) & (q < min(high, nyquist))
        area = math.pi * max(min(high, nyquist) ** 2 - low**2, 0.0)
        # a sum over the grid gives the mean, the area is exact: white noise comes out in closed form
        variance.append(area * float(density[inside].mean()) if inside.any() else 0.0)
        transfer.append(float(squared[inside].mean()) if inside.any() else 0.0)
    smooth = np.exp(-4 * (np.pi * settings.low_pass * q) ** 2)
    share = smooth / smooth.sum()
    return RingNoise(
        variance=np.array(variance),
        transfer=np.array(transfer),
        low_variance=float((density * share).sum()) / (4 * math.pi * settings.low_pass**2),
        low_transfer=float((squared * share).sum()),
        whole=float(density.mean()) / pixel_size**2,
    )


def _density_and_transfer(dose: float | None, detector: Any, pixel_size: float, u: Floats) -> tuple[Floats, Floats]:
    """S in Å² and MTF² over a quadrant of frequencies, each (n, n); curves are even along both axes."""
    from hrtem_bench.imaging import Detector, noise_power

    detector = Detector() if detector is None else detector
    shape = (len(u), len(u))
    mtf = 1.0 if detector.mtf is None else np.asarray(detector.mtf(u[None], u[:, None]), float)
    squared = np.broadcast_to(mtf, shape) ** 2
    if dose is None:
        return np.zeros(shape), squared
    area = pixel_size**2
    electrons = dose * area
    power = np.broadcast_to(noise_power(detector, electrons, u[None], u[:, None]), shape)
    return power * area / (detector.gain * electrons) ** 2, squared
