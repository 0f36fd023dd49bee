"""Training set × test condition: what was measured, and what the transfer function says of the same pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.conditions import ConditionSet
from hrtem_bench.dataset import Track
from hrtem_bench.physics import transfer_spectra
from hrtem_bench.study.settings import Opened, TrainingSet

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Physics:
    """What is known of training sets (T) and test conditions (C) before any network is trained.

    sigma, coverage: (T, C). epsilon: (C,). noise: (C,), standard deviation of shot noise over the mean of a pixel, NaN
    without a dose. distance: (T, C), from a test condition to the nearest one trained at, on
    the axis of the study's track; NaN on other tracks, and on all where the axis has no unit. trained: (T, C), whether
    the set holds the condition. reference: (T, C), the share of each set in the in-distribution score at a condition:
    of the sets trained there alone, else of those that hold it; zeros in columns that none holds. q_max: 1/Å.
    """

    sigma: Floats
    coverage: Floats
    epsilon: Floats
    noise: Floats
    distance: Floats
    trained: NDArray[np.bool_]
    reference: Floats
    q_max: float


def physics_of(opened: Opened) -> Physics:
    """σ, coverage, ε and distances of every pair, each condition with the spread of its track."""
    training, tracks = opened.study.training, opened.tracks
    known = {one.condition_id: ConditionSet.about(one.condition, one.spread) for one in opened.track.conditions}
    sets = [ConditionSet.mixture([known[name] for name in one.conditions]) for one in training]
    tests = [ConditionSet.about(one.condition, one.spread) for track in tracks for one in track.conditions]
    q_max = 0.5 / opened.track.pixel_size
    spectra = transfer_spectra([*sets, *tests], q_max)
    wanted = spectra.take(range(len(sets), len(sets) + len(tests)))
    power = spectra.power[: len(sets)]
    trained = _trained(training, tracks)
    return Physics(
        sigma=wanted.sigma(power),
        coverage=wanted.coverage(power),
        epsilon=wanted.epsilon(),
        noise=_noise(tracks),
        distance=_distance(training, tracks),
        trained=trained,
        reference=_reference(trained, [len(one.conditions) for one in training]),
        q_max=q_max,
    )


def _trained(training: Sequence[TrainingSet], tracks: Sequence[Track]) -> NDArray[np.bool_]:
    """Of the study's own track alone: a condition of another differs from it in something."""
    rows = [
        [index == 0 and one.condition_id in group.conditions for index, t in enumerate(tracks) for one in t.conditions]
        for group in training
    ]
    return np.array(rows, dtype=bool)


def _noise(tracks: Sequence[Track]) -> Floats:
    electrons = [(c.condition.dose or np.nan) * track.pixel_size**2 for track in tracks for c in track.conditions]
    return 1.0 / np.sqrt(np.array(electrons))


def _distance(training: Sequence[TrainingSet], tracks: Sequence[Track]) -> Floats:
    own = tracks[0]
    distance = np.full((len(training), sum(len(track.conditions) for track in tracks)), np.nan)
    if own.unit:
        place = {one.condition_id: one.value for one in own.conditions}
        values = np.array([one.value for one in own.conditions])
        for row, group in zip(distance, training, strict=True):
            at = np.array([place[name] for name in group.conditions])
            row[: len(values)] = np.abs(values[:, None] - at).min(axis=1)
    return distance


def _reference(trained: NDArray[np.bool_], sizes: Sequence[int]) -> Floats:
    alone = trained & (np.array(sizes) == 1)[:, None]
    chosen = np.where(alone.any(axis=0), alone, trained).astype(float)
    return chosen / np.maximum(chosen.sum(axis=0), 1.0)


def set_means(values: Floats, sets: NDArray[np.intp], count: int) -> Floats:
    """(T, …) means over the networks of each training set, of values (N, …)."""
    total = np.zeros((count, *values.shape[1:]))
    np.add.at(total, sets, values)
    return total / np.bincount(sets, minlength=count).reshape(-1, *[1] * (values.ndim - 1))


def seed_spread(values: Floats, sets: NDArray[np.intp], count: int) -> Floats:
    """(T, …) standard deviations between the networks of each training set; NaN where there is but one."""
    gap = values - set_means(values, sets, count)[sets]
    total = np.zeros((count, *values.shape[1:]))
    np.add.at(total, sets, gap**2)
    free = np.bincount(sets, minlength=count).reshape(-1, *[1] * (values.ndim - 1)) - 1.0
    return np.sqrt(np.divide(total, free, out=np.full_like(total, np.nan), where=free > 0))


def structure_means(values: Floats, weights: Floats | None = None) -> Floats:
    """(N, C) means over structures of values (N, S, C), weighted by (S,); a structure that is not there is NaN."""
    there = np.isfinite(values[0]).astype(float)
    weight = np.ones(values.shape[1]) if weights is None else weights
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.einsum("s,nsc->nc", weight, np.nan_to_num(values)) / (weight @ there)


def losses(means: Mapping[str, Floats], reference: Floats) -> dict[str, Floats]:
    """What laws are fitted to, (…, T, C), from mean scores of the same shape.

    "dice": 1 − Dice. "nll": the negative log-likelihood. "drop": Dice of the in-distribution networks at the condition
    less that of the set; NaN where there are none, and for these networks themselves, where it is 0 by definition.
    """
    found = {"dice": 1.0 - means["dice"], "nll": means["nll"]}
    known = reference.sum(axis=0) > 0
    best = np.sum(reference * np.nan_to_num(means["dice"]), axis=-2, keepdims=True)
    found["drop"] = np.where(known & (reference == 0), best - means["dice"], np.nan)
    return found


__all__ = ["Physics", "losses", "physics_of", "seed_spread", "set_means", "structure_means"]
