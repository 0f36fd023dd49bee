"""What the real-space engines of CPU and GPU share: when they can be used, the way through the slices, the filters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from hrtem_bench.multislice.patches import patch_shape
from hrtem_bench.multislice.plan import Plan, itinerary
from hrtem_bench.multislice.stencil import TOLERANCE, stencil

TABLE = 128
"""Pixels across the widest square that may hold an atom."""


def obstacle(plan: Plan, widest: int | None = None) -> str | None:
    """Why the method cannot take a calculation, in words; None when it can. widest: columns of a grid at most."""
    (ny, nx), (py, px) = plan.grid.shape, patch_shape(plan.grid)
    if plan.tilt != (0.0, 0.0):
        return "a tilted beam needs filters that are not symmetric"
    if px > TABLE or py > TABLE:
        return f"pixels of {min(plan.grid.pixel_size):g} Å are too fine: an atom would take over {TABLE} of them"
    if ny < py or nx < px:
        return f"a grid of {ny} x {nx} is smaller than the {py} x {px} pixels that hold an atom"
    if widest is not None and nx > widest:
        return f"a grid {nx} pixels wide is over {widest}"
    error = max(stencil(plan.slice_thickness, d, plan.energy)[1] for d in plan.grid.pixel_size)
    if error > TOLERANCE:
        return (
            f"slices of {plan.slice_thickness:g} Å at {min(plan.grid.pixel_size):g} Å pixels and "
            f"{plan.energy / 1e3:g} keV carry the wave too far sideways for a short filter"
        )
    return None


class Hop(NamedTuple):
    """From a slice whose atoms act first (None: from where there are none) over a distance, Å."""

    layer: int | None
    distance: float


def hops(plan: Plan, depths: Sequence[float], occupied: Any, plane_wave: bool) -> list[Hop | None]:
    """The way of the wave past empty slices; None where it is recorded. A plane wave needs no carrying.

    occupied: (slices,) bool, whether a slice holds atoms.
    """
    way: list[Hop | None] = []
    here, waiting = 0.0, None
    for z, index in itinerary(plan, depths):
        if index is not None and not occupied[index]:
            continue
        if waiting is not None or (z > here and not plane_wave):
            way.append(Hop(waiting, z - here))
        here, waiting = z, index
        if index is None:
            way.append(None)
        else:
            plane_wave = False
    return way


def weights(distance: float, plan: Plan) -> Any:
    """(2, 2, TAPS + 1) float32: the filters along y and x, real and imaginary parts, for no further than a slice."""
    reach = min(distance, plan.slice_thickness)
    return np.stack([_parts(reach, d, plan.energy) for d in plan.grid.pixel_size])


def wrapped(coordinate: Any, period: int) -> Any:
    """Coordinates, an array of any library, inside [0, period): what `%` makes of a tiny negative one is the period."""
    inside = coordinate % period
    return inside * (inside < period)


@lru_cache(maxsize=64)
def _parts(distance: float, pixel_size: float, energy: float) -> Any:
    """(2, TAPS + 1) float32: real and imaginary parts of the filter's weights."""
    values = stencil(distance, pixel_size, energy)[0]
    pair = np.stack([values.real, values.imag]).astype(np.float32)
    pair.flags.writeable = False
    return pair
