"""Numba kernels of image formation: spectra times a lens, transformed, squared and added up, by blocks in the cache.

Two transforms of lines make one of a plane: columns, LANES of them side by side, then rows likewise. A spectrum holds
frequencies -ry to ry along y, in FFT order, and -rx to rx along x. Its columns come in blocks of LANES: first those of
0, 1, 2, ..., then, in as many blocks again, those of -0 (which nothing uses), -1, -2, ..., so that opposite ones lie
alike. `work`, which kernels take, is float32 arrays (blocks, lines, STEP), (points, STEP) twice, and (2 LANES, STEP),
no smaller than the planes worked on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hrtem_bench.imaging.lines import DISJOINT, LANES, PLAIN, STEP, ends_in_block, transform
from hrtem_bench.support.numba_kernels import kernel

F = np.float32


@kernel(**DISJOINT)
def times(out: Any, x: Any, y: Any) -> None:
    """out = x y, one complex number of each line."""
    for v in range(LANES):
        re, im = x[v] * y[v] - x[LANES + v] * y[LANES + v], x[v] * y[LANES + v] + x[LANES + v] * y[v]
        out[v], out[LANES + v] = re, im


@kernel(**DISJOINT)
def add_squares(total: Any, x: Any) -> None:
    """total (n, LANES) += |x|² of a block (n, STEP)."""
    for i in range(len(x)):
        for v in range(LANES):
            total[i, v] += x[i, v] * x[i, v] + x[i, LANES + v] * x[i, LANES + v]


@kernel(**DISJOINT)
def copy(out: Any, x: Any) -> None:
    """out = x, one complex number of each line."""
    for v in range(STEP):
        out[v] = x[v]


@kernel(**DISJOINT)
def exchange(out: Any, x: Any, factor: Any) -> None:
    """out = x times a real factor, real and imaginary parts exchanged, one complex number of each line."""
    for v in range(LANES):
        out[v], out[LANES + v] = x[LANES + v] * factor, x[v] * factor


@kernel(**DISJOINT)
def turn(out: Any, tile: Any, at: int, step: int, first: int, end: int) -> None:
    """Columns `first` to `end` of a tile (LANES, STEP) into the rows at + step · column of `out`.

    By eight columns, as far as there are: what a line of the cache brings is used at once.
    """
    eights = first + (end - first) // 8 * 8
    for part in (0, LANES):
        for begin in range(first, eights, 8):
            for v in range(LANES):
                for k in range(begin, begin + 8):
                    out[at + step * k, part + v] = tile[v, part + k]
        for k in range(eights, end):
            for v in range(LANES):
                out[at + step * k, part + v] = tile[v, part + k]


@kernel(**DISJOINT)
def load_rows(block: Any, wave: Any, first: int) -> None:
    """Fill a block of LANES rows (nx, STEP) from row `first` of a wave (ny, 2 nx) on, both parts exchanged.

    Lines beyond the wave's last row are left as they are.
    """
    nx, rows = len(block), min(LANES, len(wave) - first)
    eights = nx // 8 * 8
    for begin in range(0, eights, 8):
        for v in range(rows):
            for k in range(begin, begin + 8):
                block[k, v], block[k, LANES + v] = wave[first + v, 2 * k + 1], wave[first + v, 2 * k]
    for k in range(eights, nx):
        for v in range(rows):
            block[k, v], block[k, LANES + v] = wave[first + v, 2 * k + 1], wave[first + v, 2 * k]


@kernel(**PLAIN)
def spectrum_of(spectrum: Any, wave: Any, work: Any, along_y: Any, along_x: Any) -> None:
    """The spectrum, (2 half, 2 ry + 1, STEP), of a wave (ny, 2 nx): its forward transform over the number of points.

    The transform of lines is an inverse one, which with both parts exchanged, before and after, is a forward one.
    along_y, along_x: (radices, twiddles, number of points).
    """
    held, block, other, scratch = work
    ny, nx, half, ry = len(wave), wave.shape[1] // 2, len(spectrum) // 2, spectrum.shape[1] // 2
    rows, free = (block, other) if ends_in_block(along_x[0]) else (other, block)
    for g in range((ny + LANES - 1) // LANES):
        load_rows(block[:nx], wave, g * LANES)
        transform(rows[:nx], block[:nx], other[:nx], scratch, along_x[0], along_x[1])
        for k in range(min(half * LANES, nx)):
            copy(free[k], rows[nx - k if k else 0])
        for c in range(half):
            turn(held[c], rows[c * LANES : (c + 1) * LANES], g * LANES, 1, 0, LANES)
            turn(held[half + c], free[c * LANES : (c + 1) * LANES], g * LANES, 1, 0, LANES)
    factor = F(1.0 / (nx * ny))
    for c in range(2 * half):
        columns = held[c, :ny] if ends_in_block(along_y[0]) else block[:ny]
        transform(columns, held[c, :ny], block[:ny], scratch, along_y[0], along_y[1])
        for k in range(ry + 1):
            exchange(spectrum[c, k], columns[k], factor)
        for k in range(1, ry + 1):
            exchange(spectrum[c, 2 * ry + 1 - k], columns[ny - k], factor)


@kernel(**PLAIN)
def through_lens(block: Any, spectrum: Any, lens: Any, reach: int) -> None:
    """Fill a block of columns (ny, STEP), in FFT order, with a spectrum's times a lens's, up to a frequency.

    spectrum: (2 ry + 1, STEP). lens: (2 reach + 1, STEP), or (reach + 1, STEP) where that of -ky is that of ky.
    """
    ny, held = len(block), len(spectrum)
    for k in range(reach + 1):
        times(block[k], spectrum[k], lens[k])
    block[reach + 1 : ny - reach] = F(0)
    even = len(lens) == reach + 1
    for k in range(1, reach + 1):
        times(block[ny - k], spectrum[held - k], lens[k if even else 2 * reach + 1 - k])


@kernel(**PLAIN)
def gather_rows(block: Any, carried: Any, half: int, group: int, reach: int) -> None:
    """Fill a block of LANES rows (nx, STEP), FFT order, from blocks of columns (2 half or more, ny, STEP)."""
    nx, lines = len(block), slice(group * LANES, (group + 1) * LANES)
    block[reach + 1 : nx - reach] = F(0)
    for c in range(half):
        end = min(LANES, reach + 1 - c * LANES)
        if end > 0:
            turn(block, carried[c, lines], c * LANES, 1, 0, end)
            turn(block, carried[half + c, lines], nx - c * LANES, -1, 1 if c == 0 else 0, end)


@kernel(**PLAIN)
def add_intensity(total: Any, spectrum: Any, lens: Any, reaches: Any, work: Any, along_y: Any, along_x: Any) -> None:
    """Add |wave|² of a spectrum times a lens to `total`.

    total: (groups, nx, LANES), LANES rows in each group; 0 is added to those beyond the last. spectrum: (2 half, rows,
    STEP). lens: (half or 2 half, rows, STEP); half where that of -kx is that of kx; rows as in `through_lens`.
    reaches: (y, x), the frequencies carried. along_y, along_x: (radices, twiddles, number of points).
    """
    carried, block, other, scratch = work
    ny, nx, half = along_y[2], along_x[2], len(spectrum) // 2
    for c in range(2 * half):
        if (c % half) * LANES <= reaches[1]:
            through_lens(block[:ny], spectrum[c], lens[c if c < len(lens) else c - half], reaches[0])
            transform(carried[c, :ny], block[:ny], other[:ny], scratch, along_y[0], along_y[1])
            carried[c, ny : LANES * len(total)] = F(0)
    rows = block if ends_in_block(along_x[0]) else other
    for g in range(len(total)):
        gather_rows(block[:nx], carried, half, g, reaches[1])
        transform(rows[:nx], block[:nx], other[:nx], scratch, along_x[0], along_x[1])
        add_squares(total[g], rows[:nx])
