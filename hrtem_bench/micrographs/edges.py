"""Where a model draws the edges of particles: masks grown or shrunk by a distance, and Dice against that distance."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

OFFSETS = tuple(np.arange(-15.0, 15.25, 0.25).tolist())
"""Å: how far edges are moved to find the best offset; positive grows the particles."""


class Edges(msgspec.Struct, frozen=True, kw_only=True):
    """How the edges of the masks lie to those of the labels, over all micrographs.

    area_ratio: area of the masks over area of the labels; None without any label. best_offset: the offset of OFFSETS
    (Å, positive grows) at which mean Dice is highest, and dice_at_best_offset that mean. Both are chosen on these very
    labels: an upper bound for a model whose edges follow another convention, no score to report in place of Dice.
    smallest_object: Å², smaller pieces do not count as objects in F1.
    """

    area_ratio: float | None
    best_offset: float
    dice_at_best_offset: float
    smallest_object: float
    chosen_on_these_labels: bool = True


class EdgeCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Of one micrograph: pixels of the mask and of the label, and Dice with the mask at each of OFFSETS."""

    mask: int
    label: int
    dice: list[float]


def edge_distance(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The distance of each pixel (ny, nx) from the mask's edge, pixels: positive outside, negative inside, never 0.

    The edge runs half-way between the pixels of the mask and their neighbours outside. The edge of the image is none.
    All are infinite where the mask is empty, or the whole image.
    """
    from scipy import ndimage

    if mask.all() or not mask.any():
        return np.where(mask, -np.inf, np.inf)
    outside = ndimage.distance_transform_edt(~mask)
    inside = ndimage.distance_transform_edt(mask)
    return np.asarray(np.where(mask, 0.5 - inside, outside - 0.5))


def moved_edges(mask: NDArray[np.bool_], offset: float) -> NDArray[np.bool_]:
    """The mask (ny, nx) grown by `offset` pixels everywhere, or shrunk where it is negative (Euclidean distance)."""
    return mask if offset == 0 else edge_distance(mask) <= offset


def edge_counts(mask: NDArray[np.bool_], label: NDArray[np.bool_], pixel_size: float) -> EdgeCounts:
    """How a mask (ny, nx) compares with its label as its edges move; pixel_size: Å.

    Two empty masks agree: Dice 1.
    """
    distance = edge_distance(mask) * pixel_size
    own = np.sort(distance[label])
    every = np.sort(distance, axis=None)
    overlap = np.searchsorted(own, OFFSETS, side="right")
    covered = np.searchsorted(every, OFFSETS, side="right")
    total = covered + len(own)
    dice = np.where(total > 0, 2 * overlap / np.maximum(total, 1), 1.0)
    return EdgeCounts(mask=int(np.count_nonzero(mask)), label=len(own), dice=dice.tolist())


def edges(counts: list[EdgeCounts], smallest_object: float) -> Edges:
    """The edges over all micrographs, each of which counts the same in Dice; areas are added up first."""
    label = sum(one.label for one in counts)
    dice = np.mean([one.dice for one in counts], axis=0)
    best = min(np.flatnonzero(dice >= dice.max() - 1e-12), key=lambda i: abs(OFFSETS[i]))
    return Edges(
        area_ratio=sum(one.mask for one in counts) / label if label else None,
        best_offset=OFFSETS[best],
        dice_at_best_offset=float(dice[best]),
        smallest_object=smallest_object,
    )
