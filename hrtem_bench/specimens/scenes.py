"""Scenes: particles on a film in one box, drawn from a `SceneSpec` and a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hrtem_bench.errors import require
from hrtem_bench.specimens.films import amorphous_film
from hrtem_bench.specimens.glasses import glass
from hrtem_bench.specimens.lattices import lattice
from hrtem_bench.specimens.particles import random_rotation, sphere
from hrtem_bench.specimens.spec import SceneSpec

if TYPE_CHECKING:
    from ase import Atoms

_LAYOUT, _FILM, _PARTICLE = 0, 1, 2
"""Tags of the random streams of a scene: each part draws from its own."""
_TRIES, _ATTEMPTS = 100, 100
"""Places drawn for one particle, and layouts of all of them, before a particle is left out."""
_SURFACE = 10.0
"""Depth of film, Å, that a particle can touch."""


@dataclass(frozen=True)
class Particle:
    """One particle of a scene. Lengths in Å.

    lattice, shape: names. diameter: of the sphere. center: (x, y, z) in the box. faults: number of stacking
    faults. orientation: rotation matrix R, row by row; a vector v in the crystal's axes is R v in the box.
    atom_count: how many atoms it has.
    """

    lattice: str
    shape: str
    diameter: float
    center: tuple[float, float, float]
    faults: int
    orientation: tuple[tuple[float, float, float], ...]
    atom_count: int


@dataclass(frozen=True)
class Scene:
    """Particles on a film.

    atoms: the specimen; its cell is the box, the beam along +z, periodic in x and y, 0 <= z < height. The film comes
    first along the beam. particle: (atoms,) 0 for the film, k for the k-th particle. particles: those that
    are there, which may be fewer than were drawn if the box had no room. film_thickness, thickness (of all
    atoms along z): Å.
    """

    atoms: Atoms
    particle: np.ndarray
    particles: tuple[Particle, ...]
    film_thickness: float
    thickness: float


def scene(spec: SceneSpec, seed: int) -> Scene:
    """The scene that the seed draws from the spec: a pure function of both.

    Places are drawn at random, the largest particle first, and drawn again where particles are too close. If 100
    layouts leave one without room, the particle drawn last is left out; Scene.particles says which are there.
    """
    rng = _stream(seed, _LAYOUT)
    name = spec.lattices[int(rng.integers(len(spec.lattices)))]
    count = int(rng.integers(spec.count[0], spec.count[1] + 1))
    thickness = float(rng.uniform(*spec.film_thickness))
    diameters = rng.uniform(*spec.diameter, size=count)
    places = _places(spec, diameters, rng)
    numbers, positions = _film(spec, thickness, seed)
    made = [
        _particle(spec, name, float(diameter), place, (numbers, positions), thickness, _stream(seed, _PARTICLE, k))
        for k, (diameter, place) in enumerate(zip(diameters, places, strict=False))
    ]
    return _assembled(spec, thickness, (numbers, positions), made)


def vacuum(of: Scene) -> Atoms:
    """The particles of a scene alone, where they are and in the same box: what labels and the zero of focus need."""
    return of.atoms[of.particle > 0]


def _stream(seed: int, *tags: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, *tags]))


def _film(spec: SceneSpec, thickness: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    if thickness == 0:
        return np.zeros(0, int), np.zeros((0, 3))
    drawn = int(_stream(seed, _FILM).integers(2**63))
    return amorphous_film(glass(spec.film), (*spec.box, thickness), drawn, spec.film_density)


def _places(spec: SceneSpec, diameters: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Centres (m, 2) of the first m particles, as many as found room, no two closer than the gap."""
    for count in range(len(diameters), 0, -1):
        for _ in range(_ATTEMPTS):
            places = _attempt(spec, diameters[:count], rng)
            if places is not None:
                return places
    return np.zeros((0, 2))


