"""Numba kernels of the Fourier engine, plain loops over rows, so that any split of the rows gives the same bytes.

Every kernel also runs as plain Python (`.py_func`), which is how the tests check the compiled one. Complex arrays come
as float32 views with real and imaginary parts interleaved: the compiler makes better vector code of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hrtem_bench.multislice.exponential import FAST, exponential
from hrtem_bench.multislice.fourier_tables import SHARPNESS, WIDTH
from hrtem_bench.support.numba_kernels import kernel

F = np.float32
_ONE = F(1)


@kernel(nogil=True)
def spread_atoms(density: Any, y: Any, x: Any) -> None:
    """Add one window per atom to `density` (ny, nx) float32, zeroed first; y, x (n,) float64 in pixels, any sign."""
    ny, nx = density.shape
    density[:] = 0
    wy = np.empty(WIDTH, np.float32)
    wx = np.empty(WIDTH, np.float32)
    for atom in range(y.shape[0]):
        y0 = int(np.ceil(y[atom] - WIDTH / 2))
        x0 = int(np.ceil(x[atom] - WIDTH / 2))
        for i in range(WIDTH):
            uy = (y0 + i - y[atom]) * (2 / WIDTH)
            ux = (x0 + i - x[atom]) * (2 / WIDTH)
            wy[i] = np.exp(SHARPNESS * (np.sqrt(max(1 - uy * uy, 0.0)) - 1))
            wx[i] = np.exp(SHARPNESS * (np.sqrt(max(1 - ux * ux, 0.0)) - 1))
        for i in range(WIDTH):
            row = (y0 + i) % ny
            for j in range(WIDTH):
                density[row, (x0 + j) % nx] += wy[i] * wx[j]


@kernel(nogil=True, fastmath=FAST)
def add_potential(out: Any, spectrum: Any, table: Any, first: bool, columns: int, rows: tuple[int, int]) -> None:
    """out[k] (+)= table[|ky|, |kx|] * spectrum[k] over the full plane, from the half-plane of a real field.

    out: (ny, 2 nx) float32, the complex result. spectrum: (ny, 2 (nx//2 + 1)), an rfft2. table: (ny//2 + 1,
    2 columns), complex. Columns |kx| >= `columns` are set to 0 when `first`. rows: the first to do, and the end.
    """
    ny, nx = out.shape[0], out.shape[1] // 2
    for iy in range(rows[0], rows[1]):
        row = table[min(iy, ny - iy)]
        here, there = spectrum[iy], spectrum[(ny - iy) % ny]
        target = out[iy]
        if first:
            target[:] = F(0)
        for i in range(columns):
            a, b, c, d = row[2 * i], row[2 * i + 1], here[2 * i], here[2 * i + 1]
            target[2 * i] += a * c - b * d
            target[2 * i + 1] += a * d + b * c
        for i in range(1, columns):  # kx = -i: the conjugate of the spectrum at (-ky, i)
            a, b, c, d = row[2 * i], row[2 * i + 1], there[2 * i], -there[2 * i + 1]
            target[2 * (nx - i)] += a * c - b * d
            target[2 * (nx - i) + 1] += a * d + b * c


@kernel(nogil=True, fastmath=FAST)
def transmit(wave: Any, exponent: Any, rows: tuple[int, int]) -> None:
    """wave *= exp(exponent), both (ny, 2 nx) float32 views of complex64; right to 1e-6 for |Re| < 2, |Im| < 1000."""
    n = wave.shape[1] // 2
    for iy in range(rows[0], rows[1]):
        w, e = wave[iy], exponent[iy]
        for i in range(n):
            g, c, s = exponential(e[2 * i], e[2 * i + 1])
            s *= g
            c *= g
            re, im = w[2 * i], w[2 * i + 1]
            w[2 * i] = re * c - im * s
            w[2 * i + 1] = re * s + im * c


@kernel(nogil=True, fastmath=FAST)
def propagate(spectrum: Any, factors: Any, squares: Any, limit2: float, columns: int, rows: tuple[int, int]) -> None:
    """spectrum[k] *= py[ky] px[kx] where ky² + kx² <= limit2, 0 elsewhere; all complex as float32 pairs.

    factors: of the propagator, py (ny, 2) and px (nx, 2). squares: ky² (ny,) and kx² (nx,). Columns |kx| >= `columns`
    are set to 0.
    """
    (py, px), (ky2, kx2) = factors, squares
    nx = spectrum.shape[1] // 2
    for iy in range(rows[0], rows[1]):
        row = spectrum[iy]
        c, d = py[iy, 0], py[iy, 1]
        room = F(limit2 - ky2[iy])
        row[2 * columns : 2 * (nx - columns + 1)] = F(0)
        for part in range(2):
            begin = 0 if part == 0 else nx - columns + 1
            end = columns if part == 0 else nx
            for i in range(begin, end):
                a, b = px[i, 0], px[i, 1]
                keep = _ONE if kx2[i] <= room else F(0)
                pr, pi = (a * c - b * d) * keep, (a * d + b * c) * keep
                re, im = row[2 * i], row[2 * i + 1]
                row[2 * i] = re * pr - im * pi
                row[2 * i + 1] = re * pi + im * pr
