"""Lattices from CIF files: read by the standard, and compared with what the same file says of its formula.

gemmi parses the file and knows the space groups. What the file leaves open is decided here by its formula and Z, or
refused: nothing is guessed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_bench.errors import InputError, one_line, require
from hrtem_bench.specimens.lattices import NEAREST_ATOMS, Lattice, cell_vectors, checked
from hrtem_bench.specimens.symmetry import Setting, fits_cell, stated_settings

MOST_BYTES = 32 * 2**20
"""Largest CIF file that is read; the reflections that some journals append are within it."""
MOST_ATOMS = 20_000
"""Most positions that the symmetry operations may make of the sites of a file."""
_SAME_PLACE = 0.3
"""Å: images of a site that are nearer are one atom on a special position, rounded; nearer sites share a place."""
_FULL = 1e-3
"""Occupancies within this of 1 count as full."""

Occupants = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class _Site:
    """A place of the asymmetric unit: label, fractional position (3,), (element, occupancy) of all that share it."""

    label: str
    position: np.ndarray
    occupants: Occupants


def lattice_from_cif(path: str | Path, name: str | None = None, occupancy: str = "refuse") -> Lattice:
    """The lattice of the first structure in a CIF file.

    Every atom of the cell becomes a site of space group 1. Stacking faults and twins are not known for it. The number
    of atoms in the cell is compared with `_chemical_formula_sum` and `_cell_formula_units_Z` where the file has them;
    an origin choice that the file leaves open is decided by them.

    Parameters
    ----------
    path
        The file: 32 MiB at most; UTF-8, with or without a byte-order mark, UTF-16 with one, or Latin-1.
    name
        Name of the lattice, the file's stem if None.
    occupancy
        "refuse", or "draw": each place of a site that is shared or partly filled is given to one element, or left
        empty, with the probabilities of the file, anew in every particle, from the scene's seed.

    Returns
    -------
    Lattice
        Cell in Å and degrees, sites in fractional coordinates.

    Raises
    ------
    InputError
        If the file cannot be read, leaves something open that its formula does not decide, contradicts itself, or has
        partly filled or shared sites with occupancy="refuse".
    """
    if occupancy not in ("refuse", "draw"):
        raise InputError(f"occupancy must be refuse or draw, not {occupancy!r}")
    file = Path(path)
    if not file.is_file():  # nor a folder, a device or a pipe, which might never end
        raise InputError(f"no CIF file at {file}")
    try:
        found = _lattice(_text(file), name or file.stem, file.name, occupancy == "draw")
    except InputError as error:
        raise InputError(f"{file} {error}") from None
    return checked(found)


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from None
    if len(data) > MOST_BYTES:
        raise InputError(f"is larger than {MOST_BYTES // 2**20} MiB: keep the structure alone")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _lattice(text: str, name: str, source: str, draw: bool) -> Lattice:
    cif = require("gemmi.cif", "sim")
    try:
        blocks = list(cif.read_string(text))
    except Exception as error:  # gemmi raises ValueError and RuntimeError, by kind of fault
        raise InputError(f"does not read as a CIF file: {one_line(error)}") from None
    block = next((block for block in blocks if _column(block, "fract_x")), None)
    if block is None:
        raise InputError(
            "does not read as a CIF file of a crystal: it has no fractional coordinates (_atom_site_fract_x)"
        )
    cell = _cell(block)
    formula = _formula(block)
    sites = _shared_places(_sites(block, formula), draw)
    candidates = stated_settings(block, cell)
    chosen = _decided(candidates, cell, sites, formula, _units(block))
    rows = [(site, place) for site, places in zip(sites, chosen, strict=True) for place in places]
    positions = tuple(
        (max(site.occupants, key=lambda pair: pair[1])[0], (float(x), float(y), float(z))) for site, (x, y, z) in rows
    )
    whole = all(len(site.occupants) == 1 and site.occupants[0][1] >= 1 - _FULL for site in sites)
    occupants = () if whole else tuple(site.occupants for site, _ in rows)
    return Lattice(name, 1, cell, positions, source=source, occupants=occupants)


# What the file says


def _column(block: Any, item: str) -> list[str]:
    """The raw values of a column of the loop of atoms, by either generation of the dictionary."""
    return next((list(values) for dot in "_." if (values := block.find_values(f"_atom_site{dot}{item}"))), [])


def _value(block: Any, category: str, item: str) -> str:
    """The raw value of an item, by either generation of the dictionary; "?" if it is not there."""
    return block.find_value(f"_{category}_{item}") or block.find_value(f"_{category}.{item}") or "?"


def _cell(block: Any) -> tuple[float, float, float, float, float, float]:
    def positive(item: str) -> float:
        raw = _value(block, "cell", item)
        value = _number(raw)
        if not math.isfinite(value) or value <= 0:
            raise InputError(f"does not read as a CIF file of a crystal: _cell_{item} is {raw}")
        return value

    a, b, c = (positive(f"length_{axis}") for axis in "abc")
    return a, b, c, positive("angle_alpha"), positive("angle_beta"), positive("angle_gamma")


def _number(raw: str) -> float:
    """A number of the file, with or without quotes or uncertainty, "5.64(2)"; NaN for anything else."""
    cif = require("gemmi.cif", "sim")
    return float(cif.as_number(cif.as_string(raw)))


def _units(block: Any) -> float | None:
    """Formula units in the cell; None where the file does not say."""
    raw = _value(block, "cell", "formula_units_Z")
    if require("gemmi.cif", "sim").is_null(raw):
        return None
    value = _number(raw)
    if not math.isfinite(value) or value <= 0:
        raise InputError(f"has {raw} as _cell_formula_units_Z: write a number or take it out")
    return value


def _formula(block: Any) -> dict[str, float]:
    """Atoms of each element in one formula unit; empty where the file does not say."""
    cif = require("gemmi.cif", "sim")
    raw = _value(block, "chemical_formula", "sum")
    if cif.is_null(raw):
        return {}
    text = cif.as_string(raw)
    tokens = [re.fullmatch(r"([A-Za-z]{1,2})(\d*\.?\d*)", token) for token in text.split()]
    pairs = [match.groups() for match in tokens if match] if all(tokens) else None
    if pairs is None or any(_element(symbol) is None for symbol, _ in pairs):
        pairs = re.findall(r"([A-Z][a-z]?)(\d*\.?\d*)", text)
        if "".join(symbol + count for symbol, count in pairs) != "".join(text.split()):
            raise InputError(f"has a _chemical_formula_sum that cannot be read, {text!r}: write it as 'Fe3 O4'")
    counts: dict[str, float] = {}
    for symbol, count in pairs:
        element = _element(symbol)
        if element is None:
            raise InputError(f"has {symbol!r} in _chemical_formula_sum, which is no element")
        counts[element] = counts.get(element, 0.0) + float(count or 1)
    return counts


def _element(symbol: str) -> str | None:
    """The element that a symbol in any case names, deuterium as hydrogen; None if there is none."""
    name = symbol.capitalize()
    if name == "D":
        return "H"
    return name if name in require("ase.data", "sim").atomic_numbers and name != "X" else None


def _sites(block: Any, formula: Mapping[str, float]) -> list[_Site]:
    columns = {item: _column(block, item) for item in ("label", "type_symbol", "fract_x", "fract_y", "fract_z",
                                                      "occupancy", "calc_flag", "disorder_group")}  # fmt: skip
    count = len(columns["fract_x"])
    for axis in "yz":
        if len(columns[f"fract_{axis}"]) != count:
            raise InputError(f"lacks the column _atom_site_fract_{axis}")
    if count > MOST_ATOMS:
        raise InputError(f"has {count} sites, more than {MOST_ATOMS}")
    as_string = require("gemmi.cif", "sim").as_string
    rows = [{item: as_string(values[k]) for item, values in columns.items() if values} for k in range(count)]
    raw = [[columns[f"fract_{axis}"][k] for axis in "xyz"] for k in range(count)]
    real = [k for k, row in enumerate(rows) if row.get("calc_flag", "").lower() != "dum"]
    if not real:
        raise InputError("has no atoms")
    return [_site(rows[k], raw[k], f"number {k + 1}", formula) for k in real]


def _site(row: Mapping[str, str], raw: list[str], number: str, formula: Mapping[str, float]) -> _Site:
    label = row.get("label") or number
    position = np.array([_number(text) for text in raw])
    for text, value in zip(raw, position, strict=True):
        if not math.isfinite(value):
            raise InputError(f"has {text} as a coordinate of site {label}: write a number, or take the site out")
    occupancy = _number(row.get("occupancy") or "1")
    if not 0 < occupancy <= 1 + _FULL:
        raise InputError(f"has occupancy {row['occupancy']} at site {label}: it must be above 0 and at most 1")
    if row.get("disorder_group", "") not in ("", "0") and occupancy < 1 - _FULL:
        raise InputError(f"has site {label} (occupancy {occupancy:g}) in a disorder group: keep one group alone")
    return _Site(label, position, ((_element_of(row, label, formula), min(occupancy, 1.0)),))


def _element_of(row: Mapping[str, str], label: str, formula: Mapping[str, float]) -> str:
    """The element of a site: by its type symbol in any case, else by its label where only one element can be meant."""
    symbol = row.get("type_symbol", "")
    letters = re.match(r"[A-Za-z]*", symbol or label)
    name = letters.group() if letters else ""
    if symbol:
        element = _element(name) if len(name) <= 2 else None
        if element is None:
            raise InputError(f"has the type symbol {symbol!r} at site {label}, which names no element")
        return element
    options = [name[:2], name[:1]] if len(name) > 1 else [name]
    meant = list(dict.fromkeys(element for option in options if option and (element := _element(option))))
    if len(name) == 2 and name[1].islower() and len(meant) == 2:
        meant = meant[:1]  # Ca is calcium; CA may be a carbon
    meant = [element for element in meant if element in formula] if len(meant) > 1 and formula else meant
    if len(meant) != 1:
        raise InputError(f"does not say which element site {label} is: add _atom_site_type_symbol")
    return meant[0]


def _shared_places(sites: list[_Site], draw: bool) -> list[_Site]:
    """Sites at the same coordinates made one. Raises InputError for disorder, unless it may be drawn."""
    places: dict[tuple[int, ...], _Site] = {}
    for site in sites:
        key = tuple(np.rint(site.position % 1.0 * 1e4).astype(int) % 10_000)
        before = places.get(key)
        if before is None:
            places[key] = site
            continue
        occupants = (*before.occupants, *site.occupants)
        places[key] = _Site(f"{before.label}, {site.label}", before.position, occupants)
    for place in places.values():
        total = sum(share for _, share in place.occupants)
        words = ", ".join(f"{element} {share:g}" for element, share in place.occupants)
        if total > 1 + len(place.occupants) * _FULL:
            raise InputError(f"fills site {place.label} more than once: {words}")
        if not draw and (len(place.occupants) > 1 or total < 1 - _FULL):
            what = "shared" if len(place.occupants) > 1 else "partly filled"
            raise InputError(
                f'has the {what} site {place.label} (occupancy {words}): order it, or say occupancy = "draw" to fill '
                "it at random from the seed"
            )
    return list(places.values())


# Which of the settings that the file allows is meant


def _decided(
    candidates: tuple[Setting, ...], cell: tuple[float, ...], sites: list[_Site], formula: Mapping[str, float],
    units: float | None,
) -> list[np.ndarray]:  # fmt: skip
    """Positions (m, 3) of each site in the whole cell, in the one setting that agrees with the cell and the formula."""
    fitting = [setting for setting in candidates if fits_cell(setting, cell)]
    if not fitting:
        lengths = ", ".join(f"{value:g}" for value in cell)
        raise InputError(f"has a cell ({lengths}) that does not have the symmetry of {candidates[0].name}")
    for setting in fitting:
        if len(setting.operations) * len(sites) > MOST_ATOMS:
            raise InputError(f"has more than {MOST_ATOMS} positions in its cell")
    vectors = cell_vectors(cell)
    built = [(setting, [_orbit(site.position, setting, vectors) for site in sites]) for setting in fitting]
    wrong = [_disagreement(sites, places, formula, units) for _, places in built]
    if wrong[0] is not None and None not in wrong:
        raise InputError(wrong[0])
    agreeing = [item for item, why in zip(built, wrong, strict=True) if why is None]
    names = ", ".join(setting.name for setting, _ in agreeing)
    if not agreeing[0][0].stated and not (formula and units):
        raise InputError(f"states no symmetry, and no formula and Z that would confirm {names}: add its operations")
    if any(not _same_crystal(sites, agreeing[0][1], other, vectors) for _, other in agreeing[1:]):
        raise InputError(f"may mean {names}, which are different crystals: state the origin choice or the operations")
    return agreeing[0][1]


def _orbit(position: np.ndarray, setting: Setting, vectors: np.ndarray) -> np.ndarray:
    """All images (m, 3) of a fractional position in one cell; those within 0.3 Å of one another are their mean."""
    images = setting.rotations @ position + setting.translations
    found: list[list[np.ndarray]] = []
    for image in images:
        for group in found:
            apart = image - group[0]
            apart -= np.rint(apart)
            if np.linalg.norm(apart @ vectors) < _SAME_PLACE:
                group.append(group[0] + apart)
                break
        else:
            found.append([image])
    return np.array([np.mean(group, axis=0) for group in found]) % 1.0


def _disagreement(
    sites: list[_Site], places: list[np.ndarray], formula: Mapping[str, float], units: float | None
) -> str | None:
    """What the atoms in the cell and the file's formula and Z disagree in; None if they agree or it has no formula."""
    if not formula:
        return None
    counts: dict[str, float] = {}
    for site, positions in zip(sites, places, strict=True):
        for element, share in site.occupants:
            counts[element] = counts.get(element, 0.0) + share * len(positions)
    disordered = any(share < 1 - _FULL for site in sites for _, share in site.occupants)
    times = units if units else sum(counts.values()) / sum(formula.values())
    wanted = {element: count * times for element, count in formula.items()}
    for element in sorted({*counts, *wanted}):
        is_there, should_be = counts.get(element, 0.0), wanted.get(element, 0.0)
        # Formulas of disordered crystals are rounded to two or three figures.
        if abs(is_there - should_be) > (0.02 * should_be + 0.05 if disordered else 0.1):
            said = f"the formula {_written(formula)}" + (f" and Z {units:g} make" if units else " has the ratio of")
            return f"has sites and symmetry that make {_written(counts)} in the cell, where {said} {_written(wanted)}"
    return None


