"""A model against baselines: its relative error, its score beyond what σ and ε or the model observer predict."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.scoring.estimate import Estimate, estimate_of
from hrtem_bench.scoring.results import CurvePoint
from hrtem_bench.scoring.run import Run, check_same
from hrtem_bench.scoring.statistics import PUBLISHED, Resampling, bootstrap, stacked

Floats = NDArray[np.float64]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A model's scores against baselines.

    Parameters
    ----------
    relative_error
        Sum over conditions of 1 - mean Dice, over that of the first baseline; below 1 is better.
    effective_robustness
        See `standing`; above 0 is better than predicted from the baselines. None where it is not defined.
    excess_loss
        See `standing`; below 0 is better than the model observer expects. None where it expects nothing.
    """

    relative_error: Estimate
    effective_robustness: Estimate | None = None
    excess_loss: Estimate | None = None


def standing(run: Run, family: Sequence[Run], how: Resampling = PUBLISHED) -> Standing:
    """A model against baselines that were scored on the same images.

    Effective robustness follows Taori et al. (2020), with σ and ε in place of the in-distribution score: a plane Dice =
    a + b σ + c ε is fitted by least squares to every condition of every baseline. The score is the mean, over the
    conditions that the model was not trained at, of its mean Dice minus the plane at its own σ and ε. It is None if a σ
    is not known, if the model was trained at every condition, or if the baselines do not determine a plane. For the
    intervals, structures are resampled for all models at once.

    Excess loss needs no baseline: the mean, over the conditions that the model was not trained at, of ln(loss) less ln
    of the loss that the model observer expects there, with the model's own offset.

    InputError for no baseline, and for runs of other images.
    """
    if not family:
        raise InputError("no baseline is given to stand against")
    for one in family:
        check_same(one, run)
    dice = stacked([bootstrap(one.clusters(), how) for one in (run, *family)])
    first = dice.map(lambda m: (1 - m[..., 0, :]).sum(axis=-1) / np.maximum((1 - m[..., 1, :]).sum(axis=-1), 1e-12))
    relative, excess = estimate_of(first, how.confidence), excess_loss(run, how)
    weights = _weights(run, family)
    if weights is None:
        return Standing(relative_error=relative, excess_loss=excess)
    beyond = estimate_of(dice.map(lambda m: np.einsum("...rc,rc->...", m, weights)), how.confidence)
    return Standing(relative_error=relative, effective_robustness=beyond, excess_loss=excess)


def expected_with_offset(points: Sequence[CurvePoint]) -> Floats:
    """What the model observer expects at each point of a curve, with the model's own offset, and its limits, (3, n).

    The offset makes the mean of ln loss where the model was trained what was measured there. NaN where nothing is
    expected, and everywhere where no loss was measured where the model was trained.
    """
    found = np.full((3, len(points)), np.nan)
    for index, point in enumerate(points):
        if point.expected is not None:
            limits = point.expected.low, point.expected.high
            found[:, index] = point.expected.value, *(np.nan if one is None else one for one in limits)
    measured = np.array([point.scores["nll"].value if "nll" in point.scores else np.nan for point in points])
    trained = np.array([point.in_distribution for point in points], dtype=bool) & np.isfinite(found[0] * measured)
    if not trained.any():
        return np.full_like(found, np.nan)
    return found * np.exp(np.mean(np.log(measured[trained] / found[0, trained])))


def excess_loss(run: Run, how: Resampling = PUBLISHED) -> Estimate | None:
    """ln of the loss over what the model observer expects, the mean over conditions not trained at; see `standing`.

    Its interval is that of the bootstrap over structures; the law's own is not in it.
    """
    points = run.results.curve
    expected = expected_with_offset(points)[0]
    away = np.array([not point.in_distribution for point in points]) & np.isfinite(expected)
    trained = np.array([point.in_distribution for point in points]) & np.isfinite(expected)
    if not away.any() or not trained.any():
        return None
    first = np.log([1.0 if one.expected is None else one.expected.value for one in points])

    def score(losses: Floats) -> Floats:
        beyond = np.log(np.maximum(losses, 1e-12)) - first
        return beyond[..., away].mean(axis=-1) - beyond[..., trained].mean(axis=-1)

    return estimate_of(bootstrap(run.clusters("nll"), how).map(score), how.confidence)


def _weights(run: Run, family: Sequence[Run]) -> Floats | None:
    """(1 + F, C): effective robustness as weights of the mean Dice of the model and of the F baselines.

    There are such weights because the plane is linear in the scores that it is fitted to.
    """
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
