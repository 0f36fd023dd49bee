"""Planar faults: which planes of a crystal slip, and the crystal after they have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrtem_bench.specimens.lattices import GlidePlanes, Lattice

_REACH = 0.6
"""Faults and twin boundaries lie within this share of the radius from the centre, so that both sides of each show."""


@dataclass(frozen=True)
class Slips:
    """The planes that slip: normal (3,) Miller indices, heights (m,) and shifts (m, 3) in fractional coordinates.

    faults, twins: numbers of stacking faults and of twin boundaries that they make.
    """

    normal: np.ndarray
    heights: np.ndarray
    shifts: np.ndarray
    faults: int
    twins: int

    def displacement(self, cell: np.ndarray) -> float:
        """The longest way, Å, that an atom can have been shifted in the cell (3, 3)."""
        return float(np.linalg.norm(self.shifts @ cell, axis=1).sum())


def drawn_slips(
    crystal: Lattice,
    cell: np.ndarray,
    origin: np.ndarray,
    radius: float,
    counts: tuple[int, int],
    rng: np.random.Generator,
) -> Slips:
    """Planes drawn for (faults, twin boundaries) = counts in a particle of that radius (Å) about a fractional origin.

    All are parallel and none is drawn twice. There are fewer where the particle has fewer planes near its middle,
    no faults in a lattice without glide planes, and no twins in one whose twin no shift makes.
    """
    faults = counts[0] if crystal.glide else 0
    twins = counts[1] if crystal.twin else 0
    family = crystal.twin or crystal.glide
    if family is None or not faults + twins:
        return Slips(np.array([0, 0, 1]), np.zeros(0), np.zeros((0, 3)), 0, 0)
    heights, shifts = _planes(family, cell, origin, radius)
    spacing = 1 / float(np.linalg.norm(np.linalg.inv(cell) @ np.array(family.normal)))
    inner = np.flatnonzero(np.abs(heights - origin @ np.array(family.normal)) * spacing <= _REACH * radius)
    drawn = rng.choice(inner, size=min(faults + twins, len(inner)), replace=False)
    boundaries, faulted = drawn[:twins], drawn[twins:]
    # Beyond a boundary every plane slips, up to the next one; a fault is one plane that does otherwise.
    slips = np.cumsum(np.isin(np.arange(len(heights)), boundaries)) % 2 == 1
    slips[faulted] ^= True
    return Slips(np.array(family.normal), heights[slips], shifts[slips], len(faulted), len(boundaries))


def _planes(family: GlidePlanes, cell: np.ndarray, origin: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Heights (m,), rising, and shifts (m, 3) of all planes of the family that cut the particle."""
    normal = np.array(family.normal)
    middle, reach = float(origin @ normal), radius * float(np.linalg.norm(np.linalg.inv(cell) @ normal))
    periods = np.arange(np.floor(middle - reach), np.ceil(middle + reach) + 1)
    heights = (periods[:, None] + np.array(family.heights)).ravel()
    shifts = np.tile(np.array(family.shifts), (len(periods), 1))
    order = np.argsort(heights)
    order = order[np.abs(heights[order] - middle) <= reach]
    return heights[order], shifts[order]


def slipped(fractional: np.ndarray, slips: Slips) -> np.ndarray:
    """The crystal (n, 3) with everything beyond each plane shifted; the shifts lie in the planes, so heights stay."""
    before = np.concatenate([np.zeros((1, 3)), np.cumsum(slips.shifts, axis=0)])
    return fractional + before[np.searchsorted(slips.heights, fractional @ slips.normal)]
