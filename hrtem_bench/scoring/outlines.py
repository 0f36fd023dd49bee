"""Scores of outlines: how far the edge of the predicted region is from that of the label, and on which side."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_bench.scoring.metric import Metric

TOLERANCE = 2.5
"""Å: how far apart two outlines may run and still agree. About the distance between neighbouring atomic columns."""


def surface_dice(prediction: ArrayLike, mask: ArrayLike, *, pixel_size: float, tolerance: float = TOLERANCE) -> float:
    """The share of both outlines that lies within `tolerance` Å of the other, 0 to 1 (Nikolov et al., 2021).

    An outline is the pixels of a region with a neighbour (above, below, left or right) outside it. Distances are
    between pixel centres. The edge of the image is no outline. Where a region has no outline, the score is 1 if the
    regions are equal and 0 if not.
    """
    apart = _distances(prediction, mask)
    if apart is None:
        return float(np.array_equal(np.asarray(prediction) != 0, np.asarray(mask) != 0))
    return float(np.mean(np.abs(np.concatenate(apart)) <= tolerance / pixel_size + 1e-9))


def signed_boundary_distance(prediction: ArrayLike, mask: ArrayLike, *, pixel_size: float) -> float:
    """Mean signed distance of the outlines in Å: positive where the prediction reaches beyond the label.

    The average symmetric surface distance of Metrics Reloaded (Maier-Hein, Reinke et al., 2024) with a sign: the mean,
    over the pixels of both outlines, of the distance to the nearest pixel of the other outline, counted positive where
    the prediction lies outside the label or the label inside the prediction, negative where it is the other way round.
    A mask grown by d everywhere has d; exchanging the two arguments changes the sign.

    Parameters
    ----------
    prediction, mask : (ny, nx) array_like
        Particle where not 0.
    pixel_size : float
        Å.

    Returns
    -------
    float
        Å. Outlines are as in `surface_dice`. Without any outline, 0 where the regions are equal; where they are not, or
        only one has an outline, there is no distance and the result is NaN. A particle that is missed, or found where
        there is none, counts with its distance to the nearest outline.
    """
    apart = _distances(prediction, mask)
    if apart is None:
        return 0.0 if np.array_equal(np.asarray(prediction) != 0, np.asarray(mask) != 0) else math.nan
    return float(pixel_size * sum(float(np.sum(one)) for one in apart) / sum(map(len, apart)))


def _distances(prediction: ArrayLike, mask: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """From each pixel of either outline to the other outline, in pixels: the prediction's, then the label's.

    Positive where the prediction reaches beyond the label. None where either has no outline.
    """
    from scipy.spatial import KDTree

    regions = np.asarray(prediction) != 0, np.asarray(mask) != 0
    places = [np.argwhere(outline(region)) for region in regions]
    if not all(map(len, places)):
        return None
    # Trees that are asked once are quicker made than balanced.
    trees = [KDTree(one, balanced_tree=False, compact_nodes=False) for one in places]
    own, label = trees[1].query(places[0])[0], trees[0].query(places[1])[0]
    return np.where(regions[1][tuple(places[0].T)], -own, own), np.where(regions[0][tuple(places[1].T)], label, -label)


def outline(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether each pixel of (ny, nx) is in the region and has a neighbour (above, below, left or right) outside it."""
    core = region.copy()
    core[1:] &= region[:-1]
    core[:-1] &= region[1:]
    core[:, 1:] &= region[:, :-1]
    core[:, :-1] &= region[:, 1:]
    return region ^ core


METRICS = (
    Metric(
        "surface_dice", "Surface Dice", group="objects",
        of_image=lambda one: surface_dice(one.prediction, one.mask, pixel_size=one.pixel_size),
    ),
    Metric(
        "signed_boundary_distance", "Mean signed boundary distance", group="objects",
        of_image=lambda one: signed_boundary_distance(one.prediction, one.mask, pixel_size=one.pixel_size),
        low=-math.inf, high=math.inf, best=0.0, unit="Å", may_lack=True,
    ),
)  # fmt: skip
