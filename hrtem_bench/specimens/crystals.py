"""Lattices of one's own as tables of a recipe: read, and written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hrtem_bench.errors import InputError, require
from hrtem_bench.specimens.cif import lattice_from_cif
from hrtem_bench.specimens.lattices import Lattice, checked

_Occupants = tuple[tuple[str, float], ...]


def lattice_from_dict(values: Mapping[str, Any]) -> Lattice:
    """A lattice from a table of a recipe.

    Parameters
    ----------
    values
        `name`, and either `cif` (a file) with `occupancy` ("refuse" or "draw"), as `lattice_from_cif` takes them, or
        `spacegroup` (a number), `cell` and `sites`. cell: a, b, c (Å), alpha, beta, gamma (degrees), or one number for
        a cubic cell. sites: lists of element, x, y, z (fractional); in place of an element, a table of elements and
        the probabilities with which they fill the site, {"Au": 0.5, "Cu": 0.5}. `setting` (1 or 2: the choice of
        origin) and `source` may stand beside them.

    Raises
    ------
    InputError
        Names the key and what is allowed.
    """
    allowed = ("name", "cif", "occupancy", "spacegroup", "cell", "sites", "setting", "source")
    unknown = [key for key in values if key not in allowed]
    if unknown:
        raise InputError(f"unknown key {unknown[0]!r} of a lattice: known are {', '.join(allowed)}")
    name = values.get("name")
    if not isinstance(name, str) or not name:
        raise InputError(f"a lattice needs a name, not {name!r}")
    if "cif" in values:
        if not isinstance(values["cif"], str) or not values["cif"]:
            raise InputError(f"cif of lattice {name} must be the path of a file, not {values['cif']!r}")
        return lattice_from_cif(values["cif"], name, values.get("occupancy", "refuse"))
    for key in ("spacegroup", "cell", "sites"):
        if key not in values:
            raise InputError(f"lattice {name} needs {key} (or cif, a file)")
    sites = [_site(name, site) for site in _rows(name, values["sites"])]
    whole = all(occupants == ((symbol, 1.0),) for (symbol, _), occupants in sites)
    return checked(
        Lattice(
            name,
            _spacegroup(name, values["spacegroup"]),
            _cell(name, values["cell"]),
            tuple(site for site, _ in sites),
            _setting(name, values.get("setting", 1)),
            source=str(values.get("source", "")),
            occupants=() if whole else tuple(occupants for _, occupants in sites),
        )
    )


def lattice_to_dict(crystal: Lattice) -> dict[str, Any]:
    """The table from which `lattice_from_dict` makes the lattice again: name, space group, cell, sites, source.

    Planes of faults and twins are not in it.
    """
    fillings = crystal.occupants or tuple(((symbol, 1.0),) for symbol, _ in crystal.sites)
    sites = [
        [symbol if filling == ((symbol, 1.0),) else dict(filling), *position]
        for (symbol, position), filling in zip(crystal.sites, fillings, strict=True)
    ]
    table = {"name": crystal.name, "spacegroup": crystal.spacegroup, "cell": list(crystal.cell), "sites": sites}
    return table | {"source": crystal.source} | ({"setting": crystal.setting} if crystal.setting != 1 else {})


def _rows(name: str, value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)) or not value:
        raise InputError(f"sites of lattice {name} must be a list of [element, x, y, z], not {value!r}")
    return list(value)


def _setting(name: str, value: Any) -> int:
    if isinstance(value, bool) or value not in (1, 2):
        raise InputError(f"setting of lattice {name} must be 1 or 2, not {value!r}")
    return int(value)


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


def _site(name: str, value: Any) -> tuple[tuple[str, tuple[float, float, float]], _Occupants]:
    """(element, position) of a site, and what may fill it."""
    try:
        what, x, y, z = value
        position = (float(x), float(y), float(z))
    except (TypeError, ValueError):
        raise InputError(f"a site of lattice {name} is [element, x, y, z], not {value!r}") from None
    if not all(math.isfinite(number) for number in position):
        raise InputError(f"a site of lattice {name} has no place: {value!r}")
    occupants = tuple(what.items()) if isinstance(what, Mapping) else ((what, 1.0),)
    numbers = require("ase.data", "sim").atomic_numbers
    for symbol, share in occupants:
        if not isinstance(symbol, str) or symbol not in numbers or symbol == "X":
            raise InputError(f"a site of lattice {name} names no element: {symbol!r}")
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share <= 1:
            raise InputError(f"a site of lattice {name} is filled with probability {share!r}: it is above 0, at most 1")
    if not occupants or sum(share for _, share in occupants) > 1 + 1e-6:
        raise InputError(f"the probabilities of a site of lattice {name} must add up to at most 1: {what!r}")
    filled = tuple((symbol, float(share)) for symbol, share in occupants)
    return (max(filled, key=lambda pair: pair[1])[0], position), filled
