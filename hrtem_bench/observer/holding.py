"""How a frozen law, and its rivals, fare on pairs that it was not fitted on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.observer.agreement import bootstrapped, mean_of_known, r_squared, rank, ranks_of_rows
from hrtem_bench.observer.fitting import TrainTestPair, pairs_of, places_of, setup_of, terms_of_pairs, training_sets
from hrtem_bench.observer.law import Frozen, Predicted, log_losses
from hrtem_bench.observer.rivals import OTHERS, rival_scores
from hrtem_bench.observer.setups import Key, Setup

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Foreseen:
    """Pairs with what was measured and what the law and its rivals say of them, nothing refitted.

    Parameters
    ----------
    pairs
        Of training set and test condition.
    expected, measured
        ln loss by the law and of the networks, (pairs,).
    rivals
        Name -> a number that should grow with the loss, (pairs,).
    """

    pairs: Sequence[TrainTestPair]
    expected: Floats
    measured: Floats
    rivals: Mapping[str, Floats]

    def family(self, chosen: NDArray[np.bool_]) -> Foreseen:
        """Some of the pairs."""
        return Foreseen(
            [one for one, on in zip(self.pairs, chosen, strict=True) if on],
            self.expected[chosen],
            self.measured[chosen],
            {name: values[chosen] for name, values in self.rivals.items()},
        )


@dataclass(frozen=True)
class Held:
    """How a frozen law fares on the pairs of one family; intervals of 95 % are from a bootstrap over training sets.

    Training sets of the same conditions on other specimens are drawn together.

    Parameters
    ----------
    pairs, training_sets
        How many.
    rank
        Spearman's correlation of the law's ln loss with the measured one over all pairs.
    rank_in_rows
        The same within each training set, the mean over the sets.
    r2
        1 - Σ(measured - expected)² / Σ(measured - mean)² of ln loss, nothing refitted.
    r2_own_offset
        The same with α shifted to the family's mean.
    oracle_r2
        The same of the mean of ln loss at each test condition over all training sets, the pair's own among them: what
        knowing the condition alone could reach.
    rivals
        Name -> rank and rank in rows.
    """

    pairs: int
    training_sets: int
    rank: Predicted
    rank_in_rows: Predicted
    r2: Predicted
    r2_own_offset: Predicted
    oracle_r2: float
    rivals: Mapping[str, tuple[float, float]]


def foreseen(rows: Iterable[Mapping[str, Any]], frozen: Frozen, setups: Mapping[Key, Setup]) -> Foreseen:
    """What a frozen law, as it is, and its rivals say of rows.

    Parameters
    ----------
    rows
        As of `pairs_of`.
    frozen
        Settings and coefficients; nothing is refitted.
    setups
        As of `places_of`.

    Raises
    ------
    InputError
        As `pairs_of` and `places_of`.
    """
    pairs = pairs_of(rows)
    places = places_of(pairs, setups, frozen.settings)
    measured = np.array([one.log_loss for one in pairs])
    chosen = {key: setup_of(key, setups) for one in pairs for key in one.keys}
    return Foreseen(
        pairs=pairs,
        expected=log_losses(terms_of_pairs(pairs, places), frozen.coefficients),
        measured=measured,
        rivals=rival_scores(pairs, places, chosen) | {OTHERS: _others(pairs, measured)},
    )


def hold(found: Foreseen, seed: int = 0) -> Held:
    """How well expected and measured losses of a family agree.

    Parameters
    ----------
    found
        Of `foreseen`, or some of its pairs.
    seed
        Of the bootstrap.

    Raises
    ------
    InputError
        For fewer than three pairs.
    """
    pairs, expected, measured = found.pairs, found.expected, found.measured
    if len(pairs) < 3:
        raise InputError(f"a law is not tested on {len(pairs)} pairs: give at least 3")
    sets, drawn = training_sets(pairs), _numbered([one.train for one in pairs])
    rows = ranks_of_rows(expected, measured, sets)
    rows_drawn = drawn[np.unique(sets, return_index=True)[1]]

    def shifted(i: Any) -> float:
        return r_squared(expected[i] + (measured[i] - expected[i]).mean(), measured[i])

    return Held(
        pairs=len(pairs),
        training_sets=len(rows),
        rank=bootstrapped(lambda i: rank(expected[i], measured[i]), drawn, seed),
        rank_in_rows=bootstrapped(lambda i: mean_of_known(rows[i]), rows_drawn, seed),
        r2=bootstrapped(lambda i: r_squared(expected[i], measured[i]), drawn, seed),
        r2_own_offset=bootstrapped(shifted, drawn, seed),
        oracle_r2=r_squared(_condition_means(pairs, measured), measured),
        rivals={
            name: (rank(one, measured), mean_of_known(ranks_of_rows(one, measured, sets)))
            for name, one in found.rivals.items()
        },
    )


def _numbered(texts: Sequence[str]) -> NDArray[np.int64]:
    """The number of each text among those that differ, (texts,)."""
    return np.asarray(np.unique(texts, return_inverse=True)[1])


def _condition_means(pairs: Sequence[TrainTestPair], measured: Floats) -> Floats:
    where = _numbered([f"{one.specimens}\n{one.test}" for one in pairs])
    means: Floats = (np.bincount(where, measured) / np.bincount(where))[where]
    return means


def _others(pairs: Sequence[TrainTestPair], measured: Floats) -> Floats:
    """Mean ln loss of the other training sets at each pair's test condition; NaN where there are none."""
    where = _numbered([f"{one.specimens}\n{one.test}" for one in pairs])  # each training set is there once
    count, total = np.bincount(where)[where], np.bincount(where, measured)[where]
    return np.where(count > 1, (total - measured) / np.maximum(count - 1, 1), math.nan)
