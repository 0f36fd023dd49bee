"""Batches of random crops: turned, mirrored, and augmented if asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from hrtem_bench.training.images import TrainingImages
from hrtem_bench.training.settings import Augmentations, TrainingSettings

OFF = Augmentations()


def draw_batch(
    data: TrainingImages, settings: TrainingSettings, generator: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Random crops of random images and of their masks, each (batch_size, crop, crop) float32.

    An oblong crop, from images smaller than `crop` along one side, is turned by half a turn only.
    """
    ny, nx = (min(settings.crop, side) for side in data.images.shape[1:])
    images = np.empty((settings.batch_size, ny, nx), np.float32)
    masks = np.empty_like(images)
    for place in range(settings.batch_size):
        index = int(generator.integers(len(data)))
        y, x = (int(generator.integers(1 + n - m)) for n, m in zip(data.images.shape[1:], (ny, nx), strict=True))
        element = int(generator.integers(8))
        window = np.s_[index, y : y + ny, x : x + nx]
        images[place] = augmented(dihedral(data.images[window], element), settings.augmentations, generator)
        masks[place] = dihedral(data.masks[window], element)
    return images, masks


def dihedral(image: NDArray[Any], element: int) -> NDArray[Any]:
    """One of the eight rotations and reflections of a square: quarter turns element // 2, mirrored if odd.

    An oblong image (ny, nx) is never turned on its side.
    """
    turns = element // 2 if image.shape[0] == image.shape[1] else element // 4 * 2
    turned = np.rot90(image, turns)
    return turned[:, ::-1] if element % 2 else turned


def augmented(image: NDArray[np.float32], asked: Augmentations, generator: np.random.Generator) -> NDArray[np.float32]:
    """The image (ny, nx) with the changes asked for, each of a strength drawn uniformly up to its largest."""
    if asked == OFF:
        return image
    if asked.contrast:
        image = image * np.float32(1 + generator.uniform(-asked.contrast, asked.contrast))
    if asked.blur:
        image = ndimage.gaussian_filter(image, generator.uniform(0, asked.blur), mode="reflect")
    if asked.gradient:
        angle, size = generator.uniform(0, 2 * np.pi), generator.uniform(0, asked.gradient)
        y, x = (np.linspace(-0.5, 0.5, n, dtype=np.float32) for n in image.shape)
        image = image + np.float32(size) * (np.sin(angle) * y[:, None] + np.cos(angle) * x).astype(np.float32)
    if asked.noise:
        deviates = generator.standard_normal(image.shape, dtype=np.float32)
        image = image + np.float32(generator.uniform(0, asked.noise)) * deviates
    return image
