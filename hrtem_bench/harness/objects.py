"""Scores of objects: predicted particles matched to true ones, and how near their outlines lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

MIN_AREA = 50.0
"""Å²: smaller pieces, predicted or true, are no objects. A particle 3 nm across covers 700 Å²."""
MATCH = 0.5
"""A predicted and a true object match above this IoU, so that no object has two matches (Kirillov et al., 2019)."""
TOLERANCE = 2.5
"""Å: how far apart two outlines may run and still agree. About the distance between neighbouring atomic columns."""
_QUICK = {"balanced_tree": False, "compact_nodes": False}
"""Trees that are asked once are quicker made than balanced."""


def object_scores(
    prediction: ArrayLike, instances: ArrayLike, *, pixel_size: float, min_area: float = MIN_AREA
) -> dict[str, float]:
    """ "precision", "recall", "f1" and "panoptic_quality" of the objects of one image, each 0 to 1.

    prediction: (ny, nx), particle where not 0; its objects are its 8-connected pieces. instances: (ny, nx), k
    on true object k, 0 elsewhere; true objects that touch are separate. pixel_size in Å, min_area in Å².
    precision: matched of predicted; recall: matched of true; panoptic quality: sum of the matches' IoU over
    the mean of the numbers predicted and true. Where neither has objects all are 1; where only one has, all
    are 0.
    """
    from scipy import ndimage

    pieces, _ = ndimage.label(np.asarray(prediction) != 0, structure=np.ones((3, 3)))
    anywhere = np.flatnonzero((pieces > 0) | (np.asarray(instances) > 0))
    pixels = min_area / pixel_size**2
    predicted, true = (_large(np.asarray(one).ravel()[anywhere], pixels) for one in (pieces, instances))
    n_predicted, n_true = int(predicted.max(initial=0)), int(true.max(initial=0))
    if not n_predicted or not n_true:
        return dict.fromkeys(("precision", "recall", "f1", "panoptic_quality"), float(n_predicted == n_true))
    overlap = np.bincount(predicted * (n_true + 1) + true, minlength=(n_predicted + 1) * (n_true + 1))
    overlap = overlap.reshape(n_predicted + 1, n_true + 1)
    union = overlap.sum(axis=1)[1:, None] + overlap.sum(axis=0)[None, 1:] - overlap[1:, 1:]
    iou = overlap[1:, 1:] / union
    matched = iou[iou > MATCH]
    return {
        "precision": len(matched) / n_predicted,
        "recall": len(matched) / n_true,
        "f1": 2 * len(matched) / (n_predicted + n_true),
        "panoptic_quality": 2 * float(matched.sum()) / (n_predicted + n_true),
    }


def surface_dice(prediction: ArrayLike, mask: ArrayLike, *, pixel_size: float, tolerance: float = TOLERANCE) -> float:
    """The share of both outlines that lies within `tolerance` Å of the other, 0 to 1 (Nikolov et al., 2021).

    An outline is the pixels of a region with a side neighbour outside it, distances run between pixel
    centres. The edge of the image is no outline: what it cuts is not known to end there. Where neither region
    has an outline the score is 1 if they are equal, 0 if not; where only one has, it is 0.
    """
    from scipy.spatial import KDTree

    a, b = np.asarray(prediction) != 0, np.asarray(mask) != 0
    first, second = outline(a), outline(b)
    if not len(first) or not len(second):
        return float(len(first) == len(second) and np.array_equal(a, b))
    reach = tolerance / pixel_size + 1e-9
    to_second, _ = KDTree(second, **_QUICK).query(first, distance_upper_bound=reach + 1)
    to_first, _ = KDTree(first, **_QUICK).query(second, distance_upper_bound=reach + 1)
    near = np.count_nonzero(to_second <= reach) + np.count_nonzero(to_first <= reach)
    return float(near) / (len(first) + len(second))


def outline(region: NDArray[np.bool_]) -> NDArray[np.intp]:
    """(n, 2) rows and columns of the pixels of a region (ny, nx) that have a side neighbour outside it."""
    inside = np.pad(region, 1, constant_values=True)
    core = inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
    return np.argwhere(region & ~core)


def _large(labels: NDArray[np.intp], pixels: float) -> NDArray[np.intp]:
    """Labels (n,) numbered 1, 2, … in place of those that cover at least so many pixels, 0 elsewhere."""
    area = np.bincount(labels, minlength=1)
    keep = (area >= max(pixels, 1)).astype(np.intp)
    keep[0] = 0
    return np.asarray((np.cumsum(keep) * keep)[labels])


__all__ = ["MATCH", "MIN_AREA", "TOLERANCE", "object_scores", "outline", "surface_dice"]
