"""Grids of settings as text, "C10=-400:400:25", and conditions that differ from a base in some settings."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hrtem_bench.conditions import ANGLES, COEFFICIENTS, Condition, condition_from_dict, condition_to_dict
from hrtem_bench.errors import InputError

MOST = 2000
"""Conditions of a grid at most."""
UNITS: Mapping[str, str] = MappingProxyType(
    {"energy": "eV", "dose": "e/Å²", "angular_spread": "mrad", "aperture": "mrad", "focal_spread": "Å", "defocus": "Å"}
    | dict.fromkeys(COEFFICIENTS, "Å")
    | dict.fromkeys(ANGLES, "rad")
)
"""Settings that a grid can run through, with the unit their values are in."""


def parse_grid(text: str, option: str = "--grid") -> tuple[str, list[float]]:
    """The setting that a grid runs through, and its values; `option`: where the text was given, for errors.

    "C10=-400:400:25", the end included, or "dose=100,200,400", in the units of `UNITS`.
    """
    name, separator, values = (part.strip() for part in text.partition("="))
    if not separator or name not in UNITS:
        raise InputError(
            f"{option} {text}: write NAME=FIRST:LAST:STEP or NAME=VALUE,VALUE; names are {', '.join(UNITS)}"
        )
    try:
        if ":" not in values:
            return name, [float(value) for value in values.split(",")]
        first, last, step = (float(value) for value in values.split(":"))
    except ValueError:
        raise InputError(f"{option} {text}: {values!r} is neither FIRST:LAST:STEP nor numbers with commas") from None
    if not step > 0 or not 0 <= last - first < MOST * step:
        raise InputError(
            f"{option} {text}: LAST must not lie below FIRST, and at most {MOST} steps of STEP > 0 above it"
        )
    return name, [first + step * i for i in range(int((last - first) / step * (1 + 1e-9) + 1e-9) + 1)]


def with_settings(base: Mapping[str, Any], moved: Mapping[str, Any]) -> Condition:
    """The base with some settings changed; an aberration of either may stand among the others."""
    nominal = condition_to_dict(condition_from_dict(base))
    aberrations = nominal.pop("aberrations") | moved.get("aberrations", {})
    changes = {name: value for name, value in moved.items() if name != "aberrations"}
    if "defocus" in changes:
        nominal.pop("C10")
    return condition_from_dict(nominal | aberrations | changes)


__all__ = ["MOST", "UNITS", "parse_grid", "with_settings"]
