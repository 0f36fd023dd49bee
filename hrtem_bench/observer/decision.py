"""The linear observer: moments of the channels in, training and expected cross-entropy out. Plain arrays, no images.

After Barrett and Myers, Foundations of Image Science (2004), chapter 13 (Hotelling observer), for two classes. Channels
are taken as normal with one covariance for both classes, so that the observer trained at a condition is the best one
there and no other has a lower expected cross-entropy (Gibbs' inequality).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError

Floats = NDArray[np.float64]
_REACH, _STEPS = 9.0, 721
_DEVIATES = np.linspace(-_REACH, _REACH, _STEPS)
_WEIGHTS = np.exp(-0.5 * _DEVIATES**2) / np.exp(-0.5 * _DEVIATES**2).sum()


@dataclass(frozen=True)
class Moments:
    """Means of the channels on particle and on film, and their common covariance.

    Parameters
    ----------
    particle, film
        (channels,) means.
    covariance
        (channels, channels), the mean of the two classes'.
    cover
        Share of pixels that are of particles, more than 0 and less than 1.
    """

    particle: Floats
    film: Floats
    covariance: Floats
    cover: float = 0.5


@dataclass(frozen=True)
class Stacked:
    """`Moments` of several conditions, each array with an axis of conditions before its own."""

    particle: Floats
    film: Floats
    covariance: Floats
    cover: Floats


@dataclass(frozen=True)
class Observer:
    """A linear decision: a pixel is of a particle with log-odds weights · channels - threshold.

    Parameters
    ----------
    weights
        (channels,), log-odds for each unit of a channel.
    threshold
        Log-odds.
    """

    weights: Floats
    threshold: float


def mixed(parts: Sequence[Moments], weights: Sequence[float]) -> Moments:
    """The moments of a mixture, such as a training set of several conditions.

    The covariance is the mean of the parts' and the spread of their means about the mixture's.

    Parameters
    ----------
    parts
        At least one.
    weights
        One for each, not negative, not all 0; their scale is free.

    Raises
    ------
    InputError
        For no parts.
    """
    if not parts:
        raise InputError("a training set needs at least one condition; this one has none")
    shares = np.asarray(weights, float) / np.sum(weights)
    means = [np.stack([getattr(one, name) for one in parts]) for name in ("particle", "film")]
    particle, film = (shares @ one for one in means)
    covariance = np.einsum("i,ijk->jk", shares, np.stack([one.covariance for one in parts]))
    for one, centre in zip(means, (particle, film), strict=True):
        off = one - centre
        covariance = covariance + 0.5 * (off.T * shares) @ off
    return Moments(particle, film, covariance, float(shares @ [one.cover for one in parts]))


def trained(moments: Moments) -> Observer:
    """The Hotelling observer: w = C⁻¹ (μ_A - μ_B), θ = w · (μ_A + μ_B) / 2 - ln(π / (1 - π)); A is particle, B film.

    π is the share of pixels that are of particles, which a network learns from its training set, too.

    Parameters
    ----------
    moments
        Of the training set.

    References
    ----------
    Barrett and Myers, Foundations of Image Science, section 13.2.12.
    """
    weights: Floats = np.asarray(np.linalg.solve(moments.covariance, moments.particle - moments.film), float)
    prior = math.log(moments.cover / (1 - moments.cover))
    return Observer(weights, float(weights @ (moments.particle + moments.film) / 2) - prior)


def detectability(moments: Moments) -> float:
    """d of the best linear observer: d² = (μ_A - μ_B)ᵀ C⁻¹ (μ_A - μ_B), Hotelling's index."""
    difference = moments.particle - moments.film
    return float(np.sqrt(difference @ np.linalg.solve(moments.covariance, difference)))


def expected_cross_entropy(observer: Observer, moments: Moments) -> float:
    """Mean cross-entropy, nats per pixel, of an observer where the channels have given moments.

    E = π⟨ln(1 + exp(-(g_p + s z)))⟩ + (1 - π)⟨ln(1 + exp(-(g_f + s z)))⟩ with the margins g_p = w·μ_A - θ and
    g_f = θ - w·μ_B, s² = wᵀ C w and z standard normal.

    The mean over z is a sum over equal steps of 0.025 between -9 and 9. For an integrand with its nearest poles at
    z = ±iπ/s such a sum converges exponentially; Gauss-Hermite quadrature does not at the s of 5 to 50 that occur here.

    Parameters
    ----------
    observer
        Weights w and threshold θ.
    moments
        Means μ_A, μ_B and covariance C of the channels.
    """
    return float(cross_entropies(observer, stacked_moments([moments]))[0])


def stacked_moments(several: Sequence[Moments]) -> Stacked:
    """Moments of several conditions as arrays, to be put to many observers."""
    return Stacked(*(np.stack([getattr(one, name) for one in several]) for name in Stacked.__dataclass_fields__))


def cross_entropies(observer: Observer, several: Stacked) -> Floats:
    """`expected_cross_entropy` of one observer at each of several conditions, (conditions,)."""
    w = observer.weights
    margins = several.particle @ w - observer.threshold, observer.threshold - several.film @ w
    spread = np.sqrt(np.maximum(several.covariance @ w @ w, 0.0))[:, None] * _DEVIATES
    losses = [np.logaddexp(0.0, -(one[:, None] + spread)) @ _WEIGHTS for one in margins]
    found: Floats = several.cover * losses[0] + (1 - several.cover) * losses[1]
    return found


def channel_shares(observer: Observer, moments: Moments) -> Floats:
    """What each channel adds to the distance between the classes' mean log-odds: w_k (μ_A - μ_B)_k.

    Parameters
    ----------
    observer
        Weights and threshold.
    moments
        Means and covariance of the channels.

    Returns
    -------
    numpy.ndarray
        (channels,).
    """
    return observer.weights * (moments.particle - moments.film)
