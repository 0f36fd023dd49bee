"""The Fourier engine of a GPU: a batch of waves at once, in the operations that NumPy, PyTorch and CuPy have alike.

The same algorithm as the CPU's Fourier engine, written in whole-array operations; without a GPU the tests run it on
NumPy and PyTorch, and it must give what the CPU engine gives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hrtem_bench.multislice.plan import Plan, itinerary, positions_in_slices, propagator
from hrtem_bench.multislice.spreading import SHARPNESS, WIDTH

ARRAYS_PER_WAVE = 8
"""Complex arrays of a wave's size that are alive at once: wave, exponent, density, spectra, and the FFT's workspace."""


def exit_waves_batch(
    plan: Plan,
    positions: Sequence[Any],
    symbols: Any,
    depths: Sequence[float],
    xp: Any,
    to_device: Callable[[Any], Any],
    incident: Any = None,
) -> Any:
    """Waves (len(depths), len(positions), ny, nx) complex64 of several configurations, on the device.

    positions: configurations (n, 3), Å, NumPy. depths: Å, ascending. xp: the array namespace (from array_api_compat).
    to_device: NumPy array to the library's own, on its device. incident: as in the CPU engine, with which it agrees
    to 3e-5 of the incident amplitude.
    """
    tables = {symbol: to_device(full_plane(table, plan)) for symbol, table in plan.tables.items()}
    slices = [positions_in_slices(plan, p, symbols) for p in positions]
    wave = starting_waves(plan, len(positions), xp, to_device, incident)
    inside = to_device(band_mask(plan))
    recorded = []
    here, plane_wave = 0.0, incident is None
    for z, index in itinerary(plan, depths):
        content = [] if index is None else [configuration[index] for configuration in slices]
        if index is not None and not any(content):
            continue
        if not plane_wave:
            wave = _propagate(wave, plan, z - here, inside, xp, to_device)
        here = z
        if index is None:
            recorded.append(wave)
        else:
            wave = wave * xp.exp(_exponent(content, tables, plan.grid.shape, xp, to_device))
            plane_wave = False
    return xp.stack(recorded)


def starting_waves(plan: Plan, count: int, xp: Any, to_device: Callable[[Any], Any], incident: Any) -> Any:
    """Waves at z = 0, (count, ny, nx) complex64 on the device: `incident`, or for None plane waves of amplitude 1."""
    start = np.array(np.ones(plan.grid.shape) if incident is None else incident, np.complex64)
    return xp.zeros((count, *plan.grid.shape), dtype=xp.complex64) + to_device(start)


def full_plane(table: Any, plan: Plan) -> Any:
    """A quarter-plane table of the plan as (ny, nx) complex64, for an inverse FFT with its own norm."""
    ny, nx = plan.grid.shape
    quarter = table.view(np.complex64) * np.float32(nx * ny)
    half = np.zeros((quarter.shape[0], nx // 2 + 1), np.complex64)
    half[:, : plan.columns] = quarter
    rows, columns = (np.minimum(np.arange(n), n - np.arange(n)) for n in (ny, nx))
    return half[np.ix_(rows, columns)]


def window_values(coordinate: Any, steps: Any, xp: Any) -> tuple[Any, Any]:
    """First pixels (n,) and window values (n, WIDTH) of atoms at `coordinate` (n,), pixels, along one axis.

    steps: 0 to WIDTH - 1, (WIDTH,).
    """
    first = xp.astype(xp.ceil(coordinate - WIDTH / 2), xp.int64)
    u = (first[:, None] + steps - coordinate[:, None]) * (2 / WIDTH)
    return first, xp.exp(SHARPNESS * (xp.sqrt(xp.clip(1 - u * u, 0, 1)) - 1))


def _exponent(
    content: Any, tables: dict[str, Any], shape: tuple[int, int], xp: Any, to_device: Callable[[Any], Any]
) -> Any:
    """The slice's summed log-transmission for every configuration, (batch, ny, nx) complex64."""
    total: Any = 0
    for symbol in sorted({symbol for atoms in content for symbol, _, _ in atoms}):
        density = _density(content, symbol, shape, xp, to_device)
        total = total + tables[symbol] * xp.fft.fftn(xp.astype(density, xp.complex64), axes=(-2, -1))
    return xp.fft.ifftn(total, axes=(-2, -1))


def _density(content: Any, symbol: str, shape: tuple[int, int], xp: Any, to_device: Callable[[Any], Any]) -> Any:
    """Windows of one element's atoms added up on the grid, (batch, ny, nx) float32."""
    ny, nx = shape
    parts = [(np.full(len(y), b), y, x) for b, atoms in enumerate(content) for s, y, x in atoms if s == symbol]
    batch, y, x = (to_device(np.concatenate(column)) for column in zip(*parts, strict=True))
    steps = to_device(np.arange(WIDTH))
    y0, wy = window_values(y, steps, xp)
    x0, wx = window_values(x, steps, xp)
    rows = batch[:, None] * ny + (y0[:, None] + steps) % ny
    pixels = rows[:, :, None] * nx + ((x0[:, None] + steps) % nx)[:, None, :]
    weights = wy[:, :, None] * wx[:, None, :]
    flat = xp.bincount(xp.reshape(pixels, (-1,)), xp.reshape(weights, (-1,)), minlength=len(content) * ny * nx)
    return xp.reshape(xp.astype(flat, xp.float32), (len(content), ny, nx))


def _propagate(wave: Any, plan: Plan, distance: float, inside: Any, xp: Any, to_device: Callable[[Any], Any]) -> Any:
    """inside: (ny, nx) complex64 on the device, 1 within the band. Only the propagator's two factors travel there."""
    py, px = (to_device(factor.astype(np.complex64)) for factor in propagator(plan, distance))
    kernel = py[:, None] * px[None, :] * inside
    return xp.fft.ifftn(xp.fft.fftn(wave, axes=(-2, -1)) * kernel, axes=(-2, -1))


def band_mask(plan: Plan) -> Any:
    """(ny, nx) complex64: 1 for frequencies that the wave keeps, 0 for the others."""
    ky, kx = plan.grid.frequencies()
    return (ky[:, None] ** 2 + kx[None] ** 2 <= plan.band**2).astype(np.complex64)
