"""A model on a user's own micrographs: masks, and scores where labels are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.conditions import Condition
from hrtem_bench.dataset.reader import Sample
from hrtem_bench.evaluation.provenance import model_info, provenance
from hrtem_bench.evaluation.scored_images import image_scores
from hrtem_bench.image_files.recordings import Micrograph
from hrtem_bench.micrographs.edges import OFFSETS, EdgeCounts, Edges, edge_counts, edges, moved_edges
from hrtem_bench.micrographs.expectation import Expectation
from hrtem_bench.models.contract import is_resampled, model_input
from hrtem_bench.models.prediction import Told, predict, with_side_multiple
from hrtem_bench.models.sizes import nearest_shape
from hrtem_bench.models.submission import Submission
from hrtem_bench.scoring.catalogue import image_metrics
from hrtem_bench.scoring.estimate import Estimate, estimates_of, finite
from hrtem_bench.scoring.objects import MIN_AREA
from hrtem_bench.scoring.results import ModelInfo, Provenance
from hrtem_bench.scoring.statistics import Resampling, bootstrap, clusters
from hrtem_bench.support.files import write_aside
from hrtem_bench.support.versioned_json import json_text

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
    """The scores of one micrograph, by the names of `catalogue.image_metrics`.

    frame: its place in a stack, counted from 1; None for a single image. edges: Dice as the mask's edges move.
    """

    name: str
    frame: int | None = None
    pixel_size: float
    metrics: dict[str, float | None]
    edges: EdgeCounts | None = None


class MicrographScores(msgspec.Struct, frozen=True, kw_only=True):
    """The content of micrographs.json: a model on images that are no part of any dataset.

    offsets: Å, where the edges of every image's `edges` lie. warnings: what may be wrong with images and labels.

    means: over micrographs, each with the interval of a bootstrap over their files; without one for a single file.
    """

    schema_version: int = 2
    model: ModelInfo
    images: list[MicrographScore]
    means: dict[str, Estimate]
    confidence: float
    threshold: float
    expected: Expectation | None
    edges: Edges | None
    offsets: list[float]
    warnings: list[str]
    provenance: Provenance


def segment(submission: Submission, micrograph: Micrograph, edge_offset: float = 0.0) -> Segmented:
    """A model's answer for a micrograph, resampled to the model's pixel size and back where they differ.

    An image with more than 1024 pixels along a side, at the model's pixel size, is cut into overlapping windows of 512
    pixels, see `windows`.

    Parameters
    ----------
    submission
        The model.
    micrograph
        The image with its pixel size.
    edge_offset
        Å by which the mask is grown everywhere; below 0 it is shrunk.

    Raises
    ------
    InputError
        As `predict`.
    """
    contract, size = submission.contract, micrograph.pixel_size
    shape: tuple[int, ...] = micrograph.image.shape
    if is_resampled(contract, size) and contract.pixel_size is not None:
        shape = nearest_shape((shape[0], shape[1]), size, contract.pixel_size)
    if contract.window is None and max(shape) > WHOLE:
        submission = replace(submission, contract=msgspec.structs.replace(contract, window=WHOLE // 2))
    probability = predict(submission, micrograph.image[None], size)[0]
    return Segmented(micrograph, probability, moved_edges(probability > contract.threshold, edge_offset / size))


def with_sides(submission: Submission, micrograph: Micrograph) -> Told:
    """The model for such micrographs, and a sentence if it is to be given sides of a multiple: `with_side_multiple`."""
    return with_side_multiple(
        submission, model_input(micrograph.image[None], submission.contract, micrograph.pixel_size)
    )


def score(submission: Submission, segmented: Segmented, instances: NDArray[np.uint16]) -> MicrographScore:
    """The scores of a segmented micrograph against its label.

    Parameters
    ----------
    submission
        The model.
    segmented
        The micrograph with the model's answer.
    instances
        The label (ny, nx): 0 for background, k on particle k.
    """
    micrograph = segmented.micrograph
    sample = Sample(
        structure_id=micrograph.name,
        condition_id="",
        image=micrograph.image,
        mask=(instances > 0).astype(np.uint8),
        instances=instances,
        condition=Condition(),  # not known, and no score depends on it
    )
    found = image_scores(sample, segmented.probability, submission.contract, micrograph.pixel_size)
    return MicrographScore(
        name=micrograph.name,
        frame=micrograph.frame,
        pixel_size=micrograph.pixel_size,
        metrics={name: finite(value) for name, value in found.items()},
        edges=edge_counts(segmented.mask, instances > 0, micrograph.pixel_size),
    )


def summarised(
    submission: Submission,
    scores: Sequence[MicrographScore],
    command: str,
    expected: Expectation | None = None,
    *,
    resampling: Resampling | None = None,
    warnings: Sequence[str] = (),
) -> MicrographScores:
    """The scores with their means: every micrograph counts the same.

    The bootstrap draws files, so that the frames of a stack, which show the same particles, stay together.
    """
    resampling = resampling or Resampling()
    counts = [one.edges for one in scores if one.edges is not None]
    means = {}
    for name, metric in image_metrics().items():
        values = np.array([one.metrics.get(name) for one in scores], dtype=np.float64)
        known = np.isfinite(values)
        if known.any() if metric.may_lack else known.all():
            table = clusters([one.name for one in scores], [""] * len(scores), values, [""])
            (means[name],) = estimates_of(bootstrap(table, resampling), resampling.confidence)
    return MicrographScores(
        model=model_info(submission),
        images=list(scores),
        means=means,
        confidence=resampling.confidence,
        threshold=submission.contract.threshold,
        expected=expected,
        edges=edges(counts, MIN_AREA) if counts else None,
        offsets=list(OFFSETS),
        warnings=list(warnings),
        provenance=provenance(command),
    )


def write_scores(folder: Path, scores: MicrographScores) -> Path:
    """Write micrographs.json into the folder, aside and renamed; returns its path."""
    path = folder / SCORES
    write_aside(path, json_text(scores))
    return path
