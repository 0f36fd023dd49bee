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
_LARGEST_DISC = 16.0
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

    found, truth = np.asarray(prediction) != 0, np.asarray(instances)
    anywhere = np.flatnonzero(found | (truth > 0))
    pieces = ndimage.label(found, structure=np.ones((3, 3)))[0].ravel()[anywhere]
    truth = truth.ravel()[anywhere]
    pixels = max(min_area / pixel_size**2, 1)
    rows, columns = int(pieces.max(initial=0)) + 1, int(truth.max(initial=0)) + 1
    if rows * columns > found.size:  # of mere noise, a table of all pairs would be larger than the image
        pieces, truth = _without_small(pieces, pixels), _without_small(truth, pixels)
        rows, columns = int(pieces.max(initial=0)) + 1, int(truth.max(initial=0)) + 1
    pairs = np.multiply(pieces, columns, dtype=np.intp) + truth
    overlap = np.bincount(pairs, minlength=rows * columns).reshape(rows, columns)
    area, true_area = overlap.sum(axis=1), overlap.sum(axis=0)
    predicted, true = (np.flatnonzero(areas[1:] >= pixels) + 1 for areas in (area, true_area))
    if not len(predicted) or not len(true):
        return dict.fromkeys(("precision", "recall", "f1", "panoptic_quality"), float(len(predicted) == len(true)))
    overlap = overlap[np.ix_(predicted, true)]
    iou = overlap / (area[predicted, None] + true_area[None, true] - overlap)
    matched = iou[iou > MATCH]
    return {
        "precision": len(matched) / len(predicted),
        "recall": len(matched) / len(true),
        "f1": 2 * len(matched) / (len(predicted) + len(true)),
        "panoptic_quality": 2 * float(matched.sum()) / (len(predicted) + len(true)),
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

    Discs about the others say so at once; only beyond the largest that is quickly drawn are distances measured.
    """
    radius = min(reach, _LARGEST_DISC)
    far = points & ~_discs(others, radius)
    near = np.count_nonzero(points) - np.count_nonzero(far)
    if reach > radius and far.any():
        from scipy.spatial import KDTree

        distance, _ = KDTree(_places(others), **_QUICK).query(_places(far), distance_upper_bound=reach + 1)
        near += np.count_nonzero(distance <= reach)
    return int(near)


def _discs(points: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    """Discs of `radius` pixels about every one of `points` (ny, nx).

    A disc is drawn row by row from its ends to its middle, all of them together; columns added at the right keep what
    leaves a row out of the next.
    """
    ny, nx = points.shape
    row = nx + int(radius)
    wide = np.zeros((ny, row), dtype=bool)
    wide[:, :nx] = points
    wide = wide.ravel()
    discs, half = np.zeros_like(wide), 0
    for dy in range(min(int(radius), ny - 1), -1, -1):
        while half < int(np.sqrt(radius**2 - dy**2)):
            before, half = wide.copy(), half + 1
            wide[1:] |= before[:-1]
            wide[:-1] |= before[1:]
        discs[dy * row :] |= wide[: len(wide) - dy * row]
        discs[: len(discs) - dy * row] |= wide[dy * row :]
    return discs.reshape(ny, row)[:, :nx]


def _places(points: NDArray[np.bool_]) -> NDArray[np.intp]:
    """(n, 2) rows and columns."""
    return np.stack(np.divmod(np.flatnonzero(points), points.shape[1]), axis=1)


def _without_small(labels: NDArray[np.integer], pixels: float) -> NDArray[np.intp]:
    """Labels (n,) numbered 1, 2, … in place of those that cover at least so many pixels, 0 elsewhere."""
    keep = (np.bincount(labels, minlength=1) >= pixels).astype(np.intp)
    keep[0] = 0
    return np.asarray((np.cumsum(keep) * keep)[labels])


__all__ = ["MATCH", "MIN_AREA", "TOLERANCE", "object_scores", "outline", "surface_dice"]
