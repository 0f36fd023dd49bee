"""What a scene is made of: one frozen, validated `SceneSpec` of plain strings, numbers and tuples."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from hrtem_bench.errors import InputError, require
from hrtem_bench.specimens.coatings import MOST_COATING, check_coating
from hrtem_bench.specimens.crystals import lattice_from_dict
from hrtem_bench.specimens.films import check_film
from hrtem_bench.specimens.glasses import GLASSES, Glass
from hrtem_bench.specimens.lattices import Lattice, checked, lattice
from hrtem_bench.specimens.shapes import Facet, is_fcc, wulff_outline

Range = tuple[float, float]

SHAPES = ("sphere", "wulff", "icosahedron", "decahedron", "core_shell", "cap", "lens")
_ROUGH = ("sphere", "wulff", "cap", "lens")
SIDES = ("below", "above", "both", "none")
SIZES = ("uniform", "normal", "lognormal")

_RANGES = {
    "diameter": float,
    "count": int,
    "faults": int,
    "twins": int,
    "film_thickness": float,
    "shell_thickness": float,
    "contact_angle": float,
    "lens_aspect": float,
    "ligand_thickness": float,
    "contamination_thickness": float,
}
_NUMBERS = (
    "gap", "contact", "margin", "tilt", "adsorbate_coverage", "adsorbate_distance", "particle_roughness",
    "particle_correlation", "film_roughness", "film_correlation", "film_density_variation",
)  # fmt: skip
_LEAST_ANGLE, _LEAST_ASPECT = 30.0, 0.2
_LEAST_CORRELATION = 4.0
"""Å: a surface or a film cannot vary over less than the distance of two atoms."""
_MOST_DEVIATIONS = 3.0
_PROTOCOL_FILM = (20.0, 80.0)
"""Å: that of the published protocol, allowed in every box; a thicker film needs a box as wide as it is thick."""


@dataclass(frozen=True)
class SceneSpec:
    """What scenes are drawn from; the defaults are the published protocol. Lengths in Å.

    box: field of view along x and y, periodic. A range is lowest and highest value, drawn uniformly (one number
    stands for both).

    Particles. lattices: names, of which each scene takes one. crystals: lattices of one's own that these names may
    mean. shapes: of which each particle takes one, with the probabilities shape_weights (all alike if empty).
    diameter: range, for each particle; of shapes that are no spheres, the diameter of the sphere of equal volume.
    size_distribution: "uniform"; "normal" or "lognormal": the range (of the logarithm) is the mean and two standard
    deviations to each side, and what falls outside is drawn again. count: range, for the scene. gap: least distance
    between the surfaces of two particles, periodic in x and y. whole: particles lie wholly inside the box in x and y;
    otherwise its edges may cut them. faults, twins: ranges, for each particle. surface_energies: of the Wulff shape,
    {"111": 1.0, "100": 1.2}. shell: lattice around the core of a core-shell particle; shell_thickness: range.
    contact_angle: range, degrees, 30 to 180, of a cap, whose flat face lies on the film; 90 is a half sphere.
    lens_aspect: range, 0.2 to 1, height along the beam over width of a lens. particle_roughness: standard deviation
    of the height of the surface; particle_correlation: its correlation length, the standard deviation of a Gaussian.
    zone_axis: direction [u, v, w] of the crystal along the beam, None for uniformly random orientations; tilt:
    standard deviation, degrees, of the random tilt from it about x and about y.

    Film. film: an amorphous material ("a-C") or a lattice ("graphite", "c-Si"). film_side: "below", so that the beam
    meets it before the particles; "above", after them; "both", a film on each side, each with its own thickness;
    "none". film_thickness: range, 0 for no film. film_roughness: standard deviation of the thickness over the field,
    half of the variance from each face; film_density_variation: relative standard deviation of the density over the
    field; film_correlation: correlation length of both, the standard deviation of a Gaussian. film_density: g/cm³,
    None for the material's own. film_surface: Miller indices of a crystalline film's face. contact: nearest distance
    of a particle's atoms to the film's. margin: empty space below and above.

    Coatings. adsorbate: an element or a molecule of ase ("CO"), "" for none; adsorbate_coverage: how many on 1 Å² of
    particle surface; adsorbate_distance: nearest distance to the particle's atoms. ligand_thickness: range, of a
    shell of amorphous hydrocarbon around all particles; contamination_thickness: range, of one over all surfaces.

    Raises InputError that names the field, its value and what is allowed.
    """

    box: Range = (128.0, 128.0)
    lattices: tuple[str, ...] = ("CdSe",)
    crystals: tuple[Lattice, ...] = ()
    shapes: tuple[str, ...] = ("sphere",)
    diameter: Range = (30.0, 50.0)
    size_distribution: str = "uniform"
    count: tuple[int, int] = (1, 5)
    gap: float = 10.0
    whole: bool = True
    faults: tuple[int, int] = (0, 2)
    twins: tuple[int, int] = (0, 0)
    surface_energies: tuple[Facet, ...] = ()
    shell: str = ""
    shell_thickness: Range = (5.0, 10.0)
    shape_weights: tuple[float, ...] = ()
    contact_angle: Range = (90.0, 90.0)
    lens_aspect: Range = (0.5, 0.5)
    particle_roughness: float = 0.0
    particle_correlation: float = 8.0
    zone_axis: tuple[int, int, int] | None = None
    tilt: float = 0.0
    film: str = "a-C"
    film_side: str = "below"
    film_thickness: Range = _PROTOCOL_FILM
    film_roughness: float = 0.0
    film_correlation: float = 30.0
    film_density_variation: float = 0.0
    film_density: float | None = None
    film_surface: tuple[int, int, int] = (0, 0, 1)
    contact: float = 3.0
    margin: float = 2.0
    adsorbate: str = ""
    adsorbate_coverage: float = 0.0
    adsorbate_distance: float = 2.2
    ligand_thickness: Range = (0.0, 0.0)
    contamination_thickness: Range = (0.0, 0.0)

    def __post_init__(self) -> None:
        for name, value in _plain(self).items():
            object.__setattr__(self, name, value)
        _one_of("size_distribution", self.size_distribution, SIZES)
        _one_of("film_side", self.film_side, SIDES)
        _check_sizes(self)
        _check_particles(self)
        _check_outlines(self)
        _check_film(self)
        _check_coatings(self)

    @property
    def has_film(self) -> bool:
        """Whether a scene may have a film."""
        return self.film_side != "none" and self.film_thickness[1] > 0

    def lattice(self, name: str) -> Lattice:
        """The lattice of that name, one's own before the known."""
        return lattice(name, self.crystals)

    def support(self) -> Glass | Lattice:
        """What the film is made of. Raises InputError if its name is not known, or may mean a glass or a crystal."""
        if self.film in GLASSES:
            return GLASSES[self.film]
        if f"a-{self.film}" in GLASSES:
            raise InputError(f"film {self.film!r} may mean a-{self.film} (amorphous) or c-{self.film} (the crystal)")
        try:
            return self.lattice(self.film.removeprefix("c-"))
        except InputError as error:
            raise InputError(f"film: {error}; amorphous films are {', '.join(GLASSES)}") from None


