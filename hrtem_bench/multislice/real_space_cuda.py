"""The real-space engine of a GPU: a batch of waves, one launch of a CUDA kernel (slice_pass.cu) for each slice.

All that is not the kernel is written in array operations and takes the library and the launcher as arguments, so
that the tests run it on NumPy arrays with the kernel compiled for the host.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.multislice.plan import MultislicePlan, SliceStep, WaveJob, into_period, propagator, slice_index, steps
from hrtem_bench.multislice.real_space_filter import TAPS, weights
from hrtem_bench.multislice.real_space_patches import FRACTIONS, TERMS, patch_shape
from hrtem_bench.support.gpu import cuda_arrays, memory_for_a_batch

ARRAYS_PER_WAVE = 3
"""Complex arrays of a wave's size that are alive at once: the wave before and behind a slice, and one to spare."""
CELL = 32
"""Pixels across the cells that atoms are sorted by, at least."""
BLOCK = (64, 4)
"""Threads of a block: WIDTH and GROUPS of slice_pass.cu."""
TILE = (64 - 2 * TAPS, 40 - 2 * TAPS)
"""Pixels (x, y) that a block finishes."""
OPTIONS = (f"-DTAPS={TAPS}", f"-DFRACTIONS={FRACTIONS}", f"-DTERMS={TERMS}")
"""What the compiler of slice_pass.cu is to be told."""

Launch = Callable[[tuple[int, int, int], tuple[int, int], tuple[Any, ...]], None]


class Device(NamedTuple):
    """Where waves are made.

    xp: the array namespace (from array_api_compat). put: NumPy array to the library's own, on its device. launch:
    (grid, block, arguments) -> None runs the kernel `slice_pass`.
    """

    xp: Any
    put: Callable[[Any], Any]
    launch: Launch


def source() -> str:
    """The kernel, CUDA C++."""
    return files("hrtem_bench.multislice").joinpath("slice_pass.cu").read_text(encoding="utf-8")


def exit_waves_on_gpu(job: WaveJob, progress: Callable[[int, int], None] | None = None) -> Any:
    """Waves (depths, number, ny, nx) complex64, a NumPy array."""
    cupy, xp = cuda_arrays()
    device = Device(xp, cupy.asarray, _kernel())
    waves = np.empty((len(job.depths), job.number, *job.plan.grid.shape), np.complex64)
    batch = int(memory_for_a_batch(cupy) / ((ARRAYS_PER_WAVE + len(job.depths)) * waves[0, 0].nbytes))

    def make(now: range) -> Any:
        with ThreadPoolExecutor() as pool:
            configurations = list(pool.map(job.positions, now))
        return exit_waves_batch(job.plan, configurations, job.symbols, job.depths, device, job.incident)

    def fetch(made: Any, out: Any) -> None:
        made.get(out=out)

    fill_in_batches(waves, batch, make, fetch, cupy.cuda.memory.OutOfMemoryError, progress)
    return waves


