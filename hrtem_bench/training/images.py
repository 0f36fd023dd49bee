"""Training images: read from a track, or rendered at any condition from kept exit waves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.conditions import Condition
from hrtem_bench.dataset import Sample, Track
from hrtem_bench.errors import InputError
from hrtem_bench.models.contract import standardise


@dataclass(frozen=True)
class TrainingImages:
    """Images with their masks.

    Parameters
    ----------
    images
        (N, ny, nx) float32, each standardised to mean 0 and variance 1 by the function that scoring uses.
    masks
        (N, ny, nx) uint8, 1 on particles.
    conditions
        The condition of each image.
    """

    images: NDArray[np.float32]
    masks: NDArray[np.uint8]
    conditions: tuple[Condition, ...]

    def __len__(self) -> int:
        return len(self.images)


def images_of(samples: Iterable[Sample], what: str) -> TrainingImages:
    """The samples as training images; `what` names them in errors.

    InputError if there are none, or they differ in size.
    """
    found = list(samples)
    if not found:
        raise InputError(f"there are no {what}")
    if len({one.image.shape for one in found}) > 1:
        raise InputError(f"the {what} differ in size: train on images of one size")
    return TrainingImages(
        np.stack([standardise(one.image) for one in found]),
        np.stack([one.mask.astype(np.uint8) for one in found]),
        tuple(one.condition for one in found),
    )


def track_images(track: Track, split: str, conditions: Sequence[str]) -> TrainingImages:
    """The images of a split of a track at the named conditions.

    InputError for a condition that the track does not have, or at which it has no images in that split.
    """
    names = [one.condition_id for one in track.select(list(conditions))]
    return images_of(
        track.rows(split, conditions=names), f"{split} images of the track {track.name} at {', '.join(names) or 'none'}"
    )
