"""Calibration: among the pixels with predicted probability p, is the share of particle pixels p?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_bench.scoring.metric import Metric

BINS = 15
"""Bins of equal width over the probability of the particle class."""


def reliability(probability: ArrayLike, mask: ArrayLike, bins: int = BINS) -> NDArray[np.float64]:
    """Sums over pixels by bins of equal width in probability.

    Parameters
    ----------
    probability, mask
        Of one shape.
    bins
        A bin holds its lower edge; the last holds both edges.

    Returns
    -------
    numpy.ndarray
        (3, bins): number of pixels, sum of their probabilities, number in the mask. Sums of several images add up.
    """
    p = np.asarray(probability).ravel()
    index = np.minimum(p * bins, bins - 1).astype(np.intp)
    total = np.bincount(index, p, bins)
    index += bins * np.asarray(mask, dtype=bool).ravel()
    outside, inside = np.bincount(index, minlength=2 * bins).reshape(2, bins)
    return np.array([outside + inside, total, inside], dtype=np.float64)


def reliability_curve(sums: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(mean probability, share in the mask, number of pixels) of each bin; the first two NaN where it is empty."""
    number, p, inside = np.asarray(sums, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return p / number, inside / number, number


def calibration_error(sums: ArrayLike) -> float:
    """Expected calibration error, 0 to 1: the mean over pixels of |mean p - share in the mask| of their bin."""
    number, p, inside = np.asarray(sums, dtype=np.float64)
    return float(np.abs(p - inside).sum() / number.sum())


METRICS = (
    Metric(
        "calibration_error", "Calibration error", of_pixels=calibration_error, best=0.0, group="probabilities",
        needs_probability=True,
    ),
)  # fmt: skip
