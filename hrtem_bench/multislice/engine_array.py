"""The engine for array libraries: a batch of waves at once, in NumPy, PyTorch or CuPy. On CuPy it is the GPU engine.

The same algorithm as the CPU engine, written in whole-array operations; without a GPU the tests run it on
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
    """Waves (len(positions), len(depths), ny, nx) complex64 of several configurations, on the device.

    positions: configurations (n, 3), Å, NumPy. depths: Å, ascending. xp: the array namespace (from array_api_compat).
    to_device: NumPy array to the library's own, on its device. incident: as in the CPU engine, with which it agrees
    to 3e-5 of the incident amplitude.
    """
    ny, nx = plan.grid.shape
    tables = {symbol: to_device(full_plane(table, plan)) for symbol, table in plan.tables.items()}
    slices = [positions_in_slices(plan, p, symbols) for p in positions]
    start = np.array(np.ones((ny, nx)) if incident is None else incident, np.complex64)
    wave = to_device(np.repeat(start[None], len(positions), axis=0))
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
            wave = wave * xp.exp(_exponent(content, tables, (ny, nx), xp, to_device))
            plane_wave = False
    return xp.stack(recorded, axis=1)


def full_plane(table: Any, plan: Plan) -> Any:
    """A quarter-plane table of the plan as (ny, nx) complex64, for an inverse FFT with its own norm."""
    ny, nx = plan.grid.shape
    quarter = table.view(np.complex64) * np.float32(nx * ny)
    half = np.zeros((quarter.shape[0], nx // 2 + 1), np.complex64)
    half[:, : plan.columns] = quarter
    rows, columns = (np.minimum(np.arange(n), n - np.arange(n)) for n in (ny, nx))
    return half[np.ix_(rows, columns)]


def window_values(coordinate: Any) -> tuple[Any, Any]:
    """First pixels (n,) and window values (n, WIDTH) of atoms at `coordinate` (n,), pixels, along one axis."""
    first = np.ceil(coordinate - WIDTH / 2).astype(np.int64)
    u = (first[:, None] + np.arange(WIDTH) - coordinate[:, None]) * (2 / WIDTH)
    return first, np.exp(SHARPNESS * (np.sqrt(np.maximum(1 - u * u, 0)) - 1)).astype(np.float32)


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
    parts = [(b, y, x) for b, atoms in enumerate(content) for s, y, x in atoms if s == symbol]
    batch = np.concatenate([np.full(len(y), b) for b, y, _ in parts])
    y0, wy = window_values(np.concatenate([y for _, y, _ in parts]))
    x0, wx = window_values(np.concatenate([x for _, _, x in parts]))
    steps = np.arange(WIDTH)
    rows = to_device(batch[:, None] * ny + (y0[:, None] + steps) % ny)
    columns = to_device((x0[:, None] + steps) % nx)
    pixels = xp.reshape(rows[:, :, None] * nx + columns[:, None, :], (-1,))
    weights = xp.reshape(to_device(wy)[:, :, None] * to_device(wx)[:, None, :], (-1,))
    flat = xp.bincount(pixels, weights, minlength=len(content) * ny * nx)
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
