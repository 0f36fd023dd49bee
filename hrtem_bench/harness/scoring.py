"""The images of one condition through a model, and a score for each."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.conditions import Condition, condition_from_dict, condition_to_dict
from hrtem_bench.errors import InputError
from hrtem_bench.harness import metrics
from hrtem_bench.harness.predict import batches, predict
from hrtem_bench.harness.results import ImageScores
from hrtem_bench.harness.submissions import Submission

if TYPE_CHECKING:
    from hrtem_bench.dataset import Sample, Track


class ConditionScores(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one condition: a score per image, in the track's order, and the settings used, each once."""

    condition_id: str
    images: list[ImageScores]
    used: list[dict[str, Any]]

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
    """Score every image of a condition (the first `limit`), `batch_size` at a time; `scored` is told of each batch."""
    images: list[ImageScores] = []
    used: dict[Condition, None] = {}
    samples = islice(track.rows(split, conditions=[condition_id]), limit)
    for batch in batches(samples, batch_size):
        probability = predict(submission, stack(batch), track.pixel_size)
        images += score_batch(batch, probability, submission)
        used.update(dict.fromkeys(sample.condition for sample in batch))
        if scored is not None:
            scored(len(batch))
    if not images:
        raise InputError(f"the {split} split of the track {track.name} has no images at {condition_id}")
    return ConditionScores(condition_id=condition_id, images=images, used=[condition_to_dict(one) for one in used])


def stack(samples: list[Sample]) -> NDArray[np.float32]:
    """The samples' images as one array (N, ny, nx)."""
    if len({sample.image.shape for sample in samples}) > 1:
        raise InputError("the images of a condition differ in size: score them with a batch size of 1")
    return np.stack([sample.image for sample in samples]).astype(np.float32, copy=False)


def score_batch(samples: list[Sample], probability: NDArray[np.float32], submission: Submission) -> list[ImageScores]:
    """The scores of a batch: probability (N, ny, nx) against each sample's mask."""
    mask = np.stack([sample.mask for sample in samples]) > 0
    prediction = probability > submission.contract.threshold
    columns = {"dice": metrics.dice(prediction, mask), "iou": metrics.iou(prediction, mask)}
    if submission.contract.output != "classes":
        columns["nll"] = metrics.nll(probability, mask)
    return [
        ImageScores(
            structure_id=sample.structure_id,
            condition_id=sample.condition_id,
            C10=sample.condition.C10,
            metrics={name: float(values[index]) for name, values in columns.items()},
        )
        for index, sample in enumerate(samples)
    ]
