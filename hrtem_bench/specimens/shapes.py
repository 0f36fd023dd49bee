"""Shapes of particles: the sphere, the Wulff polyhedron of given surface energies, the five-fold clusters of ase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hrtem_bench.errors import InputError, require
from hrtem_bench.specimens.lattices import Lattice, unit_cell

if TYPE_CHECKING:
    from ase import Atoms

Facet = tuple[tuple[int, int, int], float]
"""Miller indices (h, k, l) of a surface and its energy, in any unit."""

_MOST_SHELLS = 40


@dataclass(frozen=True)
class Outline:
    """A convex shape about the origin: a point r (Å) is inside if r . n <= d for every facet, and |r| <= radius.

    normals: (m, 3) unit vectors in the crystal's axes; distances: (m,) Å; radius: of the sphere around it, Å.
    """

    normals: np.ndarray
    distances: np.ndarray
    radius: float

    def holds(self, positions: np.ndarray) -> np.ndarray:
        """Which of the positions (n, 3), Å, are inside: (n,) bool."""
        within = np.einsum("ij,ij->i", positions, positions) <= self.radius**2
        for normal, distance in zip(self.normals, self.distances, strict=True):
            within &= positions @ normal <= distance
        return within


def sphere_outline(diameter: float) -> Outline:
    """A sphere of that diameter, Å."""
    return Outline(np.zeros((0, 3)), np.zeros(0), diameter / 2)


def wulff_outline(crystal: Lattice, facets: Sequence[Facet], diameter: float) -> Outline:
    """The Wulff polyhedron of surface energies, of the volume of a sphere of that diameter (Å).

    Each surface stands for all that the space group makes equal to it; its distance from the centre is
    proportional to its energy (G. Wulff, Z. Krist. 34, 449 (1901)).
    Raises InputError if the surfaces do not close the shape.
    """
    if not facets:
        raise InputError(f"a Wulff shape of {crystal.name} needs surface energies")
    normals, energies = _equivalent(crystal, facets)
    corners = _corners(normals, energies)
    if corners is None:
        raise InputError(f"the surfaces {_listed(facets)} do not enclose a particle of {crystal.name}: add more")
    volume = require("scipy.spatial", "sim").ConvexHull(corners).volume
    scale = float(np.cbrt(np.pi / 6 * diameter**3 / volume))
    return Outline(normals, energies * scale, float(np.linalg.norm(corners, axis=1).max()) * scale * (1 + 1e-9))


def _equivalent(crystal: Lattice, facets: Sequence[Facet]) -> tuple[np.ndarray, np.ndarray]:
    """Unit normals (m, 3) and energies (m,) of the surfaces and of all that are equal to them by symmetry."""
    group = require("ase.spacegroup", "sim").Spacegroup(crystal.spacegroup, setting=crystal.setting)
    rotations = group.get_op()[0]
    reciprocal = np.linalg.inv(np.asarray(unit_cell(crystal).cell)).T
    normals, energies = [], []
    for indices, energy in facets:
        family = np.unique(np.array([np.array(indices) @ rotation for rotation in rotations]), axis=0)
        directions = family @ reciprocal
        normals.append(directions / np.linalg.norm(directions, axis=1, keepdims=True))
        energies.append(np.full(len(family), float(energy)))
    return np.concatenate(normals), np.concatenate(energies)


def _corners(normals: np.ndarray, distances: np.ndarray) -> np.ndarray | None:
    """Corners (n, 3) of the polyhedron r . n <= d; None if it is not closed."""
    spatial = require("scipy.spatial", "sim")
    try:
        hull = spatial.ConvexHull(normals)
    except spatial.QhullError:
        return None
    # The polyhedron is closed if and only if the origin lies inside the hull of its normals.
    if np.any(hull.equations[:, 3] > -1e-9):
        return None
    return spatial.HalfspaceIntersection(np.column_stack([normals, -distances]), np.zeros(3)).intersections


def _listed(facets: Sequence[Facet]) -> str:
    return ", ".join("(" + " ".join(map(str, indices)) + ")" for indices, _ in facets)


def cluster(crystal: Lattice, shape: str, diameter: float) -> Atoms:
    """The icosahedron or Marks decahedron of an fcc metal whose number of atoms is nearest to the sphere's.

    The atoms, from ase.cluster, lie about the origin. diameter: Å, of the sphere of equal volume.
    Raises InputError if the lattice is not face-centred with one atom.
    """
    if not is_fcc(crystal):
        raise InputError(f"a particle of {crystal.name} cannot be an {shape}: only elements that are face-centred can")
    symbol, a = crystal.sites[0][0], crystal.cell[0]
    wanted = np.pi / 6 * diameter**3 / (a**3 / 4)
    clusters = require("ase.cluster", "sim")
    sizes = range(2, _MOST_SHELLS)
    if shape == "icosahedron":
        counts = [(10 * n**3 - 15 * n**2 + 11 * n - 3) // 3 for n in sizes]
        made = clusters.Icosahedron(symbol, sizes[_closest(counts, wanted)], latticeconstant=a)
    else:
        made = _decahedron(clusters, symbol, a, wanted)
    made.positions -= made.positions.mean(axis=0)
    return made


def _decahedron(clusters: object, symbol: str, a: float, wanted: float) -> Atoms:
    """Decahedron of L. D. Marks, Philos. Mag. A 49, 81 (1984): square side faces, re-entrant edges one atom deep."""
    best: Atoms | None = None
    for edge in range(2, _MOST_SHELLS):
        made = clusters.Decahedron(symbol, p=edge, q=edge, r=1, latticeconstant=a)  # type: ignore[attr-defined]
        if best is not None and abs(len(made) - wanted) > abs(len(best) - wanted):
            return best
        best = made
    raise InputError(f"a decahedron of {wanted:.0f} atoms is larger than this makes")


def is_fcc(crystal: Lattice) -> bool:
    """Whether the lattice is a face-centred cubic element."""
    return crystal.spacegroup == 225 and len(crystal.sites) == 1 and not crystal.occupants


def _closest(counts: Sequence[int], wanted: float) -> int:
    return int(np.argmin(np.abs(np.array(counts) - wanted)))


__all__ = ["Facet", "Outline", "cluster", "is_fcc", "sphere_outline", "wulff_outline"]
