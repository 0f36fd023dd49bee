"""Scenes: particles on a film in one box, drawn from a `SceneSpec` and a seed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.specimens.adsorbates import adsorbed
from hrtem_bench.specimens.coatings import CONTAMINATION_DENSITY, LIGAND_DENSITY, coating
from hrtem_bench.specimens.films import amorphous_film
from hrtem_bench.specimens.glasses import Glass
from hrtem_bench.specimens.lattices import Lattice, unit_cell
from hrtem_bench.specimens.layout import drawn_places, resting_height
from hrtem_bench.specimens.particles import Cut, core_shell, cut, equal_volume_diameter, five_fold, random_rotation
from hrtem_bench.specimens.random_fields import PlaneField, plane_field, surface_field
from hrtem_bench.specimens.shapes import Outline, cap_outline, lens_outline, sphere_outline, wulff_outline
from hrtem_bench.specimens.slabs import crystalline_slab
from hrtem_bench.specimens.spec import SceneSpec

if TYPE_CHECKING:
    from ase import Atoms

_LAYOUT, _FILM, _PARTICLE, _ADSORBATE, _LIGAND, _CONTAMINATION = range(6)
"""Tags of the random streams of a scene: each part draws from its own."""


@dataclass(frozen=True)
class Particle:
    """One particle of a scene. Lengths in Å.

    Parameters
    ----------
    lattice
        Name; of a core-shell particle "core@shell".
    shape
        Name.
    diameter
        Of the sphere, or of the sphere of equal volume.
    center
        (x, y, z) in the box; of a cap, the middle of its height.
    faults
        Number of stacking faults.
    orientation
        Rotation matrix R, row by row; a vector v in the crystal's axes is R v in the box.
    atom_count
        How many atoms it has.
    twins
        Number of twin boundaries.
    """

    lattice: str
    shape: str
    diameter: float
    center: tuple[float, float, float]
    faults: int
    orientation: tuple[tuple[float, ...], ...]
    atom_count: int
    twins: int = 0


@dataclass(frozen=True)
class Scene:
    """Particles on a film.

    Parameters
    ----------
    atoms
        The specimen; its cell is the box, the beam along +z, periodic in x and y, 0 <= z < height: a film "below"
        comes first along the beam.
    particle
        (atoms,) 0 for films, adsorbates and coatings, k for the k-th particle.
    particles
        Those that are there, which may be fewer than were drawn if the box had no room.
    film_thickness
        Mean over the field, of both films together.
    thickness
        Of all atoms along z, Å.
    """

    atoms: Atoms
    particle: np.ndarray
    particles: tuple[Particle, ...]
    film_thickness: float
    thickness: float


@dataclass(frozen=True)
class _Part:
    """Some atoms of a scene while it is put together: positions (n, 3) with z from the film's lower face, Å."""

    numbers: np.ndarray
    positions: np.ndarray
    record: Particle | None = None


def scene(spec: SceneSpec, seed: int) -> Scene:
    """The scene that the seed draws from the spec: a pure function of both, on any number of threads.

    Places are drawn at random, the largest particle first, and drawn again where particles are too close. If 100
    layouts leave one without room, the particle drawn last is left out: `Scene.particles` has those that are there.

    Parameters
    ----------
    spec
        Lengths in Å.
    seed
        Not negative. Film, layout, each particle and each coating draw from streams of their own.

    Raises
    ------
    InputError
        If no particle has room and there is no film, or if a crystalline film does not fit the box.
    """
    rng = _stream(seed, _LAYOUT)
    name = spec.lattices[int(rng.integers(len(spec.lattices)))]
    count = int(rng.integers(spec.count[0], spec.count[1] + 1))
    thickness = float(rng.uniform(*spec.film_thickness))
    made = [_particle(spec, spec.lattice(name), _stream(seed, _PARTICLE, k)) for k in range(count)]
    box = np.array(spec.box)
    radii = np.array([radius for _, radius in made])
    places = drawn_places(radii, box, spec.gap, spec.whole, rng)
    standing = [_moved(part, (*place, 0.0)) for (part, _), place in zip(made, places, strict=False)]
    films, thickness = _films(spec, thickness, seed)
    parts = _stacked(spec, films, standing)
    if spec.adsorbate:
        parts += [_adsorbates(spec, parts, k, _stream(seed, _ADSORBATE, k)) for k in range(1, len(standing) + 1)]
    parts += _coatings(spec, parts, seed)
    return _assembled(spec, thickness, parts)


