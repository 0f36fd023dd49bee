"""Two or more models on the same test images: paired differences, with what can and cannot be concluded."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import msgspec
import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.scoring.results import Results
from hrtem_bench.scoring.run import Run, check_same
from hrtem_bench.scoring.statistics import Clusters, bootstrap, clusters, holm, interval, sign_flip_test
from hrtem_bench.scoring.summary import finite

LOWER_IS_BETTER = ("nll", "brier")
METRIC_NAMES = {"dice": "Dice", "iou": "IoU", "nll": "loss (NLL)", "brier": "Brier score", "f1": "F1"}


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Mean score of the first model less that of the second, paired by structure, with its interval and
    p-value.

    condition: None for the mean over all. p: of a sign-flip test over structures. p_holm: corrected after Holm; at a
    condition for the number of conditions of all pairs together, of a mean for the number of pairs.
    """

    condition: str | None
    value: float | None
    difference: float
    low: float | None
    high: float | None
    p: float
    p_holm: float


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two models compared.

    relative_error: sum over conditions of the first model's 1 - score over that of the second, None for
    scores that have no largest value. conclusion: in words.
    """

    first: str
    second: str
    mean: Difference
    conditions: list[Difference]
    relative_error: float | None
    relative_error_low: float | None
    relative_error_high: float | None
    conclusion: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Every pair of several models, in the order given, by one metric."""

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
    """Compare models scored on the same images. Raises InputError where they are not, or lack the metric.

    Of K models every pair is compared, so that with more models the correction is for more tests.
    """
    if len(runs) < 2:
        raise InputError("give at least two results to compare")
    for other in runs[1:]:
        check_same(runs[0], other)
    names = _distinct([run.results.model.name for run in runs])
    tables = [_table(run, name, metric) for run, name in zip(runs, names, strict=True)]
    first = runs[0].results
    pairs = [
        _pair((names[a], names[b]), (tables[a], tables[b]), first, metric, confidence, samples, seed)
        for a, b in combinations(range(len(runs)), 2)
    ]
    return Comparison(
        metric=metric,
        track=first.dataset.track,
        axis=first.dataset.axis,
        unit=first.dataset.unit,
        dataset_checksum=first.dataset.checksum,
        confidence=confidence,
        pairs=_corrected(pairs, metric, confidence),
    )


def metric_name(metric: str) -> str:
    """A score's name for readers."""
    return METRIC_NAMES.get(metric, metric.replace("_", " "))


def _distinct(names: list[str]) -> list[str]:
    """The names, numbered where several are the same."""
    return [name if names.count(name) == 1 else f"{name} ({i + 1})" for i, name in enumerate(names)]


def _table(run: Run, name: str, metric: str) -> Clusters:
    scores = run.per_image.get(metric)
    if scores is None or not np.isfinite(scores).all():
        raise InputError(f"{name} has no {metric} for every image")
    order = [point.condition for point in run.results.curve]
    return clusters(run.per_image["structure_id"], run.per_image["condition_id"], scores, order)


def _pair(
    names: tuple[str, str],
    tables: tuple[Clusters, Clusters],
    results: Results,
    metric: str,
    confidence: float,
    samples: int,
    seed: int,
) -> Pair:
    """The pair, its p-values not yet corrected and without a conclusion."""
    first, second = tables
    difference = Clusters(first.total - second.total, first.count)
    replicates = bootstrap(difference, samples=samples, seed=seed)
    low, high = interval(replicates, confidence)
    p = sign_flip_test(difference, seed=seed)
    conditions = [
        Difference(
            condition=point.condition,
            value=point.value,
            difference=float(replicates.estimate[i]),
            low=finite(low[i]),
            high=finite(high[i]),
            p=float(p[i]),
            p_holm=float(p[i]),
        )
        for i, point in enumerate(results.curve)
    ]
    relative = _relative_error(tables, metric, confidence, samples, seed)
    return Pair(
        first=names[0],
        second=names[1],
        mean=_mean(difference, confidence, samples, seed),
        conditions=conditions,
        relative_error=relative[0],
        relative_error_low=relative[1],
        relative_error_high=relative[2],
        conclusion="",
    )


