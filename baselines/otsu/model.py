"""A classical segmentation: brightness, local variance or fringe energy, whichever Otsu's threshold splits best.

Particles differ from the film in mean brightness, in local variance and in the energy of their fringes. Each is mapped
and split in two by Otsu's threshold, and the map whose classes lie furthest apart is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

PIXEL_SIZE = 0.4
"""Å, as in card.toml."""
SMOOTHING = 4.0
"""Å: standard deviation of the Gaussian over which brightness and energy are averaged, about two lattice spacings."""
WINDOW = 3.0
"""Å: standard deviation of the window of the variance."""
BAND = (0.6, 1.8)
"""Å: standard deviations of the two Gaussians whose difference passes lattice fringes of 1.5 to 4 Å."""
GROUND = 25.0
"""Å: brightness that varies over more than this is illumination and is taken out."""
SMALLEST = 150.0
"""Å²: smaller pieces are noise."""
Floats = NDArray[np.float64]


def load(folder: Path) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """The predictor: standardised images (N, ny, nx) to probabilities; `folder` holds no weights."""
    return predict


def predict(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability of the particle class for standardised images (N, ny, nx), each on its own."""
    return np.stack([_probability(image) for image in images]).astype(np.float32)


def maps(image: NDArray[np.float32]) -> dict[str, Floats]:
    """Maps (ny, nx) in which particles may stand out.

    "dark" and "bright": brightness, smoothed. "variance": the logarithm of the variance in a Gaussian window; "energy":
    of that of the band of lattice fringes alone.
    """
    values = image.astype(np.float64)
    smooth = ndimage.gaussian_filter(values, SMOOTHING / PIXEL_SIZE)
    level = smooth - ndimage.gaussian_filter(values, GROUND / PIXEL_SIZE)
    fine, coarse = (ndimage.gaussian_filter(values, width / PIXEL_SIZE) for width in BAND)
    energy = ndimage.gaussian_filter((fine - coarse) ** 2, SMOOTHING / PIXEL_SIZE)
    window = WINDOW / PIXEL_SIZE
    variance = ndimage.gaussian_filter((values - ndimage.gaussian_filter(values, window)) ** 2, window)
    return {
        "dark": -level,
        "bright": level,
        "energy": np.log(np.maximum(energy, 1e-12)),
        "variance": np.log(np.maximum(variance, 1e-12)),
    }


def otsu_threshold(values: Floats, bins: int = 256) -> float:
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


def separation(values: Floats, threshold: float) -> float:
    """Distance of the means of the two classes over their common standard deviation; 0 where one is empty."""
    upper = values > threshold
    if upper.all() or not upper.any():
        return 0.0
    above, below = values[upper], values[~upper]
    within = (above.var() * len(above) + below.var() * len(below)) / values.size
    return float((above.mean() - below.mean()) / max(within**0.5, 1e-12))


def _probability(image: NDArray[np.float32]) -> Floats:
    """Posterior of the upper of two normal classes of one variance, 1/2 at the threshold; small pieces removed."""
    if np.ptp(image) == 0:
        return np.full(image.shape, 0.5)
    found = {name: (values, otsu_threshold(values)) for name, values in maps(image).items()}
    values, threshold = max(found.values(), key=lambda one: (round(separation(*one), 6), -_share(*one)))
    upper = values > threshold
    within = np.where(upper, values - values[upper].mean(), values - values[~upper].mean())
    slope = (values[upper].mean() - values[~upper].mean()) / max(float(within.var()), 1e-12)
    probability = np.asarray(special.expit(slope * (values - threshold)))
    pieces, _ = ndimage.label(upper)
    small = np.bincount(pieces.ravel()) < SMALLEST / PIXEL_SIZE**2
    return np.where(upper & small[pieces], 1 - probability, probability)


def _share(values: Floats, threshold: float) -> float:
    """The share of the field in the upper class; of two polarities that split alike, particles are the smaller."""
    return float((values > threshold).mean())
