"""Settings that were probably meant in another unit, each with a sentence that says so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hrtem_bench.conditions.units import ANGLES, UNITS


class UnlikelySetting(UserWarning):
    """A setting of a Condition lies so far from what microscopes have that its unit is in doubt."""


# Smallest and largest magnitudes of working microscopes, with room, in the setting's own unit; 0 is always allowed.
# With each end: the unit that a value beyond it was probably meant in, and that unit in the setting's own.
_USUAL: Mapping[str, tuple[float, float, tuple[str, float], tuple[str, float]]] = MappingProxyType({
    "energy": (1e3, 5e6, ("keV", 1e3), ("meV", 1e-3)),
    "aperture": (0.5, 500.0, ("rad", 1e3), ("µrad", 1e-3)),
    "angular_spread": (1e-3, 20.0, ("rad", 1e3), ("µrad", 1e-3)),
    "focal_spread": (0.1, 5e3, ("µm", 1e4), ("pm", 1e-2)),
    "C10": (0.0, 1e6, ("µm", 1e4), ("pm", 1e-2)),
    "C30": (100.0, 1e9, ("mm", 1e7), ("pm", 1e-2)),
    "C50": (100.0, 1e10, ("mm", 1e7), ("pm", 1e-2)),
    "dose": (1e-2, 1e5, ("e/pm²", 1e4), ("e/nm²", 1e-2)),
})  # fmt: skip


def unlikely_settings(settings: Mapping[str, Any]) -> list[str]:
    """A sentence for each setting that looks as if it was given in another unit, with its value and the likely unit.

    settings: name -> number in the setting's own unit, as `flat` gives them; None and 0 are never named.
    """
    said = []
    for name, (least, most, below, above) in _USUAL.items():
        value = settings.get(name)
        if not value or least <= abs(value) <= most:
            continue
        small = abs(value) < least
        unit, scale = below if small else above
        own = UNITS[name]
        said.append(
            f"{name} is {value:g} {own}, far {'below' if small else 'above'} what microscopes have: it is given in "
            f"{own}, and {value:g} {unit} is {value * scale:g}"
        )
    for name in ANGLES:
        value = settings.get(name, 0.0)
        if abs(value) > 2 * math.pi + 1e-9:
            said.append(
                f"{name} is {value:g} rad, more than a full turn: it is given in rad, "
                f"and {value:g} deg is {math.radians(value):.4g}"
            )
    return said
