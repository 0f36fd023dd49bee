"""`exit_waves`: from atoms to the waves that leave the specimen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_bench.conditions import beam_energy, finite_number
from hrtem_bench.errors import InputError
from hrtem_bench.machine import cpus, on_gpu
from hrtem_bench.multislice.plan import MultislicePlan, WaveJob, multislice_plan
from hrtem_bench.multislice.waves import Waves, check_agreement

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
) -> Waves:
    """Exit waves of a specimen in a plane wave of amplitude 1 along +z, by the multislice method.

    Parameters
    ----------
    atoms
        `ase.Atoms` in an orthogonal cell, which is the box: periodic in x and y. The wave leaves at its far face.
    energy
        Beam energy, eV.
    pixel_size
        Å. A box that is no whole number of pixels gets slightly smaller ones, see `choose_grid`.
    slice_thickness
        Å, the most a slice may have.
    phonons
        Number of frozen-phonon configurations; None for one wave with the atoms where they are.
    displacement
        Standard deviation, Å, of each atom's normal displacement along each axis: one number, or one for each element.
    seed
        Of the displacements; configuration i depends on (seed, i) alone.
    device
        "cpu" (Numba) or "cuda" (CuPy), which has the real-space method alone.
    method
        "real-space" (several times faster), "fourier" (tilted beams and fine pixels too), or "auto": real-space where
        it can be used, else Fourier. docs/findings/performance.md has the errors of both.
    parametrization
        Of the scattering factors, "lobato" or "kirkland".
    tilt
        (x, y), mrad, small: the beam travels towards +x, +y, and the wave returned multiplies the tilted plane wave.
    incident
        Another wave at z = 0, (ny, nx) complex, on the grid of `choose_grid`.
    depths
        Å from the entrance face, ascending, to have the wave at several depths in one pass.
    threads
        CPU threads, all by default. The result does not depend on it.
    progress
        Called with (waves done, waves in all).

    Returns
    -------
    Waves
        (phonons, ny, nx) complex64, or (len(depths), phonons, ny, nx), with the energy, the grid's pixel size and the
        depth. To be trusted up to 2/3 of Nyquist. Average intensities over the configurations, never waves.

    Raises
    ------
    InputError
        For what cannot be simulated.
    """
    cuda = on_gpu(device)
    _check_atoms(atoms)
    number = 1 if phonons is None else _whole("phonons", phonons, 1)
    threads = cpus() if threads is None else _whole("threads", threads, 1)
    seed = _whole("seed", seed, 0)
    from ase.data import chemical_symbols

    plan = multislice_plan(
        atoms,
        energy=beam_energy(energy),
        pixel_size=finite_number("pixel_size", pixel_size),
        slice_thickness=finite_number("slice_thickness", slice_thickness),
        parametrization=parametrization,
        tilt=_pair("tilt", tilt),
        real_space=_chooser(method, cuda),
    )
    symbols = np.array(chemical_symbols)[atoms.numbers]
    spread = _deviations(displacement, symbols)

    def positions(index: int) -> Any:
        return atoms.positions if phonons is None else displaced(atoms.positions, spread, seed, index)

    height = plan.slices * plan.slice_thickness
    stops = _checked_depths(depths, height)
    job = WaveJob(plan, positions, symbols, number, stops, _checked_wave(incident, plan))
    waves = _run_gpu(job, progress) if cuda else _run_cpu(job, threads, progress)
    made_with = (plan.energy, plan.grid.pixel_size)
    return Waves(waves[0], *made_with, height) if depths is None else Waves(waves, *made_with, tuple(stops))


def displaced(positions: Any, displacement: Any, seed: int, index: int) -> Any:
    """Positions of the atoms in one frozen-phonon configuration: a pure function of the arguments.

    Parameters
    ----------
    positions
        Where the atoms are at rest, (n, 3), Å.
    displacement
        Standard deviation along each axis, Å: a number, or one for each atom (n,).
    seed, index
        Of the configurations, and which of them it is.

    Returns
    -------
    array
        (n, 3), Å.
    """
    generator = np.random.default_rng(np.random.SeedSequence([seed, index]))
    return positions + generator.standard_normal(positions.shape) * np.reshape(displacement, (-1, 1))


def _check_atoms(atoms: Any) -> None:
    """InputError unless atoms are an `ase.Atoms`, or something with the same attributes."""
    if all(hasattr(atoms, name) for name in ("positions", "numbers", "cell")):
        return
    how = f"read the file with ase.io.read({str(atoms)!r}) first" if isinstance(atoms, str | Path) else "build one"
    raise InputError(f"atoms must be an ase.Atoms in an orthogonal cell, not a {type(atoms).__name__}: {how}")


def _whole(name: str, value: Any, least: int) -> int:
    """A whole number of Python or NumPy as an int; InputError for anything else, or less than `least`."""
    number = finite_number(name, value)
    if number != int(number) or number < least:
        raise InputError(f"{name} must be a whole number of at least {least}, not {value!r}")
    return int(value)


def _pair(name: str, value: Any) -> tuple[float, float]:
    """Two numbers as floats; InputError for anything else."""
    values = [finite_number(name, one) for one in np.ravel(value)]
    if len(values) != 2:
        raise InputError(f"{name} must be two numbers (x, y), not {value!r}")
    return values[0], values[1]


def _deviations(displacement: float | Mapping[str, float], symbols: Any) -> Any:
    """One standard deviation for each atom; InputError where one is missing or negative."""
    if isinstance(displacement, Mapping):
        missing = sorted(set(symbols) - set(displacement))
        if missing:
            raise InputError(f"displacement has no value for {', '.join(missing)}")
        of = {symbol: finite_number("displacement", value) for symbol, value in displacement.items()}
        values = np.array([of[symbol] for symbol in symbols])
    else:
        values = np.full(len(symbols), finite_number("displacement", displacement))
    if (values < 0).any():
        raise InputError(f"displacement is a standard deviation in Å and cannot be {values.min():g}")
    return values


def _checked_depths(depths: Sequence[float] | None, height: float) -> list[float]:
    if depths is None:
        return [height]
    values = [finite_number("depths", depth) for depth in np.ravel(depths)]
    if not values or values != sorted(values) or values[0] < 0 or values[-1] > height * (1 + 1e-9):
        raise InputError(f"depths must ascend from 0 to the cell's height, {height:g} Å, not {values}")
    return values


def _checked_wave(incident: Any, plan: MultislicePlan) -> Any:
    """The wave at z = 0 as an array, or None; InputError unless it belongs to the grid and the energy."""
    if incident is None:
        return None
    check_agreement(incident, energy=plan.energy, pixel_size=plan.grid.pixel_size)
    array = np.asarray(incident)
    if array.shape != plan.grid.shape:
        raise InputError(f"the incident wave must be on the grid, {plan.grid.shape} pixels (y, x), not {array.shape}")
    return array


def _chooser(method: str, cuda: bool) -> Callable[[MultislicePlan], bool]:
    """Whether the real-space method takes a calculation; InputError where it has to and cannot."""
    if method not in METHODS:
        raise InputError(f"unknown method {method!r}: known are {', '.join(METHODS)}")
    if cuda and method == "fourier":
        raise InputError('the Fourier method runs on the CPU alone: use device "cpu", or method "real-space"')
    from hrtem_bench.multislice.real_space_engine import widest
    from hrtem_bench.multislice.real_space_filter import obstacle

    def takes(plan: MultislicePlan) -> bool:
        if method == "fourier":
            return False
        reason = obstacle(plan, None if cuda else widest(plan))
        if reason and (cuda or method == "real-space"):
            other = 'device "cpu"' if cuda else 'method "fourier"'
            raise InputError(f"the real-space method does not serve here: {reason}; use {other}")
        return reason is None

    return takes


def _run_gpu(job: WaveJob, progress: Callable[[int, int], None] | None) -> Any:
    from hrtem_bench.multislice.real_space_cuda import exit_waves_on_gpu

    return exit_waves_on_gpu(job, progress)


def _run_cpu(job: WaveJob, threads: int, progress: Callable[[int, int], None] | None) -> Any:
    """Waves side by side, one thread each, while there are enough of them; else the threads share one wave."""
    if job.plan.patches is None:
        from hrtem_bench.multislice.fourier_engine import exit_wave
    else:
        from hrtem_bench.multislice.real_space_engine import exit_wave

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
