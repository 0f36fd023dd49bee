"""Weighted sets of conditions: a condition with its spread, the conditions of drawn images, a training set."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hrtem_bench.conditions.record import Condition, condition_from_dict, flat
from hrtem_bench.conditions.units import ANGLES, COEFFICIENTS, finite_number
from hrtem_bench.errors import InputError

Distribution = Literal["normal", "uniform"]
MOST_MEMBERS = 800
"""Members of a set about one condition, at most: each setting has fewer nodes where several are spread."""
MOST_SPREAD = 6
"""Settings that may be spread at once."""
# Nodes of each kind of setting. Over ±4.5 standard deviations, n resolve a phase of standard deviation 0.7 n - 5 rad.
_NODES_ALONE, _NODES_COEFFICIENT, _NODES_ANGLE, _NODES_WIDTH, _NODES_LEAST = 65, 33, 24, 5, 3
_REACH = 4.5  # standard deviations of a normal distribution that are integrated over, on either side
_WIDTHS = ("focal_spread", "angular_spread")


@dataclass(frozen=True)
class Spread:
    """How a setting varies about its nominal value.

    Parameters
    ----------
    std
        Standard deviation, in the setting's unit, of either distribution; a uniform one is √12 times as wide.
    distribution
        "normal" or "uniform".
    """

    std: float
    distribution: Distribution = "normal"

    def __post_init__(self) -> None:
        object.__setattr__(self, "std", finite_number("std", self.std))
        if self.std < 0:
            raise InputError(f"std is a standard deviation and cannot be {self.std:g}")
        if self.distribution not in ("normal", "uniform"):
            raise InputError(f"distribution must be 'normal' or 'uniform', not {self.distribution!r}")


@dataclass(frozen=True)
class ConditionSet:
    """Conditions with weights, over which the transfer spectrum is averaged: P(q) = Σ w T(q)².

    Parameters
    ----------
    conditions
        At least one Condition.
    weights
        One for each, not negative, scaled here to add up to 1. By default all alike, as for conditions that were drawn.

    Raises
    ------
    InputError
        For no condition, something that is no Condition, weights that do not fit.
    """

    conditions: tuple[Condition, ...]
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        members = tuple(self.conditions)
        for member in members:
            if not isinstance(member, Condition):
                raise InputError(f"expected a Condition or a sequence of them, not {type(member).__name__}")
        if not members:
            raise InputError("a set of conditions needs at least one Condition; this one is empty")
        given = tuple(self.weights) or (1.0,) * len(members)
        weights = [finite_number("a weight", one) for one in given]
        total = math.fsum(weights)
        if len(weights) != len(members) or min(weights) < 0 or not 0 < total < math.inf:
            raise InputError(f"{len(members)} conditions need as many weights, none below 0 and not all 0")
        object.__setattr__(self, "conditions", members)
        object.__setattr__(self, "weights", tuple(one / total for one in weights))

    def __len__(self) -> int:
        return len(self.conditions)

    @classmethod
    def about(cls, nominal: Condition, spread: Mapping[str, float | Spread] | None = None) -> ConditionSet:
        """The nodes and weights of a quadrature over a condition's spread.

        Parameters
        ----------
        nominal
            The condition at the centre.
        spread
            Setting -> standard deviation of a normal distribution, in the setting's unit, or a `Spread`. Settings vary
            independently of each other. The dose plays no part in transfer and is left as it is.

        Returns
        -------
        ConditionSet
            The nominal condition alone where nothing is spread. Else the product of one rule for each setting: equal
            steps over ±4.5 standard deviations for a normal distribution, Gauss and Legendre's nodes for a uniform one,
            equal steps for an angle that is uniform over all directions. A width that would fall below 0 is 0.

        Raises
        ------
        InputError
            For a setting that cannot be spread, and more than `MOST_SPREAD` at once.
        """
        spreads = {
            name: one if isinstance(one, Spread) else Spread(one)
            for name, one in (spread or {}).items()
            if name != "dose"
        }
        for name in spreads:
            if name not in (*COEFFICIENTS, *ANGLES, *_WIDTHS):
                raise InputError(f"{name} cannot be spread: only coefficients, angles and {' and '.join(_WIDTHS)} can")
        spreads = {name: one for name, one in sorted(spreads.items()) if one.std > 0}
        if not spreads:
            return cls((nominal,))
        if len(spreads) > MOST_SPREAD:
            raise InputError(f"{len(spreads)} settings are spread: at most {MOST_SPREAD} can be at once")
        rules = [_rule(*one, count) for one, count in zip(spreads.items(), _counts(list(spreads)), strict=True)]
        values = flat(nominal)
        conditions, weights = [], []
        for nodes in itertools.product(*rules):
            moved = {name: values.get(name, 0.0) + shift for name, (shift, _) in zip(spreads, nodes, strict=True)}
            conditions.append(_moved(values, moved))
            weights.append(math.prod(weight for _, weight in nodes))
        return cls(tuple(conditions), tuple(weights))

    @classmethod
    def mixture(cls, sets: Sequence[Conditions], weights: Sequence[float] | None = None) -> ConditionSet:
        """One set of several, such as a training set of the conditions trained at.

        Parameters
        ----------
        sets
            At least one; each a Condition, a ConditionSet, or conditions of equal weights.
        weights
            The share of each set; by default all alike, however many members each has.
        """
        parts = [as_condition_set(one) for one in sets]
        shares = [1.0] * len(parts) if weights is None else [finite_number("a weight", one) for one in weights]
        if len(shares) != len(parts):
            raise InputError(f"{len(parts)} sets need as many weights, not {len(shares)}")
        return cls(
            tuple(condition for part in parts for condition in part.conditions),
            tuple(share * weight for share, part in zip(shares, parts, strict=True) for weight in part.weights),
        )


Conditions = Condition | ConditionSet | Sequence[Condition]
"""What stands for a set: one condition, a weighted set, or conditions that count alike."""


def as_condition_set(conditions: Conditions) -> ConditionSet:
    """A ConditionSet from one condition, a weighted set, or a sequence of conditions.

    Parameters
    ----------
    conditions
        A Condition, a ConditionSet, or a sequence of conditions, which then have equal weights.

    Raises
    ------
    InputError
        For anything else.
    """
    if isinstance(conditions, ConditionSet):
        return conditions
    return ConditionSet((conditions,) if isinstance(conditions, Condition) else tuple(conditions))


def _counts(names: Sequence[str]) -> list[int]:
    """Nodes of each setting, fewer where their product would be more than `MOST_MEMBERS`."""
    coefficient = _NODES_ALONE if len(names) == 1 else _NODES_COEFFICIENT
    wanted = [_NODES_WIDTH if name in _WIDTHS else _NODES_ANGLE if name in ANGLES else coefficient for name in names]
    counts = list(wanted)
    while math.prod(counts) > MOST_MEMBERS:
        fullest = max(range(len(counts)), key=lambda i: counts[i] / wanted[i] if counts[i] > _NODES_LEAST else 0.0)
        counts[fullest] -= 1
    return counts


def _rule(name: str, spread: Spread, count: int) -> list[tuple[float, float]]:
    """(shift, weight) of each node; the weights add up to 1."""
    turns = spread.std * math.sqrt(12) * COEFFICIENTS["C" + name[3:]][1] / (2 * math.pi) if name in ANGLES else 0.0
    every_direction = round(turns) > 0 and abs(turns - round(turns)) < 1e-3
    if spread.distribution == "uniform" and every_direction:  # a periodic integrand: equal steps are best
        width = spread.std * math.sqrt(12)
        return [(width * ((k + 0.5) / count - 0.5), 1 / count) for k in range(count)]
    if spread.distribution == "uniform":
        nodes, weights = np.polynomial.legendre.leggauss(count)
        nodes, weights = math.sqrt(3) * nodes, weights / 2
    else:
        # Equal steps converge faster on oscillating integrands than Gauss and Hermite's nodes, which reach further out.
        reach = min(_REACH, 0.8 * math.sqrt(count) + 0.35)
        nodes = np.linspace(-reach, reach, count)
        weights = np.exp(-0.5 * nodes**2)
        weights /= weights.sum()
        nodes /= math.sqrt(float(weights @ nodes**2))
    return [(spread.std * float(node), float(weight)) for node, weight in zip(nodes, weights, strict=True)]


def _moved(values: Mapping[str, float], moved: Mapping[str, float]) -> Condition:
    settings = {**values, **{name: max(one, 0.0) if name in _WIDTHS else one for name, one in moved.items()}}
    for name in moved:  # an angle may vary before its coefficient is there
        if name in ANGLES:
            settings.setdefault("C" + name[3:], 0.0)
    return condition_from_dict(settings)
