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

from hrtem_bench.conditions import Condition, parse_settings, with_settings
from hrtem_bench.dataset import Sample, open_dataset, open_exit_waves
from hrtem_bench.dataset.detectors import Recording, digitised, drawn_recording
from hrtem_bench.dataset.recipes import recipe_from_dict
from hrtem_bench.errors import InputError
from hrtem_bench.models.contract import standardise
from hrtem_bench.support.child_seeds import child_seed
from hrtem_bench.support.files import aside

CAMERA = "camera"
"""The one setting of a condition's text that is not of the lens: a camera's name."""


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
    """Images of one split at one condition, one of each structure or some.

    Parameters
    ----------
    images
        (N, ny, nx) float32, each standardised.
    masks
        (N, ny, nx) uint8.
    structures
        (N,) ids.
    """

    images: NDArray[np.float32]
    masks: NDArray[np.uint8]
    structures: NDArray[np.str_]


def images_at(source: Source, condition: str, split: str, limit: int | None, cache: Path) -> ImagesAt:
    """The images of a split at a condition, from `cache` if they were made before, else made and kept there.

    Raises
    ------
    InputError
        For a condition that the source does not have or carry, or no images there.
    """
    content = [os.fspath(source.folder.resolve()), source.track, source.spread, condition, split, limit]
    path = cache / f"{hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:24]}.npz"
    try:
        with np.load(path, allow_pickle=False) as held:
            return ImagesAt(held["images"].astype(np.float32), held["masks"], held["structures"])
    except (OSError, ValueError, KeyError):
        pass
    samples = list(_samples(source, condition, split, limit))
    if not samples:
        raise InputError(f"{source.folder} has no {split} images at {condition}")
    made = ImagesAt(
        standardise(np.stack([one.image for one in samples])),
        np.stack([one.mask.astype(np.uint8) for one in samples]),
        np.array([one.structure_id for one in samples]),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    # Half precision: 5e-4 of the standard deviation of an image is far below its noise.
    with aside(path) as temporary, temporary.open("wb") as file:
        np.savez(file, images=made.images.astype(np.float16), masks=made.masks, structures=made.structures)
    return ImagesAt(made.images.astype(np.float16).astype(np.float32), made.masks, made.structures)


def _samples(source: Source, condition: str, split: str, limit: int | None) -> Iterator[Sample]:
    if source.track is not None:
        track = open_dataset(source.folder, source.track)
        track.select([condition])
        yield from track.rows(split, [condition], limit=limit)
    else:
        yield from _rendered(source, condition, split, limit)


def _rendered(source: Source, text: str, split: str, limit: int | None) -> Iterator[Sample]:
    from hrtem_bench.imaging import camera, render

    waves = open_exit_waves(source.folder)
    if not waves.count(split):
        raise InputError(
            f"{source.folder} keeps no exit waves of {split} structures: give its recipe [exit_waves] structures = "
            "{ train = …, validation = …, test = … }"
        )
    recipe = recipe_from_dict(waves.manifest.recipe)
    settings = parse_settings(text)
    name = settings.pop(CAMERA, None)
    nominal = with_settings(recipe.settings, settings)
    for index, wave in enumerate(waves.rows(split)):
        if limit is not None and index >= limit:
            return
        seed = child_seed(waves.manifest.seed, "study", split, wave.structure_id, text)
        generator = np.random.default_rng([seed, 1])
        used = spread_about(nominal, source.spread, generator)
        recording = drawn_recording(recipe, "", generator) if name is None else Recording(camera(str(name)))
        image = render(
            wave.waves,
            used,
            pixel_size=wave.pixel_size,
            output_pixel_size=wave.output_pixel_size,
            seed=seed,
            zero_focus=wave.zero_focus,
            coherence=recipe.coherence,
            nodes=recipe.nodes,
            detector=recording.detector,
        )
        yield Sample(
            structure_id=wave.structure_id,
            condition_id=text,
            image=digitised(image, recording),
            mask=wave.mask,
            instances=wave.instances,
            condition=used,
        )


def spread_about(nominal: Condition, std: float, generator: np.random.Generator) -> Condition:
    """The condition with a C10 drawn from a normal distribution about its own, cut at four standard deviations."""
    if not std:
        return nominal
    return nominal.replace(C10=nominal.C10 + std * float(np.clip(generator.standard_normal(), -4, 4)))


__all__ = ["CAMERA", "ImagesAt", "Source", "images_at", "spread_about"]
