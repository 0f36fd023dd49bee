"""Scores of objects: predicted particles matched to true ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_bench.scoring.metric import Metric, Segmentation

MIN_AREA = 50.0
"""Å²: smaller pieces, predicted or true, are no objects. A particle 3 nm across covers 700 Å²."""
MATCH = 0.5
"""A predicted and a true object match above this IoU, so that no object has two matches (Kirillov et al., 2019)."""


def object_scores(
    prediction: ArrayLike, instances: ArrayLike, *, pixel_size: float, min_area: float = MIN_AREA
) -> dict[str, float]:
    """ "precision", "recall", "f1" and "panoptic_quality" of the objects of one image, each 0 to 1.

    Precision is matched over predicted objects, recall matched over true ones, and panoptic quality the sum of the
    matches' IoU over the mean of both numbers. All are 1 where neither side has objects, 0 where only one has.

    Parameters
    ----------
    prediction
        (ny, nx), not 0 on particles; its objects are its 8-connected pieces.
    instances
        (ny, nx), k on true object k, 0 elsewhere; objects that touch are separate.
    pixel_size
        Å.
    min_area
        Å²; smaller objects are left out.
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


def _without_small(labels: NDArray[np.integer], pixels: float) -> NDArray[np.intp]:
    """Labels (n,) renumbered 1, 2, …, with 0 in place of those that cover fewer pixels."""
    keep = (np.bincount(labels, minlength=1) >= pixels).astype(np.intp)
    keep[0] = 0
    return np.asarray((np.cumsum(keep) * keep)[labels])


def _scores(one: Segmentation) -> dict[str, float]:
    return object_scores(one.prediction, one.instances, pixel_size=one.pixel_size)


METRICS = (
    Metric("precision", "Object precision", lambda one: one.once(_scores)["precision"], group="objects"),
    Metric("recall", "Object recall", lambda one: one.once(_scores)["recall"], group="objects"),
    Metric("f1", "Object F1", lambda one: one.once(_scores)["f1"], group="objects"),
    Metric("panoptic_quality", "Panoptic quality", lambda one: one.once(_scores)["panoptic_quality"], group="objects"),
)
