"""What a plan chooses from and for: targets, candidates and other sets, from text or from a dataset."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hrtem_bench.conditions import (
    MOST,
    Condition,
    ConditionSet,
    Spread,
    condition_from_dict,
    flat,
    parse_grid,
    with_settings,
)
from hrtem_bench.dataset import Track, open_dataset
from hrtem_bench.errors import InputError
from hrtem_bench.planning.search import largest_size

Sets = Mapping[str, ConditionSet]
Q_MAX = 2.5
Region = str | Condition | ConditionSet
"""Conditions as text, one condition, or a weighted set that counts as one, its spread its own."""
MARGIN = 0.25
"""How far candidates reach beyond the targets, on either side, as a share of their range."""
POINTS = {1: 40, 2: 12, 3: 5}
"""Steps of the candidates along each setting over the targets' range, at most, by how many settings vary."""
WIDTHS = ("focal_spread", "angular_spread")
ALONE = 200.0
"""Å: how far candidates reach about the C10 of a single target."""


@dataclass(frozen=True)
class Choices:
    """Targets and candidates of a plan.

    Parameters
    ----------
    targets, candidates
        Nominal conditions by name; for a given set, its member of largest weight.
    target_sets, candidate_sets
        The same with their spread.
    compared
        Other training sets, by name.
    spread
        Of settings about each condition, as a recipe's track has it.
    q_max
        1/Å.
    data, track
        Of the dataset that the candidates come from; "" if they are made up.
    """

    targets: Mapping[str, Condition]
    candidates: Mapping[str, Condition]
    target_sets: Sets
    candidate_sets: Sets
    compared: Mapping[str, Sequence[ConditionSet]]
    spread: Mapping[str, Any]
    q_max: float
    data: str
    track: str


def choices(
    target: Sequence[Region],
    candidates: Sequence[Region],
    budget: int,
    *,
    data: str | None = None,
    track: str = "defocus",
    spread: str | None = None,
    q_max: float | None = None,
) -> Choices:
    """Targets and candidates, from text or conditions, or from a track of a dataset.

    Parameters
    ----------
    target, candidates
        Text, see `region`, or conditions.
    budget
        Conditions to choose.
    data, track
        A dataset's folder or Hub id, and its track. The track's training conditions are the candidates; if no target is
        given, all its conditions are the targets. Settings that a target leaves out are those of the dataset's imaging.
    spread
        Standard deviations as text; by default the track's, else none.
    q_max
        By default the dataset's Nyquist frequency, or 2.5 1/Å.
    """
    deviations = None if spread is None else parse_spread(spread)
    if data is not None:
        if candidates:
            raise InputError("give --candidates or --data: a dataset's candidates are its track's training conditions")
        return _of_track(open_dataset(data, track), data, target, budget, deviations, q_max)
    if not target:
        raise InputError('give --target, as in --target "C10=-400:400:50,focal_spread=10", or --data')
    wanted = regions(target)
    places = {name: nominal(one) for name, one in wanted.items()}
    offered = regions(candidates, option="--candidates") if candidates else candidates_about(list(places.values()))
    even = evenly(places, largest_size(budget, len(offered)))
    return _choices(wanted, offered, even, deviations or {}, q_max or Q_MAX)


def _of_track(
    opened: Track,
    data: str,
    target: Sequence[Region],
    budget: int,
    deviations: Mapping[str, float | Spread] | None,
    q_max: float | None,
) -> Choices:
    base = opened.manifest.recipe["imaging"]
    every = {one.condition_id: one.condition for one in opened.conditions}
    wanted = regions(target, base) if target else every
    offered = {one.condition_id: one.condition for one in opened.conditions if one.train}
    if not offered:
        raise InputError(f"the track {opened.name} has no condition with training images")
    recorded = opened.manifest.recipe["tracks"][opened.name].get("spread", {}) if deviations is None else deviations
    deviations = opened.conditions[0].spread if deviations is None else deviations
    band = q_max or 0.5 / opened.pixel_size
    even = counted_off(offered, largest_size(budget, len(offered)))
    found = _choices(wanted, offered, even, deviations, band, data, opened.name)
    return replace(found, spread=recorded)


def _choices(
    targets: Mapping[str, Condition | ConditionSet],
    candidates: Mapping[str, Condition | ConditionSet],
    even: Mapping[str, Condition],
    deviations: Mapping[str, float | Spread],
    q_max: float,
    data: str = "",
    track: str = "",
) -> Choices:
    sets = [
        {
            name: one if isinstance(one, ConditionSet) else ConditionSet.about(one, deviations)
            for name, one in group.items()
        }
        for group in (targets, candidates, even)
    ]
    return Choices(
        targets={name: nominal(one) for name, one in targets.items()},
        candidates={name: nominal(one) for name, one in candidates.items()},
        target_sets=sets[0],
        candidate_sets=sets[1],
        compared={"evenly spaced": list(sets[2].values())},
        spread=deviations,
        q_max=q_max,
        data=data,
        track=track,
    )


