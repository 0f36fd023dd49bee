"""The real-space engine of the CPU: one wave through all slices, each in one pass of short filters, without an FFT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import fft

from hrtem_bench.multislice.plan import Hop, Plan, hops, propagator, slice_index, wrapped
from hrtem_bench.multislice.real_space_filter import weights
from hrtem_bench.multislice.real_space_kernels import ROW, slices_pass, workspace
from hrtem_bench.multislice.real_space_patches import patch_shape

DEPTH = 4
"""Slices in one pass: more of them read the wave from memory less often, but their rows must fit the cache together."""


def widest(plan: Plan) -> int:
    """Columns of the widest grid that this engine takes."""
    return ROW - 2 * patch_shape(plan.grid)[1]


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
        for leg in _legs(plan, hops(plan, depths, np.diff(starts) > 0, incident is None)):
            if leg is None:
                recorded.append(wave[0] + 1j * wave[1])
                continue
            ranges = np.array([(0, 0) if h.layer is None else starts[h.layer : h.layer + 2] for h in leg])
            filters = np.stack([weights(h.distance, plan) for h in leg])
            arguments = (behind, wave, atoms, ranges, patches, filters)
            list(pool.map(lambda part, a=arguments: slices_pass(*a, *part), parts))
            wave, behind = behind, wave
            _carry(wave, plan, leg[-1].distance - plan.slice_thickness, threads)
    return np.stack(recorded)


def _legs(plan: Plan, hops: list[Hop | None]) -> Iterator[list[Hop] | None]:
    """Hops to be made in one pass: DEPTH at most, none but the last longer than a slice; None as it comes."""
    leg: list[Hop] = []
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
    y, x = wrapped(positions[:, 1] / dy, ny), wrapped(positions[:, 0] / dx, nx)
    element = plan.patches.indices(symbols)
    index = slice_index(plan, positions)
    order = np.argsort(index * float(ny) + y, kind="stable")
    starts = np.searchsorted(index[order], np.arange(plan.slices + 1))
    return (y[order], x[order], element[order]), starts


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
