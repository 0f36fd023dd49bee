"""Sizes of the particles that a model finds in micrographs, and their contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.image_files.recordings import Micrograph
from hrtem_bench.measurement.readings import Reading, mean_reading, missing, spread_reading
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


PARTICLES = (
    "contrast", "particle_diameter", "particle_diameter_spread", "particle_area", "particle_count", "particle_cover",
)  # fmt: skip
"""Names of the readings that a model's masks tell."""


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


def particle_readings(seen: Sequence[Found], submission: Submission | None) -> dict[str, Reading]:
    """The fields of `Description` that a model's masks tell, over all images."""
    if submission is None:
        return missing(PARTICLES, "no model is given to find particles")
    how = f"as {submission.name} finds them in {len(seen)} images"
    count, cover = (np.array([getattr(one, name) for one in seen], dtype=float) for name in ("count", "cover"))
    readings = {
        "particle_count": mean_reading(count, "", f"mean over images, {how}"),
        "particle_cover": mean_reading(cover, "", f"share of the area, {how}"),
    }
    areas = np.concatenate([one.areas for one in seen])
    contrasts = np.array([one.contrast for one in seen])
    contrasts = contrasts[np.isfinite(contrasts)]
    if len(contrasts):
        beside = f"mean grey on particles over that beside them, less 1, {how}"
        readings["contrast"] = mean_reading(contrasts, "", beside)
    if len(areas):
        whole = f"{len(areas)} particles that do not touch the border, {how}"
        diameters = 2 * np.sqrt(areas / np.pi)
        readings["particle_diameter"] = mean_reading(diameters, "Å", f"circle of the same area, {whole}")
        readings["particle_area"] = mean_reading(areas, "Å²", whole)
        readings["particle_diameter_spread"] = spread_reading(diameters, "Å", "particles", how)
    return missing(PARTICLES, f"{submission.name} finds no whole particle") | readings
