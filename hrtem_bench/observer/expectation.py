"""Terms of the law for a training set and a test condition: hardness, mismatch, and what else sets the two apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.observer.channels import image_powers, image_variance, information_density, moments_at
from hrtem_bench.observer.decision import (
    Moments,
    Observer,
    Stacked,
    channel_shares,
    cross_entropies,
    expected_cross_entropy,
    mixed,
    stacked_moments,
    trained,
)
from hrtem_bench.observer.exposures import Exposure
from hrtem_bench.observer.settings import ObserverSettings
from hrtem_bench.observer.spectra import RingPowers

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Terms:
    """What the observer finds for one training set and one test condition.

    Parameters
    ----------
    hardness
        M = ln (E(test → test) + b), E the expected cross-entropy, b that of edges, nats per pixel.
    mismatch
        G = ln (E(train → test) + b) - M, not below 0.
    harder
        (T - M)₊ with T = ln (E(train → train) + b): by how much the training set is harder than the test condition.
    easier
        (M - T)₊, by how much it is easier.
    texture
        F, by how much ln of the share that the texture ring has in the image's variance is larger at the test condition
        than in the training set; 0 where it is smaller.
    information
        Information density of each ring at the test condition, nats per Å².
    shares
        What each channel adds to the distance of the classes' mean log-odds at the test condition, for the observer of
        the training set: the rings and the low-pass channel.
    own_shares
        The same for the observer trained at the test condition.
    """

    hardness: float
    mismatch: float
    harder: float
    easier: float
    texture: float
    information: Floats
    shares: Floats
    own_shares: Floats

    @property
    def numbers(self) -> tuple[float, float, float, float, float]:
        """M, G, (T - M)₊, (M - T)₊ and F."""
        return self.hardness, self.mismatch, self.harder, self.easier, self.texture

    @property
    def matched(self) -> tuple[float, float, float, float, float]:
        """The same of a training set that is the test condition itself."""
        return matched_numbers(self.hardness)


@dataclass(frozen=True)
class Place:
    """What does not depend on where a network was trained: a test condition, or a training set as one.

    Parameters
    ----------
    moments
        Of the channels over all members.
    observer
        Trained there.
    edge_loss
        b of the settings.
    hardness, information
        As of `Terms`.
    texture
        ln of the share that the texture ring has in the image's variance, noise included, the mean over specimens.
    spectra
        ln of the power of whole images with their noise in each ring, one row for each specimen, the mean over members,
        (specimens, rings).
    """

    moments: Moments
    observer: Observer
    edge_loss: float
    hardness: float
    texture: float
    information: Floats
    spectra: Floats


def observer_at(one: Exposure, powers: RingPowers, settings: ObserverSettings | None = None) -> Place:
    """The observer at an exposure.

    Parameters
    ----------
    one
        Conditions with their detectors.
    powers
        Of the specimens.
    settings
        The observer's; those of `powers` if left out. Area and floor may differ from theirs, the rings may not.

    Raises
    ------
    InputError
        As `RingPowers.prepare` and `ring_noise`.
    """
    settings = settings or powers.settings
    powers.prepare(one.conditions)
    members = [
        (powers.at(condition), powers.noise(condition.dose, detector))
        for condition, detector in zip(one.conditions, one.detectors, strict=True)
    ]
    moments = mixed([moments_at(power, noise, settings) for power, noise in members], one.weights)
    observer = trained(moments)
    weights = np.array(one.weights)
    spectra = np.einsum("i,ijk->jk", weights, np.stack([np.log(image_powers(*one)[2]) for one in members]))
    log_variance = float(weights @ [np.log(image_variance(*one)).mean() for one in members])
    return Place(
        moments=moments,
        observer=observer,
        edge_loss=settings.edge_loss,
        hardness=math.log(expected_cross_entropy(observer, moments) + settings.edge_loss),
        texture=float(spectra[:, settings.texture_ring].mean()) - log_variance,
        information=weights @ np.stack([information_density(*member, settings) for member in members]),
        spectra=spectra,
    )


def mixed_place(parts: Sequence[Place]) -> Place:
    """Places of one and the same settings as one, each of the same weight, as a training set of them all."""
    moments = mixed([one.moments for one in parts], [1.0] * len(parts))
    observer, edge_loss = trained(moments), parts[0].edge_loss
    return Place(
        moments=moments,
        observer=observer,
        edge_loss=edge_loss,
        hardness=math.log(expected_cross_entropy(observer, moments) + edge_loss),
        texture=float(np.mean([one.texture for one in parts])),
        information=np.mean([one.information for one in parts], axis=0),
        spectra=np.mean([one.spectra for one in parts], axis=0),
    )


def terms(train: Place, test: Place) -> Terms:
    """The terms of the law for one pair of training and test.

    Parameters
    ----------
    train
        What a network is trained at.
    test
        Where it is used.
    """
    hardness, mismatch, harder, easier, texture = terms_at(train, [test], stacked_moments([test.moments]))[0].tolist()
    return Terms(
        hardness=hardness,
        mismatch=mismatch,
        harder=harder,
        easier=easier,
        texture=texture,
        information=test.information,
        shares=channel_shares(train.observer, test.moments),
        own_shares=channel_shares(test.observer, test.moments),
    )


def matched_numbers(hardness: float) -> tuple[float, float, float, float, float]:
    """M, G, (T - M)₊, (M - T)₊ and F where a network is tested as it was trained."""
    return hardness, 0.0, 0.0, 0.0, 0.0


def terms_at(train: Place, tests: Sequence[Place], stacked: Stacked) -> Floats:
    """M, G, (T - M)₊, (M - T)₊ and F of one training set at each of several test conditions, (tests, 5).

    Parameters
    ----------
    train, tests
        Of one and the same settings.
    stacked
        `stacked_moments` of the tests, which serves for many training sets.
    """
    hardness = np.array([one.hardness for one in tests])
    mismatch = np.log(cross_entropies(train.observer, stacked) + train.edge_loss) - hardness
    apart = train.hardness - hardness
    texture = np.array([one.texture for one in tests]) - train.texture
    return np.column_stack([hardness, mismatch, *(np.maximum(one, 0.0) for one in (apart, -apart, texture))])
