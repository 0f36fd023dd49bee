"""`exit_waves`: from atoms to the waves that leave the specimen."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from hrtem_bench.errors import InputError, require
from hrtem_bench.multislice.plan import Plan, make_plan

DEVICES = ("cpu", "cuda")


def exit_waves(
    atoms: Any,
    *,
    energy: float = 300e3,
    pixel_size: float = 0.1,
    slice_thickness: float = 2.0,
    phonons: int | None = None,
    displacement: float = 0.08,
    seed: int = 0,
    device: str = "cpu",
    parametrization: str = "lobato",
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Any:
    """Exit waves of a specimen under a plane wave of amplitude 1 along +z, by the multislice method.

    atoms: `ase.Atoms` in an orthogonal cell, which is the box; periodic in x and y; the wave enters at z = 0 and the
    result is at the cell's far face. energy: eV. pixel_size: Å (a box that is no whole number of pixels gets slightly
    smaller ones, see `choose_grid`). slice_thickness: Å, the most a slice may have. phonons: number of
    frozen-phonon configurations, in each of which every atom is displaced by a normal deviate of standard deviation
    `displacement` (Å, along each axis); None for one wave with the atoms where they are. seed: of the displacements;
    configuration i depends on (seed, i) alone. device: "cpu" (Numba) or "cuda" (CuPy). parametrization: "lobato" or
    "kirkland". threads: CPU threads, all by default; the result does not depend on it. progress: called with (waves
    done, waves in all).

    Returns (phonons, ny, nx) complex64, band-limited to 2/3 of Nyquist. Intensities, never waves, are to be averaged
    over the configurations. Raises InputError for boxes, elements or settings that cannot be simulated.
    """
    if device not in DEVICES:
        raise InputError(f"unknown device {device!r}: known are {', '.join(DEVICES)}")
    if phonons is not None and phonons < 1:
        raise InputError(f"phonons must be at least 1, or None for atoms where they are, not {phonons}")
    if displacement < 0:
        raise InputError(f"displacement is a standard deviation in Å and cannot be {displacement}")
    plan = make_plan(
        atoms,
        energy=energy,
        pixel_size=pixel_size,
        slice_thickness=slice_thickness,
        parametrization=parametrization,
    )
    symbols = np.array(atoms.get_chemical_symbols())
    count = 1 if phonons is None else phonons

    def positions(index: int) -> Any:
        return atoms.positions if phonons is None else displaced(atoms.positions, displacement, seed, index)

    if device == "cuda":
        return _run_cuda(plan, positions, symbols, count, progress)
    return _run_cpu(plan, positions, symbols, count, threads or _cpus(), progress)


def displaced(positions: Any, displacement: float, seed: int, index: int) -> Any:
    """Positions (n, 3) Å of frozen-phonon configuration `index`: a pure function of its arguments."""
    generator = np.random.default_rng(np.random.SeedSequence([seed, index]))
    return positions + generator.normal(0.0, displacement, positions.shape)


def _run_cpu(
    plan: Plan,
    positions: Callable[[int], Any],
    symbols: Any,
    count: int,
    threads: int,
    progress: Callable[[int, int], None] | None,
) -> Any:
    """Waves side by side, one thread each, while there are enough of them; else the threads share one wave."""
    from hrtem_bench.multislice.engine_cpu import exit_wave

    side_by_side = min(threads, count)
    waves = np.empty((count, *plan.grid.shape), np.complex64)
    with ThreadPoolExecutor(side_by_side) as pool:
        run = pool.map(lambda i: exit_wave(plan, positions(i), symbols, threads // side_by_side), range(count))
        for i, wave in enumerate(run):
            waves[i] = wave
            if progress:
                progress(i + 1, count)
    return waves


def _run_cuda(
    plan: Plan,
    positions: Callable[[int], Any],
    symbols: Any,
    count: int,
    progress: Callable[[int, int], None] | None,
) -> Any:
    """Waves in batches as large as free memory allows; a batch that does not fit after all is halved."""
    cupy = require("cupy", "cuda12")
    if not has_gpu():
        raise InputError("no CUDA GPU was found: use device='cpu'")
    import array_api_compat.cupy as xp

    from hrtem_bench.multislice.engine_array import ARRAYS_PER_WAVE, exit_waves_batch

    waves = np.empty((count, *plan.grid.shape), np.complex64)
    free, _ = cupy.cuda.runtime.memGetInfo()
    batch = min(count, max(1, int(0.8 * free / (ARRAYS_PER_WAVE * waves[0].nbytes))))
    done = 0
    while done < count:
        now = range(done, min(done + batch, count))
        try:
            got = exit_waves_batch(plan, [positions(i) for i in now], symbols, xp, cupy.asarray)
        except cupy.cuda.memory.OutOfMemoryError:
            if batch == 1:
                raise InputError("one wave does not fit in the GPU's memory: use a larger pixel_size") from None
            batch = max(1, batch // 2)
            continue
        waves[done : done + len(now)] = cupy.asnumpy(got)
        done += len(now)
        if progress:
            progress(done, count)
    return waves


def has_gpu() -> bool:
    """Whether CuPy is installed and sees a CUDA GPU."""
    try:
        import cupy
    except ImportError:
        return False
    return bool(cupy.cuda.is_available())


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
