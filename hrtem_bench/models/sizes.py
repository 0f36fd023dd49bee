"""Images of the size that a model takes: resampled, padded by reflection, or cut into windows and blended."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError

Images = NDArray[np.float32]
MAX_SIDE = 16384
OVERLAP = 0.5
"""Share of a window that its neighbour covers too, at least."""


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


def resample(images: NDArray[np.floating], shape: tuple[int, int]) -> Images:
    """Images (..., ny, nx) on a grid of `shape` over the same field of view, float32.

    To a finer grid by linear interpolation; to a coarser one by averaging with a triangle as wide as two new pixels, so
    that nothing aliases. The weights of each new pixel add up to 1.
    """
    rows = _triangles(images.shape[-2], shape[0])
    columns = _triangles(images.shape[-1], shape[1])
    return np.matmul(np.matmul(rows, np.asarray(images, dtype=np.float32)), columns.T)


def _triangles(n: int, new_n: int) -> Images:
    """(new_n, n): triangle kernel at pixel centres, normalised; what lies beyond the edge goes to pixels inside."""
    scale = n / new_n
    width = max(scale, 1.0)
    centres = (np.arange(new_n) + 0.5) * scale - 0.5
    distance = np.abs(np.arange(n)[None, :] - np.clip(centres, 0, n - 1)[:, None])
    weights = np.maximum(0.0, 1.0 - distance / width)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def continued(images: Images, sides: tuple[int, int]) -> Images:
    """Images (..., ny, nx) padded at their lower and right edges to `sides`, by reflection."""
    short = [max(0, side - given) for side, given in zip(sides, images.shape[-2:], strict=True)]
    if not any(short):
        return images
    return np.pad(images, [(0, 0)] * (images.ndim - 2) + [(0, short[0]), (0, short[1])], mode="symmetric")


def windowed(ask: Callable[[Images], Images], images: Images, window: int) -> Images:
    """Answers to images (N, ny, nx) of a model that takes windows (n, window, window).

    `ask` is called with the N windows at one place. Images smaller than the window are padded by reflection. Where
    windows overlap, answers are averaged with Gaussian weights of standard deviation window / 8, so that no seams show.
    """
    ny, nx = images.shape[-2:]
    padded = continued(images, (window, window))
    weight = _bell(window)
    total = np.zeros(padded.shape, np.float64)
    weights = np.zeros(padded.shape[-2:], np.float64)
    for y in starts(padded.shape[-2], window):
        for x in starts(padded.shape[-1], window):
            place = np.s_[..., y : y + window, x : x + window]
            total[place] += weight * ask(padded[place])
            weights[place] += weight
    return (total / weights)[..., :ny, :nx].astype(np.float32)


def starts(side: int, window: int) -> list[int]:
    """Where windows begin along a side: evenly spread from edge to edge, overlapping by `OVERLAP` or more."""
    steps = int(np.ceil((side - window) / ((1 - OVERLAP) * window)))
    return [round(i * (side - window) / steps) for i in range(steps + 1)] if steps else [0]


def _bell(window: int) -> NDArray[np.float64]:
    offset = (np.arange(window) - (window - 1) / 2) / (window / 8)
    line = np.maximum(np.exp(-0.5 * offset**2), 1e-3)
    return np.outer(line, line)
