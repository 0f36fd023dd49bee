"""Adsorbates: atoms or small molecules on the surface of a particle."""

from __future__ import annotations

import numpy as np

from hrtem_bench.errors import require
from hrtem_bench.specimens.films import Placed
from hrtem_bench.specimens.particles import random_rotation

_APART = 2.5
"""Least distance, Å, between the atoms of two adsorbates."""
_TRIES = 20


def adsorbed(
    name: str,
    coverage: float,
    distance: float,
    particle: np.ndarray,
    others: np.ndarray,
    rng: np.random.Generator,
) -> Placed:
    """An element, or a molecule of ase, on a particle (m, 3), in random places and orientations.

    coverage: how many on 1 Å² of the sphere around the particle. Each comes in along a random radius until its nearest
    distance to the particle is `distance`, Å. Those that come within that distance of other atoms (k, 3), or within 2.5
    Å of one another, are drawn again, 20 times at most.
    """
    numbers, shape = _molecule(name)
    center = particle.mean(axis=0)
    radius = float(np.linalg.norm(particle - center, axis=1).max())
    blocked = require("scipy.spatial", "sim").cKDTree(others) if len(others) else None
    placed: list[np.ndarray] = []
    for _ in range(round(coverage * 4 * np.pi * radius**2)):
        for _ in range(_TRIES):
            atoms = _landed(shape @ random_rotation(rng).T, particle - center, distance, rng) + center
            if blocked is not None and blocked.query(atoms)[0].min() < distance:
                continue
            if placed and _nearest(atoms, np.concatenate(placed)) < _APART:
                continue
            placed.append(atoms)
            break
    return Placed(np.tile(numbers, len(placed)), np.concatenate([np.zeros((0, 3)), *placed]))


def _molecule(name: str) -> Placed:
    """The atoms of a molecule, about the first."""
    numbers = require("ase.data", "sim").atomic_numbers
    if name in numbers:
        return Placed(np.array([numbers[name]]), np.zeros((1, 3)))
    atoms = require("ase.build", "sim").molecule(name)
    return Placed(atoms.numbers, atoms.positions - atoms.positions[0])


def _landed(molecule: np.ndarray, particle: np.ndarray, distance: float, rng: np.random.Generator) -> np.ndarray:
    """The molecule (n, 3) moved in along a random radius of the particle (m, 3), about the origin, until it touches."""
    way = rng.standard_normal(3)
    way /= np.linalg.norm(way)
    between = particle[None, :, :] - molecule[:, None, :]
    along = between @ way
    across = np.einsum("ijk,ijk->ij", between, between) - along**2
    touching = across < distance**2
    # The last contact on the way out is the first on the way in; a radius that meets no atom ends at the centre.
    stops = along[touching] + np.sqrt(distance**2 - across[touching])
    return molecule + way * float(stops.max(initial=0.0))


def _nearest(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a[:, None, :] - b[None, :, :], axis=2).min())
