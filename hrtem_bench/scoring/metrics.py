"""Scores of a segmentation, pixel by pixel: overlap and the quality of probabilities.

Every function takes stacks of images (..., ny, nx) and returns one float64 per image, shape (...). `mask` and
`prediction` are boolean or 0/1; `probability` is the probability of the particle class, in [0, 1].

Empty masks: Dice and IoU are 1 when prediction and mask are both empty, 0 when only one is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

CLIP = 1e-7
"""Probabilities are clipped to [CLIP, 1 - CLIP] in the log-likelihood: a wrong, certain pixel costs 16.1 nats."""


def dice(prediction: ArrayLike, mask: ArrayLike) -> Floats:
    """2 |A ∩ B| / (|A| + |B|), 0 to 1."""
    both, one = _overlap(prediction, mask)
    return _share(2.0 * both, one)


def iou(prediction: ArrayLike, mask: ArrayLike) -> Floats:
    """|A ∩ B| / |A ∪ B|, 0 to 1: the Jaccard index."""
    both, one = _overlap(prediction, mask)
    return _share(both, one - both)


def nll(probability: ArrayLike, mask: ArrayLike) -> Floats:
    """Mean negative log-likelihood per pixel, nats: the binary cross-entropy, with probabilities clipped by CLIP."""
    p, truth = _pair(probability, mask)
    chance = np.where(truth, p, 1.0 - p)
    np.minimum(np.maximum(chance, CLIP, out=chance), 1.0 - CLIP, out=chance)
    return -np.log(chance, out=chance).mean(axis=(-2, -1))


def brier(probability: ArrayLike, mask: ArrayLike) -> Floats:
    """Mean squared difference of probability and mask, 0 to 1: the Brier score."""
    p, truth = _pair(probability, mask)
    return np.square(p - truth).mean(axis=(-2, -1))


def _pair(probability: ArrayLike, mask: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    p = np.asarray(probability, dtype=np.float64)
    truth = np.asarray(mask, dtype=bool)
    _same_shape(p.shape, truth.shape)
    return p, truth


def _overlap(prediction: ArrayLike, mask: ArrayLike) -> tuple[Floats, Floats]:
    """Pixels in both, and the sum of pixels in each, per image."""
    a, b = np.asarray(prediction, dtype=bool), np.asarray(mask, dtype=bool)
    _same_shape(a.shape, b.shape)
    return _count(a & b), _count(a) + _count(b)


def _count(region: NDArray[np.bool_]) -> Floats:
    """Pixels per image. One image at a time: counting along axes is ten times as slow."""
    images = region.reshape(-1, *region.shape[-2:])
    return np.array([np.count_nonzero(one) for one in images], dtype=np.float64).reshape(region.shape[:-2])


def _same_shape(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    if a != b or len(a) < 2:
        raise ValueError(f"prediction and mask must be images of one shape, not {a} and {b}")


def _share(part: Floats, whole: Floats) -> Floats:
    empty = whole == 0
    return np.where(empty, 1.0, part / np.where(empty, 1.0, whole))


__all__ = ["CLIP", "brier", "dice", "iou", "nll"]
