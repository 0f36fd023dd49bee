"""Crystal lattices: what particles and crystalline supports are cut from, and where their planes may slip."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from hrtem_bench.errors import InputError, one_line, require

if TYPE_CHECKING:
    from ase import Atoms

Vector = tuple[float, float, float]

NEAREST_ATOMS = 0.6
"""Å: atoms nearer than the hydrogen molecule's (0.74 Å) are a mistake or a disordered structure."""
_MOST_LENGTH = 1000.0
"""Longest edge of a cell, Å."""


@dataclass(frozen=True)
class GlidePlanes:
    """A family of planes along which one half of a crystal can be shifted against the other.

    normal: Miller indices (h, k, l) of the planes. heights: where they lie, as values of h x + k y + l z of
    fractional coordinates, within one period [0, 1). shifts: for each height, the shift of everything beyond
    the plane, in fractional coordinates and parallel to the plane.
    """

    normal: tuple[int, int, int]
    heights: tuple[float, ...]
    shifts: tuple[Vector, ...]


@dataclass(frozen=True)
class Lattice:
    """A crystal structure.

    Parameters
    ----------
    name
        What it is called in a recipe.
    spacegroup
        Number in the International Tables.
    cell
        a, b, c (Å), alpha, beta, gamma (degrees).
    sites
        (element, fractional position), one for each orbit of the space group.
    setting
        1 or 2, its choice of origin.
    glide
        Where stacking faults form, None if the lattice has no stable one.
    twin
        Where a shift at every plane beyond the first makes the mirror image, None if no shift does.
    source
        Of the cell and the sites.
    occupants
        () where every site is full; else for each site, the elements that may fill it and with which probability,
        1 at most together; what is missing to 1 stays empty.
    """

    name: str
    spacegroup: int
    cell: tuple[float, float, float, float, float, float]
    sites: tuple[tuple[str, Vector], ...]
    setting: int = 1
    glide: GlidePlanes | None = None
    twin: GlidePlanes | None = None
    source: str = ""
    occupants: tuple[tuple[tuple[str, float], ...], ...] = ()


# Wurtzite slips between the layers of a bilayer, where the three slanted bonds of each atom keep their length: the
# next layer moves from its site to the third one, ...ABAB|CACA... (the fault I2). Close-packed metals alike.
_BASAL_SHIFTS: tuple[Vector, ...] = ((1 / 3, 2 / 3, 0.0), (-1 / 3, -2 / 3, 0.0))
_WURTZITE = GlidePlanes((0, 0, 1), (0.4375, 0.9375), _BASAL_SHIFTS)
_HCP = GlidePlanes((0, 0, 1), (0.5, 0.0), _BASAL_SHIFTS)
# The Shockley partial a/6 [11-2] on (111): ...ABC|BCA...; at every plane it turns ABC into CBA, a twin.
_PARTIAL: Vector = (1 / 6, 1 / 6, -1 / 3)
_FCC = GlidePlanes((1, 1, 1), (0.5,), (_PARTIAL,))
_DIAMOND = GlidePlanes((1, 1, 1), (0.875,), (_PARTIAL,))
# The twinning shear a/6 [11-1] on (112) of body-centred metals; a single one is no stable fault.
_BCC = GlidePlanes((1, 1, 2), (0.5,), ((1 / 6, 1 / 6, -1 / 6),))

_ORIGIN: Vector = (0.0, 0.0, 0.0)
_PUBLISHED = "Cell: the published protocol. "
_WYCKOFF = "Sites: R. W. G. Wyckoff, Crystal Structures 1 (1963)."


def _wurtzite(names: tuple[str, str], a: float, c: float, u: float, source: str) -> Lattice:
    sites = ((names[0], (1 / 3, 2 / 3, 0.0)), (names[1], (1 / 3, 2 / 3, u)))
    return Lattice("".join(names), 186, (a, a, c, 90.0, 90.0, 120.0), sites, 1, _WURTZITE, None, source)


def _cubic(name: str, group: int, a: float, source: str, glide: GlidePlanes | None) -> Lattice:
    twin = _BCC if group == 229 else glide
    return Lattice(name, group, (a, a, a, 90.0, 90.0, 90.0), ((name, _ORIGIN),), 1, glide, twin, source)


def _spinel(metal: str, a: float, u: float, source: str) -> Lattice:
    # A rigid slip of 1/4 <110> would bring two metal atoms within 2.1 Å of each other: no glide planes.
    sites = ((metal, (0.125, 0.125, 0.125)), (metal, (0.5, 0.5, 0.5)), ("O", (u, u, u)))
    return Lattice(f"{metal}3O4", 227, (a, a, a, 90.0, 90.0, 90.0), sites, 2, source=source)


_PROTOCOL = (
    _wurtzite(("Zn", "S"), 3.8227, 6.2607, 0.3748,
              _PUBLISHED + "Sites: Kisi and Elcombe, Acta Cryst. C45, 1867 (1989)."),
    _wurtzite(("Cd", "Se"), 4.2985, 7.0152, 0.375, _PUBLISHED + _WYCKOFF),
    _cubic("Cu", 225, 3.6157, _PUBLISHED + _WYCKOFF, _FCC),
    _cubic("Ag", 225, 4.0782, _PUBLISHED + _WYCKOFF, _FCC),
    _cubic("C", 227, 3.5673, _PUBLISHED + _WYCKOFF, _DIAMOND),
    _cubic("Si", 227, 5.430, _PUBLISHED + _WYCKOFF, _DIAMOND),
    _spinel("Fe", 8.394, 0.2549, _PUBLISHED + "Sites: Okudera, Kihara, Matsumoto, Acta Cryst. B52, 450 (1996)."),
    _spinel("Co", 8.065, 0.2631, _PUBLISHED + "Sites: Smith and Hobson, Acta Cryst. B29, 362 (1973)."),
    _cubic("Fe", 229, 2.866, _PUBLISHED + _WYCKOFF, None),
)  # fmt: skip
_SUPPORTS = (
    Lattice("MgO", 225, (4.212,) * 3 + (90.0,) * 3, (("Mg", _ORIGIN), ("O", (0.5, 0.5, 0.5))), source=_WYCKOFF),
    Lattice("graphite", 194, (2.461, 2.461, 6.708, 90.0, 90.0, 120.0),
            (("C", (0.0, 0.0, 0.25)), ("C", (1 / 3, 2 / 3, 0.25))), source=_WYCKOFF),
)  # fmt: skip

