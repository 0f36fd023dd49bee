"""Local energy of lattice fringes, with Otsu's threshold: a baseline without training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage, special

PIXEL_SIZE = 0.4
"""Å, as in card.toml."""
FRINGE_SPACINGS = (1.9, 3.8)
"""Å: the band of low-index lattice spacings; CdSe's run from 3.72 (100) to 1.98 (103)."""
SMOOTHING = 6.0
"""Å: standard deviation of the Gaussian over which the energy is averaged, a few fringes wide."""


def load(folder: Path) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """The predictor: standardised images (N, ny, nx) to probabilities; `folder` holds no weights."""
    return predict


def predict(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability of the particle class for standardised images (N, ny, nx), each on its own."""
    return np.stack([_probability(fringe_energy(image)) for image in images]).astype(np.float32)


def fringe_energy(image: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logarithm of the local mean square of the image's fringe band, (ny, nx)."""
    qy = fft.fftfreq(image.shape[0], PIXEL_SIZE)[:, None]
    qx = fft.rfftfreq(image.shape[1], PIXEL_SIZE)[None, :]
    q = np.hypot(qy, qx)
    longest, shortest = 1 / FRINGE_SPACINGS[1], 1 / FRINGE_SPACINGS[0]
    spectrum = fft.rfft2(image.astype(np.float64)) * ((q >= longest) & (q <= shortest))
    fringes = fft.irfft2(spectrum, s=image.shape)
    energy = ndimage.gaussian_filter(fringes**2, SMOOTHING / PIXEL_SIZE, mode="wrap")
    return np.log(energy + 1e-12)


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
