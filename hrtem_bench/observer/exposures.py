"""What is imaged with what: conditions with their detector, weighted, as training sets and as test conditions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hrtem_bench.conditions import (
    Condition,
    Conditions,
    ConditionSet,
    as_condition_set,
    flat,
)
from hrtem_bench.dataset.rendered_samples import parse_setting
from hrtem_bench.errors import InputError
from hrtem_bench.observer.specimens import SpecimenSet

MOST_MEMBERS = 48
"""Conditions of a set that are imaged; a larger set is represented by as many of its members."""


@dataclass(frozen=True)
class Exposure:
    """A weighted set of conditions, each with its detector.

    Parameters
    ----------
    conditions
        At least one.
    weights
        One for each, adding up to 1.
    detectors
        One for each, an `imaging.Detector` or None, which counts every electron where it falls.
    """

    conditions: tuple[Condition, ...]
    weights: tuple[float, ...]
    detectors: tuple[Any, ...]


def exposure(conditions: Conditions, detector: Any = None) -> Exposure:
    """Conditions that are all recorded by one detector.

    Parameters
    ----------
    conditions
        A Condition, a ConditionSet, or a sequence of them, which count alike.
    detector
        An `imaging.Detector`; None counts every electron where it falls.

    Raises
    ------
    InputError
        For a set without members.
    """
    whole = _thinned(as_condition_set(conditions))
    return Exposure(whole.conditions, whole.weights, (detector,) * len(whole))


def parse_exposure(text: str, specimens: SpecimenSet, spread: float = 0.0) -> Exposure:
    """An exposure from text such as "defocus=-10nm,dose=400e/A2,camera=k3-300kV"; several joined by semicolons.

    Parameters
    ----------
    text
        Settings as `parse_condition` reads them; what is left out is as in the specimens' own imaging.
    specimens
        Whose lens, dose and detector are meant where the text names none.
    spread
        Standard deviation of C10 from image to image, Å.

    Raises
    ------
    InputError
        For text that names no condition, a setting or a camera that is not known.
    """
    from hrtem_bench.imaging import camera

    parts = [part.strip() for part in text.split(";") if part.strip()]
    if not parts:
        raise InputError("no condition is given: write settings such as defocus=-10nm,dose=400e/A2")
    conditions: list[Condition] = []
    weights: list[float] = []
    detectors: list[Any] = []
    for part in parts:
        nominal, name = parse_setting(part, specimens.lens)
        detector = specimens.detector if name is None else camera(name)
        for condition, weight in focus_spread(nominal, spread):
            conditions.append(condition)
            weights.append(weight / len(parts))
            detectors.append(detector)
    return Exposure(tuple(conditions), tuple(weights), tuple(detectors))


def joined(parts: Sequence[Exposure]) -> Exposure:
    """Exposures as one, each of the same weight."""
    return Exposure(
        tuple(condition for one in parts for condition in one.conditions),
        tuple(weight / len(parts) for one in parts for weight in one.weights),
        tuple(detector for one in parts for detector in one.detectors),
    )


def focus_spread(nominal: Condition, std: float) -> list[tuple[Condition, float]]:
    """(condition, weight): Gauss and Hermite's three nodes of C10, with a normal distribution's first five moments.

    Parameters
    ----------
    nominal
        The condition at the centre.
    std
        Standard deviation of C10, Å; 0 for the condition alone.
    """
    far = math.sqrt(3) * std
    nodes = [(0.0, 1.0)] if not std else [(-far, 1 / 6), (0.0, 2 / 3), (far, 1 / 6)]
    return [(nominal.replace(C10=nominal.C10 + shift), weight) for shift, weight in nodes]


def _thinned(whole: ConditionSet) -> ConditionSet:
    """At most `MOST_MEMBERS` members of a set, those at equal steps of the weight when sorted by their settings."""
    if len(whole) <= MOST_MEMBERS:
        return whole
    order = sorted(
        range(len(whole)), key=lambda i: [(name, value or 0.0) for name, value in flat(whole.conditions[i]).items()]
    )
    reached = np.cumsum([whole.weights[i] for i in order])
    chosen = np.searchsorted(reached, (np.arange(MOST_MEMBERS) + 0.5) / MOST_MEMBERS * reached[-1])
    return ConditionSet(tuple(whole.conditions[order[i]] for i in chosen))
