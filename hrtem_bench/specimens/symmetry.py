"""Which symmetry operations a CIF file states, or leaves open: by its operations, Hall symbol, name or number."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hrtem_bench.errors import InputError, one_line, require
from hrtem_bench.specimens.lattices import cell_vectors

_MOST_OPERATIONS = 192
"""As many as the largest space groups have in a face-centred cell."""
_METRIC = 2e-3
"""How well, relative to the largest, the products of the cell's vectors must keep the symmetry."""

_OPERATIONS = (
    "_space_group_symop_operation_xyz", "_space_group_symop.operation_xyz", "_symmetry_equiv_pos_as_xyz",
    "_symmetry_equiv.pos_as_xyz",
)  # fmt: skip
_HALL = ("_space_group_name_Hall", "_space_group.name_Hall", "_symmetry_space_group_name_Hall")
_HERMANN_MAUGUIN = (
    "_space_group_name_H-M_alt", "_space_group.name_H-M_alt", "_space_group_name_H-M_full",
    "_symmetry_space_group_name_H-M", "_symmetry.space_group_name_H-M", "_space_group_name_H-M_ref",
)  # fmt: skip
_NUMBER = ("_space_group_IT_number", "_space_group.IT_number", "_symmetry_Int_Tables_number")
_CODE = ("_space_group_IT_coordinate_system_code", "_space_group.IT_coordinate_system_code")


@dataclass(frozen=True)
class Setting:
    """A space group in one of its settings.

    name: for messages. operations: triplets such as "-x,y+1/2,-z". rotations (n, 3, 3), translations (n, 3): the same,
    acting on fractional coordinates. stated: False where the file says nothing of its symmetry.
    """

    name: str
    operations: tuple[str, ...]
    rotations: np.ndarray
    translations: np.ndarray
    stated: bool = True


def stated_settings(block: Any, cell: tuple[float, ...]) -> tuple[Setting, ...]:
    """The settings that a block of a CIF file allows: one, or several where it leaves the choice open.

    block: a `gemmi.cif.Block`. cell: a, b, c (Å), alpha, beta, gamma (degrees), which tells hexagonal from rhombohedral
    axes. InputError for a symbol or an operation that does not exist, and for names and numbers that contradict each
    other.
    """
    named = _named(block, cell)
    operations = _operations(block)
    if operations:
        explicit = _setting(operations, "the operations in the file")
        return (explicit, *named) if named and _contradict(explicit, named) else (explicit,)
    hall = _text(block, _HALL)
    if hall:
        gemmi = require("gemmi", "sim")
        try:
            return (_setting([op.triplet() for op in gemmi.symops_from_hall(hall)], f"Hall symbol {hall}"),)
        except Exception as error:  # gemmi raises by kind of fault
            raise InputError(f"has a Hall symbol that cannot be read, {hall!r}: {one_line(error)}") from None
    if named:
        return named
    return (_setting(["x,y,z"], "P 1", stated=False),)


def _contradict(explicit: Setting, named: tuple[Setting, ...]) -> bool:
    """Whether operations cannot be those of a space group that is also named, in any setting the name allows."""
    if any(set(explicit.operations) == set(setting.operations) for setting in named):
        return False
    number = _number_of(explicit.operations)
    return (
        len(explicit.operations) != len(named[0].operations)
        or number not in (None, _number_of(named[0].operations))
        or (len(named) == 1 and named[0].name.endswith((":1", ":2")))
    )


def fits_cell(setting: Setting, cell: tuple[float, ...]) -> bool:
    """Whether the cell (a, b, c in Å; alpha, beta, gamma in degrees) has the symmetry of the setting."""
    vectors = cell_vectors(cell)
    metric = vectors @ vectors.T
    turned = np.einsum("nji,jk,nkl->nil", setting.rotations, metric, setting.rotations)
    return bool(np.abs(turned - metric).max() <= _METRIC * metric.max())


def _text(block: Any, tags: Iterable[str]) -> str:
    """The first value that is there under one of the tags; "" if none is."""
    cif = require("gemmi.cif", "sim")
    values = (block.find_value(tag) for tag in tags)
    return next((" ".join(cif.as_string(raw).split()) for raw in values if raw and not cif.is_null(raw)), "")


