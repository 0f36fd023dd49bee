"""Intervals for means of clustered scores: a bootstrap over structures, bands over a curve, rank correlation,
Holm.

The images of one structure at several conditions are not independent, so structures are resampled, not
images, and one resampling serves all conditions: differences between conditions and scores of a whole curve
are then functions of the same replicates. Every such score is a vectorised function of the condition means
(..., C) -> (...), applied alike to the estimate, the replicates and the leave-one-structure-out values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_bench.errors import InputError

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]

_CHUNK = 4_000_000


@dataclass(frozen=True)
class Clusters:
    """Scores summed by structure and condition.

    total: (S, C) sum of the scores of each structure at each condition. count: (S, C) images behind each sum.
    A condition's mean is sum(total) / sum(count): every image counts the same.
    """

    total: Floats
    count: Floats

    @property
    def n_structures(self) -> int:
        return len(self.total)

    def means(self, weights: Floats) -> Floats:
        """Condition means (B, C) with structures weighted by (B, S); NaN where no image has weight."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return (weights @ self.total) / (weights @ self.count)


@dataclass(frozen=True)
class Replicates:
    """A statistic and its bootstrap: estimate (...), samples (B, ...), jackknife (S, ...)."""

    estimate: Floats
    samples: Floats
    jackknife: Floats

    def map(self, score: Statistic) -> Replicates:
        """The replicates of a function of this statistic."""
        return Replicates(score(self.estimate), score(self.samples), score(self.jackknife))


@dataclass(frozen=True)
class Resampling:
    """How a bootstrap is done: how many replicates, from which seed, and the level of its intervals."""

    samples: int = 2000
    seed: int = 0
    confidence: float = 0.95


PUBLISHED = Resampling()
"""That of official results."""


class Limits(NamedTuple):
    """Lower and upper limit: arrays of one shape, or numbers."""

    low: Any
    high: Any


def clusters(structures: Iterable[str], conditions: Iterable[str], scores: ArrayLike, order: Sequence[str]) -> Clusters:
    """Sums by structure and condition of `scores` (n,), with conditions in `order`; structures sorted by name.

    A score that is NaN is left out: it adds nothing to the sum nor to the count.
    """
    values = np.asarray(scores, dtype=np.float64)
    there = np.isfinite(values)
    names, row = np.unique(np.array(list(structures), dtype=str), return_inverse=True)
    place = {name: index for index, name in enumerate(order)}
    column = np.array([place[name] for name in conditions], dtype=np.intp)
    shape = (len(names), len(order))
    flat = row * shape[1] + column
    size = shape[0] * shape[1]
    total = np.bincount(flat[there], weights=values[there], minlength=size)
    count = np.bincount(flat[there], minlength=size)
    return Clusters(np.asarray(total, float).reshape(shape), np.asarray(count, float).reshape(shape))


def bootstrap(data: Clusters, how: Resampling = PUBLISHED) -> Replicates:
    """Condition means (C,) with `how.samples` replicates, each from S structures drawn with replacement.

    The draw depends on the number of structures and `how` alone, so that two tables of the same
    structures (two metrics, two models) are resampled alike and their replicates are paired.
    """
    means = np.concatenate([data.means(weights) for weights in _draws(data.n_structures, how)])
    return Replicates(data.means(np.ones((1, data.n_structures)))[0], means, _leave_one_out(data))


def stacked(several: Sequence[Replicates]) -> Replicates:
    """Replicates of several tables of the same structures as one (N, C), paired because they are resampled alike."""
    return Replicates(
        np.stack([one.estimate for one in several], axis=-2),
        np.stack([one.samples for one in several], axis=-2),
        np.stack([one.jackknife for one in several], axis=-2),
    )


