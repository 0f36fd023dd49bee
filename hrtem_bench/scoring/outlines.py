"""Scores of outlines: how far the edge of the predicted region is from that of the label, and on which side."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_bench.scoring.metric import Metric

TOLERANCE = 2.5
"""Å: how far apart two outlines may run and still agree. About the distance between neighbouring atomic columns."""
_LARGEST_DISC = 16.0
_QUICK = {"balanced_tree": False, "compact_nodes": False}
"""Trees that are asked once are quicker made than balanced."""


def surface_dice(prediction: ArrayLike, mask: ArrayLike, *, pixel_size: float, tolerance: float = TOLERANCE) -> float:
    """The share of both outlines that lies within `tolerance` Å of the other, 0 to 1 (Nikolov et al., 2021).

    An outline is the pixels of a region with a neighbour (above, below, left or right) outside it. Distances are
    between pixel centres. The edge of the image is no outline. Where neither region has an outline, the score is 1 if
    they are equal and 0 if not; where only one has, it is 0.
    """
    a, b = np.asarray(prediction) != 0, np.asarray(mask) != 0
    first, second = outline(a), outline(b)
    lengths = np.count_nonzero(first), np.count_nonzero(second)
    if not all(lengths):
        return float(not any(lengths) and np.array_equal(a, b))
    reach = tolerance / pixel_size + 1e-9
    return float((_near(first, second, reach) + _near(second, first, reach)) / sum(lengths))


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
    a, b = np.asarray(prediction) != 0, np.asarray(mask) != 0
    first, second = outline(a), outline(b)
    if not (first.any() and second.any()):
        return 0.0 if np.array_equal(a, b) else math.nan
    total = _signed(first, ~b, second) - _signed(second, ~a, first)
    return float(pixel_size * total / (np.count_nonzero(first) + np.count_nonzero(second)))


def _signed(points: NDArray[np.bool_], outside: NDArray[np.bool_], others: NDArray[np.bool_]) -> float:
    """Sum over `points` of their distance to `others` in pixels, negative for those that are not `outside`."""
    from scipy.spatial import KDTree

    distance, _ = KDTree(_places(others), **_QUICK).query(_places(points))
    return float(np.sum(np.where(outside[points], distance, -distance)))


def outline(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether each pixel of (ny, nx) is in the region and has a neighbour (above, below, left or right) outside it."""
    core = region.copy()
    core[1:] &= region[:-1]
    core[:-1] &= region[1:]
    core[:, 1:] &= region[:, :-1]
    core[:, :-1] &= region[:, 1:]
    return region ^ core


def _near(points: NDArray[np.bool_], others: NDArray[np.bool_], reach: float) -> int:
    """How many pixels of `points` lie within `reach` pixels of one of `others`; both (ny, nx), not empty.

    For a short reach, discs are drawn about the others, which is faster than measuring distances.
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
    """Discs of `radius` pixels about every pixel of `points` (ny, nx).

    All are drawn at once, row by row from their ends to their middle. Columns added at the right keep one row out of
    the next.
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

__all__ = ["METRICS", "TOLERANCE", "outline", "signed_boundary_distance", "surface_dice"]