def _operations(block: Any) -> list[str]:
    cif = require("gemmi.cif", "sim")
    gemmi = require("gemmi", "sim")
    raw = next((list(values) for tag in _OPERATIONS if (values := block.find_values(tag))), [])
    texts = [cif.as_string(value) for value in raw if not cif.is_null(value)]
    if len(texts) > _MOST_OPERATIONS:
        raise InputError(f"lists {len(texts)} symmetry operations; no space group has more than {_MOST_OPERATIONS}")
    try:
        operations = [gemmi.Op(text.strip().lower()).wrap().triplet() for text in texts]
    except Exception as error:  # gemmi raises by kind of fault
        raise InputError(f"has a symmetry operation that cannot be read: {one_line(error)}") from None
    missing = _closed(operations) - set(operations) if operations else set()
    if missing:
        raise InputError(f"lists symmetry operations that are no group: {min(missing)} is missing")
    return operations


def _closed(operations: list[str]) -> set[str]:
    """All products of the operations."""
    gemmi = require("gemmi", "sim")
    found = [gemmi.Op(text) for text in dict.fromkeys(operations)]
    products = {(a * b).wrap().triplet() for a in found for b in found}
    return products | {"x,y,z"}


def _setting(operations: Iterable[str], name: str, stated: bool = True) -> Setting:
    gemmi = require("gemmi", "sim")
    parsed = [gemmi.Op(text).wrap() for text in operations]
    rotations = np.array([op.rot for op in parsed], float) / gemmi.Op.DEN
    translations = np.array([op.tran for op in parsed], float) / gemmi.Op.DEN
    return Setting(name, tuple(op.triplet() for op in parsed), rotations, translations, stated)


def _number_of(operations: Iterable[str]) -> int | None:
    """Number of the space group of the operations; None where they are in no tabulated setting."""
    gemmi = require("gemmi", "sim")
    group = gemmi.find_spacegroup_by_ops(gemmi.GroupOps([gemmi.Op(text) for text in operations]))
    return int(group.number) if group else None


def _named(block: Any, cell: tuple[float, ...]) -> tuple[Setting, ...]:
    """The settings that the file's Hermann-Mauguin symbol or number allows; () if it has neither."""
    symbol, number = _text(block, _HERMANN_MAUGUIN), _whole(_text(block, _NUMBER))
    if not symbol and number is None:
        return ()
    table = list(require("gemmi", "sim").spacegroup_table())
    name, choice = _split(symbol)
    choice = choice or _origin(_text(block, _CODE))
    groups = _groups(name, table, cell) if symbol else [g for g in table if g.number == number and _standard(g, table)]
    if not groups:
        if _operations(block):  # they say all there is to say, in settings that no table has
            return ()
        what = f"space group {symbol!r}" if symbol else f"space group number {number}"
        raise InputError(f"names the {what}, which is not known: correct it or list its symmetry operations")
    if number is not None and groups[0].number != number:
        raise InputError(f"calls its space group {symbol!r} and gives it the number {number}: correct one of them")
    if choice:
        stated = [group for group in groups if group.ext == choice]
        if not stated and any(group.ext in "12HR" for group in groups if group.ext != "\0"):
            raise InputError(f"states the choice {choice} of {name}, which has none such")
        groups = stated or groups
    axes = {"H": abs(cell[5] - 120) < 0.5 and abs(cell[3] - 90) < 0.5}
    axes["R"] = not axes["H"]
    groups = [group for group in groups if axes.get(group.ext, True)] or groups
    return tuple(_setting([op.triplet() for op in group.operations()], group.xhm()) for group in groups)


def _split(symbol: str) -> tuple[str, str]:
    """A Hermann-Mauguin symbol without and with its choice: ":2", "O2", and S and Z (choices 1 and 2) of the ICSD."""
    match = re.fullmatch(r"(.+?)\s*(?::\s*([12HRSZhrsz])|\bO(?:rigin)?\s*([12])|([HRSZ]))", symbol.replace("_", " "))
    if match is None:
        return symbol.replace("_", " "), ""
    choice = next(part for part in match.groups()[1:] if part).upper()
    return match.group(1), {"S": "1", "Z": "2"}.get(choice, choice)


def _origin(code: str) -> str:
    """The choice in a code of the coordinate system: "1", "2", "h" or "r", also behind axes ("1abc")."""
    return code[0].upper() if code and code[0].upper() in "12HR" else ""


def _groups(name: str, table: list[Any], cell: tuple[float, ...]) -> list[Any]:
    """All settings of the table that the symbol names: two where there are two origins or two kinds of axes."""
    find = require("gemmi", "sim").find_spacegroup_by_name
    found = find(name, cell[3], cell[5]) or find(name[:1].upper() + name[1:].lower(), cell[3], cell[5])
    return [group for group in table if found and group.hm == found.hm]


def _standard(group: Any, table: list[Any]) -> bool:
    """Whether the group has the symbol of the reference setting of its number."""
    reference = next(other for other in table if other.number == group.number and other.is_reference_setting())
    return bool(group.hm == reference.hm)


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
