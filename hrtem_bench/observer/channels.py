"""From ring powers and noise to the channels of the observer, their moments, and the information density."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.observer.decision import Moments
from hrtem_bench.observer.noise import RingNoise
from hrtem_bench.observer.regions import RingPower
from hrtem_bench.observer.settings import ObserverSettings

Floats = NDArray[np.float64]
_LEAST = 1e-12
"""Power below which nothing is scattered: (1e-6)² of the mean, below the rounding of a float32 image."""


def image_powers(power: RingPower, noise: RingNoise) -> tuple[Floats, Floats, Floats]:
    """P_k + N_k, F_k + N_k and the same of the whole image, (specimens, rings), after the detector's transfer."""
    return tuple(
        np.maximum(one * noise.transfer + noise.variance, _LEAST) for one in (power.particle, power.film, power.whole)
    )  # type: ignore[return-value]


def image_variance(power: RingPower, noise: RingNoise) -> Floats:
    """Variance of x with its noise, (specimens,); what lies outside the rings is taken to lie below them."""
    outside = np.maximum(power.variance - power.whole.sum(axis=1), 0.0) * noise.low_transfer
    return np.maximum(power.whole @ noise.transfer + outside + noise.whole, _LEAST)


def moments_at(power: RingPower, noise: RingNoise, settings: ObserverSettings) -> Moments:
    """Moments of the channels at one condition.

    Channels are ln(P_k + N_k) - λ ln v on particles and ln(F_k + N_k) - λ ln v on film, and the low-passed x over √v;
    v is the variance of the image over all frequencies, its noise included, which standardising divides by.

    The logarithm of a mean of n independent powers, each exponentially distributed, has the variance ψ₁(n) (trigamma;
    close to 1/n where n is large): n = m_k a. To it come κ² and the covariance over the specimens.

    Parameters
    ----------
    power
        Noise-free, of at least one specimen.
    noise
        Of the condition's dose and detector.
    settings
        The observer's.
    """
    from scipy.special import polygamma

    particle, film, _ = image_powers(power, noise)
    scale = image_variance(power, noise)
    low = [one * math.sqrt(noise.low_transfer) / np.sqrt(scale) for one in (power.low_particle, power.low_film)]
    taken = settings.standardised * np.log(scale)[:, None]
    classes = [np.column_stack([np.log(one) - taken, mean]) for one, mean in zip((particle, film), low, strict=True)]
    within = (power.low_variance * noise.low_transfer + noise.low_variance) / scale
    counts = np.array(settings.modes) * settings.area
    covariance = np.diag(np.append(polygamma(1, counts), within.mean()) + settings.floor**2)
    for one in classes:
        off = one - one.mean(axis=0)
        covariance = covariance + 0.5 * off.T @ off / len(off)
    return Moments(classes[0].mean(axis=0), classes[1].mean(axis=0), covariance, float(power.cover.mean()))


def information_density(power: RingPower, noise: RingNoise, settings: ObserverSettings) -> Floats:
    """m_k (r_k - 1 - ln r_k), r = (P + N) / (F + N): what each ring tells of particle against film, nats per Å².

    It is the relative entropy of two zero-mean Gaussian fields with these power spectra, per area (Kullback and
    Leibler; Whittle's likelihood), the mean over the specimens, (rings,).
    """
    particle, film, _ = image_powers(power, noise)
    ratio = particle / film
    density: Floats = (np.array(settings.modes) * (ratio - 1 - np.log(ratio))).mean(axis=0)
    return density
