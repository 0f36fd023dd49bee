"""How far expected and measured losses agree: rank correlations and R², with intervals over training sets."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.observer.law import Estimate

Floats = NDArray[np.float64]
Sets = NDArray[np.int64]
Score = Callable[[Floats, Floats, Sets], float]
"""A number from expected and measured values (pairs,) and the numbers of their training sets (pairs,)."""
RESAMPLES = 400


def rank(first: Floats, second: Floats) -> float:
    """Spearman's correlation over what both know; NaN where one does not vary, or fewer than three are known."""
    from scipy import stats

    known = np.isfinite(first) & np.isfinite(second)
    if known.sum() < 3 or np.ptp(first[known]) == 0 or np.ptp(second[known]) == 0:
        return math.nan
    return float(np.corrcoef(*(stats.rankdata(one[known]) for one in (first, second)))[0, 1])


def rank_in_rows(expected: Floats, measured: Floats, sets: Sets) -> float:
    """The mean over training sets of Spearman's correlation within each; NaN where none has one."""
    found = [rank(expected[sets == one], measured[sets == one]) for one in np.unique(sets)]
    known = [one for one in found if math.isfinite(one)]
    return float(np.mean(known)) if known else math.nan


def r_squared(expected: Floats, measured: Floats) -> float:
    """1 - Σ(measured - expected)² / Σ(measured - mean)², nothing refitted; NaN where the measured do not vary."""
    total = float(np.sum((measured - measured.mean()) ** 2))
    return 1 - float(np.sum((measured - expected) ** 2)) / total if total else math.nan


def bootstrapped(score: Score, expected: Floats, measured: Floats, sets: Sets, seed: int = 0) -> Estimate:
    """A score with its 95 % interval over resampled training sets; each drawn set counts as one of its own.

    Pairs of one training set share their networks and are therefore drawn together.
    """
    generator = np.random.default_rng(seed)
    members = [np.flatnonzero(sets == one) for one in np.unique(sets)]
    found = []
    for _ in range(RESAMPLES):
        drawn = generator.integers(len(members), size=len(members))
        chosen = np.concatenate([members[one] for one in drawn])
        labels = np.repeat(np.arange(len(drawn)), [len(members[one]) for one in drawn])
        found.append(score(expected[chosen], measured[chosen], labels))
    known = [one for one in found if math.isfinite(one)]
    value = score(expected, measured, sets)
    low, high = np.quantile(known, [0.025, 0.975]) if known else (value, value)
    return Estimate(value, float(low), float(high))


__all__ = ["RESAMPLES", "Score", "bootstrapped", "r_squared", "rank", "rank_in_rows"]
