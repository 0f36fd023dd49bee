"""What an experiment is set to: one frozen, validated `Condition`.

Units: eV, Å, rad (aberration angles), mrad (angular spread, aperture), electrons per Å² (dose).
Widths are standard deviations. C10 > 0 is overfocus; `defocus` = -C10.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from hrtem_bench.conditions.microscope import microscope_settings
from hrtem_bench.conditions.notations import OTHER_NAMES, in_own_notation
from hrtem_bench.conditions.plausibility import UnlikelySetting, unlikely_settings
from hrtem_bench.conditions.units import ANGLES, COEFFICIENTS, UNITS, beam_energy, quantity
from hrtem_bench.errors import InputError

_NUMBERS = ("energy", "C10", "C30", "focal_spread", "angular_spread")
_OPTIONAL = ("aperture", "dose")
FIELDS = (*_NUMBERS, *_OPTIONAL)
"""The fields of a Condition that are numbers."""
_NON_NEGATIVE = ("focal_spread", "angular_spread")


@dataclass(frozen=True, init=False)
class Condition:
    """One setting of the microscope: frozen, hashable, compared by value.

    Numbers are in the units below. Text may carry another unit (``C30="1.2mm"``), see docs/reference/conventions.md.

    Parameters
    ----------
    energy
        Beam energy, eV.
    C10, C30
        Defocus and third-order spherical aberration, Å, 0 by default; C10 > 0 is overfocus.
    aberrations
        The other coefficients, Å, in Krivanek's notation to fifth order, and their angles, rad, such as
        ``{"C12": 20.0, "phi12": 0.3}``. Names of other notations (``A1``, ``B2``, ``C12a``) are converted.
    focal_spread
        Standard deviation of focus, Å.
    angular_spread
        Standard deviation of the illumination angle along each axis, mrad.
    aperture
        Semi-angle of the objective aperture, mrad; None for no aperture.
    dose
        Electrons per Å²; None for noise-free images.
    defocus
        -C10, Å: positive is underfocus. Give this or C10.
    **coefficients
        Aberration coefficients and angles may also stand here: ``Condition(C12=20.0, phi12=0.3)``.

    Raises
    ------
    InputError
        For a name that is not known or given twice, an angle without its coefficient, a number out of range.

    Warns
    -----
    UnlikelySetting
        Where a setting looks as if it was given in another unit, see `suspicious`.
    """

    energy: float = 300e3
    C10: float = 0.0
    C30: float = 0.0
    aberrations: Mapping[str, float] = field(default_factory=dict)
    focal_spread: float = 0.0
    angular_spread: float = 0.0
    aperture: float | None = None
    dose: float | None = None

    def __init__(
        self,
        energy: float | str = 300e3,
        C10: float | str | None = None,
        C30: float | str = 0.0,
        aberrations: Mapping[str, Any] | None = None,
        focal_spread: float | str = 0.0,
        angular_spread: float | str = 0.0,
        aperture: float | str | None = None,
        dose: float | str | None = None,
        *,
        defocus: float | str | None = None,
        **coefficients: Any,
    ) -> None:
        focus = {name: value for name, value in (("C10", C10), ("defocus", defocus)) if value is not None}
        fields = {
            "energy": energy, "C30": C30, "focal_spread": focal_spread, "angular_spread": angular_spread,
            "aperture": aperture, "dose": dose, "aberrations": aberrations,
        }  # fmt: skip
        _fill(self, {**fields, **focus, **coefficients})
        warn_if_suspicious(self)

    def __hash__(self) -> int:
        return hash((*(getattr(self, name) for name in FIELDS), *self.aberrations.items()))

    def __reduce__(self) -> tuple[Any, ...]:  # a mapping proxy does not pickle
        return condition_from_dict, (condition_to_dict(self),)

    @property
    def defocus(self) -> float:
        """-C10, Å: positive is underfocus."""
        return -self.C10

    def replace(self, **changes: Any) -> Condition:
        """A copy with the named settings changed.

        Parameters
        ----------
        **changes
            As for `Condition`; `aberrations` replaces all of them, a coefficient (``C12=5.0``) that one alone.
        """
        values = condition_to_dict(self)
        aberrations = values.pop("aberrations")
        values |= changes.pop("aberrations", aberrations) or {}
        own = in_own_notation(changes)
        if "defocus" in own:
            values.pop("C10")
        return condition_from_dict(values | own)

    @classmethod
    def from_microscope(
        cls,
        *,
        kilovolts: float,
        cs_mm: float = 0.0,
        cc_mm: float = 0.0,
        energy_spread_ev: float = 0.0,
        high_tension_ppm: float = 0.0,
        lens_current_ppm: float = 0.0,
        defocus_nm: float = 0.0,
        stigmation_nm: float = 0.0,
        stigmation_degrees: float = 0.0,
        convergence_mrad: float = 0.0,
        aperture_mrad: float | None = None,
        dose: float | None = None,
        **aberrations: Any,
    ) -> Condition:
        """A Condition from what a microscopist knows; it warns as `Condition` does.

        Parameters
        ----------
        kilovolts
            High tension, kV.
        cs_mm
            Spherical aberration C30, mm.
        cc_mm
            Chromatic aberration Cc, mm: Δf = Cc ΔE/E. Reimer and Kohl, Transmission Electron Microscopy (2008),
            multiply by (1 + E/E₀)/(1 + E/2E₀), E₀ = 511 keV, 1.16 at 200 kV: so multiply a cc_mm that is meant so.
        energy_spread_ev
            Full width at half maximum (FWHM) of the beam's energy, eV, 2.355 standard deviations: about 0.7 for a
            Schottky emitter, 0.3 for a cold field emitter, 1.5 for LaB6.
        high_tension_ppm, lens_current_ppm
            Standard deviations of the high tension and of the objective lens's current, in parts per million.
        defocus_nm
            Defocus, nm: positive is underfocus.
        stigmation_nm, stigmation_degrees
            Twofold astigmatism C12, nm, half the difference of focus between its two axes; and the direction in which
            the focus is most over, degrees from +x towards +y.
        convergence_mrad
            Semi-angle of the illumination's cone, mrad: the radius of a disc that is evenly filled, two standard
            deviations along each axis. Of a Gaussian's 1/e half-width, √2 standard deviations, give √2 times as much.
        aperture_mrad
            Semi-angle of the objective aperture, mrad; None for no aperture.
        dose
            Electrons per Å²; None for noise-free images.
        **aberrations
            Further coefficients, Å, and angles, rad, or text with units, in any notation: ``B2="50nm"``.

        Returns
        -------
        Condition
            With focal_spread = Cc √((ΔE/E)² + (ΔU/U)² + (2 ΔI/I)²), where all are standard deviations: Kirkland,
            Advanced Computing in Electron Microscopy, 2nd ed. (2010), chapter 3.

        Raises
        ------
        InputError
            For what is not a finite number, a width below 0, a high tension that is not in kV.
        """
        given = {
            "kilovolts": kilovolts, "cs_mm": cs_mm, "cc_mm": cc_mm, "energy_spread_ev": energy_spread_ev,
            "high_tension_ppm": high_tension_ppm, "lens_current_ppm": lens_current_ppm, "defocus_nm": defocus_nm,
            "stigmation_nm": stigmation_nm, "stigmation_degrees": stigmation_degrees,
            "convergence_mrad": convergence_mrad,
        }  # fmt: skip
        settings = {**microscope_settings(given), "aperture": aperture_mrad, "dose": dose}
        further = in_own_notation(aberrations)
        for name in further.keys() & (settings.keys() | {"defocus"}):
            raise InputError(f"{name} is given twice, once in the microscope's own words")
        condition = condition_from_dict(settings | further)
        warn_if_suspicious(condition)
        return condition


def condition_to_dict(condition: Condition) -> dict[str, Any]:
    """Plain numbers for JSON or TOML; `condition_from_dict` reads it back to an equal Condition."""
    return {name: getattr(condition, name) for name in FIELDS} | {"aberrations": dict(condition.aberrations)}


def condition_from_dict(values: Mapping[str, Any]) -> Condition:
    """A Condition from a flat or nested mapping: coefficients may stand beside the other fields.

    Units in text, `defocus` and other notations are understood as by `Condition`. Nothing is warned of: data that were
    made by a program are read here.

    Raises
    ------
    InputError
        For a key that is not known or given twice, and a value that is out of range.
    """
    condition = object.__new__(Condition)
    _fill(condition, values)
    return condition


def flat(condition: Condition) -> dict[str, Any]:
    """The condition's settings in one mapping, coefficients beside the other fields."""
    values = condition_to_dict(condition)
    return values | values.pop("aberrations")


