"""Images on another pixel size: separable linear resampling that does not alias and keeps the mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError

MAX_SIDE = 16384


def nearest_shape(shape: tuple[int, int], pixel_size: float, new_pixel_size: float) -> tuple[int, int]:
    """The shape that holds the same field of view at about `new_pixel_size`: sides rounded to whole pixels.

    Raises InputError when a side would come out below 8 or above 16384 pixels.
    """
    sides = tuple(round(n * pixel_size / new_pixel_size) for n in shape)
    if min(sides) < 8 or max(sides) > MAX_SIDE:
        raise InputError(
            f"images of {shape[0]} x {shape[1]} pixels of {pixel_size:g} Å would be {sides[0]} x {sides[1]} at the "
            f"model's pixel size of {new_pixel_size:g} Å: check both pixel sizes"
        )
    return sides[0], sides[1]


def resample(images: NDArray[np.floating], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Images (..., ny, nx) on a grid of `shape` over the same field of view, float32.

    To a finer grid by linear interpolation; to a coarser one by averaging with a triangle as wide as two new pixels, so
    that nothing aliases. The weights of each new pixel add up to 1.
    """
    rows = _weights(images.shape[-2], shape[0])
    columns = _weights(images.shape[-1], shape[1])
    return np.matmul(np.matmul(rows, np.asarray(images, dtype=np.float32)), columns.T)


def _weights(n: int, new_n: int) -> NDArray[np.float32]:
    """(new_n, n): triangle kernel at pixel centres, normalised; what lies beyond the edge goes to pixels inside."""
    scale = n / new_n
    width = max(scale, 1.0)
    centres = (np.arange(new_n) + 0.5) * scale - 0.5
    distance = np.abs(np.arange(n)[None, :] - np.clip(centres, 0, n - 1)[:, None])
    weights = np.maximum(0.0, 1.0 - distance / width)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