def vacuum(of: Scene) -> Atoms:
    """The particles of a scene alone, in the same box: what labels and the zero of focus are made from."""
    return of.atoms[of.particle > 0]


def _stream(seed: int, *tags: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, *tags]))


def _films(spec: SceneSpec, thickness: float, seed: int) -> tuple[list[_Part], float]:
    """The film, or both films, each with its lower face near z = 0; and their thickness together, Å."""
    if spec.film_side == "none" or thickness == 0:
        return [_Part(np.zeros(0, int), np.zeros((0, 3)))], 0.0
    films = [_film(spec, thickness, _stream(seed, _FILM))]
    if spec.film_side != "both":
        return films, thickness
    rng = _stream(seed, _FILM, 1)
    other = float(rng.uniform(*spec.film_thickness))
    return [*films, _film(spec, other, rng)], thickness + other


def _film(spec: SceneSpec, thickness: float, rng: np.random.Generator) -> _Part:
    """One film; the flat one lies in 0 <= z < thickness, the faces of a rough one lie about these heights."""
    box, material = np.array(spec.box), spec.support()
    seed = int(rng.integers(2**63)) if isinstance(material, Glass) else 0
    angle = 0.0 if isinstance(material, Glass) else float(rng.uniform(0, 2 * math.pi))
    faces: list[PlaneField] = []
    highest = 0.0
    if spec.film_roughness:
        faces = [plane_field(box, spec.film_correlation, rng) for _ in range(2)]
        highest = _face_deviation(spec) * max(float(np.abs(face.values).max()) for face in faces)
    size = (*spec.box, thickness + 2 * highest)
    if isinstance(material, Glass):
        amount = spec.film_density_variation
        varying = (plane_field(box, spec.film_correlation, rng), amount) if amount else None
        numbers, positions = amorphous_film(material, size, seed, spec.film_density, varying)
    else:
        numbers, positions, _ = crystalline_slab(material, spec.film_surface, size, angle)
    if not faces:
        return _Part(numbers, positions)
    positions = positions - [0.0, 0.0, highest]
    low, high = (_face_deviation(spec) * face.at(positions) for face in faces)
    inside = (positions[:, 2] >= low) & (positions[:, 2] < thickness + high)
    return _Part(numbers[inside], positions[inside])


def _face_deviation(spec: SceneSpec) -> float:
    """Standard deviation, Å, of the height of each face, so that the thickness has the one asked for."""
    return spec.film_roughness / math.sqrt(2)


def _stacked(spec: SceneSpec, films: list[_Part], particles: list[_Part]) -> list[_Part]:
    """The film, the particles in contact with it and, above them, the second film if there is one."""
    box = np.array(spec.box)
    relief = 10 * _face_deviation(spec)  # five deviations to each side
    side = -1.0 if spec.film_side == "above" else 1.0

    def height(upper: np.ndarray, lower: np.ndarray) -> float:
        return resting_height(upper, lower, box, spec.contact, relief)

    # What hangs below a film is what lies on its mirror image.
    mirror = np.array([1.0, 1.0, side])
    film = films[0].positions * mirror
    resting = [_moved(part, (0.0, 0.0, side * height(part.positions * mirror, film))) for part in particles]
    parts = [films[0], *resting]
    if len(films) == 1:
        return parts
    second = films[1]
    lifts = [height(second.positions, part.positions) for part in resting or [films[0]]]
    return [*parts, _moved(second, (0.0, 0.0, max(lifts)))]