PROTOCOL: tuple[str, ...] = tuple(known.name for known in _PROTOCOL)
"""Names of the nine lattices of the published protocol."""

LATTICES: Mapping[str, Lattice] = MappingProxyType({known.name: known for known in (*_PROTOCOL, *_SUPPORTS)})
"""The lattices with published cells, by name: the nine of the protocol and two for supports."""


def lattice(name: str, own: Iterable[Lattice] = ()) -> Lattice:
    """The lattice of that name: one's own, one of LATTICES, or an element as ase knows it ("Au").

    Parameters
    ----------
    name
        "Au", "CdSe", …
    own
        Lattices that come before the known ones.

    Raises
    ------
    InputError
        Lists the known names, with the nearest.
    """
    known = {**LATTICES, **{item.name: item for item in own}}
    if name in known:
        return known[name]
    element = _element(name)
    if element is not None:
        return element
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}? " if close else ""
    raise InputError(f"unknown lattice {name!r}: {hint}known are {', '.join(known)}, and elements such as Au")


def _element(symbol: str) -> Lattice | None:
    """The structure of an element as ase tabulates it; None if it is none of fcc, bcc, hcp and diamond."""
    data = require("ase.data", "sim")
    if symbol not in data.atomic_numbers:
        return None
    state = data.reference_states[data.atomic_numbers[symbol]] or {}
    kind, a, source = state.get("symmetry"), float(state.get("a", 0.0)), "ase.data.reference_states"
    if kind == "hcp":
        cell = (a, a, a * float(state["c/a"]), 90.0, 90.0, 120.0)
        return Lattice(symbol, 194, cell, ((symbol, (1 / 3, 2 / 3, 0.25)),), 1, _HCP, None, source)
    groups = {"fcc": (225, _FCC), "diamond": (227, _DIAMOND), "bcc": (229, None)}
    if kind not in groups:
        return None
    return _cubic(symbol, groups[kind][0], a, source, groups[kind][1])


def unit_cell(crystal: Lattice) -> Atoms:
    """The conventional unit cell of the lattice.

    Parameters
    ----------
    crystal
        Of a site that several elements share, the cell holds the one named in `sites`.

    Returns
    -------
    ase.Atoms
        Periodic; positions in Å. The array "spacegroup_kinds" tells from which site each atom comes.
    """
    symbols = [symbol for symbol, _ in crystal.sites]
    basis = [position for _, position in crystal.sites]
    if crystal.spacegroup == 1:  # ase compares every site with every other: a minute for 2000
        from ase import Atoms

        atoms = Atoms(symbols, cell=list(crystal.cell), pbc=True)
        atoms.set_scaled_positions([[x % 1.0 for x in position] for position in basis])
        atoms.set_array("spacegroup_kinds", np.arange(len(basis)))
        return atoms
    return require("ase.spacegroup", "sim").crystal(
        symbols,
        basis=basis,
        spacegroup=crystal.spacegroup,
        setting=crystal.setting,
        cellpar=list(crystal.cell),
    )


def checked(crystal: Lattice) -> Lattice:
    """The lattice itself.

    InputError if its cell cannot be built, is longer than 1000 Å or thinner than an atom, or if its atoms overlap.
    """
    try:
        vectors = cell_vectors(crystal.cell)
    except InputError as error:
        raise InputError(f"lattice {crystal.name} cannot be built: {error}") from None
    try:
        atoms = unit_cell(crystal)
    except InputError:
        raise
    except Exception as error:  # ase reports a site or cell that cannot be in several ways
        raise InputError(f"lattice {crystal.name} cannot be built: {one_line(error)}") from None
    widths = 1 / np.linalg.norm(np.linalg.inv(vectors), axis=0)
    if not widths.min() >= NEAREST_ATOMS:
        raise InputError(f"the cell of lattice {crystal.name} is {widths.min():.2g} Å wide, less than one atom")
    found = require("ase.neighborlist", "sim").neighbor_list("d", atoms, NEAREST_ATOMS)
    if len(found):
        raise InputError(f"atoms of lattice {crystal.name} are {found.min():.2f} Å apart: disordered or wrong sites")
    return crystal


def cell_vectors(cell: Sequence[float]) -> np.ndarray:
    """Vectors (3, 3), Å, row by row, of a cell: a, b, c (Å), alpha, beta, gamma (degrees).

    Raises InputError if the cell has no volume or is longer than 1000 Å.
    """
    if max(cell[:3]) > _MOST_LENGTH:
        raise InputError(f"a cell is {max(cell[:3]):g} Å long: {_MOST_LENGTH:g} Å is the most")
    try:
        vectors = np.asarray(require("ase.geometry", "sim").cellpar_to_cell(list(cell)))
    except (ArithmeticError, AssertionError, ValueError):  # ase asserts that the third vector is real
        vectors = np.zeros((3, 3))
    if not abs(np.linalg.det(vectors)) > 1e-3:
        raise InputError(f"lengths and angles {', '.join(f'{value:g}' for value in cell)} enclose no cell")
    return vectors
