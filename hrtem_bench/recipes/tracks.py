"""Tracks: the named conditions along an axis, and the settings actually drawn for one image."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np

from hrtem_bench.conditions import COEFFICIENTS, Condition, Spread, condition_from_dict, flat
from hrtem_bench.physics import scherzer_defocus
from hrtem_bench.recipes.tables import (
    AxisRange,
    CameraTrack,
    JointTrack,
    Recipe,
    ScanTrack,
    SceneTrack,
    SpreadTable,
)
from hrtem_bench.support.child_seeds import child_seed
from hrtem_bench.support.toml_tables import key_error

_LENGTHS: Mapping[str, float] = MappingProxyType({"Å": 1.0, "nm": 10.0, "µm": 1e4, "mm": 1e7})
_SUFFIXES: Mapping[str, str] = MappingProxyType({"Å": "A", "µm": "um", "e/Å²": "", "e/A2": ""})
_OTHER_UNITS: Mapping[str, str] = MappingProxyType({"e/A2": "e/Å²"})
"""How a unit may be written beside the way it is shown."""
_FIELDS: Mapping[str, str] = MappingProxyType(
    {"defocus": "C10", "spherical_aberration": "C30", "astigmatism": "C12", "coma": "C21"}
)
"""Axes that have a name of their own; any other is a coefficient or field of Condition."""
AXES = (*_FIELDS, "dose", "focal_spread", "angular_spread", "aperture", *COEFFICIENTS)
SPREADABLE = ("C10", "C30", "C12", "phi12", "focal_spread", "angular_spread", "dose")
"""What may vary from image to image: the settings that a dataset records for each."""
WIDEST = 4.0
"""Normal deviates are cut at so many standard deviations."""


class TrackCondition(msgspec.Struct, frozen=True, kw_only=True):
    """A condition of a track.

    Parameters
    ----------
    condition_id
        e.g. "defocus=-10nm".
    value
        Place on the axis, in the track's unit; for a track without a unit, the place in its order.
    condition
        The nominal settings.
    train
        Whether networks train at it.
    spread
        Settings that vary from image to image about the nominal one: name -> standard deviation of a normal
        distribution, or a `Spread`. The condition with its spread is ``ConditionSet.about(condition, spread)``.
    scene
        The variant of the specimen; "" for the recipe's own.
    camera
        "track.name" of the detector; "" for that of [detector].
    """

    condition_id: str
    value: float
    condition: Condition
    train: bool
    spread: dict[str, float | Spread] = {}
    scene: str = ""
    camera: str = ""


def track_axis(recipe: Recipe, name: str) -> tuple[str, str]:
    """(axis, unit) of a track; the unit is "" where there is none."""
    track = recipe.tracks[name]
    if isinstance(track, ScanTrack):
        return track.axis, _OTHER_UNITS.get(track.unit, track.unit)
    return ("joint", "") if isinstance(track, JointTrack) else (name, "")


def track_conditions(recipe: Recipe, name: str) -> tuple[TrackCondition, ...]:
    """The conditions of a track, in the order of its axis; InputError for an impossible one."""
    track, where = recipe.tracks[name], f"tracks.{name}"
    base = {**flat(condition_from_dict(recipe.settings)), **track.base}
    spread = {key: _recorded(as_spread(s)) for key, s in track.spread.items()}
    if isinstance(track, ScanTrack):
        return tuple(
            TrackCondition(
                condition_id=condition_id(track.axis, value, track.unit),
                value=value,
                condition=_focused(
                    condition_from_dict({**base, **setting(track.axis, value, track.unit, where)}), track.focus
                ),
                train=value in track.train,
                spread=spread,
            )
            for value in sorted(track.values)
        )
    if isinstance(track, SceneTrack | CameraTrack):
        variants: Mapping[str, Any] = track.cameras if isinstance(track, CameraTrack) else track.scenes
        return tuple(
            TrackCondition(
                condition_id=f"{name}={variant}",
                value=float(order),
                condition=condition_from_dict(base),
                train=variant in track.train,
                spread=spread,
                scene=f"{name}.{variant}" if overrides and isinstance(track, SceneTrack) else "",
                camera=f"{name}.{variant}" if isinstance(track, CameraTrack) else "",
            )
            for order, (variant, overrides) in enumerate(variants.items())
        )
    return tuple(_joint_conditions(track, base, spread, child_seed(recipe.seed, "joint", name), where))


def draw(condition: Condition, spread: Mapping[str, float | SpreadTable], generator: np.random.Generator) -> Condition:
    """The condition of one image: each setting of `spread` drawn about its nominal value, in alphabetical order."""
    values = flat(condition)
    for name in sorted(spread):
        s = as_spread(spread[name])
        if s.distribution == "normal":
            deviate = float(np.clip(generator.standard_normal(), -WIDEST, WIDEST))
        else:
            deviate = float(generator.uniform(-math.sqrt(3), math.sqrt(3)))
        values[name] = values.get(name, 0.0) + s.std * deviate
    return _from_flat(values)


def setting(axis: str, value: float, unit: str, where: str) -> dict[str, float]:
    """The field of Condition that an axis moves, and its number there. -10 nm of defocus: {"C10": 100.0}."""
    if axis not in AXES:
        raise key_error(f"{where}.axis", axis, f"allowed are {', '.join(AXES)}")
    scales = _scales(axis)
    if unit not in scales:
        raise key_error(f"{where}.unit", unit, f"{axis} is given in {' or '.join(scales)}")
    sign = -1.0 if axis == "defocus" else 1.0
    return {_FIELDS.get(axis, axis): sign * scales[unit] * value + 0.0}


def condition_id(axis: str, value: float, unit: str) -> str:
    """E.g. "defocus=-10nm", "dose=400", "astigmatism=5nm": ASCII, at most six digits."""
    return f"{axis}={value + 0.0:g}{_SUFFIXES.get(unit, unit)}"


def as_spread(spread: float | SpreadTable) -> Spread:
    """A recipe's spread of a setting; a bare number is the standard deviation of a normal distribution."""
    return Spread(spread.std, spread.distribution) if isinstance(spread, SpreadTable) else Spread(spread)