def suspicious(condition: Condition) -> list[str]:
    """What looks like a unit mixed up: a sentence for each setting, with the value and the likely unit.

    Parameters
    ----------
    condition
        Any condition. Zero, None and values that some microscope works at are never named.

    Returns
    -------
    list of str
        Empty where nothing is unlikely.
    """
    return unlikely_settings(flat(condition))


def warn_if_suspicious(*conditions: Condition, stacklevel: int = 2) -> None:
    """Warn with `UnlikelySetting`, once for each sentence of `suspicious`.

    `Condition(...)`, `parse_condition` and `Condition.from_microscope` call it, since a person wrote their arguments.
    `condition_from_dict` and `replace` do not: datasets call them once for every image.

    Parameters
    ----------
    *conditions
        To look at.
    stacklevel
        As in `warnings.warn`: 2 is the line that calls this function.
    """
    for sentence in dict.fromkeys(sentence for one in conditions for sentence in suspicious(one)):
        warnings.warn(sentence, UnlikelySetting, stacklevel=stacklevel + 1)


def coefficients(condition: Condition) -> dict[str, tuple[float, float]]:
    """The coefficients that are not zero: name -> (magnitude in Å, angle in rad)."""
    values = {"C10": condition.C10, "C30": condition.C30, **condition.aberrations}
    return {name: (values[name], values.get("phi" + name[1:], 0.0)) for name in COEFFICIENTS if values.get(name, 0.0)}


