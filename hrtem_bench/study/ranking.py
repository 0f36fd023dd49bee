"""Which data to train on: training sets ranked by what their networks reached, beside the rank by transfer alone."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.scoring.statistics import Clusters, Replicates, bootstrap, holm, interval, sign_flip_test, spearman
from hrtem_bench.scoring.summary import finite
from hrtem_bench.study.law import Score
from hrtem_bench.study.matrix import Physics, seed_spread, set_means, structure_means

Floats = NDArray[np.float64]


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A training set.

    mean, worst: Dice over the test conditions, each counted alike, with intervals over structures. behind: mean Dice of
    the first in rank less that of this set, paired by structure; p_holm: of a sign-flip test that it is 0, corrected
    after Holm. seed_sd: standard deviation of the mean Dice between its networks. sigma_mean, sigma_worst: σ with
    the test conditions, what `design` ranks by unless told otherwise; coverage_mean, coverage_worst: coverage likewise.
    """

    name: str
    conditions: list[str]
    networks: int
    mean: Score
    worst: Score
    worst_at: str
    behind: Score
    p_holm: float
    seed_sd: float | None
    coverage_mean: float
    coverage_worst: float
    sigma_mean: float
    sigma_worst: float


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """Rank correlation, over training sets, of measured Dice with what the transfer function says; None for few sets.

    low, high: interval of a bootstrap over training sets.
    """

    dice: str
    by: str
    spearman: Score


def ranked(
    dice: Floats,
    sets: NDArray[np.intp],
    names: Sequence[str],
    conditions: Sequence[Sequence[str]],
    places: Sequence[str],
    physics: Physics,
    *,
    confidence: float = 0.95,
    samples: int = 2000,
    seed: int = 0,
) -> list[Ranked]:
    """Training sets from the highest mean Dice to the lowest.

    dice: (N, S, C) of the networks. sets: (N,) the index of each network's training set among `names`.
    """
    count = len(names)
    by_set = set_means(dice, sets, count)
    tables = [_clusters(one) for one in by_set]
    resampled = [bootstrap(one, samples=samples, seed=seed) for one in tables]
    means = [one.map(lambda m: m.mean(axis=-1)) for one in resampled]
    worst = [one.map(lambda m: m.min(axis=-1)) for one in resampled]
    order = sorted(range(count), key=lambda i: -float(means[i].estimate))
    first = order[0]
    p = [1.0 if i == first else _p(tables[first], tables[i], seed) for i in order]
    adjusted = holm(p[1:]) if count > 1 else np.empty(0)
    spread = seed_spread(structure_means(dice).mean(axis=1), sets, count)
    networks = np.bincount(sets, minlength=count)
    found = []
    for place, i in enumerate(order):
        behind = _combined(means[first], means[i])
        found.append(
            Ranked(
                name=names[i],
                conditions=list(conditions[i]),
                networks=int(networks[i]),
                mean=_score(means[i], confidence),
                worst=_score(worst[i], confidence),
                worst_at=places[int(np.argmin(resampled[i].estimate))],
                behind=Score(value=0.0) if i == first else _score(behind, confidence),
                p_holm=1.0 if place == 0 else float(adjusted[place - 1]),
                seed_sd=finite(spread[i]),
                coverage_mean=float(physics.coverage[i].mean()),
                coverage_worst=float(physics.coverage[i].min()),
                sigma_mean=float(physics.sigma[i].mean()),
                sigma_worst=float(physics.sigma[i].min()),
            )
        )
    return found


def agreements(
    rows: Sequence[Ranked], *, confidence: float = 0.95, samples: int = 1000, seed: int = 0
) -> list[Agreement]:
    """How the measured order agrees with that by coverage and by σ, for mean and worst Dice."""
    found = []
    for dice, by in (
        ("mean", "sigma_mean"), ("mean", "coverage_mean"), ("worst", "sigma_worst"), ("worst", "coverage_worst"),
    ):  # fmt: skip
        measured = np.array([getattr(one, dice).value for one in rows], dtype=float)
        said = np.array([getattr(one, by) for one in rows])
        found.append(Agreement(dice=dice, by=by, spearman=_correlation(measured, said, confidence, samples, seed)))
    return found


def _correlation(a: Floats, b: Floats, confidence: float, samples: int, seed: int) -> Score:
    value = spearman(a, b)
    if value is None or len(a) < 4:
        return Score(value=value)
    draws = np.random.default_rng(seed).integers(len(a), size=(samples, len(a)))
    every = np.arange(len(a))
    sampled = [_nan(spearman(a[rows], b[rows])) for rows in draws]
    left_out = [_nan(spearman(np.delete(a, i), np.delete(b, i))) for i in every]
    return _score(Replicates(np.array(value), np.array(sampled), np.array(left_out)), confidence)


def _nan(value: float | None) -> float:
    return np.nan if value is None else value


def _clusters(dice: Floats) -> Clusters:
    """Of (S, C): a structure's mean over networks counts as one image."""
    there = np.isfinite(dice)
    return Clusters(np.where(there, dice, 0.0), there.astype(float))


def _combined(first: Replicates, other: Replicates) -> Replicates:
    return Replicates(first.estimate - other.estimate, first.samples - other.samples, first.jackknife - other.jackknife)


def _p(first: Clusters, other: Clusters, seed: int) -> float:
    """That the mean over conditions is the same, by flipping the sign of whole structures."""
    weight = 1 / (first.count.sum(axis=0) * first.count.shape[1])
    pooled = ((first.total - other.total) * weight).sum(axis=1, keepdims=True)
    return float(sign_flip_test(Clusters(pooled, np.ones_like(pooled)), seed=seed)[0])


def _score(replicates: Replicates, confidence: float) -> Score:
    low, high = interval(replicates, confidence)
    return Score(value=finite(replicates.estimate), low=finite(low), high=finite(high))


__all__ = ["Agreement", "Ranked", "agreements", "ranked"]
