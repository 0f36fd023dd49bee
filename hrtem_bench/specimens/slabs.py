"""Crystalline supports: a slab of any lattice, strained a little so that it repeats across the box."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from hrtem_bench.errors import InputError, require
from hrtem_bench.specimens.lattices import Lattice, unit_cell

_MOST_STRAIN = 0.05
_TURN = math.radians(2.0)
"""How far the slab may be turned from the angle asked for, where that takes less strain."""


class Slab(NamedTuple):
    """Atomic numbers (n,), positions (n, 3), Å, and strain: the largest relative change of length."""

    numbers: np.ndarray
    positions: np.ndarray
    strain: float


def crystalline_slab(
    crystal: Lattice, surface: tuple[int, int, int], size: tuple[float, float, float], angle: float
) -> Slab:
    """A slab that fills a box, periodic in x and y: the nearest of all supercells of its surface, stretched onto it.

    Parameters
    ----------
    crystal
        Its lattice.
    surface
        Miller indices of the plane across the beam.
    size
        x, y and thickness, Å. There are as many whole layers as the thickness holds, at least one.
    angle
        Rotation about the beam, rad, to within 2 degrees: the least strained is taken.

    Returns
    -------
    Slab
        Its lowest atoms at z = 0.

    Raises
    ------
    InputError
        If the strain is more than 5 %: the box is too small for the cell of this surface. Also for a crystal with
        shared or partly filled sites.
    """
    if crystal.occupants:
        raise InputError(f"{crystal.name} has shared or partly filled sites: particles may, a crystalline film may not")
    numbers, positions, plane = _surface_cell(crystal, surface, size[2])
    box = np.diag(size[:2])
    turned = [_nearest_supercell(plane, box, angle + turn) for turn in np.linspace(-_TURN, _TURN, 81)]
    strain, repeats = min(turned, key=lambda found: found[0])
    if strain > _MOST_STRAIN:
        raise InputError(
            f"a box of {size[0]:g} x {size[1]:g} Å does not hold the ({' '.join(map(str, surface))}) surface of "
            f"{crystal.name} without a strain of {strain:.0%}: take a larger box"
        )
    cells = _cells_inside(repeats)
    inside = (positions[None, :, :2] + cells[:, None, :]).reshape(-1, 2) @ np.linalg.inv(repeats)
    inside -= np.floor(inside)
    inside[inside >= 1.0] = 0.0
    heights = np.tile(positions[:, 2], len(cells))
    return Slab(np.tile(numbers, len(cells)), np.column_stack([inside @ box, heights]), strain)


def _surface_cell(
    crystal: Lattice, surface: tuple[int, int, int], thickness: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Atomic numbers (n,), positions (n, 3; x and y fractional, z in Å) and plane (2, 2), Å, of the slab's cell."""
    build = require("ase.build", "sim")
    bulk = unit_cell(crystal)
    if not any(surface):
        raise InputError("a surface needs Miller indices that are not all 0")
    spacing = build.surface(bulk, surface, 1, periodic=True).cell[2, 2]
    slab = build.surface(bulk, surface, math.ceil(thickness / spacing) + 1, periodic=True)
    # ase lays the first vector along x and the normal along z.
    plane = np.asarray(slab.cell)[:2, :2]
    heights = slab.positions[:, 2] - slab.positions[:, 2].min()
    kept = heights <= max(thickness - 1e-6, 1e-3)
    lateral = slab.positions[kept, :2] @ np.linalg.inv(plane)
    return slab.numbers[kept], np.column_stack([lateral, heights[kept]]), plane


def _nearest_supercell(plane: np.ndarray, box: np.ndarray, angle: float) -> tuple[float, np.ndarray]:
    """Strain and whole-number vectors (2, 2) of the supercell of the turned plane that is nearest to the box."""
    c, s = math.cos(angle), math.sin(angle)
    turned = plane @ np.array([[c, s], [-s, c]])
    repeats = np.rint(box @ np.linalg.inv(turned)).astype(int)
    return _strain(repeats @ turned, box), repeats


def _strain(supercell: np.ndarray, box: np.ndarray) -> float:
    """Largest relative change of length in taking the supercell (2, 2) to the box (2, 2); inf if it is flat."""
    if abs(np.linalg.det(supercell)) < 1e-9:
        return math.inf
    stretches = np.linalg.svd(np.linalg.inv(supercell) @ box, compute_uv=False)
    return float(np.abs(stretches - 1).max())


def _cells_inside(repeats: np.ndarray) -> np.ndarray:
    """The whole-number cells (m, 2) of a supercell, one of each that it repeats; m = |det repeats|."""
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]) @ repeats
    low, high = corners.min(axis=0), corners.max(axis=0)
    cells = low + np.indices(high - low + 1).reshape(2, -1).T
    share = cells @ np.linalg.inv(repeats) + 1e-9
    return cells[np.all((share >= 0) & (share < 1), axis=1)]
