"""Images of a study's specimens at a condition: a track's, or rendered from kept exit waves; kept for reuse."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.dataset import Sample, open_dataset, open_exit_waves
from hrtem_bench.dataset.rendered_samples import samples_at
from hrtem_bench.errors import InputError
from hrtem_bench.models.contract import standardise
from hrtem_bench.support.files import aside


@dataclass(frozen=True)
class Source:
    """Where images of some specimens come from.

    Parameters
    ----------
    folder
        Of the dataset.
    track
        Whose images are read; None to render settings from kept exit waves.
    spread
        Standard deviation of C10 from image to image, Å, of rendered ones.
    """

    folder: Path
    track: str | None
    spread: float


@dataclass(frozen=True)
class ImagesAt:
    """Images of one split at one condition, (N, ny, nx), each standardised, with masks and ids of structures (N,)."""

    images: NDArray[np.float32]
    masks: NDArray[np.uint8]
    structures: NDArray[np.str_]


def images_at(source: Source, condition: str, split: str, limit: int | None, cache: Path | None) -> ImagesAt:
    """The images of a split at a condition; those that the folder `cache` has are read, others made and kept there.

    InputError for a condition that the source does not have or carry, or no images there.
    """
    if cache is None:
        return _made(source, condition, split, limit)
    content = [os.fspath(source.folder.resolve()), source.track, source.spread, condition, split, limit]
    path = cache / f"{hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:24]}.npz"
    try:
        with np.load(path, allow_pickle=False) as held:
            return ImagesAt(held["images"].astype(np.float32), held["masks"], held["structures"])
    except (OSError, ValueError, KeyError):
        pass
    made = _made(source, condition, split, limit)
    path.parent.mkdir(parents=True, exist_ok=True)
    with aside(path) as temporary, temporary.open("wb") as file:
        np.savez(file, images=made.images.astype(np.float16), masks=made.masks, structures=made.structures)
    return made


def _made(source: Source, condition: str, split: str, limit: int | None) -> ImagesAt:
    """The images, rounded as the files have them: 5e-4 of an image's standard deviation is far below its noise."""
    samples = list(samples_of(source, condition, split, limit))
    if not samples:
        raise InputError(f"{source.folder} has no {split} images at {condition}")
    return ImagesAt(
        standardise(np.stack([one.image for one in samples])).astype(np.float16).astype(np.float32),
        np.stack([one.mask.astype(np.uint8) for one in samples]),
        np.array([one.structure_id for one in samples]),
    )


def samples_of(source: Source, condition: str, split: str, limit: int | None) -> Iterator[Sample]:
    """The samples of a split at a condition, one of each structure: read from the track, or rendered."""
    if source.track is not None:
        track = open_dataset(source.folder, source.track)
        track.select([condition])
        yield from track.rows(split, [condition], limit=limit)
    else:
        yield from samples_at(open_exit_waves(source.folder), condition, split, limit=limit, spread=source.spread)
