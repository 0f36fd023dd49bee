"""`exit_waves`: from atoms to the waves that leave the specimen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.machine import cpus, on_gpu
from hrtem_bench.multislice.gpu import exit_waves_on_gpu
from hrtem_bench.multislice.plan import Plan, make_plan

METHODS = ("auto", "real-space", "fourier")


def exit_waves(
    atoms: Any,
    *,
    energy: float = 300e3,
    pixel_size: float = 0.1,
    slice_thickness: float = 2.0,
    phonons: int | None = 8,
    displacement: float | Mapping[str, float] = 0.08,
    seed: int = 0,
    device: str = "cpu",
    method: str = "auto",
    parametrization: str = "lobato",
    tilt: tuple[float, float] = (0.0, 0.0),
    incident: Any = None,
    depths: Sequence[float] | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Any:
    """Exit waves of a specimen under a plane wave of amplitude 1 along +z, by the multislice method.

    atoms: `ase.Atoms` in an orthogonal cell, which is the box; periodic in x and y; the wave enters at z = 0 and the
    result is at the cell's far face. energy: eV. pixel_size: Å (a box that is no whole number of pixels gets slightly
    smaller ones, see `choose_grid`). slice_thickness: Å, the most a slice may have. phonons: number of
    frozen-phonon configurations, in each of which every atom is displaced by a normal deviate of standard deviation
    `displacement` (Å, along each axis; one number, or one for each element); None for one wave with the atoms where
    they are. seed: of the displacements; configuration i depends on (seed, i) alone. device: "cpu" (Numba) or "cuda"
    (CuPy). method: "real-space" (several times faster; errors of some 0.2 % of the scattered wave), "fourier"
    (0.1 %), or "auto": real-space where it can be used, else Fourier; ask for one of them to have it everywhere.
    parametrization: "lobato" or "kirkland".

    tilt: (x, y), mrad, of the beam against z, small: the beam travels towards +x, +y; the wave returned is what
    multiplies the tilted plane wave. incident: (ny, nx) complex, another wave at z = 0, on the grid of `choose_grid`.
    depths: Å from the entrance face, to have the wave at several thicknesses in one pass. threads: CPU threads, all by
    default; the result does not depend on it. progress: called with (waves done, waves in all).

    Returns (phonons, ny, nx) complex64, or (len(depths), phonons, ny, nx); to be trusted up to 2/3 of Nyquist, where
    the Fourier method cuts the wave off, while the real-space one lets it fall from 1/2 of Nyquist on. Intensities,
    never waves, are to be averaged over the configurations. Raises InputError for what cannot be simulated.
    """
    cuda = on_gpu(device)
    if phonons is not None and phonons < 1:
        raise InputError(f"phonons must be at least 1, or None for atoms where they are, not {phonons}")
    from ase.data import chemical_symbols

    plan = make_plan(
        atoms,
        energy=energy,
        pixel_size=pixel_size,
        slice_thickness=slice_thickness,
        parametrization=parametrization,
        tilt=tilt,
        real_space=_chooser(method, device),
    )
    symbols = np.array(chemical_symbols)[atoms.numbers]
    spread = _deviations(displacement, symbols)

    def positions(index: int) -> Any:
        return atoms.positions if phonons is None else displaced(atoms.positions, spread, seed, index)

    job = _Job(plan, positions, symbols, phonons or 1, _checked_depths(depths, plan), _checked_wave(incident, plan))
    waves = exit_waves_on_gpu(*job, progress) if cuda else _run_cpu(job, threads or cpus(), progress)
    return waves[0] if depths is None else waves


def displaced(positions: Any, displacement: Any, seed: int, index: int) -> Any:
    """Positions (n, 3) Å of frozen-phonon configuration `index`: a pure function of its arguments.

    displacement: standard deviation along each axis, Å: a number, or one for each atom (n,).
    """
    generator = np.random.default_rng(np.random.SeedSequence([seed, index]))
    return positions + generator.standard_normal(positions.shape) * np.reshape(displacement, (-1, 1))


class _Job(NamedTuple):
    plan: Plan
    positions: Callable[[int], Any]
    symbols: Any
    number: int
    depths: Sequence[float]
    incident: Any


def _deviations(displacement: float | Mapping[str, float], symbols: Any) -> Any:
    """One standard deviation for each atom; InputError where one is missing or negative."""
    if isinstance(displacement, Mapping):
        missing = sorted(set(symbols) - set(displacement))
        if missing:
            raise InputError(f"displacement has no value for {', '.join(missing)}")
        values = np.array([float(displacement[symbol]) for symbol in symbols])
    else:
        values = np.full(len(symbols), float(displacement))
    if (values < 0).any():
        raise InputError(f"displacement is a standard deviation in Å and cannot be {values.min():g}")
    return values


def _checked_depths(depths: Sequence[float] | None, plan: Plan) -> list[float]:
    height = plan.slices * plan.slice_thickness
    if depths is None:
        return [height]
    values = [float(depth) for depth in depths]
    if not values or values != sorted(values) or values[0] < 0 or values[-1] > height * (1 + 1e-9):
        raise InputError(f"depths must ascend from 0 to the cell's height, {height:g} Å, not {values}")
    return values


def _checked_wave(incident: Any, plan: Plan) -> Any:
    if incident is None or np.shape(incident) == plan.grid.shape:
        return incident
    raise InputError(
        f"the incident wave must be on the grid, {plan.grid.shape} pixels (y, x), not {np.shape(incident)}"
    )


def _chooser(method: str, device: str) -> Callable[[Plan], bool] | None:
    """Whether the real-space engine takes a calculation; InputError where it is asked for and cannot."""
    if method not in METHODS:
        raise InputError(f"unknown method {method!r}: known are {', '.join(METHODS)}")
    if method == "fourier":
        return None
    if device == "cpu":
        from hrtem_bench.multislice.engine_real import obstacle
    else:
        from hrtem_bench.multislice.real_space import obstacle

    def takes(plan: Plan) -> bool:
        reason = obstacle(plan)
        if reason and method == "real-space":
            raise InputError(f'the real-space method does not serve here: {reason}; use method "fourier"')
        return reason is None

    return takes


def _run_cpu(job: _Job, threads: int, progress: Callable[[int, int], None] | None) -> Any:
    """Waves side by side, one thread each, while there are enough of them; else the threads share one wave."""
    if job.plan.patches is None:
        from hrtem_bench.multislice.engine_cpu import exit_wave
    else:
        from hrtem_bench.multislice.engine_real import exit_wave

    side_by_side = min(threads, job.number)
    waves = np.empty((len(job.depths), job.number, *job.plan.grid.shape), np.complex64)

    def run(index: int) -> Any:
        own = threads // side_by_side
        return exit_wave(job.plan, job.positions(index), job.symbols, job.depths, job.incident, own)

    with ThreadPoolExecutor(side_by_side) as pool:
        for i, wave in enumerate(pool.map(run, range(job.number))):
            waves[:, i] = wave
            if progress:
                progress(i + 1, job.number)
    return waves
