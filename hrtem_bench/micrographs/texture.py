"""What a spectrum holds above its noise: contrast, correlation length, and how far it reaches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.micrographs.noise import SPECIMEN_ENDS, NoiseFit, RingMeans, ring_means
from hrtem_bench.micrographs.power_spectrum import HANN_CORRELATION, PowerSpectrum

Floats = NDArray[np.float64]

COARSEST = 0.02
"""1/Å: what is coarser than 50 Å counts as uneven illumination."""
CERTAIN = 5.0
"""Standard deviations above the noise from which a ring holds more than noise."""
_BAND = 0.05  # 1/Å


@dataclass(frozen=True)
class Texture:
    """std: standard deviation of an image without its noise, greys, with its own standard deviation.

    correlation: distance, Å, at which the correlation of its greys falls to ½. limit: 1/q, Å, of the last band that
    holds more than noise, nan where none does; at_end: whether that is the last band before noise was fitted.
    """

    std: float
    std_std: float
    correlation: float
    limit: float
    at_end: bool


def texture_of(spectrum: PowerSpectrum, noise: NoiseFit, scale: float) -> Texture:
    """The signal of an image from its spectrum less the noise; scale: what the noise is multiplied by, grey²."""
    fine = ring_means(spectrum, max(50, int(spectrum.nyquist / spectrum.step)))
    q = fine.u * spectrum.nyquist
    chosen = (q > COARSEST) & (q < SPECIMEN_ENDS)
    excess, share = (fine.power - scale * noise.power(fine.u))[chosen], (fine.weight / fine.weight.sum())[chosen]
    variance = float(excess @ share)
    independent = spectrum.q.size * spectrum.repeats / HANN_CORRELATION
    spread = float(np.sqrt((fine.power[chosen] ** 2) @ share / independent))
    std = float(np.sqrt(max(variance, 0.0)))
    limit, at_end = _limit(spectrum, noise, scale)
    return Texture(std, spread / (2 * std) if std else spread, _half_distance(q[chosen], excess * share), limit, at_end)


def _half_distance(q: Floats, weight: Floats) -> float:
    from scipy.special import j0

    r = np.linspace(0, 20, 401)
    correlation = j0(2 * np.pi * r[:, None] * q) @ weight
    below = np.flatnonzero(correlation <= 0.5 * correlation[0])
    return float(r[below[0]]) if len(below) and correlation[0] > 0 else float("nan")


def _limit(spectrum: PowerSpectrum, noise: NoiseFit, scale: float) -> tuple[float, bool]:
    rings: RingMeans = ring_means(spectrum, max(2, round(spectrum.nyquist / _BAND)))
    q = rings.u * spectrum.nyquist
    inside = (q > 0.1) & (rings.u < noise.start)
    excess = rings.power / (scale * noise.power(rings.u)) - 1
    # the noise of a camera is extrapolated to low q, where its width decides
    doubt = 0.0 if noise.white else 2 * noise.power_std
    seen = np.flatnonzero(inside & (excess > CERTAIN / np.sqrt(rings.weight) + doubt))
    if not len(seen):
        return float("nan"), False
    return 1 / float(q[seen[-1]]), bool(seen[-1] == np.flatnonzero(inside)[-1])


__all__ = ["Texture", "texture_of"]
