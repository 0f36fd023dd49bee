"""Conditions and grids of settings as text: "C10=-100,C30=1.2mm", "defocus=-40nm:40nm:5nm"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from hrtem_bench.conditions.notations import in_own_notation, own_name
from hrtem_bench.conditions.record import Condition, condition_from_dict, warn_if_suspicious
from hrtem_bench.conditions.units import UNITS, quantity
from hrtem_bench.errors import InputError

MOST = 2000
"""Conditions of a grid at most."""


def parse_condition(text: str) -> Condition:
    """A Condition from text such as ``"C10=-100,C30=1.2mm,C12=2nm,phi12=30deg,focal_spread=10"``.

    Parameters
    ----------
    text
        name=value,name=value. Names as in `Condition`, `defocus` and other notations (``A1``, ``B2``) included. A value
        is in the unit of its setting (eV, Å, rad, mrad, e/Å²) or has a unit of its own: ``energy=200kV``,
        ``aperture=20mrad``, ``dose=400e/A2``. ``none``: no aperture, no dose.

    Raises
    ------
    InputError
        For text of another form, a name that is not known or given twice, or a bad number.

    Warns
    -----
    UnlikelySetting
        Where a setting looks as if it was given in another unit, see `suspicious`.
    """
    condition = condition_from_dict(parse_settings(text))
    warn_if_suspicious(condition)
    return condition


def parse_settings(text: str) -> dict[str, Any]:
    """The settings that a text names, name -> value as written, None for "none"; nothing is filled in or checked."""
    values: dict[str, Any] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, separator, value = (piece.strip() for piece in part.partition("="))
        if not separator:
            raise InputError(f"a condition reads name=value,name=value; {part!r} has no '='")
        if name in values:
            raise InputError(f"{name} is given twice in {text!r}")
        values[name] = None if value.lower() == "none" else value
    return values


def parse_grid(text: str, option: str = "--grid") -> tuple[str, list[float]]:
    """The setting that a grid runs through, and its values.

    Parameters
    ----------
    text
        ``"C10=-400:400:25"``, the end included, or ``"dose=100,200,400"``: in the units of `UNITS`, or each value with
        its own (``"defocus=-40nm:40nm:5nm"``). A unit on the last value alone is that of all (``"C30=0.5,1,1.2mm"``).
    option
        Where the text was given, for errors.

    Returns
    -------
    tuple of str and list of float
        The name, in the notation used here, and the values in its unit.

    Raises
    ------
    InputError
        For text of another form, and a range of more than `MOST` steps.
    """
    given, separator, written = (part.strip() for part in text.partition("="))
    name, factor = own_name(given)
    if not separator or name not in UNITS:
        raise InputError(
            f"{option} {text}: write NAME=FIRST:LAST:STEP or NAME=VALUE,VALUE; names are {', '.join(UNITS)}"
        )
    parts = written.split(":" if ":" in written else ",")
    try:
        if ":" in written and len(parts) != 3:
            raise InputError(f"it has {len(parts)} parts")
        values = [factor * value for value in _values(given, parts, UNITS[name])]
    except InputError as error:
        raise InputError(
            f"{option} {text}: {written!r} is neither FIRST:LAST:STEP nor values with commas: {error}"
        ) from None
    if ":" not in written:
        return name, values
    first, last, step = values
    if not step > 0 or not 0 <= last - first < MOST * step:
        raise InputError(
            f"{option} {text}: LAST must not lie below FIRST, and at most {MOST} steps of STEP > 0 above it"
        )
    return name, [first + step * i for i in range(int((last - first) / step * (1 + 1e-9) + 1e-9) + 1)]


def with_settings(base: Mapping[str, Any], moved: Mapping[str, Any]) -> Condition:
    """A condition with the settings of `base`, some of them changed.

    Parameters
    ----------
    base, moved
        As for `condition_from_dict`: an aberration of either may stand among the others.
    """
    nominal = condition_from_dict(base)
    aberrations = {**nominal.aberrations, **in_own_notation(moved.get("aberrations", {}))}
    return nominal.replace(**{**moved, "aberrations": aberrations})


def _values(name: str, texts: Sequence[str], unit: str) -> list[float]:
    """The values of texts, each with its unit; a unit of the last alone is that of all."""
    texts = [text.strip() for text in texts]
    shared = re.sub(r"^[+-]?[\d.]+(?:[eE][+-]?\d+)?", "", texts[-1])
    if shared and not any(re.search(r"[^\d.eE+-]", text) for text in texts[:-1]):
        texts = [*(f"{text}{shared}" for text in texts[:-1]), texts[-1]]
    return [quantity(name, text, unit) for text in texts]
