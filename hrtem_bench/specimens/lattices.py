"""Crystal lattices: what a particle or a crystalline support is cut from, and where its planes may slip."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from hrtem_bench.errors import InputError, require

if TYPE_CHECKING:
    from ase import Atoms

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class GlidePlanes:
    """The family of planes on which a crystal can slip into a stacking fault without breaking its bonds.

    normal: Miller indices (h, k, l) of the planes. heights: where they cut, as values of h x + k y + l z of
    fractional coordinates, within one period [0, period). shifts: for each height, the fault vector of
    everything beyond the plane, in fractional coordinates and parallel to the plane. period: of the heights.
    """

    normal: tuple[int, int, int]
    heights: tuple[float, ...]
    shifts: tuple[Vector, ...]
    period: float = 1.0


@dataclass(frozen=True)
class Lattice:
    """A crystal structure: space group, cell and sites, each with its source.

    name: what it is called in a recipe. spacegroup: number in the International Tables. cell: a, b, c (Å),
    alpha, beta, gamma (degrees). sites: (element, fractional position) of one site per orbit. setting: 1 or
    2, the choice of origin. glide: where stacking faults form; None if the lattice has none. source: of the
    cell and the sites.
    """

    name: str
    spacegroup: int
    cell: tuple[float, float, float, float, float, float]
    sites: tuple[tuple[str, Vector], ...]
    setting: int = 1
    glide: GlidePlanes | None = None
    source: str = ""


_DESIGN = "Cell: that of the published protocol. "
_WYCKOFF = "Sites: R. W. G. Wyckoff, Crystal Structures vol. 1 (1963)."

# Wurtzite slips between the two layers of a bilayer (the three slanted bonds of each atom keep their length), so
# that the upper crystal's next layer moves from its own site to the third one: I2, ...ABAB|CACA....
_BASAL = GlidePlanes((0, 0, 1), (0.4375, 0.9375), ((1 / 3, 2 / 3, 0.0), (-1 / 3, -2 / 3, 0.0)))
# The Shockley partial a/6 [11-2] on (111): ...ABC|BCA....
_PARTIAL: Vector = (1 / 6, 1 / 6, -1 / 3)
_FCC = GlidePlanes((1, 1, 1), (0.5,), (_PARTIAL,))
_DIAMOND = GlidePlanes((1, 1, 1), (0.875,), (_PARTIAL,))


def _wurtzite(name: str, metal: str, other: str, a: float, c: float, u: float, source: str) -> Lattice:
    sites = ((metal, (1 / 3, 2 / 3, 0.0)), (other, (1 / 3, 2 / 3, u)))
    return Lattice(name, 186, (a, a, c, 90.0, 90.0, 120.0), sites, 1, _BASAL, _DESIGN + source)


def _cubic(
    name: str,
    group: int,
    a: float,
    sites: tuple[tuple[str, Vector], ...],
    glide: GlidePlanes | None,
    source: str,
) -> Lattice:
    setting = 2 if len(sites) > 1 and group == 227 else 1
    return Lattice(name, group, (a, a, a, 90.0, 90.0, 90.0), sites, setting, glide, _DESIGN + source)


def _spinel(name: str, metal: str, a: float, u: float, source: str) -> Lattice:
    sites = ((metal, (0.125,) * 3), (metal, (0.5,) * 3), ("O", (u,) * 3))
    return _cubic(name, 227, a, sites, None, source)  # type: ignore[arg-type]


_ORIGIN: Vector = (0.0, 0.0, 0.0)
_KNOWN = (
    _wurtzite("ZnS", "Zn", "S", 3.8227, 6.2607, 0.3748, "Sites: E. H. Kisi and M. M. Elcombe, Acta Cryst. C45, 1867 (1989)."),
    _wurtzite("CdSe", "Cd", "Se", 4.2985, 7.0152, 0.375, _WYCKOFF),
    _cubic("Cu", 225, 3.6157, (("Cu", _ORIGIN),), _FCC, _WYCKOFF),
    _cubic("Ag", 225, 4.0782, (("Ag", _ORIGIN),), _FCC, _WYCKOFF),
    _cubic("C", 227, 3.5673, (("C", _ORIGIN),), _DIAMOND, _WYCKOFF),
    _cubic("Si", 227, 5.430, (("Si", _ORIGIN),), _DIAMOND, _WYCKOFF),
    _spinel("Fe3O4", "Fe", 8.394, 0.2549, "Sites: M. E. Fleet, Acta Cryst. B37, 917 (1981)."),
    _spinel("Co3O4", "Co", 8.065, 0.2631, "Sites: W. L. Smith and A. D. Hobson, Acta Cryst. B29, 362 (1973)."),
    _cubic("Fe", 229, 2.866, (("Fe", _ORIGIN),), None, _WYCKOFF),
)  # fmt: skip

PROTOCOL: tuple[str, ...] = tuple(known.name for known in _KNOWN)
"""Names of the nine lattices of the published protocol."""

LATTICES: Mapping[str, Lattice] = MappingProxyType({known.name: known for known in _KNOWN})
"""The nine lattices of the published protocol, by name."""


def lattice(name: str) -> Lattice:
    """The lattice of that name. Raises InputError, listing the known ones, if there is none."""
    if name in LATTICES:
        return LATTICES[name]
    close = difflib.get_close_matches(name, LATTICES, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}? " if close else ""
    raise InputError(f"unknown lattice {name!r}: {hint}known are {', '.join(LATTICES)}")


def unit_cell(crystal: Lattice) -> Atoms:
    """The conventional unit cell of the lattice, as ase.Atoms; positions in Å."""
    spacegroup = require("ase.spacegroup", "sim")
    return spacegroup.crystal(
        [symbol for symbol, _ in crystal.sites],
        basis=[position for _, position in crystal.sites],
        spacegroup=crystal.spacegroup,
        setting=crystal.setting,
        cellpar=list(crystal.cell),
    )


__all__ = ["LATTICES", "GlidePlanes", "Lattice", "lattice", "unit_cell"]