def spec_from_dict(values: Mapping[str, Any]) -> SceneSpec:
    """A SceneSpec from a mapping, such as the table [scene] of a recipe.

    Parameters
    ----------
    values
        Fields by name. `crystals` may hold tables as `lattice_from_dict` reads them.

    Raises
    ------
    InputError
        For a key that is not known, and whatever `SceneSpec` refuses.
    """
    known = [field.name for field in fields(SceneSpec)]
    for key in values:
        if key not in known:
            raise InputError(f"unknown key {key!r} of a scene: known are {', '.join(known)}")
    return SceneSpec(**values)


def _plain(spec: SceneSpec) -> dict[str, Any]:
    """The fields with their types made right: lists become tuples, one number a range, tables lattices."""
    read: dict[str, Any] = {"box": _pair("box", spec.box, float)}
    for name, kind in _RANGES.items():
        read[name] = _rising(name, _pair(name, getattr(spec, name), kind))
    for name in _NUMBERS:
        read[name] = _not_negative(name, _number(name, getattr(spec, name), float))
    if spec.film_density is not None:
        read["film_density"] = _number("film_density", spec.film_density, float)
    if spec.zone_axis is not None:
        read["zone_axis"] = _indices("zone_axis", spec.zone_axis)
    return read | {
        "crystals": tuple(_crystal(item) for item in spec.crystals),
        "lattices": _names("lattices", spec.lattices),
        "shapes": _names("shapes", spec.shapes, SHAPES),
        "shape_weights": tuple(
            _not_negative("shape_weights", _number("shape_weights", w, float)) for w in _weights(spec)
        ),
        "surface_energies": _facets(spec.surface_energies),
        "film_surface": _indices("film_surface", spec.film_surface),
    }


