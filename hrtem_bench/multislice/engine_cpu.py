"""The CPU engine: one wave through all slices, on SciPy's FFT and the Numba kernels."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from scipy import fft

from hrtem_bench.multislice import kernels
from hrtem_bench.multislice.plan import Plan, positions_in_slices, propagator


def exit_wave(plan: Plan, positions: Any, symbols: Any, threads: int = 1) -> Any:
    """One exit wave, (ny, nx) complex64, of atoms at `positions` (n, 3) Å; the same bytes for any `threads`.

    Each slice's atoms act in its middle plane; the wave returned is at the lower face of the last slice.
    """
    ny, nx = plan.grid.shape
    wave = np.ones((ny, nx), np.complex64)
    exponent = np.empty((ny, nx), np.complex64)
    density = np.empty((ny, nx), np.float32)
    columns = _wave_columns(plan)
    with ThreadPoolExecutor(threads) as pool:

        def rows(kernel: Callable[..., None], *arguments: Any) -> None:
            edges = [ny * i // threads for i in range(threads + 1)]
            list(pool.map(lambda a, b: kernel(*arguments, a, b), edges[:-1], edges[1:]))

        def propagate(distance: float) -> None:
            py, px = propagator(plan, distance)
            fft.fft(wave, axis=1, overwrite_x=True, workers=threads)
            for block in _blocks(wave, columns):
                fft.fft(block, axis=0, overwrite_x=True, workers=threads)
            rows(kernels.propagate, _floats(wave), py, px, *_squares(plan), np.float32(plan.band**2), columns)
            for block in _blocks(wave, columns):
                fft.ifft(block, axis=0, norm="forward", overwrite_x=True, workers=threads)
            fft.ifft(wave, axis=1, norm="forward", overwrite_x=True, workers=threads)

        def transmit(content: list[tuple[str, Any, Any]]) -> None:
            for number, (symbol, y, x) in enumerate(content):
                kernels.spread(density, y, x)
                spectrum = fft.rfft2(density, workers=threads)
                table = plan.tables[symbol]
                rows(
                    kernels.add_potential,
                    _floats(exponent),
                    _floats(spectrum),
                    table,
                    number == 0,
                    plan.columns,
                )
            for block in _blocks(exponent, plan.columns):
                fft.ifft(block, axis=0, norm="forward", overwrite_x=True, workers=threads)
            fft.ifft(exponent, axis=1, norm="forward", overwrite_x=True, workers=threads)
            rows(kernels.transmit, _floats(wave), _floats(exponent))

        plane = None  # where the wave is, in slices; a plane wave stays one until it meets atoms
        for index, content in enumerate(positions_in_slices(plan, positions, symbols)):
            if not content:
                continue
            if plane is not None:
                propagate((index + 0.5 - plane) * plan.slice_thickness)
            transmit(content)
            plane = index + 0.5
        assert plane is not None  # a plan has at least one atom
        propagate((plan.slices - plane) * plan.slice_thickness)
    return wave


def _wave_columns(plan: Plan) -> int:
    """How many columns kx >= 0 the wave's band holds."""
    _, kx = plan.grid.frequencies()
    return int((kx[: len(kx) // 2] <= plan.band).sum())


def _blocks(spectrum: Any, columns: int) -> tuple[Any, Any]:
    """The parts of a row-transformed field with |kx| inside the band; the rest is zero and need not be transformed."""
    return spectrum[:, :columns], spectrum[:, spectrum.shape[1] - columns + 1 :]


def _floats(field: Any) -> Any:
    return field.view(np.float32)


def _squares(plan: Plan) -> tuple[Any, Any]:
    ky, kx = plan.grid.frequencies()
    return (ky**2).astype(np.float32), (kx**2).astype(np.float32)
