"""The Fourier engine: one wave through all slices, on SciPy's FFT and the Numba kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import fft

from hrtem_bench.multislice import fourier_kernels as kernels
from hrtem_bench.multislice.fourier_tables import interleaved
from hrtem_bench.multislice.plan import MultislicePlan, positions_in_slices, propagator, stops


def exit_wave(
    plan: MultislicePlan, positions: Any, symbols: Any, depths: Sequence[float], incident: Any = None, threads: int = 1
) -> Any:
    """Waves at the given depths (Å, ascending), (len(depths), ny, nx) complex64; the same bytes for any `threads`.

    positions: (n, 3) Å. incident: (ny, nx) complex, the wave at z = 0; None for a plane wave of amplitude 1.
    """
    ny, nx = plan.grid.shape
    wave = np.array(np.ones((ny, nx)) if incident is None else incident, np.complex64)
    exponent = np.empty((ny, nx), np.complex64)
    density = np.empty((ny, nx), np.float32)
    columns = _wave_columns(plan)
    with ThreadPoolExecutor(threads) as pool:

        def rows(kernel: Callable[..., None], *arguments: Any) -> None:
            if threads == 1:
                kernel(*arguments, (0, ny))
                return
            list(
                pool.map(lambda part: kernel(*arguments, part), pairwise(ny * i // threads for i in range(threads + 1)))
            )

        def propagate(distance: float) -> None:
            py, px = propagator(plan, distance)
            factors = interleaved(py), interleaved(px / (nx * ny))  # the inverse transforms below do not divide
            _in_place(fft.fft, wave, axis=1, workers=threads)
            for block in _blocks(wave, columns):
                _in_place(fft.fft, block, axis=0, workers=threads)
            rows(kernels.propagate, _floats(wave), factors, _squares(plan), np.float32(plan.band**2), columns)
            _inverse(wave, columns, threads)

        def transmit(content: list[tuple[str, Any, Any]]) -> None:
            for number, (symbol, y, x) in enumerate(content):
                kernels.spread_atoms(density, y, x)
                spectrum = fft.rfft(density, axis=1, workers=threads)
                _in_place(fft.fft, spectrum[:, : plan.columns], axis=0, workers=threads)
                table = plan.tables[symbol]
                rows(kernels.add_potential, _floats(exponent), _floats(spectrum), table, number == 0, plan.columns)
            _inverse(exponent, plan.columns, threads)
            rows(kernels.transmit, _floats(wave), _floats(exponent))

        recorded = []
        contents = positions_in_slices(plan, positions, symbols)
        here, plane_wave = 0.0, incident is None
        for z, index in stops(plan, depths):
            if index is not None and not contents[index]:
                continue
            if not plane_wave:
                propagate(z - here)
            here = z
            if index is None:
                recorded.append(wave.copy())
            else:
                transmit(contents[index])
                plane_wave = False
    return np.stack(recorded)


def _inverse(spectrum: Any, columns: int, threads: int) -> None:
    """In place, the inverse FFT without its factor of a spectrum that is zero beyond `columns`."""
    for block in _blocks(spectrum, columns):
        _in_place(fft.ifft, block, axis=0, norm="forward", workers=threads)
    _in_place(fft.ifft, spectrum, axis=1, norm="forward", workers=threads)


def _in_place(transform: Callable[..., Any], field: Any, **options: Any) -> None:
    """The transform written over its input, also by a SciPy back end that returns a new array."""
    out = transform(field, overwrite_x=True, **options)
    if not np.may_share_memory(out, field):
        field[...] = out


def _wave_columns(plan: MultislicePlan) -> int:
    """How many columns kx >= 0 the wave's band holds."""
    _, kx = plan.grid.frequencies()
    return int((kx[: len(kx) // 2] <= plan.band).sum())


def _blocks(spectrum: Any, columns: int) -> tuple[Any, Any]:
    """The parts of a row-transformed field with |kx| inside the band; the rest is zero and need not be transformed."""
    return spectrum[:, :columns], spectrum[:, spectrum.shape[1] - columns + 1 :]


def _floats(field: Any) -> Any:
    return field.view(np.float32)


def _squares(plan: MultislicePlan) -> tuple[Any, Any]:
    ky, kx = plan.grid.frequencies()
    return (ky**2).astype(np.float32), (kx**2).astype(np.float32)