def _check_sizes(spec: SceneSpec) -> None:
    if spec.diameter[0] <= 0 or min(spec.box) <= 0:
        raise InputError(f"diameter and box must be above 0, are {spec.diameter} and {spec.box}")
    if not spec.count[0] and not (spec.has_film and spec.film_thickness[0]):
        raise InputError("count and film_thickness both allow 0: a scene could be empty")
    if spec.whole and spec.diameter[1] > min(spec.box):
        raise InputError(f"diameter goes up to {spec.diameter[1]:g} Å, beyond the box of {spec.box} Å")


def _check_particles(spec: SceneSpec) -> None:
    for crystal in [spec.lattice(name) for name in spec.lattices]:
        for shape in ("icosahedron", "decahedron"):
            if shape in spec.shapes and not is_fcc(crystal):
                raise InputError(f"shapes has {shape}, which only face-centred elements form, not {crystal.name}")
        if spec.twins[1] and crystal.twin is None:
            raise InputError(f"twins goes up to {spec.twins[1]}, but no twin of {crystal.name} is known: set it to 0")
        if "wulff" in spec.shapes:
            wulff_outline(crystal, spec.surface_energies, spec.diameter[1])
    if "core_shell" in spec.shapes:
        spec.lattice(spec.shell)
        if not 0 < 2 * spec.shell_thickness[1] < spec.diameter[0]:
            raise InputError(f"shell_thickness must be above 0 and under half of diameter, is {spec.shell_thickness}")
    if spec.zone_axis is not None and not any(spec.zone_axis):
        raise InputError("zone_axis must be a direction, not [0, 0, 0]")
    if spec.adsorbate:
        known = {*require("ase.data", "sim").chemical_symbols[1:], *require("ase.collections", "sim").g2.names}
        if spec.adsorbate not in known:
            raise InputError(f"adsorbate must be an element or a molecule of ase such as CO, not {spec.adsorbate!r}")


def _check_outlines(spec: SceneSpec) -> None:
    if spec.shape_weights and (len(spec.shape_weights) != len(spec.shapes) or not sum(spec.shape_weights) > 0):
        raise InputError(f"shape_weights must have one number for each of the shapes {', '.join(spec.shapes)}")
    if "cap" in spec.shapes:
        if not spec.has_film or not spec.film_thickness[0]:
            raise InputError("shapes has cap, which lies on a film: give a film_thickness above 0 and a film_side")
        _within("contact_angle", spec.contact_angle, (_LEAST_ANGLE, 180.0), "degrees")
    if "lens" in spec.shapes:
        _within("lens_aspect", spec.lens_aspect, (_LEAST_ASPECT, 1.0), "(height over width)")
    if spec.particle_roughness:
        smooth = [shape for shape in spec.shapes if shape not in _ROUGH]
        if smooth:
            raise InputError(f"particle_roughness is for {', '.join(_ROUGH)}; set it to 0 for {smooth[0]}")
        _thin("particle_roughness", spec.particle_roughness, spec.diameter[0] / 2, "radius of the smallest particle")
        _coarse("particle_correlation", spec.particle_correlation)


def _check_film(spec: SceneSpec) -> None:
    low, high = spec.film_thickness
    if not spec.has_film:
        return
    most = max(*spec.box, _PROTOCOL_FILM[1])
    if high > most:
        raise InputError(
            f"film_thickness goes up to {high:g} Å, beyond the box of {spec.box} Å: {most:g} Å is the most"
        )
    _thin("film_roughness", spec.film_roughness, low, "thinnest film")
    if spec.film_roughness or spec.film_density_variation:
        _coarse("film_correlation", spec.film_correlation)
    material = spec.support()
    if spec.film_density_variation and not isinstance(material, Glass):
        raise InputError(f"film_density_variation is for amorphous films; {spec.film} is a crystal: set it to 0")
    if isinstance(material, Glass):
        density = material.density if spec.film_density is None else spec.film_density
        try:
            check_film(material, (*spec.box, low), density)
        except InputError as error:
            raise InputError(f"film_density and film_thickness: {error}") from None
        densest = density * (1 + _MOST_DEVIATIONS * spec.film_density_variation)
        if densest > material.limits[1]:
            most = (material.limits[1] / density - 1) / _MOST_DEVIATIONS
            raise InputError(f"film_density_variation of {material.name} is {most:.2g} at most at this density, not "
                             f"{spec.film_density_variation:g}")  # fmt: skip