def _attempt(spec: SceneSpec, diameters: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """Centres of all particles, the largest placed first; None if one finds no room."""
    box = np.array(spec.box)
    places = np.full((len(diameters), 2), np.nan)
    for k in np.argsort(-diameters, kind="stable"):
        edge = diameters[k] / 2 if spec.whole else 0.0
        drawn = edge + rng.random((_TRIES, 2)) * (box - 2 * edge)
        apart = drawn[:, None, :] - places[None, :, :]
        apart -= box * np.rint(apart / box)
        gaps = np.hypot(apart[..., 0], apart[..., 1]) - (diameters + diameters[k]) / 2
        free = np.flatnonzero(np.all((gaps >= spec.gap) | np.isnan(gaps), axis=1))
        if not len(free):
            return None
        places[k] = drawn[free[0]]
    return places


def _particle(
    spec: SceneSpec,
    name: str,
    diameter: float,
    place: np.ndarray,
    film: tuple[np.ndarray, np.ndarray],
    thickness: float,
    rng: np.random.Generator,
) -> tuple[Particle, np.ndarray, np.ndarray]:
    """The particle with z counted from the film's lower face, its atomic numbers and its positions."""
    faults = int(rng.integers(spec.faults[0], spec.faults[1] + 1))
    rotation = random_rotation(rng)
    atoms, made = sphere(lattice(name), diameter, faults, rng)
    positions = atoms.positions @ rotation.T
    positions[:, :2] += place
    height = _resting(positions, film[1], thickness, spec)
    positions[:, 2] += height
    record = Particle(
        lattice=name,
        shape="sphere",
        diameter=diameter,
        center=(float(place[0]), float(place[1]), height),
        faults=made,
        orientation=tuple(tuple(map(float, row)) for row in rotation),  # type: ignore[misc]
        atom_count=len(atoms),
    )
    return record, atoms.numbers, positions


def _resting(particle: np.ndarray, film: np.ndarray, thickness: float, spec: SceneSpec) -> float:
    """How far to lift a particle so that its nearest distance to the film is the contact distance; Å.

    It comes down along z until the first of its atoms touches; without a film its lowest atom is at 0.
    """
    top = film[film[:, 2] > thickness - _SURFACE]
    if not len(top):
        return float(-particle[:, 2].min())
    tree = require("scipy.spatial", "sim").cKDTree
    box = np.array(spec.box)
    low = particle[particle[:, 2] < particle[:, 2].min() + _SURFACE + spec.contact]
    found = tree(low[:, :2] % box, boxsize=box).sparse_distance_matrix(
        tree(top[:, :2] % box, boxsize=box), spec.contact, output_type="coo_matrix"
    )
    lifts = top[found.col, 2] + np.sqrt(spec.contact**2 - found.data**2) - low[found.row, 2]
    return float(lifts.max(initial=-particle[:, 2].min()))


def _assembled(
    spec: SceneSpec,
    thickness: float,
    film: tuple[np.ndarray, np.ndarray],
    made: list[tuple[Particle, np.ndarray, np.ndarray]],
) -> Scene:
    from ase import Atoms

    positions = np.concatenate([film[1], *(p for _, _, p in made)])
    lowest = float(positions[:, 2].min())
    positions[:, 2] += spec.margin - lowest
    positions[:, :2] %= np.array(spec.box)
    height = float(positions[:, 2].max()) + spec.margin
    records = tuple(
        Particle(**{**vars(r), "center": (*r.center[:2], r.center[2] + spec.margin - lowest)}) for r, _, _ in made
    )
    return Scene(
        atoms=Atoms(
            numbers=np.concatenate([film[0], *(n for _, n, _ in made)]),
            positions=positions,
            cell=(*spec.box, height),
            pbc=(True, True, False),
        ),
        particle=np.repeat(np.arange(len(made) + 1), [len(film[0]), *(len(n) for _, n, _ in made)]),
        particles=records,
        film_thickness=thickness,
        thickness=height - 2 * spec.margin,
    )


__all__ = ["Particle", "Scene", "scene", "vacuum"]
