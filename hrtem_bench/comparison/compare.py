"""Models on the same test images: paired differences with intervals and corrected p-values."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import msgspec
import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.scoring.catalogue import metric_named
from hrtem_bench.scoring.estimate import Estimate, estimate_of, estimates_of
from hrtem_bench.scoring.metric import Metric
from hrtem_bench.scoring.run import Run, check_same
from hrtem_bench.scoring.statistics import Clusters, Replicates, Resampling, bootstrap, holm, sign_flip_test, stacked


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Mean score of the first model minus that of the second, paired by structure.

    Parameters
    ----------
    condition
        Its id; None for the mean over all.
    difference
        With its interval.
    p
        Of a sign-flip test over structures.
    p_holm
        After Holm's correction: for the conditions of all pairs together, or, for means, for the number of pairs.
    """

    condition: str | None
    value: float | None
    difference: Estimate
    p: float
    p_holm: float


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two models compared.

    Parameters
    ----------
    first, second
        Names.
    conditions, mean
        The difference at each condition, and of the means over all.
    relative_error
        Sum over conditions of 1 - score, first over second; None for scores whose best value is not 1.
    """

    first: str
    second: str
    mean: Difference
    conditions: list[Difference]
    relative_error: Estimate | None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Every pair of several models, by one metric, in the order given."""

    metric: str
    track: str
    axis: str
    unit: str
    dataset_checksum: str
    confidence: float
    pairs: list[Pair]


def compare(
    runs: Sequence[Run], metric: str = "dice", *, confidence: float = 0.95, samples: int = 2000, seed: int = 0
) -> Comparison:
    """Compare models that were scored on the same images, pair by pair.

    Parameters
    ----------
    runs
        Results of two or more models. Every pair is compared, so more models mean a correction for more tests.
    metric
        Name of an image's metric, such as "dice".
    confidence
        Of the intervals.
    samples, seed
        Of the bootstrap over structures.

    Returns
    -------
    Comparison
        Differences with intervals and p-values, at each condition and over the track.

    Raises
    ------
    InputError
        Where the runs are not of the same images, or lack the metric.
    """
    if len(runs) < 2:
        raise InputError("give at least two results to compare")
    chosen = metric_named(metric)
    if not chosen.direction:
        raise InputError(
            f"{metric} does not put models in order, since {chosen.best:g} is best and there is worse on both sides: "
            "compare another metric"
        )
    for other in runs[1:]:
        check_same(runs[0], other)
    names = _distinct([run.results.model.name for run in runs])
    tables = [_table(run, name, metric) for run, name in zip(runs, names, strict=True)]
    first = runs[0].results
    resampling = Resampling(samples, seed, confidence)
    places = [(point.condition, point.value) for point in first.curve]
    pairs = [
        _pair((names[a], names[b]), (tables[a], tables[b]), places, chosen, resampling)
        for a, b in combinations(range(len(runs)), 2)
    ]
    return Comparison(
        metric=metric,
        track=first.dataset.track,
        axis=first.dataset.axis,
        unit=first.dataset.unit,
        dataset_checksum=first.dataset.checksum,
        confidence=confidence,
        pairs=_corrected(pairs),
    )


def _distinct(names: list[str]) -> list[str]:
    """The names, numbered where several are the same."""
    return [name if names.count(name) == 1 else f"{name} ({i + 1})" for i, name in enumerate(names)]


def _table(run: Run, name: str, metric: str) -> Clusters:
    scores = run.per_image.get(metric)
    if scores is None or not np.isfinite(scores).all():
        raise InputError(f"{name} has no {metric} for every image")
    return run.clusters(metric)


def _pair(
    names: tuple[str, str],
    tables: tuple[Clusters, Clusters],
    places: Sequence[tuple[str, float]],
    metric: Metric,
    resampling: Resampling,
) -> Pair:
    """The pair, its p-values not yet corrected. places: id and value of each condition."""
    first, second = tables
    difference = Clusters(first.total - second.total, first.count)
    replicates = bootstrap(difference, resampling)
    p = sign_flip_test(difference, seed=resampling.seed)
    each = estimates_of(replicates, resampling.confidence)
    return Pair(
        first=names[0],
        second=names[1],
        mean=_mean(difference, replicates, resampling),
        conditions=[
            Difference(condition=name, value=value, difference=one, p=float(chance), p_holm=float(chance))
            for (name, value), one, chance in zip(places, each, p, strict=True)
        ],
        relative_error=_relative_error(tables, resampling) if metric.best == metric.high == 1 else None,
    )


def _corrected(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs with p-values corrected for all tests."""
    means = holm([pair.mean.p for pair in pairs])
    each = holm([one.p for pair in pairs for one in pair.conditions]).reshape(len(pairs), -1)
    done = []
    for pair, own, others in zip(pairs, means, each, strict=True):
        mean = msgspec.structs.replace(pair.mean, p_holm=float(own))
        conditions = [
            msgspec.structs.replace(one, p_holm=float(p)) for one, p in zip(pair.conditions, others, strict=True)
        ]
        done.append(msgspec.structs.replace(pair, mean=mean, conditions=conditions))
    return done


def _mean(difference: Clusters, replicates: Replicates, resampling: Resampling) -> Difference:
    """The mean over conditions, with equal weights."""
    weight = 1 / (difference.count.sum(axis=0) * difference.count.shape[1])
    pooled = Clusters((difference.total * weight).sum(axis=1, keepdims=True), np.ones((difference.n_structures, 1)))
    p = float(sign_flip_test(pooled, seed=resampling.seed)[0])
    overall = estimate_of(replicates.map(lambda m: m.mean(axis=-1)), resampling.confidence)
    return Difference(condition=None, value=None, difference=overall, p=p, p_holm=p)


def _relative_error(tables: tuple[Clusters, Clusters], resampling: Resampling) -> Estimate | None:
    one, other = (bootstrap(table, resampling) for table in tables)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = stacked([one, other]).map(lambda m: (1 - m[..., 0, :]).sum(axis=-1) / (1 - m[..., 1, :]).sum(axis=-1))
    found = estimate_of(ratio, resampling.confidence)
    return found if found.known else None
