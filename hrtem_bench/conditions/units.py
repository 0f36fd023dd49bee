"""Settings as numbers with units: every setting's own unit, and the units that text may give it in."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hrtem_bench.errors import InputError

# (order n, multiplicity m) of C_nm: the term is alpha**(n+1) / (n+1) * C_nm * cos(m (phi - phi_nm)).
COEFFICIENTS: Mapping[str, tuple[int, int]] = MappingProxyType({
    "C10": (1, 0), "C12": (1, 2),
    "C21": (2, 1), "C23": (2, 3),
    "C30": (3, 0), "C32": (3, 2), "C34": (3, 4),
    "C41": (4, 1), "C43": (4, 3), "C45": (4, 5),
    "C50": (5, 0), "C52": (5, 2), "C54": (5, 4), "C56": (5, 6),
})  # fmt: skip
ANGLES: tuple[str, ...] = tuple("phi" + name[1:] for name, (_, m) in COEFFICIENTS.items() if m)
"""Names of the aberration angles, rad: one for each coefficient that is not round."""

LENGTHS: Mapping[str, float] = MappingProxyType(
    {"Å": 1.0, "A": 1.0, "pm": 1e-2, "nm": 10.0, "um": 1e4, "µm": 1e4, "mm": 1e7}
)
_ENERGIES = MappingProxyType({"eV": 1.0, "keV": 1e3, "kV": 1e3, "MeV": 1e6, "MV": 1e6})
_SEMI_ANGLES = MappingProxyType({"mrad": 1.0, "urad": 1e-3, "µrad": 1e-3, "rad": 1e3, "deg": 1e3 * math.pi / 180})
_ANGLES = MappingProxyType({"rad": 1.0, "mrad": 1e-3, "deg": math.pi / 180, "°": math.pi / 180})
_DOSES = MappingProxyType({"e/Å²": 1.0, "e/Å2": 1.0, "e/A2": 1.0, "e/A^2": 1.0, "e/nm²": 1e-2, "e/nm2": 1e-2})
UNITS: Mapping[str, str] = MappingProxyType(
    {"energy": "eV", "dose": "e/Å²", "angular_spread": "mrad", "aperture": "mrad", "focal_spread": "Å", "defocus": "Å"}
    | dict.fromkeys(COEFFICIENTS, "Å")
    | dict.fromkeys(ANGLES, "rad")
)
"""Every setting that has a value, `defocus` (= -C10) included, with the unit that its value is in."""
_LEAST_ENERGY = 1e3  # eV; a smaller number was meant in keV
_SCALES: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {"eV": _ENERGIES, "e/Å²": _DOSES, "mrad": _SEMI_ANGLES, "Å": LENGTHS, "rad": _ANGLES}
)
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\D.*)")


def finite_number(name: str, value: Any) -> float:
    """A value as a float.

    Parameters
    ----------
    name
        What the value is, for the message.
    value
        A number of Python or NumPy, or text.

    Raises
    ------
    InputError
        Unless the value is a finite number.
    """
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} must be a number, not {value!r}") from None
    if not math.isfinite(number):
        raise InputError(f"{name} must be finite, not {number}")
    return number


def quantity(name: str, value: Any, unit: str) -> float:
    """A value in `unit`, from a number that is in this unit already or from text with any unit of the same kind.

    Parameters
    ----------
    name
        What the value is of, for errors.
    value
        A number, or text such as ``"-60nm"``, ``"1.2 mm"``, ``"30deg"``, ``"400e/A2"``. Text without a unit is in
        `unit`.
    unit
        One of the units in `UNITS`: Å, eV, mrad, rad, e/Å².

    Raises
    ------
    InputError
        For text that is no number, and for a unit of another kind; it names the units that are allowed.
    """
    found = _QUANTITY.fullmatch(value.strip()) if isinstance(value, str) and not _is_number(value) else None
    if found is None:
        return finite_number(name, value)
    scales = _SCALES[unit]
    given = found[2].strip().replace("μ", "µ")  # the Greek letter for the micro sign
    if given not in scales:
        raise InputError(f"{name}={value.strip()}: {found[2].strip()!r} is no unit of it; use {', '.join(scales)}")
    return finite_number(name, float(found[1]) * scales[given])


def beam_energy(value: Any) -> float:
    """A beam energy in eV, checked.

    Parameters
    ----------
    value
        A number in eV, or text with a unit.

    Raises
    ------
    InputError
        Below 1 keV: the number was probably meant in keV or MeV.
    """
    energy = quantity("energy", value, "eV")
    if energy <= 0:
        raise InputError(f"energy must be above 0, not {energy:g}")
    if energy < _LEAST_ENERGY:
        meant = energy if energy >= 1 else energy * 1e3  # keV, or MeV
        raise InputError(f"energy is in eV, so {meant:g} keV is {meant:g}e3; {energy:g} eV is below 1 keV")
    return energy


def _is_number(text: str) -> bool:  # asked first: "1.2e7" would else be 1.2 of the unit "e7"
    try:
        float(text)
    except ValueError:
        return False
    return True