def _check_coatings(spec: SceneSpec) -> None:
    for name in ("ligand_thickness", "contamination_thickness"):
        high = getattr(spec, name)[1]
        if high > MOST_COATING:
            raise InputError(f"{name} goes up to {high:g} Å: {MOST_COATING:g} Å is the most")
        if high:
            try:
                check_coating(spec.box)
            except InputError as error:
                raise InputError(f"{name}: {error}") from None


def _within(name: str, pair: Range, allowed: Range, unit: str) -> None:
    if not allowed[0] <= pair[0] <= pair[1] <= allowed[1]:
        raise InputError(f"{name} must be from {allowed[0]:g} to {allowed[1]:g} {unit}, not {pair}")


def _thin(name: str, deviation: float, size: float, of: str) -> None:
    """Raise InputError unless three standard deviations are within the size, Å."""
    if _MOST_DEVIATIONS * deviation > size:
        raise InputError(f"{name} is {deviation:g} Å: at most a third of the {of} ({size:g} Å)")


def _coarse(name: str, length: float) -> None:
    if length < _LEAST_CORRELATION:
        raise InputError(f"{name} must be {_LEAST_CORRELATION:g} Å or more, is {length:g}")


def _number(name: str, value: Any, kind: type) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not math.isfinite(value):
        raise InputError(f"{name} must be a number, not {value!r}")
    if kind is int and value != int(value):
        raise InputError(f"{name} must be a whole number, not {value!r}")
    return kind(value)


def _not_negative(name: str, value: Any) -> Any:
    if value < 0:
        raise InputError(f"{name} must not be negative, is {value:g}")
    return value


def _pair(name: str, value: Any, kind: type) -> tuple[Any, Any]:
    pair = list(value) if isinstance(value, (list, tuple, np.ndarray)) else [value, value]
    if len(pair) != 2:
        raise InputError(f"{name} must be a number or two numbers, not {value!r}")
    low, high = (_not_negative(name, _number(name, number, kind)) for number in pair)
    return low, high


def _rising(name: str, pair: tuple[Any, Any]) -> tuple[Any, Any]:
    if pair[0] > pair[1]:
        raise InputError(f"{name} must run from low to high, not {pair}")
    return pair


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")


def _names(name: str, value: Any, allowed: tuple[str, ...] | None = None) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else tuple(value)
    if not names or not all(isinstance(item, str) for item in names):
        raise InputError(f"{name} must be one name or a list of names, not {value!r}")
    for item in names if allowed else ():
        _one_of(name, item, allowed or ())
    return names


def _weights(spec: SceneSpec) -> list[Any]:
    if not isinstance(spec.shape_weights, (list, tuple)):
        raise InputError(f"shape_weights must be a list of numbers, one for each shape, not {spec.shape_weights!r}")
    return list(spec.shape_weights)


def _indices(name: str, value: Any) -> tuple[int, int, int]:
    indices = (
        tuple(_number(name, number, int) for number in value) if isinstance(value, (list, tuple, np.ndarray)) else ()
    )
    if len(indices) != 3:
        raise InputError(f"{name} must be three whole numbers, not {value!r}")
    return indices


def _facets(value: Any) -> tuple[Facet, ...]:
    """Surfaces from {"111": 1.0, "1 0 -2": 1.3} or from pairs of indices and energy."""
    pairs = value.items() if isinstance(value, Mapping) else value
    found = []
    for surface, energy in pairs:
        text = surface.split() if isinstance(surface, str) and " " in surface else surface
        try:
            indices = tuple(int(index) for index in text)
        except (TypeError, ValueError):
            indices = ()
        if len(indices) != 3 or not any(indices):
            raise InputError(f'surface_energies must name surfaces like "111" or "1 0 -2", not {surface!r}')
        if _number(f"surface_energies of {surface}", energy, float) <= 0:
            raise InputError(f"surface_energies of {surface} must be above 0, is {energy:g}")
        found.append((indices, float(energy)))
    return tuple(found)


def _crystal(value: Any) -> Lattice:
    return checked(value) if isinstance(value, Lattice) else lattice_from_dict(value)
