"""What the Fourier engine tabulates: each element's log-transmission, and the window that places atoms on the grid.

Each atom is spread over WIDTH x WIDTH pixels by the window exp(β(√(1 - u²) - 1)), and the grid's transform is divided
by the window's: a non-uniform FFT (A. H. Barnett, J. Magland, L. af Klinteberg, SIAM J. Sci. Comput. 41 (2019)
C479-C504). The grid must be finer than the frequencies wanted: those up to LIMIT of Nyquist come out right to 4e-4,
those up to 2/3 to 1e-5.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from hrtem_bench.multislice.grid import Grid
from hrtem_bench.multislice.transmission import log_transmission

BAND = 0.9
"""Part of Nyquist up to which the wave is kept. Above 2/3, products of wave and transmission fold back into the band;
but in a crystal along a zone axis what is cut off would have come back, and a cut at 2/3 costs more."""
LOW_PASS = (0.7, 0.9)
"""Parts of Nyquist between which the low-pass of an atom's transmission falls."""
LIMIT = 0.9
"""Part of Nyquist up to which the tables reach, and up to which the window places atoms right to 4e-4."""
WIDTH = 10
"""Pixels across the window."""
# The sharpness that balances both errors of the window, for a grid 1/LIMIT times finer than needed.
SHARPNESS = 0.976 * np.pi * WIDTH * (1 - LIMIT / 2)


def window_transform(k: Any) -> Any:
    """Fourier transform of the window at k, in cycles per pixel (|k| <= 0.5), 1-D."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    values = np.exp(SHARPNESS * (np.sqrt(1 - nodes**2) - 1)) * weights * (WIDTH / 2)
    return np.cos(np.pi * WIDTH * np.outer(k, nodes)) @ values


def fourier_tables(symbols: list[str], grid: Grid, energy: float, parametrization: str) -> tuple[dict[str, Any], int]:
    (ny, nx), (dy, dx) = grid.shape, grid.pixel_size
    ky, kx = np.fft.rfftfreq(ny, dy), np.fft.rfftfreq(nx, dx)
    limit = LIMIT * grid.nyquist
    kx = kx[kx <= limit]
    q = np.hypot(ky[:, None], kx[None])
    # The window's transform, and 1/(dx dy) from a continuous to a discrete transform, and the inverse FFT's norm.
    scale = 1 / np.outer(window_transform(ky * dy), window_transform(kx * dx)) / (dx * dy * nx * ny)
    tables = {}
    for symbol in symbols:
        radii, b = _radial_table(symbol, grid.nyquist, energy, parametrization)
        values = np.interp(q, radii, b.real) + 1j * np.interp(q, radii, b.imag)
        tables[symbol] = interleaved(np.where(q <= limit, values * scale, 0))
    return tables, len(kx)


@lru_cache(maxsize=128)
def _radial_table(symbol: str, nyquist: float, energy: float, parametrization: str) -> tuple[Any, Any]:
    """(|q|, log-transmission) up to LIMIT of Nyquist; remembered: specimens made alike share elements and grid."""
    radii = np.linspace(0, LIMIT * nyquist, 2048)
    low_pass = (LOW_PASS[0] * nyquist, LOW_PASS[1] * nyquist)
    b = log_transmission(symbol, radii, low_pass=low_pass, energy=energy, parametrization=parametrization)
    for array in (radii, b):
        array.flags.writeable = False
    return radii, b


def interleaved(values: Any) -> Any:
    """Complex to float32 with real and imaginary parts interleaved along the last axis (1-D: (n, 2))."""
    values = np.ascontiguousarray(values, np.complex64)
    return (
        values.view(np.float32).reshape(*values.shape[:-1], -1)
        if values.ndim > 1
        else (values.view(np.float32).reshape(-1, 2))
    )
