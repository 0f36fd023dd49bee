"""Images through a model, a score for each, and the scores by condition."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.evaluation.batches import BatchSize, ReadAhead
from hrtem_bench.models.contract import InputContract
from hrtem_bench.models.prediction import answers_that_fit
from hrtem_bench.models.submission import Submission
from hrtem_bench.scoring.calibration import BINS, reliability
from hrtem_bench.scoring.catalogue import measured
from hrtem_bench.scoring.metric import Segmentation
from hrtem_bench.scoring.per_image import ImageScores

if TYPE_CHECKING:
    from hrtem_bench.dataset import Sample


class ScoredImage(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one image.

    reliability: see `calibration`, None for a model that returns classes.
    """

    scores: ImageScores
    reliability: list[list[float]] | None


@dataclass(frozen=True)
class ConditionScores:
    """The images of one condition.

    images: in the track's order. reliability: sums over the images, see `calibration`; None for a model that returns
    classes.
    """

    condition_id: str
    images: tuple[ImageScores, ...]
    reliability: NDArray[np.float64] | None


def scored(
    submission: Submission, samples: Iterator[Sample], pixel_size: float, size: BatchSize
) -> Iterator[list[ScoredImage]]:
    """The scores of the samples, in their order, a batch at a time.

    While the model works on a batch, one thread scores the batch before it and another reads the next.
    """
    with ThreadPoolExecutor(2) as pool:
        reader, pending = ReadAhead(samples, pool), None
        while batch := reader.take(size.size):
            start = time.perf_counter()
            probability, fitted = answers_that_fit(submission, batch, pixel_size)
            size.took((time.perf_counter() - start) / len(batch) if fitted else math.inf)
            if pending is not None:
                yield pending.result()
            pending = pool.submit(score_batch, batch, probability, submission.contract, pixel_size)
        if pending is not None:
            yield pending.result()


def score_batch(
    samples: Sequence[Sample], probability: NDArray[np.float32], contract: InputContract, pixel_size: float
) -> list[ScoredImage]:
    """The scores of a batch: probability (N, ny, nx) against each sample's mask."""
    return [
        ScoredImage(
            scores=ImageScores(
                structure_id=sample.structure_id,
                condition_id=sample.condition_id,
                C10=sample.condition.C10,
                mask_sha256=hashlib.sha256(np.packbits(one > contract.threshold).tobytes()).hexdigest(),
                metrics=dict(image_scores(sample, one, contract, pixel_size)),
            ),
            reliability=None if contract.output == "classes" else reliability(one, sample.mask > 0).tolist(),
        )
        for sample, one in zip(samples, probability, strict=True)
    ]


def by_condition(images: Iterable[ScoredImage], condition_ids: Sequence[str]) -> list[ConditionScores]:
    """The images grouped by condition. Every image must be of one of the conditions."""
    scores: dict[str, list[ImageScores]] = {name: [] for name in condition_ids}
    sums: dict[str, NDArray[np.float64] | None] = dict.fromkeys(condition_ids)
    for one in images:
        name = one.scores.condition_id
        scores[name].append(one.scores)
        if one.reliability is not None:
            before = sums[name]
            sums[name] = (np.zeros((3, BINS)) if before is None else before) + one.reliability
    return [ConditionScores(name, tuple(scores[name]), sums[name]) for name in condition_ids]


def image_scores(
    sample: Sample, probability: NDArray[np.float32], contract: InputContract, pixel_size: float
) -> dict[str, float]:
    """Every score of one image, by the names of the catalogue; without probabilities, only those of classes."""
    return measured(
        Segmentation(
            prediction=probability > contract.threshold,
            mask=sample.mask > 0,
            instances=sample.instances,
            probability=None if contract.output == "classes" else probability,
            pixel_size=pixel_size,
        )
    )
