"""Particles: a crystal, faulted and turned, from which a shape is cut."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from hrtem_bench.specimens.lattices import GlidePlanes, Lattice, unit_cell

if TYPE_CHECKING:
    from ase import Atoms

_FAULT_REACH = 0.6
"""Faults lie within this share of the radius from the centre, so that both sides of each show."""


def random_rotation(rng: np.random.Generator) -> np.ndarray:
    """A rotation matrix (3, 3), uniform over all orientations: that of a random unit quaternion."""
    w, x, y, z = (q := rng.standard_normal(4)) / np.linalg.norm(q)
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip


def sphere(crystal: Lattice, diameter: float, faults: int, rng: np.random.Generator) -> tuple[Atoms, int]:
    """Atoms of a sphere of the crystal about the origin, in the crystal's axes, and its number of faults.

    diameter: Å; every atom whose centre lies inside the sphere belongs to it. The centre falls on a random point
    of the unit cell. faults: how many stacking faults, on different parallel planes; fewer where there are not
    so many planes near the middle, none where the lattice has no glide planes.
    """
    atoms = unit_cell(crystal)
    cell, radius = np.asarray(atoms.cell), diameter / 2
    origin = rng.random(3)
    planes = _drawn_planes(crystal.glide, cell, origin, radius, faults, rng)
    reach = radius + sum(float(np.linalg.norm(shift @ cell)) for _, shift in planes)
    fractional, index = filled(atoms.get_scaled_positions(), cell, origin, reach)
    if crystal.glide is not None:
        fractional = _faulted(fractional, crystal.glide, planes)
    positions = (fractional - origin) @ cell
    inside = (positions**2).sum(axis=1) <= radius**2
    return _atoms(atoms.numbers[index[inside]], positions[inside]), len(planes)


def filled(basis: np.ndarray, cell: np.ndarray, origin: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Fractional positions (n, 3) of all atoms within `reach` (Å) of a point, and more; and their basis atoms (n,).

    basis: (b, 3) fractional positions in the cell (3, 3), Å. origin: the point, fractional.
    """
    widths = reach * np.linalg.norm(np.linalg.inv(cell), axis=0)
    low = np.floor(origin - widths).astype(int) - 1
    high = np.ceil(origin + widths).astype(int) + 1
    corners = np.array(list(itertools.product(*(range(a, b + 1) for a, b in zip(low, high, strict=True)))))
    points = (corners[:, None, :] + basis[None, :, :]).reshape(-1, 3)
    return points, np.tile(np.arange(len(basis)), len(corners))


def _drawn_planes(
    glide: GlidePlanes | None,
    cell: np.ndarray,
    origin: np.ndarray,
    radius: float,
    faults: int,
    rng: np.random.Generator,
) -> list[tuple[float, np.ndarray]]:
    """Height and shift of each fault, lowest first, drawn without repetition from the planes near the middle."""
    if glide is None or not faults:
        return []
    normal = np.array(glide.normal, float)
    spacing = 1 / float(np.linalg.norm(np.linalg.inv(cell) @ normal))
    middle, reach = float(normal @ origin), _FAULT_REACH * radius / spacing
    periods = range(int((middle - reach) // glide.period) - 1, int((middle + reach) // glide.period) + 2)
    choices = [
        (height + k * glide.period, np.array(shift))
        for k in periods
        for height, shift in zip(glide.heights, glide.shifts, strict=True)
        if abs(height + k * glide.period - middle) <= reach
    ]
    chosen = rng.choice(len(choices), size=min(faults, len(choices)), replace=False)
    return [choices[i] for i in sorted(chosen)]


def _faulted(fractional: np.ndarray, glide: GlidePlanes, planes: list[tuple[float, np.ndarray]]) -> np.ndarray:
    """The crystal with everything beyond each plane shifted; shifts are parallel to the planes, so heights stay."""
    heights = fractional @ np.array(glide.normal, float)
    moved = fractional.copy()
    for height, shift in planes:
        moved[heights > height] += shift
    return moved


def _atoms(numbers: np.ndarray, positions: np.ndarray) -> Atoms:
    from ase import Atoms

    return Atoms(numbers=numbers, positions=positions)


__all__ = ["filled", "random_rotation", "sphere"]
