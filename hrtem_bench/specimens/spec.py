"""What a scene is made of: one frozen, validated `SceneSpec` of plain strings, numbers and tuples."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

from hrtem_bench.errors import InputError
from hrtem_bench.specimens.glasses import glass
from hrtem_bench.specimens.lattices import lattice

Range = tuple[float, float]

_NOT_NEGATIVE = ("diameter", "count", "gap", "faults", "film_thickness", "contact", "margin")
_WHOLE = ("count", "faults")
_PAIRS = ("box", "diameter", "count", "faults", "film_thickness")


@dataclass(frozen=True)
class SceneSpec:
    """What every scene is drawn from; the defaults are the published protocol. Lengths in Å.

    box: field of view along x and y, periodic. lattices: names, of which each scene takes one. diameter, count,
    faults, film_thickness: lowest and highest value, drawn uniformly (a single number stands for both); diameter and
    faults for each particle, the others once. gap: least distance between the surfaces of two particles, periodic in x and y.
    whole: particles lie wholly inside the box in x and y; otherwise its edges may cut them. film: material of
    the film. film_density: g/cm³, None for the material's own. contact: nearest distance of a particle's
    atoms to the film's. margin: empty space below and above. Thickness 0 is no film.

    Raises InputError that names the field, its value and what is allowed.
    """

    box: Range = (128.0, 128.0)
    lattices: tuple[str, ...] = ("CdSe",)
    diameter: Range = (30.0, 50.0)
    count: tuple[int, int] = (1, 5)
    gap: float = 10.0
    faults: tuple[int, int] = (0, 2)
    whole: bool = True
    film: str = "a-C"
    film_thickness: Range = (20.0, 80.0)
    film_density: float | None = None
    contact: float = 3.0
    margin: float = 2.0

    def __post_init__(self) -> None:
        for name in _PAIRS:
            object.__setattr__(self, name, _pair(name, getattr(self, name), int if name in _WHOLE else float))
        for name in ("gap", "contact", "margin"):
            object.__setattr__(self, name, _number(name, getattr(self, name), float))
        if self.film_density is not None:
            object.__setattr__(self, "film_density", _number("film_density", self.film_density, float))
        object.__setattr__(self, "lattices", _names("lattices", self.lattices))
        for name in self.lattices:
            lattice(name)
        self._check_ranges()

    def _check_ranges(self) -> None:
        for name in _NOT_NEGATIVE:
            value = getattr(self, name)
            if (value[0] if isinstance(value, tuple) else value) < 0:
                raise InputError(f"{name} must not be negative, is {value}")
        if self.diameter[0] <= 0 or min(self.box) <= 0:
            raise InputError(f"diameter and box must be above 0, are {self.diameter} and {self.box}")
        if not self.count[0] and not self.film_thickness[0]:
            raise InputError("count and film_thickness both allow 0: a scene would be empty")
        if self.whole and self.diameter[1] > min(self.box):
            raise InputError(f"diameter goes up to {self.diameter[1]:g} Å, beyond the box of {self.box} Å")
        if self.film_thickness[1] > 0:
            material = glass(self.film)
            low, high = material.limits
            if self.film_density is not None and not low <= self.film_density <= high:
                raise InputError(f"film_density must be {low:g} to {high:g} g/cm³, is {self.film_density:g}")
            if self.film_thickness[0] < 10.0:
                raise InputError(f"film_thickness must be 0 (no film) or from 10 Å up, is {self.film_thickness}")


def spec_from_dict(values: dict[str, Any]) -> SceneSpec:
    """A SceneSpec from a mapping, such as a table of a recipe. Raises InputError for a key that is not known."""
    known = [field.name for field in fields(SceneSpec)]
    for key in values:
        if key not in known:
            raise InputError(f"unknown key {key!r} of a scene: known are {', '.join(known)}")
    return SceneSpec(**values)


def _number(name: str, value: Any, kind: type) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InputError(f"{name} must be a number, not {value!r}")
    if kind is int and value != int(value):
        raise InputError(f"{name} must be a whole number, not {value!r}")
    return kind(value)


def _pair(name: str, value: Any, kind: type) -> tuple[Any, Any]:
    pair = list(value) if isinstance(value, (list, tuple)) else [value, value]
    if len(pair) != 2:
        raise InputError(f"{name} must be a number or two numbers, not {value!r}")
    low, high = (_number(name, number, kind) for number in pair)
    if low > high and name != "box":
        raise InputError(f"{name} must run from low to high, not {value!r}")
    return low, high


def _names(name: str, value: Any) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else tuple(value)
    if not names or not all(isinstance(item, str) for item in names):
        raise InputError(f"{name} must be one name or a list of names, not {value!r}")
    return names


__all__ = ["SceneSpec", "spec_from_dict"]
