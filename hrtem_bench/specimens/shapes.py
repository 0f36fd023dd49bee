"""Outlines of particles: sphere, cap, lens, the Wulff polyhedron of given surface energies; smooth or rough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hrtem_bench.errors import InputError, require
from hrtem_bench.specimens.lattices import Lattice, unit_cell
from hrtem_bench.specimens.random_fields import SurfaceField

Facet = tuple[tuple[int, int, int], float]
"""Miller indices (h, k, l) of a surface and its energy, in any unit."""


@dataclass(frozen=True)
class Outline:
    """A shape about the origin, in the crystal's axes: a point r (Å) is inside if it is inside of everything here.

    normals (m, 3), distances (m,), Å: facets, r . n <= d, of unit vectors n. radius: Å, of a sphere around the origin
    that holds the shape. ball_centers (k, 3), ball_radius, Å: further spheres, of which caps and lenses are cut.
    relief: how far the surface lies outside all these, by direction.
    """

    normals: np.ndarray
    distances: np.ndarray
    radius: float
    ball_centers: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    ball_radius: float = math.inf
    relief: SurfaceField | None = None

    @property
    def reach(self) -> float:
        """The farthest, Å, that any point of the shape may be from the origin."""
        return self.radius + (self.relief.highest if self.relief else 0.0)

    def holds(self, positions: np.ndarray) -> np.ndarray:
        """Which of the positions (n, 3), Å, are inside: (n,) bool."""
        if self.relief is None:
            return self._holds_smooth(positions)
        # The height is worked out for atoms of the skin alone, which it decides.
        within = self._holds_smooth(_lowered(positions, self.relief.lowest))
        skin = self._holds_smooth(_lowered(positions, self.relief.highest)) & ~within
        within[skin] = self._holds_smooth(_lowered(positions[skin], self.relief.height(positions[skin])))
        return within

    def _holds_smooth(self, positions: np.ndarray) -> np.ndarray:
        within: np.ndarray = np.einsum("ij,ij->i", positions, positions) <= self.radius**2
        for normal, distance in zip(self.normals, self.distances, strict=True):
            within &= positions @ normal <= distance
        for center in self.ball_centers:
            within &= ((positions - center) ** 2).sum(axis=1) <= self.ball_radius**2
        return within


def _lowered(positions: np.ndarray, by: np.ndarray | float) -> np.ndarray:
    """Positions (n, 3) brought nearer to the origin by so much, Å, no farther than to it."""
    lengths = np.linalg.norm(positions, axis=1)
    scales = np.maximum(lengths - by, 0.0) / np.maximum(lengths, 1e-9)
    return positions * scales[:, None]


def sphere_outline(diameter: float) -> Outline:
    """A sphere.

    Parameters
    ----------
    diameter
        Å.
    """
    return Outline(np.zeros((0, 3)), np.zeros(0), diameter / 2)


def cap_outline(diameter: float, contact_angle: float, base: np.ndarray) -> Outline:
    """A sphere truncated on its support: the part of it on one side of a plane.

    Parameters
    ----------
    diameter
        Of the sphere of equal volume, Å.
    contact_angle
        Between the flat face and the sphere, inside the particle, degrees, above 0 to 180: 90 is a half, 180 a whole
        sphere. The volume is pi R^3 (2 - 3 cos + cos^3) / 3, R being the radius of the sphere that is cut.
    base
        Unit vector (3,), in the crystal's axes, from the particle to the support.

    Returns
    -------
    Outline
        About the middle of the cap's height, R (1 - cos).
    """
    cosine = math.cos(math.radians(contact_angle))
    ball = diameter / 2 * (4 / (2 - 3 * cosine + cosine**3)) ** (1 / 3)
    half = ball * (1 - cosine) / 2
    center = (ball - half) * np.asarray(base)
    widest = ball if contact_angle >= 90 else ball * math.sin(math.radians(contact_angle))
    return Outline(np.asarray(base)[None, :], np.array([half]), math.hypot(widest, half), center[None, :], ball)


def lens_outline(diameter: float, aspect: float, axis: np.ndarray) -> Outline:
    """A lens: what two equal spheres have in common, so that it is thin at its edge.

    Parameters
    ----------
    diameter
        Of the sphere of equal volume, Å.
    aspect
        Height over width, above 0 to 1; its halves are caps of contact angle 2 atan(aspect). 1 is a sphere.
    axis
        Unit vector (3,), in the crystal's axes, along the height.
    """
    cosine = math.cos(2 * math.atan(aspect))
    ball = diameter / 2 * (2 / (2 - 3 * cosine + cosine**3)) ** (1 / 3)
    half = ball * (1 - cosine)
    centers = np.outer([1.0, -1.0], axis) * (ball - half)
    return Outline(np.zeros((0, 3)), np.zeros(0), half / aspect * (1 + 1e-9), centers, ball)


def wulff_outline(crystal: Lattice, facets: Sequence[Facet], diameter: float) -> Outline:
    """The Wulff polyhedron of surface energies (G. Wulff, Z. Krist. 34, 449 (1901)).

    Parameters
    ----------
    crystal
        Gives the axes and the symmetry.
    facets
        Miller indices and energy, in any unit. Each surface stands for all that the space group makes equal to it; its
        distance from the centre is proportional to its energy.
    diameter
        Of the sphere of equal volume, Å.

    Raises
    ------
    InputError
        If the surfaces do not close the shape.
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


def is_fcc(crystal: Lattice) -> bool:
    """Whether the lattice is a face-centred cubic element."""
    return crystal.spacegroup == 225 and len(crystal.sites) == 1 and not crystal.occupants
