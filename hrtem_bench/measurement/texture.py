"""What a spectrum holds above its noise: contrast, correlation length, and how far it reaches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.measurement.noise import SPECIMEN_ENDS, NoiseFit, RingMeans

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


def texture_of(fine: RingMeans, nyquist: float, noise: NoiseFit, scale: float) -> Texture:
    """The signal of an image from the rings of its spectrum less the noise; scale: what the noise is multiplied by."""
    q = fine.u * nyquist
    chosen = (q > COARSEST) & (q < SPECIMEN_ENDS)
    excess, share = (fine.power - scale * noise.power(fine.u))[chosen], (fine.weight / fine.weight.sum())[chosen]
    variance = float(excess @ share)
    spread = float(np.sqrt((fine.power[chosen] ** 2) @ share / fine.weight.sum()))
    std = float(np.sqrt(max(variance, 0.0)))
    limit, at_end = _limit(fine, nyquist, noise, scale)
    return Texture(std, spread / (2 * std) if std else spread, _half_distance(q[chosen], excess * share), limit, at_end)


def _half_distance(q: Floats, weight: Floats) -> float:
    from scipy.special import j0

    r = np.linspace(0, 20, 401)
    correlation = j0(2 * np.pi * r[:, None] * q) @ weight
    below = np.flatnonzero(correlation <= 0.5 * correlation[0])
    if not len(below) or correlation[0] <= 0:
        return float("nan")
    last = below[0]
    return float(np.interp(-0.5 * correlation[0], -correlation[last - 1 : last + 1], r[last - 1 : last + 1]))


def _limit(fine: RingMeans, nyquist: float, noise: NoiseFit, scale: float) -> tuple[float, bool]:
    band = (fine.u * nyquist / _BAND).astype(np.intp)
    weight = np.maximum(np.bincount(band, fine.weight), 1e-9)
    power, u = (np.bincount(band, fine.weight * one) / weight for one in (fine.power, fine.u))
    inside = (u * nyquist > 0.1) & (u < noise.start)
    excess = power / (scale * noise.power(u)) - 1
    # the noise of a camera is extrapolated to low q, where its width decides
    doubt = 0.0 if noise.white else 2 * noise.power_std
    seen = np.flatnonzero(inside & (excess > CERTAIN / np.sqrt(weight) + doubt))
    if not len(seen):
        return float("nan"), False
    return 1 / float(u[seen[-1]] * nyquist), bool(seen[-1] == np.flatnonzero(inside)[-1])
