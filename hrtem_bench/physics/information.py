"""How much information a condition transfers (ε), and how much two share (σ, coverage).

The closed forms are this project's own, after the idea of arXiv:2512.09067; docs/information.md defines them.

Arguments common to all: conditions, a Condition or a sequence of them that stands for a set, each member
counted alike; q_max, the edge of the band |q| <= q_max in 1/Å, by default 2.5, the Nyquist frequency of
0.2 Å pixels; weight, "area" (q dq dφ), "radial" (dq dφ), or a function that takes q (NumPy, 1/Å) and
returns a specimen's power spectrum, which multiplies the area. The dose plays no part. Round conditions are
integrated over q alone, others over q and φ. The results are good to 1e-4 as long as χ changes by less than
about 65,000 rad over the band (round), or makes less than about 2,000,000 nodes necessary (not round); a
power spectrum has to be smooth over q_max/1000. Errors: InputError for an empty set, something that is not a
Condition, or an unusable q_max or weight.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hrtem_bench.conditions import Condition
from hrtem_bench.physics.band import Band, Weight, band, rotational_symmetry
from hrtem_bench.physics.transfer import condition_set, ctf

_BLOCK = 2**14  # nodes at a time: the temporaries stay in the cache, which halves the time

ConditionSet = Condition | Sequence[Condition]


def epsilon(conditions: ConditionSet, q_max: float = 2.5, weight: Weight = "area") -> float:
    """ε = ∫ P w dq / ∫ w dq, P = mean of T(q)² over the set: the share of the band that gets through, 0 to 1.

    Common arguments and errors: see the module. 0 where nothing is transferred (χ = 0 everywhere).
    """
    members = condition_set(conditions)
    nodes = band(members, q_max, weight)
    return _epsilon(nodes, _amplitude(nodes, members))


def sigma(
    train: ConditionSet,
    test: ConditionSet,
    q_max: float = 2.5,
    weight: Weight = "area",
    signed: bool = False,
) -> float:
    """σ = ∫ √(P_a P_b) w dq / √(∫ P_a w dq ∫ P_b w dq): cosine of two amplitude spectra, 0 to 1.

    Symmetric; 1 for spectra of one shape, whatever their strength. signed=True takes the cosine of the mean
    over each set of T(q) itself, -1 to 1, so that contrast reversal counts. 0 where either transfers nothing.
    Common arguments and errors: see the module.
    """
    train, test = condition_set(train), condition_set(test)
    nodes = band((*train, *test), q_max, weight)
    return _cosine(nodes, _amplitude(nodes, train, signed), _amplitude(nodes, test, signed))


def coverage(train: ConditionSet, test: ConditionSet, q_max: float = 2.5, weight: Weight = "area") -> float:
    """∫ min(√P_train, √P_test) w dq / ∫ √P_test w dq: how much of test's transfer train has shown, 0 to 1.

    Not symmetric: 1 where training transfers at least as much at every q. 0 where test transfers nothing.
    Common arguments and errors: see the module.
    """
    train, test = condition_set(train), condition_set(test)
    nodes = band((*train, *test), q_max, weight)
    return _covered(nodes, _amplitude(nodes, train), _amplitude(nodes, test))


def transfer_table(
    train: ConditionSet,
    tests: Sequence[ConditionSet],
    q_max: float = 2.5,
    weight: Weight = "area",
    signed: bool = False,
) -> list[dict[str, float]]:
    """ε of each test, and its σ and coverage with respect to train: one dict per test, in their order.

    Keys: "epsilon", "sigma", "coverage". All share one quadrature, so many tests cost little more than one;
    the values are those of the single functions to their stated accuracy. Common arguments: see the module.
    """
    train = condition_set(train)
    sets = [condition_set(test) for test in tests]
    nodes = band((*train, *(c for members in sets for c in members)), q_max, weight)
    known = _amplitude(nodes, train)
    shape = _amplitude(nodes, train, signed) if signed else known
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
    """P of several sets at the nodes of one quadrature, for scores of many combinations of them.

    q: (n,) 1/Å. share: (n,), each node's share of the band, adding up to 1. power: (k, n), P(q) of each set. P of a
    union of sets of equal weight is the mean of their rows. `sigma` and `coverage` take P of b training sets (b, n) and
    return (b, k): each against every set here.
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
    sets: Sequence[ConditionSet], q_max: float = 2.5, weight: Weight = "area", most: int = 2**18
) -> Spectra:
    """P(q) of each set on one quadrature that serves them all; common arguments and errors: see the module.

    most: nodes at most. Where the conditions ask for more, as large aberrations that are not round do, even steps of
    them are taken, which costs some 1e-3 of accuracy.
    """
    members = [condition_set(one) for one in sets]
    nodes = band([c for one in members for c in one], q_max, weight)
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


def _amplitude(nodes: Band, members: Sequence[Condition], signed: bool = False) -> np.ndarray:
    """√P at the nodes, or the mean of T if signed; (n, m), or (n, 1) where every member is round."""
    rows = max(1, _BLOCK // len(nodes.phi))
    blocks = [nodes.q[start : start + rows] for start in range(0, len(nodes.q), rows)]
    mean = np.concatenate([_mean_over_set(q, nodes.phi, members, 1 if signed else 2) for q in blocks])
    return mean if signed else np.sqrt(mean)


def _mean_over_set(q: np.ndarray, phi: np.ndarray, members: Sequence[Condition], power: int) -> np.ndarray:
    """Mean over the set of T or T², at q and phi that broadcast, such as (n, 1) and (m,)."""
    qx, qy = q * np.cos(phi), q * np.sin(phi)
    total = np.zeros_like(q)
    for condition in members:
        is_round = rotational_symmetry([condition]) == 0
        transfer = ctf(q, 0.0, condition) if is_round else ctf(qx, qy, condition)
        total = total + (transfer if power == 1 else transfer * transfer)
    return total / len(members)


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
