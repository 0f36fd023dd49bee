"""What an experiment is set to: one frozen, validated `Condition`.

Units: eV, Å, rad (aberration angles), mrad (angular spread, aperture), electrons per Å² (dose).
Widths are standard deviations. C10 > 0 is overfocus; `defocus` = -C10.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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

_NUMBERS = ("energy", "C10", "C30", "focal_spread", "angular_spread")
_NON_NEGATIVE = ("focal_spread", "angular_spread")
_POSITIVE = ("aperture", "dose")
_LEAST_ENERGY = 1e3  # eV; a smaller number was meant in keV


@dataclass(frozen=True)
class Condition:
    """One setting of the microscope. Frozen, hashable, compared by value; every field has a default.

    energy: beam energy, eV. C10, C30: defocus and third-order spherical aberration, Å (C10 > 0 is
    overfocus). aberrations: the other Krivanek coefficients to fifth order, Å, and their angles, rad, e.g.
    ``{"C12": 20.0, "phi12": 0.3}``. focal_spread: standard deviation of focus, Å. angular_spread: standard
    deviation of the illumination angle, mrad. aperture: objective aperture semi-angle, mrad, None for
    none. dose: electrons per Å², None for noiseless.

    Raises InputError for an unknown coefficient, an angle without meaning, or a number out of range.
    """

    energy: float = 300e3
    C10: float = 0.0
    C30: float = 0.0
    aberrations: Mapping[str, float] = field(default_factory=dict)
    focal_spread: float = 0.0
    angular_spread: float = 0.0
    aperture: float | None = None
    dose: float | None = None

    def __post_init__(self) -> None:
        for name in (*_NUMBERS, "aperture", "dose"):
            value = getattr(self, name)
            if value is None and name in ("aperture", "dose"):
                continue
            object.__setattr__(self, name, finite_number(name, value))
        for name in _POSITIVE:
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise InputError(f"{name} must be above 0, not {value:g}")
        beam_energy(self.energy)
        for name in _NON_NEGATIVE:
            if getattr(self, name) < 0:
                raise InputError(f"{name} is a standard deviation and cannot be {getattr(self, name):g}")
        object.__setattr__(self, "aberrations", _checked_aberrations(self.aberrations))

    def __hash__(self) -> int:
        return hash((*(getattr(self, n) for n in (*_NUMBERS, "aperture", "dose")), *self.aberrations.items()))

    def __reduce__(self) -> tuple[Any, ...]:  # a mapping proxy does not pickle
        return condition_from_dict, (condition_to_dict(self),)

    @property
    def defocus(self) -> float:
        """-C10, Å: positive is underfocus."""
        return -self.C10

    def replace(self, **changes: Any) -> Condition:
        """A copy with the named fields changed."""
        return replace(self, **changes)


def beam_energy(value: Any) -> float:
    """A beam energy in eV, checked; InputError for less than 1 keV, which was meant in keV or in MeV."""
    energy = finite_number("energy", value)
    if energy <= 0:
        raise InputError(f"energy must be above 0, not {energy:g}")
    if energy < _LEAST_ENERGY:
        meant = energy if energy >= 1 else energy * 1e3  # keV, or MeV
        raise InputError(f"energy is in eV, so {meant:g} keV is {meant:g}e3; {energy:g} eV is below 1 keV")
    return energy


def coefficients(condition: Condition) -> dict[str, tuple[float, float]]:
    """The coefficients that are not zero: name -> (magnitude in Å, angle in rad)."""
    values = {"C10": condition.C10, "C30": condition.C30, **condition.aberrations}
    return {name: (values[name], values.get("phi" + name[1:], 0.0)) for name in COEFFICIENTS if values.get(name, 0.0)}


def condition_to_dict(condition: Condition) -> dict[str, Any]:
    """Plain numbers for JSON or TOML; `condition_from_dict` reads it back to an equal Condition."""
    return {n: getattr(condition, n) for n in (*_NUMBERS, "aperture", "dose")} | {
        "aberrations": dict(condition.aberrations)
    }


def condition_from_dict(values: Mapping[str, Any]) -> Condition:
    """A Condition from a flat or nested mapping: coefficients may stand beside the other fields.

    `defocus` is understood as -C10. Raises InputError for a key that is not known or given twice.
    """
    fields = {name: values[name] for name in (*_NUMBERS, "aperture", "dose") if name in values}
    if "defocus" in values:
        if "C10" in values:
            raise InputError("give C10 or defocus (= -C10), not both")
        fields["C10"] = -finite_number("defocus", values["defocus"])
    nested = _mapping(values.get("aberrations") or {})
    known = {*_NUMBERS, "aperture", "dose", "defocus", "aberrations"}
    beside = {name: value for name, value in values.items() if name not in known}
    for name in beside.keys() & nested.keys():
        raise InputError(f"{name} is given both among the aberrations and beside them")
    return Condition(**fields, aberrations={**nested, **beside})


def parse_condition(text: str) -> Condition:
    """A Condition from text such as ``"C10=-100,C12=20,phi12=0.3,focal_spread=10"``.

    Names and units as in Condition, `defocus` included; ``none`` for no aperture or no dose.
    Raises InputError for text of another form, a name that is not known or given twice, or a bad number.
    """
    values: dict[str, float | None] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, separator, number = (piece.strip() for piece in part.partition("="))
        if not separator:
            raise InputError(f"a condition reads name=value,name=value; {part!r} has no '='")
        if name in values:
            raise InputError(f"{name} is given twice in {text!r}")
        values[name] = None if number.lower() == "none" else finite_number(name, number)
    return condition_from_dict(values)


def finite_number(name: str, value: Any) -> float:
    """`value` as a float; InputError naming it unless it is a finite number (of Python, of NumPy, or as text)."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} must be a number, not {value!r}") from None
    if not math.isfinite(number):
        raise InputError(f"{name} must be finite, not {number}")
    return number


def _mapping(aberrations: Any) -> Mapping[str, float]:
    if not isinstance(aberrations, Mapping):
        raise InputError(f"aberrations must map names to numbers, as in {{'C12': 20.0}}, not {aberrations!r}")
    return aberrations


def _checked_aberrations(aberrations: Mapping[str, float]) -> Mapping[str, float]:
    known = [n for n in COEFFICIENTS if n not in ("C10", "C30")] + list(ANGLES)
    checked = {}
    for name, value in _mapping(aberrations).items():
        if name in ("C10", "C30"):
            raise InputError(f"give {name} as a field of Condition, not among its aberrations")
        if name not in known:
            close = difflib.get_close_matches(str(name), [*known, *_NUMBERS, "aperture", "dose"], n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise InputError(f"unknown coefficient {name!r}: {hint}known are C10, C30, {', '.join(known)}")
        checked[name] = finite_number(name, value)
    for name in checked:
        if name.startswith("phi") and "C" + name[3:] not in checked:
            raise InputError(f"{name} is the angle of C{name[3:]}, which is not given")
    return MappingProxyType({name: checked[name] for name in sorted(checked)})


__all__ = [
    "ANGLES", "COEFFICIENTS", "Condition", "beam_energy", "coefficients", "condition_from_dict", "condition_to_dict",
    "finite_number", "parse_condition",
]  # fmt: skip
