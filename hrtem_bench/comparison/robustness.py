"""A model against baselines: its errors relative to one, and what it does beyond what σ and ε predict from a family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.scoring.run import Run, check_same
from hrtem_bench.scoring.statistics import Replicates, bootstrap, clusters
from hrtem_bench.scoring.summary import with_interval

Floats = NDArray[np.float64]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A model's scores against baselines; None where they have no meaning.

    relative_error: sum over conditions of 1 - mean Dice, over that of the first baseline; below 1 is better.
    effective_robustness: see `standing`; above 0 is better than the baselines' physics predicts.
    """

    relative_error: float | None = None
    relative_error_low: float | None = None
    relative_error_high: float | None = None
    effective_robustness: float | None = None
    effective_robustness_low: float | None = None
    effective_robustness_high: float | None = None


def standing(
    run: Run, family: Sequence[Run], *, confidence: float = 0.95, samples: int = 2000, seed: int = 0
) -> Standing:
    """The model of `run` against the baselines of `family`, all scored on the same images.

    Effective robustness, after Taori et al. (2020) with σ and ε in place of the in-distribution score: a plane Dice =
    a + b σ + c ε is fitted by least squares to every condition of every baseline; the score is the mean, over the
    conditions that the model was not trained at, of its mean Dice less what the plane gives at its own σ and ε. It is
    None where a σ is not known, where the model was trained at every condition, or where the baselines do not fix a
    plane. The intervals draw structures anew for all models at once.

    Raises InputError for no baseline, and for runs of other images.
    """
    if not family:
        raise InputError("no baseline is given to stand against")
    for one in family:
        check_same(one, run)
    dice = _replicates([run, *family], samples, seed)
    first = dice.map(lambda m: (1 - m[..., 0, :]).sum(axis=-1) / np.maximum((1 - m[..., 1, :]).sum(axis=-1), 1e-12))
    scores: dict[str, Any] = with_interval("relative_error", first, confidence)
    weights = _weights(run, family)
    if weights is not None:
        beyond = dice.map(lambda m: np.einsum("...rc,rc->...", m, weights))
        scores |= with_interval("effective_robustness", beyond, confidence)
    return Standing(**scores)


def _weights(run: Run, family: Sequence[Run]) -> Floats | None:
    """(1 + F, C): effective robustness is the sum of the mean Dice of the model and the F baselines with these
    weights, since the plane is linear in the scores that it is fitted to."""
    own, plane = _design(run), np.concatenate([_design(one) for one in family])
    away = np.array([not point.in_distribution for point in run.results.curve])
    if not (np.isfinite(own).all() and np.isfinite(plane).all() and away.any()):
        return None
    if np.linalg.matrix_rank(plane) < plane.shape[1] or len(plane) <= plane.shape[1]:
        return None
    mean = away / away.sum()
    predicted = mean @ own @ np.linalg.pinv(plane)
    return np.concatenate([mean[None], -predicted.reshape(len(family), -1)])


def _design(run: Run) -> Floats:
    """(C, 3): one, σ and ε of each condition, NaN where not known."""
    return np.array([[1.0, point.sigma, point.epsilon] for point in run.results.curve], dtype=np.float64)


def _replicates(runs: Sequence[Run], samples: int, seed: int) -> Replicates:
    """Mean Dice (runs, C), with one resampling of structures for all; conditions in the order of the first run."""
    order = [point.condition for point in runs[0].results.curve]
    all_of: list[Replicates] = []
    for run in runs:
        columns = run.per_image
        table = clusters(columns["structure_id"], columns["condition_id"], columns["dice"], order)
        all_of.append(bootstrap(table, samples=samples, seed=seed))
    return Replicates(
        np.stack([one.estimate for one in all_of]),
        np.stack([one.samples for one in all_of], axis=-2),
        np.stack([one.jackknife for one in all_of], axis=-2),
    )


__all__ = ["Standing", "standing"]
