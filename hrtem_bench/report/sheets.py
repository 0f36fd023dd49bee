"""A track of a dataset on one sheet: test structures by conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from hrtem_bench.errors import InputError
from hrtem_bench.report.gather import axis_named
from hrtem_bench.report.images import contact_sheet
from hrtem_bench.report.style import quantity

if TYPE_CHECKING:
    from hrtem_bench.dataset import Sample, Track, TrackCondition

MOST = 12
"""At most so many conditions stand on one sheet."""
SIDE = 28.0
"""Side of an image on the sheet, mm."""
_SETTINGS: Mapping[str, tuple[str, float, str]] = MappingProxyType({
    "C10": ("defocus ", -0.1, "nm"),
    "C30": ("C30 ", 1e-4, "µm"),
    "C12": ("C12 ", 0.1, "nm"),
    "focal_spread": ("Δ ", 1.0, "Å"),
    "angular_spread": ("β ", 1.0, "mrad"),
    "aperture": ("aperture ", 1.0, "mrad"),
    "dose": ("", 1.0, "e/Å²"),
})  # fmt: skip
"""How settings are named where several change at once: name, factor from the unit of Condition, unit."""


def track_sheet(track: Track, structures: int = 4) -> Figure:
    """The first test structures of a track, one to a row, at its conditions, masks outlined.

    Of a track with more than `MOST` conditions so many are shown, evenly chosen in its order, first and last among
    them; those that networks train at have bold names. InputError if the track has no test images.
    """
    shown = chosen(track.conditions)
    rows = first_structures(track, structures, [c.condition_id for c in shown])
    axis = axis_named(track.axis, track.unit)
    some = f", {len(shown)} of {len(track.conditions)} conditions" if len(shown) < len(track.conditions) else ""
    return contact_sheet(
        [[row[c.condition_id].image for c in shown] for row in rows.values()],
        [[row[c.condition_id].mask for c in shown] for row in rows.values()],
        rows=list(rows),
        columns=names(track, shown),
        bold=[c.train for c in shown],
        pixel_size=track.pixel_size,
        title=f"{axis.label}: test images of {track.dataset} {track.version}{some}",
        width=max(SIDE * len(shown), 4 * SIDE) + 8.0,
    )


def chosen(conditions: Sequence[TrackCondition]) -> list[TrackCondition]:
    """At most `MOST` of them, evenly chosen in their order."""
    places = np.linspace(0, len(conditions) - 1, min(len(conditions), MOST)).round().astype(int)
    return [conditions[k] for k in places]


def first_structures(track: Track, count: int, conditions: Sequence[str]) -> dict[str, dict[str, Sample]]:
    """Structure -> condition -> image, of the first `count` test structures. InputError if there is none."""
    found: dict[str, dict[str, Sample]] = {}
    for sample in track.rows("test", conditions):  # structure by structure
        if sample.structure_id not in found and len(found) == count:
            break
        found.setdefault(sample.structure_id, {})[sample.condition_id] = sample
    if not found:
        raise InputError(f"the track {track.name} of {track.folder} has no test images to show")
    return found


def names(track: Track, conditions: Sequence[TrackCondition]) -> list[str]:
    """A name for each condition: its value and unit; without a unit, the settings that differ, or the specimen."""
    if track.unit:
        signed = axis_named(track.axis, track.unit).signed
        return [quantity(c.value, track.unit, signed=signed) for c in conditions]
    settings = [_flat(c) for c in conditions]
    moving = [key for key in settings[0] if len({s.get(key) for s in settings}) > 1]
    if not moving:
        return [c.condition_id.partition("=")[2] for c in conditions]
    return ["\n".join(_named(key, s[key]) for key in moving if s.get(key) is not None) for s in settings]


def _flat(c: TrackCondition) -> dict[str, Any]:
    from hrtem_bench.conditions import flat

    return flat(c.condition)


def _named(key: str, value: float) -> str:
    name, factor, unit = _SETTINGS.get(key, (f"{key} ", 1.0, "rad" if key.startswith("phi") else "Å"))
    shown = factor * value
    return name + quantity(round(shown, 1) if abs(shown) >= 1 else float(f"{shown:.1g}"), unit)