def _recorded(spread: Spread) -> float | Spread:
    return spread.std if spread.distribution == "normal" else spread


def _from_flat(values: dict[str, Any]) -> Condition:
    """The condition of flat settings; an angle may vary even if its coefficient is 0."""
    return condition_from_dict(values | {"C12": values.get("C12", 0.0)} if "phi12" in values else values)


def _focused(c: Condition, focus: str) -> Condition:
    return c if focus == "fixed" else c.replace(C10=-scherzer_defocus(c) + 0.0)


def _scales(axis: str) -> Mapping[str, float]:
    if axis == "dose":
        return {"e/Å²": 1.0, "e/A2": 1.0}
    return {"mrad": 1.0} if axis in ("angular_spread", "aperture") else _LENGTHS


def _joint_conditions(
    track: JointTrack, base: dict[str, Any], spread: dict[str, float | Spread], seed: int, where: str
) -> list[TrackCondition]:
    """Latin hypercubes: first the training conditions, in the inner ranges, then the test conditions, in the whole."""
    generator = np.random.default_rng(seed)
    conditions: list[TrackCondition] = []
    for train, count in ((True, track.train_conditions), (False, track.test_conditions)):
        columns = {axis: _stratified(r, train, count, generator) for axis, r in sorted(track.ranges.items())}
        for k in range(count):
            moved = dict(base)
            for axis, values in columns.items():
                moved |= setting(axis, values[k], track.ranges[axis].unit, f"{where}.ranges.{axis}")
            conditions.append(
                TrackCondition(
                    condition_id=f"joint={'train' if train else 'test'}-{k:02d}",
                    value=float(len(conditions)),
                    condition=condition_from_dict(moved),
                    train=train,
                    spread=spread,
                )
            )
    return conditions


def _stratified(r: AxisRange, train: bool, count: int, generator: np.random.Generator) -> list[float]:
    """One value in each of `count` equal parts of the range, in random order, rounded to four digits."""
    low, high = (r.train_low, r.train_high) if train else (r.low, r.high)
    part = (generator.permutation(count) + generator.random(count)) / count
    values = low * (high / low) ** part if r.scale == "log" else low + (high - low) * part
    return [float(f"{v:.4g}") for v in values]
