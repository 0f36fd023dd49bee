"""Terms of the law for a training set and a test condition: hardness M, mismatch G, delocalisation R."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.conditions import Condition
from hrtem_bench.observer.channels import image_powers, information_density, moments_at
from hrtem_bench.observer.decision import (
    Moments,
    Observer,
    Stacked,
    channel_shares,
    cross_entropies,
    expected_cross_entropy,
    mixed,
    trained,
)
from hrtem_bench.observer.exposures import Exposure
from hrtem_bench.observer.regions import RingPower
from hrtem_bench.observer.settings import ObserverSettings
from hrtem_bench.observer.spectra import RingPowers

Floats = NDArray[np.float64]
LATTICE = 0.15
"""1/Å: rings that begin here or above hold lattice fringes, whose displacement is the delocalisation."""
_ANGLES, _RADII = 16, 8


@dataclass(frozen=True)
class Terms:
    """What the observer finds for one training set and one test condition.

    Parameters
    ----------
    hardness
        M = ln (E(test → test) + b), E the expected cross-entropy, b that of edges, nats per pixel.
    mismatch
        G = ln (E(train → test) + b) - M, not below 0.
    delocalisation
        R, rms displacement of lattice fringes at the test condition, Å.
    training
        T = ln (E(train → train) + b), the hardness of the training set.
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
    delocalisation: float
    training: float
    information: Floats
    shares: Floats
    own_shares: Floats

    @property
    def numbers(self) -> tuple[float, float, float, float]:
        """M, G, R and T."""
        return self.hardness, self.mismatch, self.delocalisation, self.training

    @property
    def matched(self) -> tuple[float, float, float, float]:
        """The same of a training set that is the test condition itself."""
        return self.hardness, 0.0, self.delocalisation, self.hardness


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
    hardness, delocalisation, information
        As of `Terms`.
    spectra
        ln of the power of whole images with their noise in each ring, one row for each specimen, the mean over members,
        (specimens, rings).
    """

    moments: Moments
    observer: Observer
    edge_loss: float
    hardness: float
    delocalisation: float
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
    squares = [
        delocalisation(condition, power, settings) ** 2
        for condition, (power, _) in zip(one.conditions, members, strict=True)
    ]
    return Place(
        moments=moments,
        observer=observer,
        edge_loss=settings.edge_loss,
        hardness=math.log(expected_cross_entropy(observer, moments) + settings.edge_loss),
        delocalisation=math.sqrt(float(weights @ np.array(squares))),
        information=weights @ np.stack([information_density(*member, settings) for member in members]),
        spectra=np.einsum("i,ijk->jk", weights, np.stack([np.log(image_powers(*one)[2]) for one in members])),
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
        delocalisation=math.sqrt(float(np.mean([one.delocalisation**2 for one in parts]))),
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
    return Terms(
        hardness=test.hardness,
        mismatch=math.log(expected_cross_entropy(train.observer, test.moments) + test.edge_loss) - test.hardness,
        delocalisation=test.delocalisation,
        training=train.hardness,
        information=test.information,
        shares=channel_shares(train.observer, test.moments),
        own_shares=channel_shares(test.observer, test.moments),
    )


def terms_at(train: Place, tests: Sequence[Place], stacked: Stacked) -> Floats:
    """M, G, R and T of one training set at each of several test conditions, (tests, 4).

    Parameters
    ----------
    train, tests
        Of one and the same settings.
    stacked
        `stacked_moments` of the tests, which serves for many training sets.
    """
    hardness = np.array([one.hardness for one in tests])
    mismatch = np.log(cross_entropies(train.observer, stacked) + train.edge_loss) - hardness
    delocalised = np.array([one.delocalisation for one in tests])
    return np.column_stack([hardness, mismatch, delocalised, np.full(len(tests), train.hardness)])


def delocalisation(condition: Condition, power: RingPower, settings: ObserverSettings) -> float:
    """Root-mean-square displacement |∇χ| / 2π of lattice fringes, Å, weighted by the particles' power above 0.15 1/Å.

    The mean over each ring is over area.

    Parameters
    ----------
    condition
        Gives χ.
    power
        Of the specimens, in rings of frequency.
    settings
        Of the observer.

    Returns
    -------
    float
        0 where no ring lies in the band.

    References
    ----------
    Coene, Jansen, Scanning Microscopy Supplement 6 (1992) 379; Lichte, Ultramicroscopy 38 (1991) 13.
    """
    from hrtem_bench.physics import chi_gradient

    angle = (np.arange(_ANGLES) + 0.5) / _ANGLES * 2 * np.pi
    squares, weights = [], []
    rings = zip(settings.edges, settings.edges[1:], power.particle.mean(axis=0), strict=False)
    for low, high, strength in rings:
        if low < LATTICE:
            continue
        q = np.sqrt(low**2 + (high**2 - low**2) * (np.arange(_RADII) + 0.5) / _RADII)[:, None]
        gx, gy = chi_gradient(q * np.cos(angle), q * np.sin(angle), condition)
        squares.append(float(np.mean(gx**2 + gy**2)) / (2 * np.pi) ** 2)
        weights.append(float(strength))
    total = sum(weights)
    return math.sqrt(float(np.dot(squares, weights)) / total) if total else 0.0