def _particle(spec: SceneSpec, crystal: Lattice, rng: np.random.Generator) -> tuple[_Part, float]:
    """A particle about the origin, turned; and its radius across the beam, Å."""
    shape = spec.shapes[_drawn_shape(spec, rng)]
    diameter = _diameter(spec, rng)
    counts = (
        int(rng.integers(spec.faults[0], spec.faults[1] + 1)),
        int(rng.integers(spec.twins[0], spec.twins[1] + 1)),
    )
    rotation = _orientation(spec, crystal, rng)
    made = _cut(spec, crystal, (shape, diameter, rotation), counts, rng)
    name = f"{crystal.name}@{spec.shell}" if shape == "core_shell" else crystal.name
    five = shape in ("icosahedron", "decahedron")
    record = Particle(
        lattice=name,
        shape=shape,
        diameter=equal_volume_diameter(made.atoms, crystal) if five else diameter,
        center=(0.0, 0.0, 0.0),
        faults=made.faults,
        orientation=tuple(tuple(map(float, row)) for row in rotation),
        atom_count=len(made.atoms),
        twins=made.twins,
    )
    positions = made.atoms.positions @ rotation.T
    round_ = shape in ("sphere", "core_shell") and not spec.particle_roughness
    radius = made.radius if round_ else float(np.hypot(*positions[:, :2].T).max(initial=0.0))
    return _Part(made.atoms.numbers, positions, record), radius


def _drawn_shape(spec: SceneSpec, rng: np.random.Generator) -> int:
    if not spec.shape_weights:
        return int(rng.integers(len(spec.shapes)))
    weights = np.array(spec.shape_weights)
    return int(rng.choice(len(weights), p=weights / weights.sum()))


def _cut(
    spec: SceneSpec,
    crystal: Lattice,
    form: tuple[str, float, np.ndarray],
    counts: tuple[int, int],
    rng: np.random.Generator,
) -> Cut:
    """A particle in its crystal's axes; form: (shape, diameter in Å, rotation from these axes to the box)."""
    shape, diameter, _ = form
    if shape == "core_shell":
        sizes = (diameter, float(rng.uniform(*spec.shell_thickness)))
        return core_shell(crystal, spec.lattice(spec.shell), sizes, rng, counts)
    if shape in ("icosahedron", "decahedron"):
        return five_fold(crystal, shape, diameter)
    outline = _outline(spec, crystal, form, rng)
    if spec.particle_roughness:
        relief = surface_field(diameter / 2, spec.particle_roughness, spec.particle_correlation, rng)
        outline = replace(outline, relief=relief)
    return cut(crystal, outline, rng, counts)


def _outline(
    spec: SceneSpec, crystal: Lattice, form: tuple[str, float, np.ndarray], rng: np.random.Generator
) -> Outline:
    shape, diameter, rotation = form
    beam = rotation.T @ np.array([0.0, 0.0, 1.0])
    if shape == "cap":
        support = beam if spec.film_side == "above" else -beam
        return cap_outline(diameter, float(rng.uniform(*spec.contact_angle)), support)
    if shape == "lens":
        return lens_outline(diameter, float(rng.uniform(*spec.lens_aspect)), beam)
    if shape == "wulff":
        return wulff_outline(crystal, spec.surface_energies, diameter)
    return sphere_outline(diameter)


def _diameter(spec: SceneSpec, rng: np.random.Generator) -> float:
    low, high = spec.diameter
    if spec.size_distribution == "uniform" or low == high:
        return float(rng.uniform(low, high))
    logarithmic = spec.size_distribution == "lognormal"
    if logarithmic:
        low, high = math.log(low), math.log(high)
    while not low <= (drawn := rng.normal((low + high) / 2, (high - low) / 4)) <= high:
        pass
    return math.exp(drawn) if logarithmic else float(drawn)


def _orientation(spec: SceneSpec, crystal: Lattice, rng: np.random.Generator) -> np.ndarray:
    """Rotation (3, 3) from the crystal's axes to the box."""
    if spec.zone_axis is None:
        return random_rotation(rng)
    axis = np.array(spec.zone_axis) @ np.asarray(unit_cell(crystal).cell)
    turn = rng.uniform(0, 2 * math.pi)
    tilts = np.radians(spec.tilt) * rng.standard_normal(2)
    return _about(0, tilts[0]) @ _about(1, tilts[1]) @ _about(2, turn) @ _to_beam(axis)


