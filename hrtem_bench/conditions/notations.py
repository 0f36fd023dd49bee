"""Other names of the aberration coefficients: Uhlemann and Haider's (C1, A1, B2, ...) and Cartesian parts (C12a, C12b).

Uhlemann and Haider, Ultramicroscopy 72 (1998) 109, write χ λ / 2π as Re[½ ω ω̄ C1 + ½ ω̄² A1 + ω² ω̄ B2 + ⅓ ω̄³ A2 +
¼ (ω ω̄)² C3 + ω³ ω̄ S3 + ¼ ω̄⁴ A3 + ω³ ω̄² B4 + ω⁴ ω̄ D4 + ⅕ ω̄⁵ A4 + ⅙ (ω ω̄)³ C5 + ω⁴ ω̄² S5 + ω⁵ ω̄ R5 + ⅙ ω̄⁶ A5]
with ω = α exp(iφ). Every term of Krivanek's carries 1/(n+1), so that B2, S3, B4, D4, S5 and R5 are larger there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hrtem_bench.conditions.units import ANGLES, COEFFICIENTS, quantity
from hrtem_bench.errors import InputError

NOTATIONS: Mapping[str, tuple[str, float]] = MappingProxyType({
    "C1": ("C10", 1.0), "A1": ("C12", 1.0),
    "B2": ("C21", 3.0), "A2": ("C23", 1.0),
    "C3": ("C30", 1.0), "Cs": ("C30", 1.0), "S3": ("C32", 4.0), "A3": ("C34", 1.0),
    "B4": ("C41", 5.0), "D4": ("C43", 5.0), "A4": ("C45", 1.0),
    "C5": ("C50", 1.0), "S5": ("C52", 6.0), "R5": ("C54", 6.0), "D5": ("C54", 6.0), "A5": ("C56", 1.0),
})  # fmt: skip
"""Another name of a coefficient -> (its name here, how many times larger it is here): C21 = 3 B2."""
OTHER_NAMES: frozenset[str] = frozenset(
    [*NOTATIONS]
    + [f"phi{name}" for name, (own, _) in NOTATIONS.items() if COEFFICIENTS[own][1]]
    + [f"C{angle[3:]}{part}" for angle in ANGLES for part in "ab"]
)
"""Every name of another notation: coefficients, their angles (`phiA1` is `phi12`), Cartesian parts."""


def own_name(name: str) -> tuple[str, float]:
    """The name used here of a coefficient or an angle of any notation, and how many times larger its value is here.

    A name that is not known, and a Cartesian part, is returned as it is.
    """
    if name in NOTATIONS:
        return NOTATIONS[name]
    if name in OTHER_NAMES and name.startswith("phi"):
        return "phi" + NOTATIONS[name[3:]][0][1:], 1.0
    return name, 1.0


def in_own_notation(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with every name of another notation replaced by the one used here, its value converted.

    Angles are azimuths here as there: where the term is largest, `phiA1` = `phi12`. Parts `C12a`, `C12b` are C12 cos(m
    φ) and C12 sin(m φ), and either may be left out. InputError for a coefficient that is given under two names.
    """
    found: dict[str, Any] = {}
    parts: dict[str, dict[str, float]] = {}
    for name, value in values.items():
        own, factor = own_name(name)
        if own in OTHER_NAMES:
            parts.setdefault(own[:-1], {})[own[-1]] = quantity(name, value, "Å")
            continue
        if own in found:
            raise InputError(f"{own} is given twice: {name} is another name of it")
        found[own] = value if factor == 1 else factor * quantity(name, value, "Å")
    for own, pair in parts.items():
        angle = "phi" + own[1:]
        if own in found or angle in found:
            raise InputError(f"give {own} with {angle}, or its parts {own}a and {own}b, not both")
        a, b = pair.get("a", 0.0), pair.get("b", 0.0)
        found[own], found[angle] = math.hypot(a, b), math.atan2(b, a) / COEFFICIENTS[own][1]
    return found
