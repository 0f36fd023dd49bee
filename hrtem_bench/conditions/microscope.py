"""From what stands in a microscope's data sheet and on its screen (kV, mm, nm, mrad) to settings of a Condition."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hrtem_bench.conditions.units import LENGTHS, finite_number
from hrtem_bench.errors import InputError

FWHM = 2 * math.sqrt(2 * math.log(2))
"""Full width at half maximum of a normal distribution, in standard deviations: 2.355."""
_NOT_NEGATIVE = ("cc_mm", "energy_spread_ev", "high_tension_ppm", "lens_current_ppm", "convergence_mrad")


def microscope_settings(given: Mapping[str, Any]) -> dict[str, float]:
    """Settings of a Condition, in its units, from the numbers that `Condition.from_microscope` takes.

    InputError for what is not a finite number, a width below 0, and a high tension that is not in kV.
    """
    number = {name: finite_number(name, value) for name, value in given.items()}
    for name in _NOT_NEGATIVE:
        if number[name] < 0:
            raise InputError(f"{name} cannot be below 0, and is {number[name]:g}")
    if not 1 <= number["kilovolts"] <= 10e3:
        raise InputError(f"kilovolts is in kV, as in 200 or 300, and cannot be {number['kilovolts']:g}")
    energy = 1e3 * number["kilovolts"]
    relative = math.hypot(
        number["energy_spread_ev"] / FWHM / energy,
        1e-6 * number["high_tension_ppm"],
        2e-6 * number["lens_current_ppm"],
    )
    settings = {
        "energy": energy,
        "C10": -number["defocus_nm"] * LENGTHS["nm"] + 0.0,
        "C30": number["cs_mm"] * LENGTHS["mm"],
        "focal_spread": number["cc_mm"] * LENGTHS["mm"] * relative,
        "angular_spread": 0.5 * number["convergence_mrad"],
    }
    if number["stigmation_nm"]:
        settings["C12"] = number["stigmation_nm"] * LENGTHS["nm"]
        settings["phi12"] = math.radians(number["stigmation_degrees"])
    return settings
