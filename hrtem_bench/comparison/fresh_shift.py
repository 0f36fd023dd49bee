"""How a model's scores on a fresh test set differ from those on the public one."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.scoring.estimate import Estimate, estimate, student
from hrtem_bench.scoring.run import Run
from hrtem_bench.scoring.statistics import Clusters

FRESH = "fresh.json"


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """Mean Dice on public and on new structures, and new minus public; condition None: the mean over all."""

    condition: str | None
    public: float
    fresh: float
    difference: Estimate


class FreshShift(msgspec.Struct, frozen=True, kw_only=True):
    """The difference between a fresh test set and the public one; the content of fresh.json."""

    model: str
    seed: int
    confidence: float
    mean: Shift
    conditions: list[Shift]


def fresh_shift(public: Run, fresh: Run, seed: int) -> FreshShift:
    """The difference of the mean Dice on two sets of structures, at each condition and averaged over all.

    The intervals are Welch's (1947) with structures as the units, since the sets share none. Raises InputError if the
    runs are of different models or conditions.
    """
    one, other = public.results, fresh.results
    if one.model.checksum != other.model.checksum:
        raise InputError(f"the public results are those of another model, {one.model.name}")
    order = fresh.conditions
    if public.conditions != order:
        raise InputError("the public results are of other conditions: evaluate both at the same ones")
    old, new = public.clusters(), fresh.clusters()
    confidence = other.settings.confidence
    conditions = [_shift(name, _mean(_only(old, i)), _mean(_only(new, i)), confidence) for i, name in enumerate(order)]
    mean = _shift(None, _mean(old), _mean(new), confidence)
    return FreshShift(model=other.model.name, seed=seed, confidence=confidence, mean=mean, conditions=conditions)


def _only(table: Clusters, index: int) -> Clusters:
    """The scores of one condition."""
    return Clusters(table.total[:, [index]], table.count[:, [index]])


class _Mean(NamedTuple):
    """The mean over conditions with equal weights, and what each structure adds to its deviation (linearised)."""

    value: float
    parts: NDArray[np.float64]


def _mean(table: Clusters) -> _Mean:
    images = table.count.sum(axis=0)
    means = table.total.sum(axis=0) / images
    return _Mean(float(means.mean()), ((table.total - means * table.count) / images).mean(axis=1))


def _shift(condition: str | None, public: _Mean, fresh: _Mean, confidence: float) -> Shift:
    difference = estimate(fresh.value - public.value)
    counts = np.array([len(public.parts), len(fresh.parts)])
    if counts.min() > 1:
        variances = counts / (counts - 1) * np.array([np.sum(one.parts**2) for one in (public, fresh)])
        total = float(variances.sum())
        freedom = total**2 / float((variances**2 / (counts - 1)).sum()) if total else 1.0
        difference = student(fresh.value - public.value, total, freedom, confidence)
    return Shift(condition=condition, public=public.value, fresh=fresh.value, difference=difference)