def _corrected(pairs: Sequence[Pair], metric: str, confidence: float) -> list[Pair]:
    """The pairs with p-values corrected for all tests that were made, and what follows from them in words."""
    means = holm([pair.mean.p for pair in pairs])
    each = holm([one.p for pair in pairs for one in pair.conditions]).reshape(len(pairs), -1)
    done = []
    for pair, own, others in zip(pairs, means, each, strict=True):
        mean = msgspec.structs.replace(pair.mean, p_holm=float(own))
        conditions = [
            msgspec.structs.replace(one, p_holm=float(p)) for one, p in zip(pair.conditions, others, strict=True)
        ]
        words = conclusion((pair.first, pair.second), mean, conditions, metric, confidence)
        done.append(msgspec.structs.replace(pair, mean=mean, conditions=conditions, conclusion=words))
    return done


def _mean(difference: Clusters, confidence: float, samples: int, seed: int) -> Difference:
    """The mean over conditions, each counted alike."""
    overall = bootstrap(difference, samples=samples, seed=seed).map(lambda m: m.mean(axis=-1))
    low, high = interval(overall, confidence)
    weight = 1 / (difference.count.sum(axis=0) * difference.count.shape[1])
    pooled = Clusters((difference.total * weight).sum(axis=1, keepdims=True), np.ones((difference.n_structures, 1)))
    p = float(sign_flip_test(pooled, seed=seed)[0])
    return Difference(
        condition=None,
        value=None,
        difference=float(overall.estimate),
        low=finite(low),
        high=finite(high),
        p=p,
        p_holm=p,
    )


def _relative_error(
    tables: tuple[Clusters, Clusters], metric: str, confidence: float, samples: int, seed: int
) -> tuple[float | None, float | None, float | None]:
    if metric in LOWER_IS_BETTER:
        return None, None, None
    one, other = (bootstrap(table, samples=samples, seed=seed) for table in tables)
    both = type(one)(*(np.stack(pair, axis=-1) for pair in zip(_fields(one), _fields(other), strict=True)))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = both.map(lambda m: (1 - m[..., 0]).sum(axis=-1) / (1 - m[..., 1]).sum(axis=-1))
    low, high = interval(ratio, confidence)
    return finite(ratio.estimate), finite(low), finite(high)


def _fields(replicates: Any) -> tuple[Any, Any, Any]:
    return replicates.estimate, replicates.samples, replicates.jackknife


def conclusion(
    names: tuple[str, str], mean: Difference, conditions: Sequence[Difference], metric: str, confidence: float
) -> str:
    """What the differences allow to be said, in two or three sentences."""
    sign = -1 if metric in LOWER_IS_BETTER else 1
    level = 1 - confidence
    better: tuple[list[str], list[str]] = ([], [])
    for one in conditions:
        if one.p_holm <= level and one.difference:
            better[0 if sign * one.difference > 0 else 1].append(str(one.condition))
    undecided = len(conditions) - len(better[0]) - len(better[1])
    parts = [_overall(names, mean, sign, level, metric_name(metric))]
    for name, other, places in zip(names, names[::-1], better, strict=True):
        if places:
            count = "all" if len(places) == len(conditions) else f"{len(places)} of the {len(conditions)}"
            where = "" if len(places) == len(conditions) else f" ({', '.join(places)})"
            parts.append(
                f"{name} is better than {other} at {count} conditions{where}, after Holm's correction at {level:.2g}."
            )
    if undecided == len(conditions):
        parts.append("At no single condition do the data decide between them.")
    elif undecided:
        parts.append(f"At {undecided} of the {len(conditions)} conditions the data do not decide.")
    return " ".join(parts)


def _overall(names: tuple[str, str], mean: Difference, sign: int, level: float, metric: str) -> str:
    size = f"{abs(mean.difference):.3f}"
    if mean.low is None or mean.high is None:
        return f"The mean {metric} differs by {size}; one structure gives no interval, so nothing can be concluded."
    ends = sorted(abs(one) for one in (mean.low, mean.high)) if mean.low * mean.high > 0 else None
    if mean.p_holm <= level and ends is not None:
        ahead, behind = names if sign * mean.difference > 0 else names[::-1]
        return (
            f"Over the track {ahead} is ahead of {behind} by {size} in mean {metric} ({ends[0]:.3f} to {ends[1]:.3f})."
        )
    span = f"{mean.low:+.3f} to {mean.high:+.3f}"
    return (
        f"Over the track the difference in mean {metric}, {mean.difference:+.3f} ({span}), does not tell "
        f"{names[0]} and {names[1]} apart."
    )