def fill_in_batches(
    waves: Any,
    batch: int,
    make: Callable[[range], Any],
    fetch: Callable[[Any, Any], None],
    too_large: type[Exception],
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Fill waves (depths, count, ny, nx), some of them at a time, with what `make` makes of their indices.

    batch: how many to begin with; where `make` raises `too_large`, half as many are tried from there on. fetch: (one
    depth of what was made, a contiguous array to copy it to). InputError where a single one is too large.
    """
    count, done = waves.shape[1], 0
    batch = min(max(batch, 1), count)
    while done < count:
        now = range(done, min(done + batch, count))
        try:
            made = make(now)
        except too_large:
            if batch == 1:
                raise InputError("one wave does not fit in the GPU's memory: use a larger pixel_size") from None
            batch //= 2
            continue
        for depth, out in enumerate(waves):
            fetch(made[depth], out[now.start : now.stop])
        del made  # to leave its memory to the next
        done = now.stop
        if progress:
            progress(done, count)


def exit_waves_batch(
    plan: MultislicePlan,
    positions: Sequence[Any],
    symbols: Any,
    depths: Sequence[float],
    device: Device,
    incident: Any = None,
) -> Any:
    """Waves (len(depths), len(positions), ny, nx) complex64 of several configurations, on the device.

    positions: configurations (n, 3), Å, NumPy. depths: Å, ascending. incident: (ny, nx) complex, the wave at z = 0;
    None for a plane wave of amplitude 1.
    """
    recorded = device.xp.empty((len(depths), len(positions), *plan.grid.shape), dtype=device.xp.complex64)
    layers = np.stack([slice_index(plan, p) for p in positions])
    for members, occupied in _alike(plan, layers):
        todo = steps(plan, depths, occupied, incident is None)
        chosen = np.stack([positions[i] for i in members])
        atoms = _sorted_by_cell(plan, chosen, layers[members], symbols, device)
        wave = _starting_waves(plan, len(members), device, incident)
        made = _together(plan, wave, atoms, todo, device)
        for depth, waves in enumerate(made):
            for place, i in enumerate(members):
                recorded[depth, i] = waves[place]
    return recorded


def _starting_waves(plan: MultislicePlan, count: int, device: Device, incident: Any) -> Any:
    """Waves at z = 0, (count, ny, nx) complex64 on the device: `incident`, or for None plane waves of amplitude 1."""
    start = np.array(np.ones(plan.grid.shape) if incident is None else incident, np.complex64)
    return device.xp.zeros((count, *plan.grid.shape), dtype=device.xp.complex64) + device.put(start)


def _alike(plan: MultislicePlan, layers: Any) -> list[tuple[list[int], Any]]:
    """Configurations with atoms in the same slices, whose waves take the same steps: (their indices, (slices,) bool).

    layers: (configurations, n), the slice of each atom.
    A wave must not depend on those it is made with, and each time it is filtered its highest frequencies fall.
    """
    groups: dict[bytes, list[int]] = {}
    for i, own in enumerate(layers):
        occupied = np.bincount(own, minlength=plan.slices) > 0
        groups.setdefault(occupied.tobytes(), []).append(i)
    return [(members, np.frombuffer(occupied, bool)) for occupied, members in groups.items()]


def _together(
    plan: MultislicePlan, wave: Any, atoms: _Atoms, todo: Sequence[SliceStep | None], device: Device
) -> list[Any]:
    """Waves (n, ny, nx) that take the same steps: what they are where they are recorded."""
    assert plan.patches is not None
    ny, nx = plan.grid.shape
    height, width = (np.int32(p) for p in patch_shape(plan.grid))
    tables = (plan.patches.groups.astype(np.int32), plan.patches.rows, plan.patches.columns)
    fixed = (*atoms.arrays, np.int32(atoms.cells[0]), np.int32(atoms.cells[1]))
    squares = (*map(device.put, tables), height, width)
    behind = device.xp.empty_like(wave)
    recorded = []
    grid = (-(-nx // TILE[0]), -(-ny // TILE[1]), wave.shape[0])
    for step in todo:
        if step is None:
            recorded.append(wave + 0)  # a copy: the kernel goes on to write into it
            continue
        layer = np.int32(-1 if step.layer is None else step.layer)
        filters = device.put(weights(step.distance, plan))
        device.launch(grid, BLOCK, (behind, wave, np.int32(ny), np.int32(nx), *fixed, layer, *squares, filters))
        wave, behind = behind, wave
        _propagate_on(wave, plan, step.distance - plan.slice_thickness, device)
    return recorded


class _Atoms(NamedTuple):
    """Atoms of all configurations in the order of slice, configuration, and cell (row by row).

    arrays: on the device: place (n, 2) int32, y and x in pixels, rounded up; fraction (n, 2) float32, how far, in parts
    of FRACTIONS; element (n,) int32; starts (slices · configurations · cells + 1,) int32, the first atom of each cell.
    cells: their numbers (y, x).
    """

    arrays: tuple[Any, Any, Any, Any]
    cells: tuple[int, int]


def _sorted_by_cell(plan: MultislicePlan, positions: Any, layers: Any, symbols: Any, device: Device) -> _Atoms:
    """positions: (configurations, n, 3), Å. layers: (configurations, n), the slice of each atom."""
    assert plan.patches is not None
    xp, put = device.xp, device.put
    element = np.tile(plan.patches.indices(symbols).astype(np.int32), len(positions))
    cells = [max(1, n // CELL) for n in plan.grid.shape]
    sideways = put(np.ascontiguousarray(positions[:, :, :2]))
    batch = put(np.arange(len(positions))[:, None])
    key = put(layers) * len(positions) + batch
    place, fraction = [], []
    for axis, n, d, count in zip((1, 0), plan.grid.shape, plan.grid.pixel_size, cells, strict=True):
        pixels = into_period(sideways[:, :, axis] / d, n)
        cell = xp.astype(xp.floor(pixels * (count / n)), xp.int64)
        key = key * count + xp.where(cell < count, cell, cell * 0 + (count - 1))
        place.append(xp.ceil(pixels))
        fraction.append((xp.ceil(pixels) - pixels) * FRACTIONS)
    key = xp.reshape(key, (-1,))
    by_cell = xp.argsort(key, stable=True)
    bounds = put(np.arange(plan.slices * len(positions) * cells[0] * cells[1] + 1))
    arrays = (
        xp.astype(xp.stack([xp.reshape(p, (-1,))[by_cell] for p in place], axis=1), xp.int32),
        xp.astype(xp.stack([xp.reshape(f, (-1,))[by_cell] for f in fraction], axis=1), xp.float32),
        put(element)[by_cell],
        xp.astype(xp.searchsorted(key[by_cell], bounds), xp.int32),
    )
    return _Atoms(arrays, (cells[0], cells[1]))


def _propagate_on(waves: Any, plan: MultislicePlan, distance: float, device: Device) -> None:
    """Propagate waves (n, ny, nx) over what is left of a vacuum thicker than a slice, in place.

    One by one, since an FFT library may add up in another order for another number of transforms.
    """
    if distance <= 1e-9 * plan.slice_thickness:
        return
    py, px = (device.put(factor.astype(np.complex64)) for factor in propagator(plan, distance))
    for i in range(waves.shape[0]):
        waves[i] = device.xp.fft.ifftn(device.xp.fft.fftn(waves[i]) * py[:, None] * px)


@lru_cache(maxsize=1)
def _kernel() -> Any:
    """`slice_pass`; compiled at its first launch on a device, and then remembered on disk by CuPy."""
    import cupy

    return cupy.RawKernel(source(), "slice_pass", options=OPTIONS)