def _fill(condition: Condition, values: Mapping[str, Any]) -> None:
    """Set every field of a new condition from a flat or nested mapping."""
    nested = values.get("aberrations")
    nested = in_own_notation(_mapping({} if nested is None else nested))
    beside = in_own_notation({name: value for name, value in values.items() if name != "aberrations"})
    if "defocus" in beside:
        if "C10" in beside:
            raise InputError("give C10 or defocus (= -C10), not both")
        beside["C10"] = -quantity("defocus", beside.pop("defocus"), "Å") + 0.0
    for name in ("C10", "C30"):
        if name in nested:
            raise InputError(f"give {name} as a field of Condition, not among its aberrations")
    fields = {name: beside.pop(name, getattr(Condition, name)) for name in FIELDS}
    for name in beside.keys() & nested.keys():
        raise InputError(f"{name} is given both among the aberrations and beside them")
    for name, value in fields.items():
        object.__setattr__(condition, name, _checked(name, value))
    object.__setattr__(condition, "aberrations", _checked_aberrations({**nested, **beside}))


def _checked(name: str, value: Any) -> float | None:
    if value is None and name in _OPTIONAL:
        return None
    if name == "energy":
        return beam_energy(value)
    number = quantity(name, value, UNITS[name])
    if name in _OPTIONAL and number <= 0:
        raise InputError(f"{name} must be above 0, not {number:g}")
    if name in _NON_NEGATIVE and number < 0:
        raise InputError(f"{name} is a standard deviation and cannot be {number:g}")
    return number


def _mapping(aberrations: Any) -> Mapping[str, Any]:
    if not isinstance(aberrations, Mapping):
        raise InputError(f"aberrations must map names to numbers, as in {{'C12': 20.0}}, not {aberrations!r}")
    return aberrations


def _checked_aberrations(aberrations: Mapping[str, Any]) -> Mapping[str, float]:
    known = [n for n in COEFFICIENTS if n not in ("C10", "C30")] + list(ANGLES)
    checked = {}
    for name, value in aberrations.items():
        if name not in known:
            close = difflib.get_close_matches(str(name), [*known, *FIELDS, "defocus", *OTHER_NAMES], n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise InputError(f"unknown coefficient {name!r}: {hint}known are C10, C30, {', '.join(known)}")
        checked[name] = quantity(name, value, UNITS[name])
    for name in checked:
        if name.startswith("phi") and "C" + name[3:] not in checked:
            raise InputError(f"{name} is the angle of C{name[3:]}, which is not given")
    return MappingProxyType({name: checked[name] for name in sorted(checked)})