def region(text: str, base: Mapping[str, Any] | None = None, option: str = "--target") -> dict[str, Condition]:
    """The conditions that a text stands for, by name: every combination of its ranges.

    "C10=-400:400:50,focal_spread=10": a setting has a value, values with commas ("C10=-100,100"), or FIRST:LAST:STEP,
    in the units of a Condition or with their own ("defocus=-40nm:40nm:5nm"). Names hold the settings that vary, or all
    if none does.

    Parameters
    ----------
    text
        As above.
    base
        Settings that the text leaves out; by default those of `Condition`.
    option
        Begins the error.

    Raises
    ------
    InputError
        For text that cannot be read.
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
    given: Iterable[Region], base: Mapping[str, Any] | None = None, option: str = "--target"
) -> dict[str, Condition | ConditionSet]:
    """The conditions of several texts, and conditions given as such, by name.

    Where two names are equal, the text comes before the name; conditions given as such get a number after it.
    """
    given = list(given)
    found: dict[str, Condition | ConditionSet] = {}
    for text in (one for one in given if isinstance(one, str)):
        for name, condition in region(text, base, option).items():
            if found.get(name, condition) != condition:
                name = f"{text}: {name}"  # noqa: PLW2901  (the longer name is the one to go on with)
            found[name] = condition
    objects = [one for one in given if not isinstance(one, str)]
    for other in objects:
        if not isinstance(other, Condition | ConditionSet):
            raise InputError(f"{option} takes text, a Condition or a ConditionSet, not {type(other).__name__}")
    for name, one in zip(_told_apart([nominal(one) for one in objects]), objects, strict=True):
        number = sum(key == name or key.startswith(f"{name} #") for key in found)
        found[f"{name} #{number + 1}" if number else name] = one
    return found


def nominal(one: Condition | ConditionSet) -> Condition:
    """The condition itself; of a set, the first member of largest weight."""
    if isinstance(one, Condition):
        return one
    return one.conditions[max(range(len(one)), key=one.weights.__getitem__)]


def _told_apart(conditions: Sequence[Condition]) -> list[str]:
    """A name for each: the settings in which they differ, or else those in which they differ from `Condition()`."""
    settings = [flat(one) for one in conditions]
    usual = flat(Condition())
    every = dict.fromkeys(name for one in settings for name in one)
    several = [name for name in every if len({one.get(name, 0.0) for one in settings}) > 1]
    names = several or [name for name in every if any(one.get(name, 0.0) != usual.get(name, 0.0) for one in settings)]
    return [named({name: one.get(name, 0.0) for name in names or ["C10"]}) for one in settings]


def candidates_about(targets: Sequence[Condition]) -> dict[str, Condition]:
    """Conditions to choose from: a grid over the settings that vary among targets, wider by a quarter of each range.

    The steps are those of the targets unless they are too few or too many. The energy, and settings that exist or do
    not, such as an aperture, keep the targets' values. Widths keep their range, since less damping transfers more and
    would always be chosen. For a single target, C10 is varied. Raises InputError if more than three settings vary.
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
    """The settings in which conditions differ, except the dose, which plays no part in transfer."""
    settings = [flat(one) for one in conditions]
    names = dict.fromkeys(name for one in settings for name in one if name != "dose")
    return [name for name in names if len({one.get(name, 0.0) for one in settings}) > 1]


def evenly(conditions: Mapping[str, Condition], count: int) -> dict[str, Condition]:
    """`count` of the conditions at even steps from the first to the last; for a count of one, the middle one.

    If a single setting varies, the steps are even in its values; else in the order.
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
    """`count` of the conditions at even steps of their order; for a count of one, the middle one."""
    names = list(conditions)
    return {names[i]: conditions[names[i]] for i in even_places(len(names), count)}


def even_places(many: int, count: int) -> list[int]:
    """At most `count` numbers below `many`, at even steps from the first to the last; the middle for a count of one."""
    places = np.linspace(0, many - 1, count) if count > 1 else np.array([0.5 * (many - 1)])
    return sorted({round(place) for place in places})


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
    """Setting -> its values as text. A comma ends a setting only if another name follows."""
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
    """Even steps over the range of the values and a margin on both sides, through the lowest value."""
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
