"""The images of one condition through a model, and a score for each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.conditions import Condition, condition_from_dict, condition_to_dict
from hrtem_bench.errors import InputError
from hrtem_bench.harness import metrics
from hrtem_bench.harness.calibration import BINS, reliability
from hrtem_bench.harness.contract import InputContract
from hrtem_bench.harness.objects import object_scores, surface_dice
from hrtem_bench.harness.predict import answers, batches
from hrtem_bench.harness.results import ImageScores
from hrtem_bench.harness.submissions import Submission

if TYPE_CHECKING:
    from hrtem_bench.dataset import Sample, Track

T = TypeVar("T")


class ConditionScores(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one condition.

    images: in the track's order. used: their settings, each distinct one once. reliability: see
    `calibration`, None for a model that returns classes.
    """

    condition_id: str
    images: list[ImageScores]
    used: list[dict[str, Any]]
    reliability: list[list[float]] | None

    def conditions(self) -> tuple[Condition, ...]:
        """The conditions of the images, each distinct one once."""
        return tuple(condition_from_dict(one) for one in self.used)


def score_condition(
    submission: Submission,
    track: Track,
    split: str,
    condition_id: str,
    *,
    batch_size: int,
    limit: int | None = None,
    scored: Callable[[int], None] | None = None,
) -> ConditionScores:
    """Score every image of a condition (the first `limit`), `batch_size` at a time; `scored` is told of each batch.

    While the model works on a batch, the one before it is scored and the next one read, each in a thread.
    """
    images: list[ImageScores] = []
    used: dict[Condition, None] = {}
    sums = np.zeros((3, BINS))
    samples = islice(track.rows(split, conditions=[condition_id]), limit)
    with ThreadPoolExecutor(2) as pool:
        for scores, reliabilities, batch in _scored(submission, batches(samples, batch_size), track.pixel_size, pool):
            images += scores
            for one in reliabilities:
                sums += one
            used.update(dict.fromkeys(sample.condition for sample in batch))
            if scored is not None:
                scored(len(batch))
    if not images:
        raise InputError(f"the {split} split of the track {track.name} has no images at {condition_id}")
    return ConditionScores(
        condition_id=condition_id,
        images=images,
        used=[condition_to_dict(one) for one in used],
        reliability=None if submission.contract.output == "classes" else sums.tolist(),
    )


def _scored(
    submission: Submission, batches_of: Iterator[list[Sample]], pixel_size: float, pool: Executor
) -> Iterator[tuple[list[ImageScores], list[NDArray[np.float64]], list[Sample]]]:
    """For each batch its scores and sums of reliability, one batch behind the model."""
    pending = None
    for batch in ahead(batches_of, pool):
        probability = answers(submission, batch, pixel_size)
        if pending is not None:
            yield pending.result()
        pending = pool.submit(_scores_of, batch, probability, submission, pixel_size)
    if pending is not None:
        yield pending.result()


def _scores_of(
    batch: list[Sample], probability: NDArray[np.float32], submission: Submission, pixel_size: float
) -> tuple[list[ImageScores], list[NDArray[np.float64]], list[Sample]]:
    sums = [reliability(one, sample.mask > 0) for one, sample in zip(probability, batch, strict=True)]
    return score_batch(batch, probability, submission, pixel_size), sums, batch


def ahead(items: Iterator[T], pool: Executor) -> Iterator[T]:
    """The items, each made in the pool while the one before it is used."""
    end = object()
    coming: Future[Any] = pool.submit(next, items, end)
    while (item := coming.result()) is not end:
        coming = pool.submit(next, items, end)
        yield item


def score_batch(
    samples: list[Sample], probability: NDArray[np.float32], submission: Submission, pixel_size: float
) -> list[ImageScores]:
    """The scores of a batch: probability (N, ny, nx) against each sample's mask."""
    return [
        ImageScores(
            structure_id=sample.structure_id,
            condition_id=sample.condition_id,
            C10=sample.condition.C10,
            mask_sha256=_digest(probability[index] > submission.contract.threshold),
            metrics=image_metrics(sample, probability[index], submission.contract, pixel_size),
        )
        for index, sample in enumerate(samples)
    ]


def _digest(prediction: NDArray[np.bool_]) -> str:
    return hashlib.sha256(np.packbits(prediction).tobytes()).hexdigest()


def image_metrics(
    sample: Sample, probability: NDArray[np.float32], contract: InputContract, pixel_size: float
) -> dict[str, float | None]:
    """Every score of one image, by the names in METRICS; those of probabilities not for a model that gives classes."""
    mask = sample.mask > 0
    prediction = probability > contract.threshold
    scores: dict[str, float | None] = {
        "dice": float(metrics.dice(prediction, mask)),
        "iou": float(metrics.iou(prediction, mask)),
        "surface_dice": surface_dice(prediction, mask, pixel_size=pixel_size),
        **object_scores(prediction, sample.instances, pixel_size=pixel_size),
    }
    if contract.output != "classes":
        scores["nll"] = float(metrics.nll(probability, mask))
        scores["brier"] = float(metrics.brier(probability, mask))
    return scores
