"""From text to the conditions that a plan is for: targets, candidates, and what they are compared with."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from hrtem_bench.conditions import MOST, Condition, condition_from_dict, flat, parse_grid, with_settings
from hrtem_bench.errors import InputError

MARGIN = 0.25
"""How far candidates reach beyond the targets, on either side, as a share of their range."""
POINTS = {1: 40, 2: 12, 3: 5}
"""Steps of the candidates along each setting over the targets' range, at most, by how many settings vary."""
WIDTHS = ("focal_spread", "angular_spread")
ALONE = 200.0
"""Å: how far candidates reach about the C10 of a single target."""


def region(text: str, base: Mapping[str, Any] | None = None, option: str = "--target") -> dict[str, Condition]:
    """The conditions that "C10=-400:400:50,focal_spread=10" stands for, by name; every combination of its ranges.

    A setting has a value, values with commas ("C10=-100,100"), or FIRST:LAST:STEP, in the units of a Condition or with
    their own ("defocus=-40nm:40nm:5nm").
    base: settings of what is left out, by default those of `Condition`. The names hold the settings given, or those
    that vary where any does. Raises InputError, with `option`, for what cannot be read.
    """
    values = dict(_values(name, given, option) for name, given in _pieces(text, option).items())
    if math.prod(len(one) for one in values.values()) > MOST:
        raise InputError(f"{option} {text}: more than {MOST} conditions")
    several = [name for name, one in values.items() if len(one) > 1] or list(values)
    found = {}
    for chosen in itertools.product(*values.values()):
        moved = dict(zip(values, chosen, strict=True))
        try:
            found[named({name: moved[name] for name in several})] = with_settings(base or {}, moved)
        except InputError as error:
            raise InputError(f"{option} {text}: {error}") from None
    return found


def regions(
    texts: Iterable[str], base: Mapping[str, Any] | None = None, option: str = "--target"
) -> dict[str, Condition]:
    """The conditions of several texts, by name; where names meet, the whole text that they came from goes before."""
    found: dict[str, Condition] = {}
    for text in texts:
        for name, condition in region(text, base, option).items():
            if found.get(name, condition) != condition:
                name = f"{text}: {name}"  # noqa: PLW2901  (the longer name is the one to go on with)
            found[name] = condition
    return found


def candidates_about(targets: Sequence[Condition]) -> dict[str, Condition]:
    """Conditions to choose from: a grid over the settings that vary among targets, a quarter of each range wider.

    The steps are those of the targets where they are neither too few nor too many. Settings that only exist or not,
    such as an aperture, and the energy keep the targets' own values; widths keep their range, since what damps less
    transfers more, and would always be chosen. Of a single target C10 is varied. Raises InputError where more than
    three settings vary.
    """
    settings = [flat(one) for one in targets]
    names = varying(targets) or ["C10"]
    kept = [name for name in names if name in ("energy", "aperture")]
    moved = [name for name in names if name not in kept]
    if len(moved) > max(POINTS):
        raise InputError(f"the targets differ in {', '.join(moved)}: give --candidates, a grid of all is too large")
    axes = {name: sorted({one[name] for one in settings}, key=lambda v: (v is None, v)) for name in kept}
    for name in moved:
        values = sorted({one.get(name, 0.0) for one in settings})
        if len(values) == 1:
            values = [values[0] - ALONE, values[0] + ALONE]
        axes[name] = _axis(values, POINTS[len(moved)], name)
    found = {}
    for chosen in itertools.product(*axes.values()):
        moves = dict(zip(axes, chosen, strict=True))
        found[named(moves)] = condition_from_dict(settings[0] | moves)
    return found


def varying(conditions: Sequence[Condition]) -> list[str]:
    """The settings in which conditions differ, the dose left out: it plays no part in transfer."""
    settings = [flat(one) for one in conditions]
    names = dict.fromkeys(name for one in settings for name in one if name != "dose")
    return [name for name in names if len({one.get(name, 0.0) for one in settings}) > 1]


def evenly(conditions: Mapping[str, Condition], count: int) -> dict[str, Condition]:
    """`count` conditions at even steps from the first to the last of those given; the middle one for a count of one.

    Where a single setting varies, its values are spaced evenly over their range; else the conditions are counted off.
    """
    listed = list(conditions.values())
    names = varying(listed)
    if len(names) == 1 and names[0] not in ("energy", "aperture"):
        values = [flat(one).get(names[0], 0.0) for one in listed]
        at = np.linspace(min(values), max(values), count) if count > 1 else [0.5 * (min(values) + max(values))]
        moves = [{names[0]: float(value)} for value in at]
        return {named(move): condition_from_dict(flat(listed[0]) | move) for move in moves}
    return counted_off(conditions, count)


def counted_off(conditions: Mapping[str, Condition], count: int) -> dict[str, Condition]:
    """`count` of the conditions, at even steps of their order; the middle one for a count of one."""
    last = len(conditions) - 1
    places = np.linspace(0, last, count) if count > 1 else np.array([0.5 * last])
    names = list(conditions)
    return {names[i]: conditions[names[i]] for i in sorted({round(place) for place in places})}


def parse_spread(text: str) -> dict[str, float]:
    """Standard deviations of settings, as in "C10=15,focal_spread=1"."""
    found = {}
    for given, value in _pieces(text, "--spread").items():
        name, values = parse_grid(f"{given}={value}", "--spread")
        if name in ("energy", "aperture", "defocus", "dose") or len(values) != 1 or not values[0] > 0:
            raise InputError(f"--spread {text}: give standard deviations above 0 of coefficients, angles or spreads")
        found[name] = values[0]
    return found


def named(settings: Mapping[str, float | None]) -> str:
    """A name for some settings: "C10=-100,focal_spread=10"."""
    return ",".join(f"{name}={'none' if value is None else f'{value:g}'}" for name, value in settings.items())


def _pieces(text: str, option: str) -> dict[str, str]:
    """Setting -> its values as text; a comma ends a setting only where another name follows."""
    found: dict[str, str] = {}
    last = ""
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, separator, value = (piece.strip() for piece in part.partition("="))
        if separator:
            if name in found:
                raise InputError(f"{option} {text}: {name} is given twice")
            found[name], last = value, name
        elif last:
            found[last] += f",{name}"
        else:
            raise InputError(f"{option} {text}: write NAME=VALUE,NAME=FIRST:LAST:STEP; {part!r} has no '='")
    if not found:
        raise InputError(f"{option} is empty: write NAME=VALUE,NAME=FIRST:LAST:STEP, as in C10=-400:400:50")
    return found


def _values(name: str, text: str, option: str) -> tuple[str, Sequence[float | None]]:
    if text.lower() == "none" and name in ("aperture", "dose"):
        return name, (None,)
    return parse_grid(f"{name}={text}", option)


def _axis(values: Sequence[float], most: int, name: str) -> list[float]:
    """Even steps over the range of the values and a margin on either side, through the lowest of them."""
    low, high = values[0], values[-1]
    step = min(b - a for a, b in itertools.pairwise(values))
    if (high - low) / step > most:
        step = (high - low) / most
    while (high - low) / step * 2 <= most:
        step /= 2
    count = round((high - low) / step)
    beyond = 0 if name in WIDTHS else math.ceil(MARGIN * count)
    at = [low + step * i for i in range(-beyond, count + beyond + 1)]
    return [float(f"{value:.6g}") + 0.0 for value in at]
