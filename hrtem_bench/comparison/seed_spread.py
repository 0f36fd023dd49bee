"""Several trainings of one model: how much a score varies between trainings, and how much between structures."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.scoring.estimate import Estimate, estimate, student
from hrtem_bench.scoring.per_image import MASK_SHA256
from hrtem_bench.scoring.run import Run, check_same

Floats = NDArray[np.float64]


class SeedPoint(msgspec.Struct, frozen=True, kw_only=True):
    """The Dice of several trainings at a condition.

    Parameters
    ----------
    condition
        Its id; None for the mean over all conditions.
    mean
        Over trainings and structures, with its interval for a new training and new structures.
    seed_sd, structure_sd
        Standard deviations between trainings and between structures, each without the part due to the other and to
        their interaction; structure_sd is None for a single structure.
    """

    condition: str | None
    mean: Estimate
    seed_sd: float
    structure_sd: float | None


class SeedSpread(msgspec.Struct, frozen=True, kw_only=True):
    """Several trainings of one model on the same test images."""

    models: list[str]
    trainings: int
    structures: int
    confidence: float
    mean: SeedPoint
    conditions: list[SeedPoint]


def seed_spread(runs: Sequence[Run], *, confidence: float = 0.95) -> SeedSpread:
    """The spread of Dice between trainings, with intervals that include it and the choice of structures.

    Trainings and structures are crossed random effects: every model sees every structure. With K trainings, S
    structures, and mean squares s² of their means and of the interaction, the variance of the grand mean is s²_K / K +
    s²_S / S - s²_KS / (K S), an unbiased estimate (Searle, Casella and McCulloch, 1992), here not below the larger of
    the first two terms. Degrees of freedom are Satterthwaite's (1946).

    InputError for fewer than two runs, runs of other images, and the same network twice (same checksum and masks).
    """
    if len(runs) < 2:
        raise InputError("give the results of at least two trainings")
    for other in runs[1:]:
        check_same(runs[0], other)
    seen = [(run.results.model.checksum, tuple(run.per_image[MASK_SHA256])) for run in runs]
    twice = next((run for run, one in zip(runs, seen, strict=True) if seen.count(one) > 1), None)
    if twice is not None:
        raise InputError(
            f"{twice.results.model.name} is given twice, with the same checksum and masks: trainings must differ"
        )
    order = runs[0].conditions
    scores = np.stack([_scores(run) for run in runs])
    return SeedSpread(
        models=[run.results.model.name for run in runs],
        trainings=len(runs),
        structures=scores.shape[1],
        confidence=confidence,
        mean=_point(None, scores.mean(axis=-1), confidence),
        conditions=[_point(name, scores[..., i], confidence) for i, name in enumerate(order)],
    )


def _scores(run: Run) -> Floats:
    """(S, C): each structure's mean Dice at each condition."""
    table = run.clusters()
    if not table.count.all():
        raise InputError("not every structure was scored at every condition: trainings need the same structures")
    return table.total / table.count


def _point(condition: str | None, scores: Floats, confidence: float) -> SeedPoint:
    """The point for scores (K, S)."""
    trainings, structures = scores.shape
    mean, by_seed, by_structure = float(scores.mean()), scores.mean(axis=1), scores.mean(axis=0)
    seed_ms = float(by_seed.var(ddof=1))
    if structures < 2:
        return SeedPoint(condition=condition, mean=estimate(mean), seed_sd=seed_ms**0.5, structure_sd=None)
    structure_ms = float(by_structure.var(ddof=1))
    rest = scores - by_seed[:, None] - by_structure + mean
    both_ms = float((rest**2).sum()) / ((trainings - 1) * (structures - 1))
    parts = np.array([seed_ms / trainings, structure_ms / structures])
    variance = max(float(parts.sum()) - both_ms / (trainings * structures), float(parts.max()))
    spread = float((parts**2 / (np.array([trainings, structures]) - 1)).sum())
    freedom = variance**2 / spread if spread else np.inf
    return SeedPoint(
        condition=condition,
        mean=student(mean, variance, freedom, confidence),
        seed_sd=max(0.0, seed_ms - both_ms / structures) ** 0.5,
        structure_sd=max(0.0, structure_ms - both_ms / trainings) ** 0.5,
    )
