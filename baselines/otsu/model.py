"""Local variance and Otsu's threshold: a baseline without training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

SMOOTHING = 3.0
"""Å: standard deviation of the Gaussian window of the variance, about one lattice spacing."""
PIXEL_SIZE = 0.4
"""Å, as in card.toml."""


def load(folder: Path) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """The predictor: standardised images (N, ny, nx) to probabilities; `folder` holds no weights."""
    return predict


def predict(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability of the particle class for standardised images (N, ny, nx), each on its own."""
    return np.stack([_probability(log_local_variance(image)) for image in images]).astype(np.float32)


def log_local_variance(image: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logarithm of the variance of `image` (ny, nx) in a Gaussian window about each pixel.

    The logarithm puts fringes of strong and of weak contrast on the same side of one threshold.
    """
    values, window = image.astype(np.float64), SMOOTHING / PIXEL_SIZE
    mean = ndimage.gaussian_filter(values, window)
    variance = ndimage.gaussian_filter((values - mean) ** 2, window)
    return np.log(np.maximum(variance, 1e-12))


def otsu_threshold(values: NDArray[np.float64], bins: int = 256) -> float:
    """The value that splits `values` into two classes with the largest variance between them (Otsu 1979)."""
    counts, edges = np.histogram(values, bins=bins)
    centers = 0.5 * (edges[1:] + edges[:-1])
    below = np.cumsum(counts)[:-1].astype(np.float64)
    above = counts.sum() - below
    sums = np.cumsum(counts * centers)
    mean_below = sums[:-1] / np.maximum(below, 1)
    mean_above = (sums[-1] - sums[:-1]) / np.maximum(above, 1)
    between = below * above * (mean_above - mean_below) ** 2
    # Empty bins between two classes all give the same variance: the middle of that plateau is the threshold.
    best = np.flatnonzero(between >= between.max() * (1 - 1e-12))
    return float(edges[1:-1][best].mean())


def _probability(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Posterior of the upper of two normal classes of equal weight and variance, 1/2 at the threshold."""
    if np.ptp(values) == 0:
        return np.full(values.shape, 0.5)
    threshold = otsu_threshold(values)
    upper = values > threshold
    within = np.where(upper, values - values[upper].mean(), values - values[~upper].mean())
    slope = (values[upper].mean() - values[~upper].mean()) / max(float(within.var()), 1e-12)
    return np.asarray(special.expit(slope * (values - threshold)))
