"""What an experiment is set to: a `Condition`, its forms as text and numbers, and weighted sets of conditions."""

from __future__ import annotations

from hrtem_bench.conditions.notations import NOTATIONS
from hrtem_bench.conditions.plausibility import UnlikelySetting
from hrtem_bench.conditions.record import (
    Condition,
    coefficients,
    condition_from_dict,
    condition_to_dict,
    flat,
    suspicious,
    warn_if_suspicious,
)
from hrtem_bench.conditions.sets import Conditions, ConditionSet, Spread, as_condition_set
from hrtem_bench.conditions.text import MOST, parse_condition, parse_grid, parse_settings, with_settings
from hrtem_bench.conditions.units import ANGLES, COEFFICIENTS, UNITS, beam_energy, finite_number, quantity

__all__ = [
    "ANGLES",
    "COEFFICIENTS",
    "MOST",
    "NOTATIONS",
    "UNITS",
    "Condition",
    "ConditionSet",
    "Conditions",
    "Spread",
    "UnlikelySetting",
    "as_condition_set",
    "beam_energy",
    "coefficients",
    "condition_from_dict",
    "condition_to_dict",
    "finite_number",
    "flat",
    "parse_condition",
    "parse_grid",
    "parse_settings",
    "quantity",
    "suspicious",
    "warn_if_suspicious",
    "with_settings",
]