def _about(axis: int, angle: float) -> np.ndarray:
    """Rotation by an angle (rad) about x, y or z (0, 1, 2)."""
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    rotation = np.eye(3)
    rotation[i, i] = rotation[j, j] = math.cos(angle)
    rotation[i, j], rotation[j, i] = -math.sin(angle), math.sin(angle)
    return rotation


def _to_beam(axis: np.ndarray) -> np.ndarray:
    """A rotation that takes the axis to +z: its rows are two directions across the axis, and the axis."""
    z = axis / np.linalg.norm(axis)
    x = np.cross(np.eye(3)[np.argmin(np.abs(z))], z)
    x /= np.linalg.norm(x)
    return np.array([x, np.cross(z, x), z])


def _moved(part: _Part, by: tuple[float, ...]) -> _Part:
    record = part.record
    if record is not None:
        x, y, z = (float(a + b) for a, b in zip(record.center, by, strict=True))
        record = replace(record, center=(x, y, z))
    return _Part(part.numbers, part.positions + np.array(by), record)


def _adsorbates(spec: SceneSpec, parts: list[_Part], k: int, rng: np.random.Generator) -> _Part:
    others = np.concatenate([part.positions for i, part in enumerate(parts) if i != k])
    near = np.linalg.norm(others - parts[k].positions.mean(axis=0), axis=1) < spec.diameter[1] + 20.0
    return _Part(
        *adsorbed(
            spec.adsorbate, spec.adsorbate_coverage, spec.adsorbate_distance, parts[k].positions, others[near], rng
        )
    )


def _coatings(spec: SceneSpec, parts: list[_Part], seed: int) -> list[_Part]:
    """Shells of ligands around the particles, then contamination over everything."""
    box = np.array(spec.box)
    made: list[_Part] = []
    if spec.ligand_thickness[1]:
        rng = _stream(seed, _LIGAND)
        covered = _positions(part for part in parts if part.record is not None)
        others = _positions(part for part in parts if part.record is None)
        made.append(_Part(*coating(covered, others, box, rng.uniform(*spec.ligand_thickness), LIGAND_DENSITY, rng)))
    if spec.contamination_thickness[1]:
        rng = _stream(seed, _CONTAMINATION)
        thickness = rng.uniform(*spec.contamination_thickness)
        nothing = np.zeros((0, 3))
        made.append(_Part(*coating(_positions([*parts, *made]), nothing, box, thickness, CONTAMINATION_DENSITY, rng)))
    return made


def _positions(parts: Iterable[_Part]) -> np.ndarray:
    return np.concatenate([np.zeros((0, 3)), *(part.positions for part in parts)])


def _assembled(spec: SceneSpec, thickness: float, parts: list[_Part]) -> Scene:
    from ase import Atoms

    positions = np.concatenate([part.positions for part in parts])
    if not len(positions):
        raise InputError(f"no particle fits into the box of {spec.box} Å, and there is no film: take a larger box")
    lift = spec.margin - float(positions[:, 2].min())
    positions[:, 2] += lift
    positions[:, :2] %= np.array(spec.box)
    positions[:, :2][positions[:, :2] >= spec.box] = 0.0  # what rounding left on the far edge
    height = float(positions[:, 2].max()) + spec.margin
    records = [_moved(part, (0.0, 0.0, lift)).record for part in parts]
    labels = np.cumsum([record is not None for record in records]) * [record is not None for record in records]
    return Scene(
        atoms=Atoms(
            numbers=np.concatenate([part.numbers for part in parts]),
            positions=positions,
            cell=(*spec.box, height),
            pbc=(True, True, False),
        ),
        particle=np.repeat(labels, [len(part.numbers) for part in parts]),
        particles=tuple(record for record in records if record is not None),
        film_thickness=thickness,
        thickness=float(np.ptp(positions[:, 2])),
    )
