"""The real-space engine of the CPU: one wave through all slices, each in one pass of short filters, without an FFT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import fft

from hrtem_bench.multislice.plan import MultislicePlan, SliceStep, into_period, propagator, slice_index, steps
from hrtem_bench.multislice.real_space_filter import weights
from hrtem_bench.multislice.real_space_kernels import ROW, slices_pass, workspace
from hrtem_bench.multislice.real_space_patches import patch_shape

DEPTH = 4
"""Slices in one pass: more of them read the wave from memory less often, but their rows must fit the cache together."""


def widest(plan: MultislicePlan) -> int:
    """Columns of the widest grid that this engine takes."""
    return ROW - 2 * patch_shape(plan.grid)[1]


def exit_wave(
    plan: MultislicePlan, positions: Any, symbols: Any, depths: Sequence[float], incident: Any = None, threads: int = 1
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
        for group in _grouped(plan, steps(plan, depths, np.diff(starts) > 0, incident is None)):
            if group is None:
                recorded.append(wave[0] + 1j * wave[1])
                continue
            ranges = np.array([(0, 0) if one.layer is None else starts[one.layer : one.layer + 2] for one in group])
            filters = np.stack([weights(one.distance, plan) for one in group])
            arguments = (behind, wave, atoms, ranges, patches, filters)
            list(pool.map(lambda part, a=arguments: slices_pass(*a, *part), parts))
            wave, behind = behind, wave
            _propagate_on(wave, plan, group[-1].distance - plan.slice_thickness, threads)
    return np.stack(recorded)


def _grouped(plan: MultislicePlan, steps: list[SliceStep | None]) -> Iterator[list[SliceStep] | None]:
    """Steps to be taken in one pass: DEPTH at most, none but the last longer than a slice; None as it comes."""
    group: list[SliceStep] = []
    for step in steps:
        if step is not None:
            group.append(step)
        full = step is None or len(group) == DEPTH or step.distance > plan.slice_thickness * (1 + 1e-9)
        if group and full:
            yield group
            group = []
        if step is None:
            yield None


def _sorted_by_slice(plan: MultislicePlan, positions: Any, symbols: Any) -> tuple[tuple[Any, Any, Any], Any]:
    """Atoms by slice and then by y: ((y, x, element), starts).

    y, x: pixels, inside the grid. element: index into the patches. starts: (slices + 1,), where each slice begins.
    """
    assert plan.patches is not None
    (ny, nx), (dy, dx) = plan.grid.shape, plan.grid.pixel_size
    y, x = into_period(positions[:, 1] / dy, ny), into_period(positions[:, 0] / dx, nx)
    element = plan.patches.indices(symbols)
    index = slice_index(plan, positions)
    order = np.argsort(index * float(ny) + y, kind="stable")
    starts = np.searchsorted(index[order], np.arange(plan.slices + 1))
    return (y[order], x[order], element[order]), starts


def _propagate_on(wave: Any, plan: MultislicePlan, distance: float, threads: int) -> None:
    """Propagate a wave (2, ny, nx) over what is left of a vacuum thicker than a slice, in place."""
    if distance <= 1e-9 * plan.slice_thickness:
        return
    spectrum = fft.fft2((wave[0] + 1j * wave[1]).astype(np.complex64), workers=threads)
    py, px = propagator(plan, distance)
    spectrum *= py.astype(np.complex64)[:, None]
    spectrum *= px.astype(np.complex64)
    carried = fft.ifft2(spectrum, workers=threads)
    wave[0], wave[1] = carried.real, carried.imag
