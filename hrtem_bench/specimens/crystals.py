"""Lattices of one's own: from a CIF file, or from a space group, a cell and sites."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hrtem_bench.errors import InputError, require
from hrtem_bench.specimens.lattices import Lattice, unit_cell

_NEAREST = 0.6
"""Å: atoms nearer than the hydrogen molecule's (0.74 Å) are a mistake or a disordered structure."""


def lattice_from_cif(path: str | Path, name: str | None = None) -> Lattice:
    """The lattice of a CIF file's first structure; its name is the file's stem unless given.

    Every atom of the cell becomes a site (space group 1). Stacking faults and twins are not known for it.
    Raises InputError if the file cannot be read, or if its sites are disordered.
    """
    io = require("ase.io", "sim")
    file = Path(path)
    if not file.is_file():
        raise InputError(f"no CIF file at {file}")
    try:
        atoms = io.read(file, format="cif", index=0)
    except Exception as error:  # ase raises what its parser meets: KeyError, ValueError, AssertionError and more
        raise InputError(f"{file} does not read as a CIF file: {' '.join(str(error).split()) or type(error)}") from None
    positions = atoms.get_scaled_positions()
    sites = tuple(
        (str(symbol), (float(x), float(y), float(z)))
        for symbol, (x, y, z) in zip(atoms.get_chemical_symbols(), positions, strict=True)
    )
    cell = tuple(float(value) for value in atoms.cell.cellpar())
    return checked(Lattice(name or file.stem, 1, cell, sites, source=file.name))  # type: ignore[arg-type]


def lattice_from_dict(values: Mapping[str, Any]) -> Lattice:
    """A lattice from a table of a recipe: `name` and either `cif`, or `spacegroup`, `cell` and `sites`.

    cell: a, b, c (Å), alpha, beta, gamma (degrees), or one number for a cubic cell. sites: lists of
    element, x, y, z (fractional). `setting` (1 or 2) and `source` may stand beside them.
    Raises InputError that names the key and what is allowed.
    """
    allowed = ("name", "cif", "spacegroup", "cell", "sites", "setting", "source")
    unknown = [key for key in values if key not in allowed]
    if unknown:
        raise InputError(f"unknown key {unknown[0]!r} of a lattice: known are {', '.join(allowed)}")
    name = values.get("name")
    if not isinstance(name, str) or not name:
        raise InputError(f"a lattice needs a name, not {name!r}")
    if "cif" in values:
        return lattice_from_cif(values["cif"], name)
    for key in ("spacegroup", "cell", "sites"):
        if key not in values:
            raise InputError(f"lattice {name} needs {key} (or cif, a file)")
    return checked(
        Lattice(
            name,
            _spacegroup(name, values["spacegroup"]),
            _cell(name, values["cell"]),
            tuple(_site(name, site) for site in values["sites"]),
            int(values.get("setting", 1)),
            source=str(values.get("source", "")),
        )
    )


def checked(crystal: Lattice) -> Lattice:
    """The lattice itself. Raises InputError if its cell cannot be built or its atoms overlap."""
    try:
        atoms = unit_cell(crystal)
    except InputError:
        raise
    except Exception as error:  # ase reports a site or cell that cannot be in several ways
        words = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"lattice {crystal.name} cannot be built: {words}") from None
    found = require("ase.neighborlist", "sim").neighbor_list("d", atoms, _NEAREST)
    if len(found):
        raise InputError(f"atoms of lattice {crystal.name} are {found.min():.2f} Å apart: disordered or wrong sites")
    return crystal


def _spacegroup(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 230:
        raise InputError(f"spacegroup of lattice {name} must be a number from 1 to 230, not {value!r}")
    return value


def _cell(name: str, value: Any) -> tuple[float, float, float, float, float, float]:
    numbers = [value] * 3 + [90.0] * 3 if isinstance(value, (int, float)) else value
    try:
        cell = tuple(float(number) for number in numbers)
    except (TypeError, ValueError):
        cell = ()
    if len(cell) != 6 or not all(math.isfinite(number) and number > 0 for number in cell):
        raise InputError(f"cell of lattice {name} must be a, b, c, alpha, beta, gamma, not {value!r}")
    return cell


def _site(name: str, value: Any) -> tuple[str, tuple[float, float, float]]:
    numbers = require("ase.data", "sim").atomic_numbers
    try:
        symbol, x, y, z = value
        position = (float(x), float(y), float(z))
    except (TypeError, ValueError):
        raise InputError(f"a site of lattice {name} is [element, x, y, z], not {value!r}") from None
    if symbol not in numbers:
        raise InputError(f"a site of lattice {name} names no element: {symbol!r}")
    return symbol, position


__all__ = ["checked", "lattice_from_cif", "lattice_from_dict"]
