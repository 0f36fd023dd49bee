"""How a frozen law, and its rivals, fare on pairs that it was not fitted on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.observer.agreement import bootstrapped, r_squared, rank, rank_in_rows
from hrtem_bench.observer.fitting import Pair, pairs_of, places_of, setup_of, terms_of_pairs, training_sets
from hrtem_bench.observer.law import Estimate, Frozen, log_losses
from hrtem_bench.observer.rivals import OTHERS, rival_scores
from hrtem_bench.observer.setups import Key, Setup

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """How a predictor's numbers go with ln loss.

    Parameters
    ----------
    rank
        Spearman's correlation over all pairs.
    rank_in_rows
        The same within each training set, the mean over the sets.
    """

    rank: Estimate
    rank_in_rows: Estimate


@dataclass(frozen=True)
class Held:
    """How a frozen law fares on the pairs of one family; intervals of 95 % are from a bootstrap over training sets.

    Parameters
    ----------
    pairs, training_sets
        How many.
    observer
        Agreement of the law's ln loss.
    r2
        1 - Σ(measured - expected)² / Σ(measured - mean)² of ln loss, nothing refitted.
    r2_own_offset
        The same with α shifted to the family's mean.
    oracle_r2
        The same of the mean of ln loss at each test condition over all training sets, the pair's own among them: what
        knowing the condition alone could reach.
    rivals
        Name -> agreement.
    """

    pairs: int
    training_sets: int
    observer: Agreement
    r2: Estimate
    r2_own_offset: Estimate
    oracle_r2: float
    rivals: Mapping[str, Agreement]


def hold(rows: Iterable[Mapping[str, Any]], frozen: Frozen, setups: Mapping[Key, Setup], *, seed: int = 0) -> Held:
    """How a frozen law, as it is, and its rivals fare on the rows of a family.

    Parameters
    ----------
    rows
        As of `pairs_of`.
    frozen
        Settings and coefficients; nothing is refitted.
    setups
        As of `places_of`.
    seed
        Of the bootstrap.

    Raises
    ------
    InputError
        As `places_of`, and for fewer than three pairs.
    """
    pairs = pairs_of(rows)
    if len(pairs) < 3:
        raise InputError(f"a law is not tested on {len(pairs)} pairs: give at least 3")
    places = places_of(pairs, setups, frozen.settings)
    expected = log_losses(terms_of_pairs(pairs, places), frozen.coefficients)
    measured = np.array([one.log_loss for one in pairs])
    sets = training_sets(pairs)
    chosen = {key: setup_of(key, setups) for one in pairs for key in one.keys}
    rivals = rival_scores(pairs, places, chosen) | {OTHERS: _others(pairs, sets, measured)}

    def agreement(one: Floats) -> Agreement:
        return Agreement(
            bootstrapped(lambda e, m, _: rank(e, m), one, measured, sets, seed),
            bootstrapped(rank_in_rows, one, measured, sets, seed),
        )

    return Held(
        pairs=len(pairs),
        training_sets=int(sets.max()) + 1,
        observer=agreement(expected),
        r2=bootstrapped(lambda e, m, _: r_squared(e, m), expected, measured, sets, seed),
        r2_own_offset=bootstrapped(lambda e, m, _: r_squared(e + (m - e).mean(), m), expected, measured, sets, seed),
        oracle_r2=r_squared(_condition_means(pairs, measured), measured),
        rivals={name: agreement(one) for name, one in rivals.items()},
    )


def _condition_means(pairs: Sequence[Pair], measured: Floats) -> Floats:
    where = np.unique([f"{one.specimens}\n{one.test}" for one in pairs], return_inverse=True)[1]
    means: Floats = (np.bincount(where, measured) / np.bincount(where))[where]
    return means


def _others(pairs: Sequence[Pair], sets: NDArray[np.int64], measured: Floats) -> Floats:
    """Mean ln loss of the other training sets at each pair's test condition; NaN where there are none."""
    where = np.unique([f"{one.specimens}\n{one.test}" for one in pairs], return_inverse=True)[1]
    found = np.full(len(pairs), math.nan)
    for i in range(len(pairs)):
        other = (where == where[i]) & (sets != sets[i])
        if other.any():
            found[i] = measured[other].mean()
    return found


__all__ = ["Agreement", "Held", "hold"]
