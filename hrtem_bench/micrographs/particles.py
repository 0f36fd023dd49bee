"""Sizes of the particles that a model finds in micrographs, and their contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.micrographs.recordings import Micrograph
from hrtem_bench.micrographs.segmentation import segment, with_sides
from hrtem_bench.models.submission import Submission
from hrtem_bench.scoring.objects import MIN_AREA


@dataclass(frozen=True)
class Found:
    """The particles of one image. areas: Å², (n,), of those that do not touch the border. count: of all.

    cover: share of the image that is particle. contrast: mean grey on particles over that elsewhere, less 1; nan where
    one of the two is missing or the greys are no doses.
    """

    areas: NDArray[np.float64]
    count: int
    cover: float
    contrast: float


def particles(submission: Submission, micrographs: Sequence[Micrograph]) -> list[Found]:
    """What the model finds in each micrograph: connected pieces of at least 50 Å². InputError as `segment` raises."""
    return [_particles(submission, one) for one in micrographs]


def _particles(submission: Submission, micrograph: Micrograph) -> Found:
    from scipy import ndimage

    mask = segment(with_sides(submission, micrograph).submission, micrograph).mask
    labels, _ = ndimage.label(mask, structure=np.ones((3, 3)))
    areas = np.bincount(labels.ravel())[1:].astype(np.float64) * micrograph.pixel_size**2
    large = areas >= MIN_AREA
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    whole = np.ones(len(areas), bool)
    whole[border[border > 0] - 1] = False
    kept = np.concatenate([[False], large])[labels]
    on, off = micrograph.image[kept], micrograph.image[~kept]
    contrast = float("nan")
    if on.size and off.size and off.mean() > 0:
        contrast = float(on.mean(dtype=np.float64) / off.mean(dtype=np.float64)) - 1
    return Found(areas[large & whole], int(large.sum()), float(kept.mean()), contrast)


__all__ = ["Found", "particles"]