def _written(counts: Mapping[str, float]) -> str:
    return " ".join(f"{element}{count:.4g}" for element, count in sorted(counts.items()))


def _same_crystal(sites: list[_Site], a: list[np.ndarray], b: list[np.ndarray], vectors: np.ndarray) -> bool:
    """Whether two cells have the same atoms at the same distances up to 4 Å, so that they differ by a shift at most."""
    first, second = (_distances(sites, places, vectors) for places in (a, b))
    return first.shape == second.shape and bool(np.allclose(first, second, atol=0.02))


def _distances(sites: list[_Site], places: list[np.ndarray], vectors: np.ndarray) -> np.ndarray:
    """(pair of sites' occupants, distance in Å) of all pairs up to 4 Å, sorted: (m, 3)."""
    from ase import Atoms

    kinds = sorted({site.occupants for site in sites})
    kind = np.repeat([kinds.index(site.occupants) for site in sites], [len(found) for found in places])
    atoms = Atoms(numbers=kind + 1, scaled_positions=np.concatenate(places), cell=vectors, pbc=True)
    i, j, d = require("ase.neighborlist", "sim").neighbor_list("ijd", atoms, 4.0)
    table = np.column_stack([kind[i], kind[j], d]).round(2)
    return np.concatenate([table[np.lexsort(table.T[::-1])], [[len(kind), 0.0, NEAREST_ATOMS]]])
