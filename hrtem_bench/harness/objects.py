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
_LARGEST_SQUARE = 8
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
    a, b = np.asarray(prediction) != 0, np.asarray(mask) != 0
    first, second = outline(a), outline(b)
    lengths = np.count_nonzero(first), np.count_nonzero(second)
    if not all(lengths):
        return float(not any(lengths) and np.array_equal(a, b))
    reach = tolerance / pixel_size + 1e-9
    return float((_near(first, second, reach) + _near(second, first, reach)) / sum(lengths))


def outline(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether each pixel of (ny, nx) is one of the region that has a side neighbour outside it."""
    core = region.copy()
    core[1:] &= region[:-1]
    core[:-1] &= region[1:]
    core[:, 1:] &= region[:, :-1]
    core[:, :-1] &= region[:, 1:]
    return region ^ core


def _near(points: NDArray[np.bool_], others: NDArray[np.bool_], reach: float) -> int:
    """How many pixels of `points` lie within `reach` pixels of one of `others`; both (ny, nx), not empty.

    Outlines mostly run close together: what the largest square within reach holds is counted at once, and only
    the rest measured.
    """
    from scipy.spatial import KDTree

    far = points & ~_squares(others, min(int(reach / np.sqrt(2)), _LARGEST_SQUARE))
    near = np.count_nonzero(points) - np.count_nonzero(far)
    if far.any():
        distance, _ = KDTree(_places(others), **_QUICK).query(_places(far), distance_upper_bound=reach + 1)
        near += np.count_nonzero(distance <= reach)
    return int(near)


def _squares(points: NDArray[np.bool_], half: int) -> NDArray[np.bool_]:
    """Squares of 2 half + 1 pixels about every one of `points` (ny, nx)."""
    grown = points.copy()
    for _ in range(half):
        before = grown.copy()
        grown[1:] |= before[:-1]
        grown[:-1] |= before[1:]
    for _ in range(half):
        before = grown.copy()
        grown[:, 1:] |= before[:, :-1]
        grown[:, :-1] |= before[:, 1:]
    return grown


def _places(points: NDArray[np.bool_]) -> NDArray[np.intp]:
    """(n, 2) rows and columns."""
    return np.stack(np.divmod(np.flatnonzero(points), points.shape[1]), axis=1)


def _large(labels: NDArray[np.intp], pixels: float) -> NDArray[np.intp]:
    """Labels (n,) numbered 1, 2, … in place of those that cover at least so many pixels, 0 elsewhere."""
    area = np.bincount(labels, minlength=1)
    keep = (area >= max(pixels, 1)).astype(np.intp)
    keep[0] = 0
    return np.asarray((np.cumsum(keep) * keep)[labels])


__all__ = ["MATCH", "MIN_AREA", "TOLERANCE", "object_scores", "outline", "surface_dice"]
