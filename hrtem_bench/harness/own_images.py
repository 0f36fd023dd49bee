"""A model on a user's own micrographs: masks, and scores where labels are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.conditions import Condition
from hrtem_bench.dataset.files import aside, write_aside
from hrtem_bench.dataset.reader import Sample
from hrtem_bench.errors import require
from hrtem_bench.harness.contract import is_resampled
from hrtem_bench.harness.expectation import Expectation
from hrtem_bench.harness.micrographs import Micrograph
from hrtem_bench.harness.predict import predict
from hrtem_bench.harness.provenance import model_info, provenance
from hrtem_bench.harness.resample import resampled_shape
from hrtem_bench.harness.results import METRICS, ModelInfo, Provenance
from hrtem_bench.harness.scoring import image_metrics
from hrtem_bench.harness.statistics import bootstrap, clusters, interval
from hrtem_bench.harness.submissions import Submission
from hrtem_bench.harness.summary import finite

WHOLE = 1024
"""Images of more pixels along a side, at the model's pixel size, go through the model in windows of half as many."""
SCORES = "micrographs.json"


@dataclass(frozen=True)
class Segmented:
    """A micrograph with the model's answer: probability (ny, nx), and where it is above the threshold."""

    micrograph: Micrograph
    probability: NDArray[np.float32]
    mask: NDArray[np.bool_]


class MicrographScore(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of one micrograph, by the names of `results.METRICS`."""

    name: str
    pixel_size: float
    metrics: dict[str, float | None]


class Mean(msgspec.Struct, frozen=True, kw_only=True):
    """A mean over micrographs, with the interval of a bootstrap over them; None for fewer than two."""

    mean: float
    low: float | None
    high: float | None


class MicrographScores(msgspec.Struct, frozen=True, kw_only=True):
    """The content of micrographs.json: a model on images that are no part of any dataset."""

    schema_version: int = 1
    model: ModelInfo
    images: list[MicrographScore]
    means: dict[str, Mean]
    confidence: float
    threshold: float
    expected: Expectation | None
    provenance: Provenance


def segment(submission: Submission, micrograph: Micrograph) -> Segmented:
    """The model's answer for a micrograph, resampled to the model's pixel size and back where they differ.

    An image with more than 1024 pixels along a side, at the model's pixel size, is cut into overlapping windows of 512,
    see `windows`. Raises InputError as `predict` does.
    """
    contract, size = submission.contract, micrograph.pixel_size
    shape: tuple[int, ...] = micrograph.image.shape
    if is_resampled(contract, size) and contract.pixel_size is not None:
        shape = resampled_shape((shape[0], shape[1]), size, contract.pixel_size)
    if contract.window is None and max(shape) > WHOLE:
        submission = replace(submission, contract=msgspec.structs.replace(contract, window=WHOLE // 2))
    probability = predict(submission, micrograph.image[None], size)[0]
    return Segmented(micrograph, probability, probability > contract.threshold)


def score(submission: Submission, segmented: Segmented, instances: NDArray[np.uint16]) -> MicrographScore:
    """The scores of a segmented micrograph against its label: instances (ny, nx), 0 background, k on particle k."""
    micrograph = segmented.micrograph
    sample = Sample(
        structure_id=micrograph.name,
        condition_id="",
        image=micrograph.image,
        mask=(instances > 0).astype(np.uint8),
        instances=instances,
        condition=Condition(),  # not known, and no score depends on it
    )
    metrics = image_metrics(sample, segmented.probability, submission.contract, micrograph.pixel_size)
    return MicrographScore(name=micrograph.name, pixel_size=micrograph.pixel_size, metrics=metrics)


def summarised(
    submission: Submission,
    scores: Sequence[MicrographScore],
    command: str,
    expected: Expectation | None = None,
    *,
    confidence: float = 0.95,
    samples: int = 2000,
    seed: int = 0,
) -> MicrographScores:
    """The scores with their means; every micrograph counts the same and is drawn as a whole by the bootstrap."""
    means = {}
    for name in METRICS:
        values = np.array([one.metrics.get(name) for one in scores], dtype=np.float64)
        if np.isfinite(values).all():
            table = clusters([one.name for one in scores], [""] * len(scores), values, [""])
            low, high = interval(bootstrap(table, samples=samples, seed=seed), confidence)
            means[name] = Mean(mean=float(values.mean()), low=finite(low[0]), high=finite(high[0]))
    return MicrographScores(
        model=model_info(submission),
        images=list(scores),
        means=means,
        confidence=confidence,
        threshold=submission.contract.threshold,
        expected=expected,
        provenance=provenance(command),
    )


def write_scores(folder: Path, scores: MicrographScores) -> Path:
    """Write micrographs.json into the folder, aside and renamed; returns its path."""
    path = folder / SCORES
    write_aside(path, msgspec.json.format(msgspec.json.encode(scores), indent=1).decode() + "\n")
    return path


def write_mask(path: Path, mask: NDArray[np.bool_], pixel_size: float) -> None:
    """The mask as an 8-bit TIFF, 255 on particles, with its pixel size (Å) as ImageJ reads it; aside and renamed."""
    write_tiff(path, np.where(mask, np.uint8(255), np.uint8(0)), pixel_size)


def write_tiff(path: Path, image: NDArray[Any], pixel_size: float) -> None:
    """An image as TIFF, with its pixel size (Å) as ImageJ reads it; aside and renamed."""
    tifffile = require("tifffile", "io")
    per_nm = 10 / pixel_size
    with aside(path) as temporary:
        tifffile.imwrite(temporary, image, imagej=True, resolution=(per_nm, per_nm), metadata={"unit": "nm"})


__all__ = [
    "MicrographScore", "MicrographScores", "Segmented", "score", "segment", "summarised", "write_mask", "write_scores",
    "write_tiff",
]  # fmt: skip
