"""How much information a condition transfers (ε), and how much two share (σ, coverage).

The closed forms are this project's own, after the idea of arXiv:2512.09067; docs/explanation/information.md has them.

ε, σ and coverage know phase contrast of a thin object alone. Where C10 = C30 = 0 and no other aberration is there, T is
0 at every q, and so are all three.

Arguments common to all
-----------------------
conditions, train, test
    A Condition, a `ConditionSet` with weights, or a sequence of conditions that count alike. The dose plays no part.
q_max
    Edge of the band |q| <= q_max, 1/Å; 2.5 by default, the Nyquist frequency of 0.2 Å pixels.
weight
    "area" (q dq dφ), "radial" (dq dφ), or a function that takes q (NumPy, 1/Å) and returns a specimen's power spectrum,
    which multiplies the area and has to be smooth over q_max/1000.

All raise InputError for an empty set, something that is not a Condition, and an unusable q_max or weight.

Round conditions are integrated over q alone, others over q and φ. The results are good to 1e-4 as long as χ changes by
less than about 65,000 rad over the band (round), or needs fewer than about 2,000,000 nodes (not round).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hrtem_bench.conditions import Conditions, ConditionSet, as_condition_set
from hrtem_bench.physics.band import Band, Weight, band, rotational_symmetry
from hrtem_bench.physics.transfer import ctf

_BLOCK = 2**14  # nodes at a time: the temporaries stay in the cache, which halves the time


def epsilon(conditions: Conditions, q_max: float = 2.5, weight: Weight = "area") -> float:
    """ε = ∫ P w dq / ∫ w dq: the share of the band that a condition or a set transfers.

    Parameters
    ----------
    conditions, q_max, weight
        See the module.

    Returns
    -------
    float
        0 to 1. 0 where nothing is transferred: a thin object in focus without aberrations (C10 = C30 = 0) has no phase
        contrast, and ε knows of no other.
    """
    members = as_condition_set(conditions)
    nodes = band([members], q_max, weight)
    return _epsilon(nodes, _amplitude(nodes, members))


def sigma(
    train: Conditions,
    test: Conditions,
    q_max: float = 2.5,
    weight: Weight = "area",
    signed: bool = False,
) -> float:
    """σ = ∫ √(P_a P_b) w dq / √(∫ P_a w dq ∫ P_b w dq): the cosine between two amplitude spectra √P.

    Parameters
    ----------
    train, test, q_max, weight
        See the module. Exchanging train and test changes nothing.
    signed
        Take Σ w T(q), with its sign, in place of √P, so that contrast reversal counts.

    Returns
    -------
    float
        0 to 1, -1 to 1 if signed; 1 for spectra of one shape, whatever their strength. 0 where either transfers
        nothing, such as C10 = C30 = 0.
    """
    trained, tested = as_condition_set(train), as_condition_set(test)
    nodes = band([trained, tested], q_max, weight)
    return _cosine(nodes, _amplitude(nodes, trained, signed), _amplitude(nodes, tested, signed))


def coverage(train: Conditions, test: Conditions, q_max: float = 2.5, weight: Weight = "area") -> float:
    """∫ min(√P_train, √P_test) w dq / ∫ √P_test w dq: how much of test's transfer training has shown.

    Parameters
    ----------
    train, test, q_max, weight
        See the module. Exchanging train and test changes the answer.

    Returns
    -------
    float
        0 to 1; 1 where training transfers at least as much at every q. 0 where test transfers nothing, such as
        C10 = C30 = 0.
    """
    trained, tested = as_condition_set(train), as_condition_set(test)
    nodes = band([trained, tested], q_max, weight)
    return _covered(nodes, _amplitude(nodes, trained), _amplitude(nodes, tested))


def transfer_table(
    train: Conditions,
    tests: Sequence[Conditions],
    q_max: float = 2.5,
    weight: Weight = "area",
    signed: bool = False,
) -> list[dict[str, float]]:
    """ε of each test, and its σ and coverage with respect to train.

    Parameters
    ----------
    train, tests, q_max, weight
        See the module.
    signed
        As for `sigma`; ε and coverage are not signed.

    Returns
    -------
    list of dict
        "epsilon", "sigma" and "coverage" of each test, in their order: those of the single functions to their stated
        accuracy. One quadrature serves all, so that many tests cost little more than one.
    """
    trained = as_condition_set(train)
    sets = [as_condition_set(test) for test in tests]
    nodes = band([trained, *sets], q_max, weight)
    known = _amplitude(nodes, trained)
    shape = _amplitude(nodes, trained, signed) if signed else known
    rows = []
    for members in sets:
        amplitude = _amplitude(nodes, members)
        compared = _amplitude(nodes, members, signed) if signed else amplitude
        rows.append({
            "epsilon": _epsilon(nodes, amplitude),
            "sigma": _cosine(nodes, shape, compared),
            "coverage": _covered(nodes, known, amplitude),
        })  # fmt: skip
    return rows


@dataclass(frozen=True)
class Spectra:
    """P of several sets of conditions at the nodes of one quadrature, to score many combinations of them.

    Parameters
    ----------
    q
        (n,) 1/Å.
    share
        (n,), each node's share of the band, adding up to 1.
    power
        (k, n), P(q) of each set. P of a union of sets of equal weight is the mean of their rows. `sigma` and
        `coverage` take P of b training sets (b, n) and return (b, k): each against every set here.
    """

    q: np.ndarray
    share: np.ndarray
    power: np.ndarray

    def take(self, sets: Sequence[int]) -> Spectra:
        """Some of the sets, on the same nodes."""
        return Spectra(self.q, self.share, self.power[list(sets)])

    def thinned(self, most: int) -> Spectra:
        """At most so many nodes, at even steps, with shares that add up to 1 again: less exact, faster."""
        step = math.ceil(len(self.q) / most) | 1  # odd, so as not to stay at one place of every panel of four nodes
        kept = slice(step // 2, None, step)
        share = self.share[kept]
        return Spectra(self.q[kept], share / share.sum(), np.ascontiguousarray(self.power[:, kept]))

    def epsilon(self) -> np.ndarray:
        """ε of each set, (k,)."""
        return np.minimum(self.power @ self.share, 1.0)

    def sigma(self, train: np.ndarray) -> np.ndarray:
        """σ of training sets with P `train` (b, n) and each set, (b, k)."""
        known, wanted = np.sqrt(train), np.sqrt(self.power)
        norm = np.sqrt(np.outer(train @ self.share, self.power @ self.share))
        return _ratio((known * self.share) @ wanted.T, norm)

    def coverage(self, train: np.ndarray) -> np.ndarray:
        """Coverage of each set by training sets with P `train` (b, n), (b, k)."""
        wanted = np.sqrt(self.power)
        shared = np.array([np.minimum(one, wanted) @ self.share for one in np.sqrt(train)])
        return _ratio(shared, wanted @ self.share)


def transfer_spectra(
    sets: Sequence[Conditions], q_max: float = 2.5, weight: Weight = "area", most: int = 2**18
) -> Spectra:
    """P(q) of each set of conditions, on one quadrature for all of them.

    Parameters
    ----------
    sets
        Each a condition or a set, see the module.
    q_max, weight
        The band, see the module; q_max in 1/Å.
    most
        Nodes at most. Where the conditions need more, as large aberrations that are not round do, every nth
        is taken, which costs about 1e-3 of accuracy.

    Raises
    ------
    InputError
        See the module.
    """
    members = [as_condition_set(one) for one in sets]
    nodes = band(members, q_max, weight)
    q, phi = (values.ravel() for values in np.broadcast_arrays(nodes.q, nodes.phi))
    share = np.broadcast_to(nodes.weight, (len(nodes.q), len(nodes.phi))).ravel()
    empty = Spectra(q, share, np.empty((0, len(q))))
    if len(q) > most:
        phi = Spectra(q, share, phi[None]).thinned(most).power[0]
        empty = empty.thinned(most)
    power = np.array([_mean_over_set(empty.q, phi, one, 2) for one in members])
    return Spectra(empty.q, empty.share, power)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """above / below, at most 1; 0 where `below` is."""
    below = np.broadcast_to(below, above.shape)
    return np.minimum(np.divide(above, below, out=np.zeros_like(above), where=below > 0), 1.0)


def _amplitude(nodes: Band, members: ConditionSet, signed: bool = False) -> np.ndarray:
    """√P at the nodes, or the mean of T if signed; (n, m), or (n, 1) where every member is round."""
    rows = max(1, _BLOCK // len(nodes.phi))
    blocks = [nodes.q[start : start + rows] for start in range(0, len(nodes.q), rows)]
    mean = np.concatenate([_mean_over_set(q, nodes.phi, members, 1 if signed else 2) for q in blocks])
    return mean if signed else np.sqrt(mean)


def _mean_over_set(q: np.ndarray, phi: np.ndarray, members: ConditionSet, power: int) -> np.ndarray:
    """Σ w T or Σ w T² over the set, at q and phi that broadcast, such as (n, 1) and (m,)."""
    qx, qy = q * np.cos(phi), q * np.sin(phi)
    total = np.zeros_like(q)
    for condition, weight in zip(members.conditions, members.weights, strict=True):
        is_round = rotational_symmetry([condition]) == 0
        transfer = ctf(q, 0.0, condition) if is_round else ctf(qx, qy, condition)
        total = total + weight * (transfer if power == 1 else transfer * transfer)
    return total


def _epsilon(nodes: Band, amplitude: np.ndarray) -> float:
    return min(nodes.mean(amplitude * amplitude), 1.0)


def _cosine(nodes: Band, a: np.ndarray, b: np.ndarray) -> float:
    a, b = _scaled(a), _scaled(b)
    norm = np.sqrt(nodes.mean(a * a)) * np.sqrt(nodes.mean(b * b))
    return float(np.clip(nodes.mean(a * b) / norm, -1.0, 1.0)) if norm > 0 else 0.0


def _covered(nodes: Band, train: np.ndarray, test: np.ndarray) -> float:
    strength = nodes.mean(test)
    return min(nodes.mean(np.minimum(train, test)) / strength, 1.0) if strength > 0 else 0.0


def _scaled(amplitude: np.ndarray) -> np.ndarray:
    """The amplitude over its largest magnitude, so that squares of faint transfer do not vanish."""
    largest = np.max(np.abs(amplitude))
    return amplitude / largest if largest > 0 else amplitude
