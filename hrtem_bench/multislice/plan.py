"""What all exit waves of one specimen share: grid, slices, tables, propagators. Computed once, never changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.multislice.fourier_tables import BAND, fourier_tables
from hrtem_bench.multislice.grid import Grid, box, choose_grid, slice_count
from hrtem_bench.multislice.real_space_patches import Patches, make_patches
from hrtem_bench.physics import wavelength


@dataclass(frozen=True)
class MultislicePlan:
    """Everything about a multislice calculation that does not depend on where the atoms move.

    tables: element -> (ny//2 + 1, columns) complex64, the transform of the log-transmission over the quarter plane,
    with the spreading window and the FFT's norm divided out. columns: how many kx >= 0 the band of the tables holds.
    tilt: (x, y), mrad, of the beam against the z axis. patches: what the real-space engine has in place of tables; None
    for the Fourier engine.
    """

    grid: Grid
    energy: float
    slices: int
    slice_thickness: float
    band: float
    tables: dict[str, Any]
    columns: int
    tilt: tuple[float, float]
    patches: Patches | None = None


class WaveJob(NamedTuple):
    """The waves to make.

    positions: index of a configuration -> where its atoms are, (n, 3), Å. symbols: (n,), of the atoms. number: how many
    configurations. depths: where the waves are recorded, Å, ascending. incident: (ny, nx) complex, the wave at z = 0;
    None for a plane wave of amplitude 1.
    """

    plan: MultislicePlan
    positions: Callable[[int], Any]
    symbols: Any
    number: int
    depths: Sequence[float]
    incident: Any


def multislice_plan(
    atoms: Any,
    *,
    energy: float,
    pixel_size: float,
    slice_thickness: float,
    parametrization: str = "lobato",
    tilt: tuple[float, float] = (0.0, 0.0),
    real_space: Callable[[MultislicePlan], bool],
) -> MultislicePlan:
    """Choose the grid and the slices and tabulate each element; raises InputError for what cannot be simulated.

    real_space: says of the plan without tables whether the real-space engine is to take it.
    """
    from ase.data import chemical_symbols

    grid = choose_grid(atoms, pixel_size)
    height = float(box(atoms)[2])
    _check_heights(atoms, height)
    slices = slice_count(height, slice_thickness)
    geometry = MultislicePlan(grid, energy, slices, height / slices, BAND * grid.nyquist, {}, 0, tilt)
    symbols = sorted(chemical_symbols[number] for number in np.unique(atoms.numbers))
    if real_space(geometry):
        return replace(geometry, patches=make_patches(symbols, grid, energy, parametrization))
    tables, columns = fourier_tables(symbols, grid, energy, parametrization)
    return replace(geometry, tables=tables, columns=columns)


def propagator(plan: MultislicePlan, distance: float) -> tuple[Any, Any]:
    """The factors (py, px) of exp(-iπλ·distance·q² - 2πi·distance·q·tan(tilt)), complex128.

    In a tilted beam the wave is what multiplies the tilted plane wave; travelling, it is carried sideways.
    """
    factors = []
    for k, tilt in zip(plan.grid.frequencies(), plan.tilt[::-1], strict=True):
        phase = np.pi * wavelength(plan.energy) * k**2 + 2 * np.pi * k * np.tan(tilt * 1e-3)
        factors.append(np.exp(-1j * distance * phase))
    return factors[0], factors[1]


def stops(plan: MultislicePlan, depths: Sequence[float]) -> list[tuple[float, int | None]]:
    """Planes at which something happens, from the entrance face on: (z in Å, slice that acts, or None for a record).

    Slices act in their middle planes; a record at the depth of such a plane comes after it.
    """
    planes: list[tuple[float, int | None]] = [((i + 0.5) * plan.slice_thickness, i) for i in range(plan.slices)]
    planes += [(depth, None) for depth in depths]
    return sorted(planes, key=lambda plane: (plane[0], plane[1] is None))


class SliceStep(NamedTuple):
    """A slice's atoms act, then the wave is propagated.

    layer: index of the slice, None where no atoms act. distance: Å.
    """

    layer: int | None
    distance: float


def steps(plan: MultislicePlan, depths: Sequence[float], occupied: Any, plane_wave: bool) -> list[SliceStep | None]:
    """What happens to the wave, in order; None where it is recorded.

    Empty slices are left out. A plane wave in vacuum stays what it is and is not propagated. occupied: (slices,) bool,
    whether a slice holds atoms. plane_wave: whether the incident wave is one.
    """
    found: list[SliceStep | None] = []
    here, waiting = 0.0, None
    for z, index in stops(plan, depths):
        if index is not None and not occupied[index]:
            continue
        if waiting is not None or (z > here and not plane_wave):
            found.append(SliceStep(waiting, z - here))
        here, waiting = z, index
        if index is None:
            found.append(None)
        else:
            plane_wave = False
    return found


def into_period(coordinate: Any, period: int) -> Any:
    """Coordinates, an array of any library, moved into [0, period); `%` alone turns -1e-20 into the period itself."""
    inside = coordinate % period
    return inside * (inside < period)


def slice_index(plan: MultislicePlan, positions: Any) -> Any:
    """The slice (n,) that each atom of positions (n, 3), Å, belongs to."""
    return np.clip((positions[:, 2] / plan.slice_thickness).astype(int), 0, plan.slices - 1)


def positions_in_slices(plan: MultislicePlan, positions: Any, symbols: Any) -> list[list[tuple[str, Any, Any]]]:
    """For each slice the elements in it: (symbol, y, x) with coordinates in pixels, in the order of the atoms."""
    dy, dx = plan.grid.pixel_size
    index = slice_index(plan, positions)
    order = np.lexsort((np.arange(len(index)), symbols, index))
    y, x, names, index = positions[order, 1] / dy, positions[order, 0] / dx, symbols[order], index[order]
    starts = np.flatnonzero(np.r_[True, (index[1:] != index[:-1]) | (names[1:] != names[:-1])])
    slices: list[list[tuple[str, Any, Any]]] = [[] for _ in range(plan.slices)]
    for a, b in zip(starts, [*starts[1:], len(index)], strict=True):
        slices[index[a]].append((str(names[a]), y[a:b], x[a:b]))
    return slices


def _check_heights(atoms: Any, height: float) -> None:
    z = atoms.positions[:, 2]
    if not np.isfinite(atoms.positions).all():
        raise InputError("the specimen has atoms at positions that are not finite")
    if z.min() < -1e-6 or z.max() > height + 1e-6:
        raise InputError(
            f"atoms reach from z = {z.min():.2f} to {z.max():.2f} Å, outside the cell (0 to {height:.2f} Å along the "
            "beam): enlarge it, for example with atoms.center(vacuum=2.0, axis=2)"
        )
