"""What a study found: matrices, laws and ranking, from the scores of its finished networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

import hrtem_bench
from hrtem_bench.errors import InputError
from hrtem_bench.study.findings import conclusions, limits
from hrtem_bench.study.law import Resamples, fit_laws, hold_laws
from hrtem_bench.study.matrix import Physics, losses, physics_of, seed_spread, set_means, structure_means
from hrtem_bench.study.networks import every_network, record_of
from hrtem_bench.study.ranking import agreements, ranked
from hrtem_bench.study.results import Data, Elsewhere, Matrices, StudyResults, TestCondition, rows
from hrtem_bench.study.scores import METRICS, Scores, read_scores
from hrtem_bench.study.settings import Opened

Floats = NDArray[np.float64]
TARGETS = ("dice", "nll", "drop")
SAMPLES = 500
_LEAST_SAMPLES, _MOST_NUMBERS = 100, 5_000_000


def analyse(
    opened: Opened, out: Path, *, confidence: float = 0.95, seed: int = 0, other: StudyResults | None = None
) -> tuple[StudyResults, dict[str, list[Any]]]:
    """The results of a study from its finished networks in `out`, and the columns of matrix.parquet.

    other: a study whose laws are held against this one as they are. InputError where a training set has no finished
    network yet.

    The intervals of laws come from a bootstrap over structures, seeds and training sets, those of the ranking from one
    over structures.
    """
    every = every_network(opened.study)
    networks = [one for one in every if record_of(out, one) is not None]
    finished = {(one.training.name, one.seed) for one in networks}
    _check_sets(opened, {one.training.name for one in networks})
    scores = read_scores(out, networks, opened.tracks)
    names = [one.name for one in opened.study.training]
    sets = np.array([names.index(one.training.name) for one in networks], dtype=np.intp)
    physics = physics_of(opened)
    means = {metric: structure_means(scores.scores[metric]) for metric in METRICS}
    order = ranked(
        scores.scores["dice"],
        sets,
        names,
        [one.conditions for one in opened.study.training],
        [one.condition for one in scores.places],
        physics,
        confidence=confidence,
        seed=seed,
    )
    manifest = opened.track.manifest
    targets = _resamples(scores, sets, physics, seed)
    options: dict[str, Any] = {"confidence": confidence, "seed": seed}
    found = StudyResults(
        study=opened.study,
        version=hrtem_bench.__version__,
        dataset=Data(name=manifest.name, version=manifest.version, checksum=manifest.checksum, unit=opened.track.unit),
        networks=len(networks),
        missing=[one.name for one in every if (one.training.name, one.seed) not in finished],
        structures=len(scores.structures),
        q_max=physics.q_max,
        confidence=confidence,
        sets=names,
        training_images=[opened.track.count("train", one.conditions) for one in opened.study.training],
        tests=[
            TestCondition(track=one.track, condition=one.condition, value=one.value, epsilon=float(e))
            for one, e in zip(scores.places, physics.epsilon, strict=True)
        ],
        matrices=_matrices(means, sets, physics),
        laws=[law for name, loss in targets.items() for law in fit_laws(physics, name, loss, **options)],
        ranking=order,
        agreement=agreements(order, confidence=confidence, seed=seed),
        elsewhere=None if other is None else _elsewhere(other, physics, targets, options),
    )
    found = msgspec.structs.replace(found, conclusions=conclusions(found), limits=limits(found))
    return found, rows(networks, scores.places, means, found)


def _check_sets(opened: Opened, finished: set[str]) -> None:
    lacking = [one.name for one in opened.study.training if one.name not in finished]
    if lacking:
        raise InputError(
            f"no network of the training set {', '.join(lacking)} is finished: run the same command again, and then "
            "there is something to compare"
        )


def _matrices(means: dict[str, Floats], sets: NDArray[np.intp], physics: Physics) -> Matrices:
    count = len(physics.sigma)
    by_set = {metric: set_means(value, sets, count) for metric, value in means.items()}
    found = losses(by_set, physics.reference)
    return Matrices.of(
        dice=by_set["dice"],
        dice_seed_sd=seed_spread(means["dice"], sets, count),
        nll=by_set["nll"],
        drop=np.where(physics.reference > 0, 0.0, found["drop"]),
        sigma=physics.sigma,
        coverage=physics.coverage,
        distance=physics.distance,
        trained=physics.trained,
    )


def _elsewhere(
    other: StudyResults, physics: Physics, targets: Mapping[str, Resamples], options: Mapping[str, Any]
) -> Elsewhere:
    laws = [law for name, loss in targets.items() for law in hold_laws(other.laws, physics, name, loss, **options)]
    return Elsewhere(study=other.study.name, dataset=other.dataset.name, laws=laws)


def _resamples(scores: Scores, sets: NDArray[np.intp], physics: Physics, seed: int) -> dict[str, Resamples]:
    """What laws are about, by the names of `TARGETS`; those without a number are left out."""
    shape = physics.sigma.shape
    samples = int(np.clip(_MOST_NUMBERS // (shape[0] * shape[1]), _LEAST_SAMPLES, SAMPLES))
    estimate = losses(_by_set(scores, sets, None, None, shape[0]), physics.reference)
    drawn = [losses(one, physics.reference) for one in _resampled(scores, sets, shape[0], samples, seed)]
    every = {name: Resamples(estimate[name], np.array([one[name] for one in drawn])) for name in TARGETS}
    return {name: loss for name, loss in every.items() if np.isfinite(loss.estimate).any()}


def _resampled(
    scores: Scores, sets: NDArray[np.intp], count: int, samples: int, seed: int
) -> Iterator[dict[str, Floats]]:
    """Mean scores (T, C) with structures and, within each training set, networks drawn with replacement."""
    generator = np.random.default_rng(seed)
    n = len(scores.structures)
    groups = [np.flatnonzero(sets == index) for index in range(count)]
    for _ in range(samples):
        structures = generator.multinomial(n, np.full(n, 1.0 / n)).astype(float)
        networks = np.concatenate([generator.choice(group, len(group)) for group in groups])
        yield _by_set(scores, sets, structures, networks, count)


def _by_set(
    scores: Scores,
    sets: NDArray[np.intp],
    structures: Floats | None,
    networks: NDArray[np.intp] | None,
    count: int,
) -> dict[str, Floats]:
    chosen: Sequence[int] | NDArray[np.intp] = np.arange(len(sets)) if networks is None else networks
    means = {metric: structure_means(scores.scores[metric], structures) for metric in METRICS}
    return {metric: set_means(value[chosen], sets[chosen], count) for metric, value in means.items()}


__all__ = ["TARGETS", "analyse"]
