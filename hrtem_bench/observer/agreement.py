"""How far expected and measured losses agree: rank correlations and R², with intervals over training sets."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.observer.law import Predicted

Floats = NDArray[np.float64]
SetLabels = NDArray[np.int64]
RESAMPLES = 400


def rank(first: Floats, second: Floats) -> float:
    """Spearman's correlation over what both know; NaN where one does not vary, or fewer than three are known."""
    from scipy import stats

    known = np.isfinite(first) & np.isfinite(second)
    if known.sum() < 3 or np.ptp(first[known]) == 0 or np.ptp(second[known]) == 0:
        return math.nan
    return float(np.corrcoef(*(stats.rankdata(one[known]) for one in (first, second)))[0, 1])


def ranks_of_rows(first: Floats, second: Floats, sets: SetLabels) -> Floats:
    """Spearman's correlation within each training set, in ascending order of their numbers, (sets,)."""
    order = np.argsort(sets, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(sets[order])) + 1)
    return np.array([rank(first[one], second[one]) for one in members])


def mean_of_known(values: Floats) -> float:
    """The mean of what is known; NaN where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan


def r_squared(expected: Floats, measured: Floats) -> float:
    """1 - Σ(measured - expected)² / Σ(measured - mean)², nothing refitted; NaN where the measured do not vary."""
    total = float(np.sum((measured - measured.mean()) ** 2))
    return 1 - float(np.sum((measured - expected) ** 2)) / total if total else math.nan


def bootstrapped(score: Callable[[SetLabels], float], clusters: SetLabels, seed: int = 0) -> Predicted:
    """A score of some members, given as indices, with its 95 % interval over resampled clusters of them.

    Parameters
    ----------
    score
        Of the members with these indices, which may repeat.
    clusters
        (members,): those with one number are drawn together, as pairs of one training set share their networks.
    seed
        Of the draws.
    """
    generator = np.random.default_rng(seed)
    members = [np.flatnonzero(clusters == one) for one in np.unique(clusters)]
    draws = generator.integers(len(members), size=(RESAMPLES, len(members)))
    found = np.array([score(np.concatenate([members[one] for one in drawn])) for drawn in draws])
    value, known = score(np.arange(len(clusters))), found[np.isfinite(found)]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (value, value)
    return Predicted(value, float(low), float(high))