def _draws(n: int, how: Resampling) -> Iterator[Floats]:
    """How often each of n structures is drawn, (rows, n) at a time, `how.samples` rows in all."""
    if how.samples < 100:
        raise InputError(f"bootstrap samples must be at least 100, not {how.samples}")
    rng = np.random.default_rng(how.seed)
    rows = max(1, _CHUNK // n)
    for start in range(0, how.samples, rows):
        yield rng.multinomial(n, np.full(n, 1.0 / n), size=min(rows, how.samples - start)).astype(np.float64)


def _leave_one_out(data: Clusters) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return (data.total.sum(axis=0) - data.total) / (data.count.sum(axis=0) - data.count)


def interval(replicates: Replicates, confidence: float = 0.95) -> Limits:
    """The BCa bootstrap interval, widened for few clusters.

    BCa (Efron, 1987) corrects the percentile interval for bias and skewness, here with the acceleration from leaving
    out one structure at a time. Since resampling S structures understates the spread, the levels are first widened as
    by Hesterberg (2015): from the normal quantile z to sqrt(S / (S - 1)) times the t quantile of S - 1 degrees of
    freedom. Limits are quantiles of replicates and stay within the range of the score. In simulations of skewed scores,
    95 % intervals covered 0.94 to 0.95 from 12 structures up, 0.93 with 8 and 0.90 with 5.

    Parameters
    ----------
    replicates
        Of a statistic of any shape.
    confidence
        Level of the interval.

    Returns
    -------
    Limits
        Of the statistic's shape; NaN with fewer than two structures.
    """
    from scipy import stats

    n = len(replicates.jackknife)
    estimate = np.asarray(replicates.estimate, dtype=np.float64)
    if n < 2:
        return Limits(np.full(estimate.shape, np.nan), np.full(estimate.shape, np.nan))
    z = stats.t.ppf(0.5 + 0.5 * confidence, n - 1) * np.sqrt(n / (n - 1))
    flat = estimate.reshape(-1)
    samples = replicates.samples.reshape(len(replicates.samples), -1)
    jackknife = replicates.jackknife.reshape(n, -1)
    limits = np.array([_bca(flat[i], samples[:, i], jackknife[:, i], z) for i in range(flat.size)]).reshape(-1, 2)
    return Limits(limits[:, 0].reshape(estimate.shape), limits[:, 1].reshape(estimate.shape))


def _bca(estimate: float, samples: Floats, jackknife: Floats, z: float) -> Limits:
    from scipy import stats

    samples = samples[np.isfinite(samples)]
    jackknife = jackknife[np.isfinite(jackknife)]
    if not np.isfinite(estimate) or not len(samples):
        return Limits(np.nan, np.nan)
    below = (np.count_nonzero(samples < estimate) + 0.5 * np.count_nonzero(samples == estimate)) / len(samples)
    if not 0 < below < 1:
        return Limits(float(samples.min()), float(samples.max()))
    bias = stats.norm.ppf(below)
    skew = jackknife.mean() - jackknife if len(jackknife) else np.zeros(1)
    spread = float(np.sum(skew**2))
    acceleration = float(np.sum(skew**3)) / (6 * spread**1.5) if spread > 0 else 0.0
    tails = bias + np.array([-z, z])
    levels = stats.norm.cdf(bias + tails / np.maximum(1 - acceleration * tails, 1e-3))
    return Limits(*map(float, np.quantile(samples, levels)))


def simultaneous_band(
    data: Clusters, how: Resampling = PUBLISHED, limits: tuple[float, float] = (-np.inf, np.inf)
) -> Limits:
    """A band that holds the whole curve of means at once with probability `how.confidence`.

    The studentised max-t band: the largest standardised deviation over the conditions, upwards and downwards
    separately, each exceeded in (1 - how.confidence) / 2 of the replicates, times the standard error over structures.

    Parameters
    ----------
    data
        Scores by structure and condition.
    how
        The bootstrap, and the level of the band.
    limits
        The range of the score, which the band is clipped to.

    Returns
    -------
    Limits
        (C,) each; NaN with fewer than three structures.
    """
    n = data.n_structures
    mean = data.means(np.ones((1, n)))[0]
    if n < 3:
        return Limits(np.full(mean.shape, np.nan), np.full(mean.shape, np.nan))
    error = _standard_errors(data, np.ones((1, n)))[0]
    highest, lowest = [], []
    for weights in _draws(n, how):
        spread = _standard_errors(data, weights)
        usable = spread > 1e-12
        t = np.where(usable, (data.means(weights) - mean) / np.where(usable, spread, 1.0), 0.0)
        highest.append(t.max(axis=1))
        lowest.append(t.min(axis=1))
    tail = 0.5 * (1 - how.confidence)
    above = np.quantile(np.concatenate(highest), 1 - tail)
    below = np.quantile(np.concatenate(lowest), tail)
    return Limits(np.clip(mean - above * error, *limits), np.clip(mean - below * error, *limits))


def _standard_errors(data: Clusters, weights: Floats) -> Floats:
    """Standard errors (B, C) of the weighted condition means over structures, by linearising the ratio."""
    n = data.n_structures
    mean = data.means(weights)
    squares = weights @ data.total**2 - 2 * mean * (weights @ (data.total * data.count))
    squares = squares + mean**2 * (weights @ data.count**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt(np.maximum(squares, 0.0) * n / (n - 1)) / (weights @ data.count)


def spearman(x: ArrayLike, y: ArrayLike) -> float | None:
    """Spearman's rank correlation of two sequences, ties given mean ranks.

    None when fewer than three pairs are finite or one side is constant.
    """
    from scipy import stats

    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    keep = np.isfinite(a) & np.isfinite(b)
    a, b = a[keep], b[keep]
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(stats.spearmanr(a, b).statistic)


def sign_flip_test(difference: Clusters, *, flips: int = 10_000, seed: int = 0) -> Floats:
    """Two-sided p-values (C,) for paired differences of mean zero, from flipping the sign of whole structures.

    The test is exact where the difference of a structure is equally likely to have either sign, as for exchangeable
    models.

    Parameters
    ----------
    difference
        Sums of differences by structure and condition.
    flips
        If there are no more patterns of signs than this, all are tried, and p is at least 1 / 2^(S - 1). Otherwise so
        many random ones and the observed one.
    seed
        Of the random ones.
    """
    n = difference.n_structures
    observed = np.abs(difference.total.sum(axis=0))
    if 2**n <= flips:
        signs = 1.0 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
        extra = 0
    else:
        signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(flips, n))
        extra = 1
    reached = np.abs(signs @ difference.total) >= observed * (1 - 1e-12)
    return (np.count_nonzero(reached, axis=0) + extra) / (len(signs) + extra)


def holm(p: ArrayLike) -> Floats:
    """Holm's step-down correction: adjusted p-values (m,), at most 1, in the order given (Holm, 1979)."""
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    m = len(values)
    adjusted = np.maximum.accumulate(values[order] * (m - np.arange(m)))
    result = np.empty(m)
    result[order] = np.minimum(adjusted, 1.0)
    return result
