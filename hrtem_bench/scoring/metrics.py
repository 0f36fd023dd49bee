"""Scores of a segmentation, pixel by pixel: overlap and the quality of probabilities.

Every function takes stacks of images (..., ny, nx) and returns one float64 per image, shape (...). `mask` and
`prediction` are boolean or 0/1; `probability` is the probability of the particle class, in [0, 1].

Empty masks: Dice and IoU are 1 when prediction and mask are both empty, 0 when only one is.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_bench.scoring.metric import Metric, Segmentation

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


def double_softmax_ce(probability: ArrayLike, mask: ArrayLike) -> Floats:
    """Cross-entropy of two classes with their probabilities taken for logits, minus its minimum, 0 to 1.

    The mean over pixels of log(1 + exp(1 - 2p)) - log(1 + exp(-1)), where p is the probability of the true class. A
    loss that applies a softmax gives this for a network that ends in a softmax already; published results of this field
    used it.
    """
    p, truth = _pair(probability, mask)
    chance = np.where(truth, p, 1.0 - p)
    return np.log1p(np.exp(1.0 - 2.0 * chance)).mean(axis=(-2, -1)) - math.log1p(math.exp(-1.0))


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


def _of(function: Callable[[ArrayLike, ArrayLike], Floats]) -> Callable[[Segmentation], float]:
    """A function of probability and mask as one of a segmentation."""

    def value(one: Segmentation) -> float:
        assert one.probability is not None  # a metric that needs probabilities is asked only where there are some
        return float(function(one.probability, one.mask))

    return value


METRICS = (
    Metric("dice", "Dice", lambda one: float(dice(one.prediction, one.mask))),
    Metric("iou", "IoU", lambda one: float(iou(one.prediction, one.mask))),
    Metric(
        "nll", "Loss (NLL)", _of(nll), high=-math.log(CLIP), best=0.0, unit="nat", group="probabilities",
        needs_probability=True,
    ),
    Metric("brier", "Brier score", _of(brier), best=0.0, group="probabilities", needs_probability=True),
    Metric(
        "double_softmax_ce", "Double-softmax cross-entropy", _of(double_softmax_ce), best=0.0, unit="nat",
        group="probabilities", needs_probability=True,
    ),
)  # fmt: skip
