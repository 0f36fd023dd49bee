"""The real-space engine of the CPU: one wave through all slices, each in one pass of short filters, without an FFT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from scipy import fft

from hrtem_bench.multislice.kernels_real import ROW, TABLE, slices_pass, workspace
from hrtem_bench.multislice.patches import patch_shape
from hrtem_bench.multislice.plan import Plan, itinerary, propagator, slice_index
from hrtem_bench.multislice.stencil import TOLERANCE, stencil

DEPTH = 4
"""Slices in one pass: more of them read the wave from memory less often, but their rows must fit the cache together."""


def obstacle(plan: Plan) -> str | None:
    """Why this engine cannot take a calculation, in words; None when it can."""
    (ny, nx), (py, px) = plan.grid.shape, patch_shape(plan.grid)
    if plan.tilt != (0.0, 0.0):
        return "a tilted beam needs filters that are not symmetric"
    if px > TABLE or py > TABLE:
        return f"pixels of {min(plan.grid.pixel_size):g} Å are too fine: an atom would take over {TABLE} of them"
    if ny < py or nx < px:
        return f"a grid of {ny} x {nx} is smaller than the {py} x {px} pixels that hold an atom"
    if nx + 2 * px > ROW:
        return f"a grid {nx} pixels wide is over {ROW - 2 * px}"
    error = max(stencil(plan.slice_thickness, d, plan.energy)[1] for d in plan.grid.pixel_size)
    if error > TOLERANCE:
        return (
            f"slices of {plan.slice_thickness:g} Å at {min(plan.grid.pixel_size):g} Å pixels and "
            f"{plan.energy / 1e3:g} keV carry the wave too far sideways for a short filter"
        )
    return None


def exit_wave(
    plan: Plan, positions: Any, symbols: Any, depths: Sequence[float], incident: Any = None, threads: int = 1
) -> Any:
    """Waves at the given depths (Å, ascending), (len(depths), ny, nx) complex64; the same bytes for any `threads`.

    positions: (n, 3) Å. incident: (ny, nx) complex, the wave at z = 0; None for a plane wave of amplitude 1.
    """
    assert plan.patches is not None
    patches = (plan.patches.groups, plan.patches.rows, plan.patches.columns)
    atoms, starts = _sorted_by_slice(plan, positions, symbols)
    ny, nx = plan.grid.shape
    start = np.ones((ny, nx)) if incident is None else np.asarray(incident)
    wave = np.stack([start.real, start.imag]).astype(np.float32)
    behind = np.empty_like(wave)
    edges = [ny * i // threads for i in range(threads + 1)]
    parts = [(workspace(), a, b) for a, b in pairwise(edges)]
    recorded = []
    with ThreadPoolExecutor(threads) as pool:
        for leg in _legs(plan, _hops(plan, depths, np.diff(starts) > 0, incident is None)):
            if leg is None:
                recorded.append(wave[0] + 1j * wave[1])
                continue
            ranges = np.array([(0, 0) if h.layer is None else starts[h.layer : h.layer + 2] for h in leg])
            weights = np.stack([_weights(h.distance, plan) for h in leg])
            arguments = (behind, wave, atoms, ranges, patches, weights)
            list(pool.map(lambda part, a=arguments: slices_pass(*a, *part), parts))
            wave, behind = behind, wave
            _carry(wave, plan, leg[-1].distance - plan.slice_thickness, threads)
    return np.stack(recorded)


class _Hop(NamedTuple):
    """From a slice whose atoms act first (None: from where there are none) over a distance, Å."""

    layer: int | None
    distance: float


def _hops(plan: Plan, depths: Sequence[float], occupied: Any, plane_wave: bool) -> list[_Hop | None]:
    """The way of the wave past empty slices; None where it is recorded. A plane wave needs no carrying."""
    hops: list[_Hop | None] = []
    here, waiting = 0.0, None
    for z, index in itinerary(plan, depths):
        if index is not None and not occupied[index]:
            continue
        if waiting is not None or (z > here and not plane_wave):
            hops.append(_Hop(waiting, z - here))
        here, waiting = z, index
        if index is None:
            hops.append(None)
        else:
            plane_wave = False
    return hops


def _legs(plan: Plan, hops: list[_Hop | None]) -> Iterator[list[_Hop] | None]:
    """Hops to be made in one pass: DEPTH at most, none but the last longer than a slice; None as it comes."""
    leg: list[_Hop] = []
    for hop in hops:
        if hop is not None:
            leg.append(hop)
        full = hop is None or len(leg) == DEPTH or hop.distance > plan.slice_thickness * (1 + 1e-9)
        if leg and full:
            yield leg
            leg = []
        if hop is None:
            yield None


def _sorted_by_slice(plan: Plan, positions: Any, symbols: Any) -> tuple[tuple[Any, Any, Any], Any]:
    """Atoms by slice and then by y: ((y, x, element), starts).

    y, x: pixels, inside the grid. element: index into the patches. starts: (slices + 1,), where each slice begins.
    """
    assert plan.patches is not None
    (ny, nx), (dy, dx) = plan.grid.shape, plan.grid.pixel_size
    y, x = _wrapped(positions[:, 1] / dy, ny), _wrapped(positions[:, 0] / dx, nx)
    element = np.zeros(len(symbols), np.int64)
    for symbol, number in plan.patches.order.items():
        element[symbols == symbol] = number
    index = slice_index(plan, positions)
    order = np.argsort(index * float(ny) + y, kind="stable")
    starts = np.searchsorted(index[order], np.arange(plan.slices + 1))
    return (y[order], x[order], element[order]), starts


def _wrapped(coordinate: Any, period: int) -> Any:
    """Coordinates inside [0, period): what `%` gives for a tiny negative one rounds to the period itself."""
    wrapped = coordinate % period
    return np.where(wrapped >= period, 0.0, wrapped)


def _weights(distance: float, plan: Plan) -> Any:
    """(2, 2, TAPS + 1) float32: the filters along y and x for a distance, but no further than a slice."""
    reach = min(distance, plan.slice_thickness)
    return np.stack([_parts(reach, d, plan.energy) for d in plan.grid.pixel_size])


@lru_cache(maxsize=64)
def _parts(distance: float, pixel_size: float, energy: float) -> Any:
    """(2, TAPS + 1) float32: real and imaginary parts of the filter's weights."""
    weights = stencil(distance, pixel_size, energy)[0]
    pair = np.stack([weights.real, weights.imag]).astype(np.float32)
    pair.flags.writeable = False
    return pair


def _carry(wave: Any, plan: Plan, distance: float, threads: int) -> None:
    """Carry a wave (2, ny, nx) over what is left of an empty stretch, in place."""
    if distance <= 1e-9 * plan.slice_thickness:
        return
    spectrum = fft.fft2((wave[0] + 1j * wave[1]).astype(np.complex64), workers=threads)
    py, px = propagator(plan, distance)
    spectrum *= py.astype(np.complex64)[:, None]
    spectrum *= px.astype(np.complex64)
    carried = fft.ifft2(spectrum, workers=threads)
    wave[0], wave[1] = carried.real, carried.imag
