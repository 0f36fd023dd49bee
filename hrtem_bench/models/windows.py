"""Images of the sides that a model takes: padded by reflection, or cut into windows and blended."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.float32]
OVERLAP = 0.5
"""Share of a window that its neighbour covers too, at least."""


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
    weight = _weight(window)
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


def _weight(window: int) -> NDArray[np.float64]:
    offset = (np.arange(window) - (window - 1) / 2) / (window / 8)
    line = np.maximum(np.exp(-0.5 * offset**2), 1e-3)
    return np.outer(line, line)
