"""Numba kernels of the real-space engine: some slices in one pass over the wave, by blocks of rows that fit the cache.

For each row: the slice's atoms add up their log-transmission, the wave is multiplied by its exponential, the filter
runs along the row and then, when the rows around it are there, along the column. Rows depend on no others but those the
filter reaches, so any split of the rows over threads gives the same bytes. Real and imaginary parts are apart, and
buffers have rows of a fixed length (ROW, STRIP, and WIDEST for an atom's functions): with distances known when it
compiles, the compiler needs no checks for overlap and makes vector code of every inner loop.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hrtem_bench.multislice.exponential import FAST, exponential
from hrtem_bench.multislice.real_space_filter import TAPS
from hrtem_bench.multislice.real_space_patches import TERMS, WIDEST
from hrtem_bench.support.numba_kernels import kernel

F = np.float32
ROW = 4160
"""Length of a row of the exponent's buffer: the widest grid plus an atom's square on both sides."""
BLOCK = 16
"""Rows worked on together."""
STRIP = 256
"""Columns that the filter along the columns works on together."""
_PARTS = 2 * TERMS


def workspace() -> Any:
    """Zeroed buffer of the exponent for one thread; `slices_pass` leaves it zeroed."""
    return np.zeros((BLOCK + 4) * 2 * ROW, np.float32)


@kernel(nogil=True, fastmath=FAST)
def add_products(e: Any, at: int, columns: Any, rows: Any, fours: int, pixels: int) -> None:
    """Add Σ_i rows_i(y) columns_i(x) over the rows of the exponent, four at a time.

    e: flat, from index `at` on: real parts of row r at 2 r ROW, imaginary ones ROW further. columns: flat, term i
    at i WIDEST. rows: the real, then the imaginary factors of the terms, row by row.
    """
    for r in range(fours):
        k = 24 * r
        a0, a1, a2, b0, b1, b2 = rows[k], rows[k + 1], rows[k + 2], rows[k + 3], rows[k + 4], rows[k + 5]
        c0, c1, c2, d0, d1, d2 = rows[k + 6], rows[k + 7], rows[k + 8], rows[k + 9], rows[k + 10], rows[k + 11]
        f0, f1, f2, g0, g1, g2 = rows[k + 12], rows[k + 13], rows[k + 14], rows[k + 15], rows[k + 16], rows[k + 17]
        h0, h1, h2, i0, i1, i2 = rows[k + 18], rows[k + 19], rows[k + 20], rows[k + 21], rows[k + 22], rows[k + 23]
        o = at + 8 * r * ROW
        if o < 0:  # never; but knowing it, the compiler makes vector code of the loop
            return
        for j in range(pixels):
            x, y, z = columns[j], columns[WIDEST + j], columns[2 * WIDEST + j]
            e[o + j] = e[o + j] + a0 * x + a1 * y + a2 * z
            e[o + ROW + j] = e[o + ROW + j] + b0 * x + b1 * y + b2 * z
            e[o + 2 * ROW + j] = e[o + 2 * ROW + j] + c0 * x + c1 * y + c2 * z
            e[o + 3 * ROW + j] = e[o + 3 * ROW + j] + d0 * x + d1 * y + d2 * z
            e[o + 4 * ROW + j] = e[o + 4 * ROW + j] + f0 * x + f1 * y + f2 * z
            e[o + 5 * ROW + j] = e[o + 5 * ROW + j] + g0 * x + g1 * y + g2 * z
            e[o + 6 * ROW + j] = e[o + 6 * ROW + j] + h0 * x + h1 * y + h2 * z
            e[o + 7 * ROW + j] = e[o + 7 * ROW + j] + i0 * x + i1 * y + i2 * z


@kernel(nogil=True, fastmath=FAST)
def interpolate(out: Any, low: Any, high: Any, fraction: Any, n: int) -> None:
    """The first n numbers of out, interpolated between low and high."""
    for k in range(n):
        out[k] = low[k] + fraction * (high[k] - low[k])


@kernel(nogil=True)
def add_atom(e: Any, buffers: Any, rows: Any, columns: Any, at: Any, fractions: Any) -> None:
    """Add one group of one atom's terms to the rows of a block.

    buffers: (the functions along x, the factors along y), flat. rows (FRACTIONS + 1, py · 2 TERMS), columns (FRACTIONS
    + 1, TERMS · px). at: (first row in the block, first row of the square, how many rows, first column in e).
    fractions: (along y, along x), 0 to FRACTIONS.
    """
    functions, factors = buffers
    row, begin, count, column = at
    ty, tx = fractions
    last = rows.shape[0] - 2
    sy, sx = min(int(ty), last), min(int(tx), last)
    begin, end, size = begin * _PARTS, (begin + count) * _PARTS, count * _PARTS
    interpolate(factors, rows[sy, begin:end], rows[sy + 1, begin:end], F(ty - sy), size)
    for k in range(size, size + 3 * _PARTS):
        factors[k] = F(0)
    low, high, px = columns[sx], columns[sx + 1], columns.shape[1] // TERMS
    for i in range(TERMS):
        interpolate(functions[i * WIDEST :], low[i * px :], high[i * px :], F(tx - sx), px)
    add_products(e, 2 * row * ROW + column, functions, factors, (count + 3) // 4, px)


@kernel(nogil=True)
def add_atoms(e: Any, buffers: Any, atoms: Any, patches: Any, first: int, count: int, ny: int) -> tuple[int, int]:
    """Add all atoms whose squares reach rows `first` to `first` + `count`; returns the columns of e they reach.

    atoms: (y, x, element): y and x in pixels, y ascending from 0 to ny, which is the period. patches: (groups, rows,
    columns) as in `Patches`.
    """
    y, x, element = atoms
    groups, rows, columns = patches
    fractions, py, px = rows.shape[2] - 1, rows.shape[3] // _PARTS, columns.shape[3] // TERMS
    left, right = ROW, 0
    for period in range(-1, 2):
        shift = period * ny
        begin = np.searchsorted(y, first - py // 2 - 1.0 - shift)
        end = np.searchsorted(y, first + count + py // 2 + 1.0 - shift)
        for m in range(begin, end):
            cy, cx = int(np.ceil(y[m] + shift)), int(np.ceil(x[m]))
            top = cy - py // 2
            low, high = max(first, top), min(first + count, top + py)
            if low >= high:
                continue
            column = cx - px // 2 + px
            at = (low - first, low - top, high - low, column)
            rest = ((cy - y[m] - shift) * fractions, (cx - x[m]) * fractions)
            for g in range(groups[element[m]]):
                add_atom(e, buffers, rows[element[m], g], columns[element[m], g], at, rest)
            left, right = min(left, column), max(right, column + px)
    return left, right


@kernel(nogil=True, fastmath=FAST)
def transmit(out_re: Any, out_im: Any, re: Any, im: Any, e_re: Any, e_im: Any, n: int) -> None:
    """out = wave * exp(e) over n pixels."""
    for i in range(n):
        g, c, s = exponential(e_re[i], e_im[i])
        out_re[i] = g * (re[i] * c - im[i] * s)
        out_im[i] = g * (re[i] * s + im[i] * c)


def _filter(step: int, part: int) -> Any:
    """A kernel that filters pixels `step` floats apart, whose imaginary parts are `part` floats further on."""

    @kernel(nogil=True, fastmath=FAST)
    def along(out_re: Any, out_im: Any, source: Any, weights: Any, n: int) -> None:
        """n results from flat `source`, the first from its pixels 0 to 2 TAPS. weights: (2, TAPS + 1), as (re, im)."""
        r0, r1, r2, r3, r4 = weights[0, 0], weights[0, 1], weights[0, 2], weights[0, 3], weights[0, 4]
        i0, i1, i2, i3, i4 = weights[1, 0], weights[1, 1], weights[1, 2], weights[1, 3], weights[1, 4]
        for j in range(n):
            x0, x1 = source[j + 4 * step], source[j + 3 * step] + source[j + 5 * step]
            x2, x3 = source[j + 2 * step] + source[j + 6 * step], source[j + step] + source[j + 7 * step]
            x4, k = source[j] + source[j + 8 * step], j + part
            y0, y1 = source[k + 4 * step], source[k + 3 * step] + source[k + 5 * step]
            y2, y3 = source[k + 2 * step] + source[k + 6 * step], source[k + step] + source[k + 7 * step]
            y4 = source[k] + source[k + 8 * step]
            re = r0 * x0 + r1 * x1 + r2 * x2 + r3 * x3 + r4 * x4 - i0 * y0 - i1 * y1 - i2 * y2 - i3 * y3 - i4 * y4
            im = i0 * x0 + i1 * x1 + i2 * x2 + i3 * x3 + i4 * x4 + r0 * y0 + r1 * y1 + r2 * y2 + r3 * y3 + r4 * y4
            out_re[j] = re
            out_im[j] = im

    return along


filter_row = _filter(1, ROW)
"""Along a row of the field, padded by TAPS pixels at both ends."""
filter_column = _filter(2 * STRIP, STRIP)
"""Along the columns of a strip, from TAPS rows before the first."""


@kernel(nogil=True)
def copy(out: Any, values: Any, n: int) -> None:
    """The first n of values into out; a plain loop, which is faster than assigning slices."""
    for j in range(n):
        out[j] = values[j]


@kernel(nogil=True)
def transmitted_row(field: Any, wave: Any, e: Any, row: int, block_row: int, px: int, left: int, right: int) -> None:
    """Row `row` of wave * exp(e) into `field`, padded by TAPS pixels at both ends; its part of e is zeroed.

    left, right: the columns of e that atoms reach; outside of them the wave passes as it is.
    """
    nx = wave.shape[2]
    e_re = e[2 * block_row * ROW : 2 * block_row * ROW + nx + 2 * px]
    e_im = e[(2 * block_row + 1) * ROW : (2 * block_row + 1) * ROW + nx + 2 * px]
    if left < px or right > nx + px:  # squares across the edge: fold what is outside back to the other side
        for j in range(px):
            e_re[nx + j] += e_re[j]
            e_im[nx + j] += e_im[j]
        for j in range(px):
            e_re[px + j] += e_re[nx + px + j]
            e_im[px + j] += e_im[nx + px + j]
        left, right = px, nx + px
    a, b = min(left - px, nx), max(right - px, 0)
    re, im = wave[0, row], wave[1, row]
    field_re, field_im = field[TAPS:], field[ROW + TAPS :]
    copy(field_re, re, a)
    copy(field_im, im, a)
    if a < b:
        transmit(field_re[a:], field_im[a:], re[a:], im[a:], e_re[px + a :], e_im[px + a :], b - a)
        copy(field_re[b:], re[b:], nx - b)
        copy(field_im[b:], im[b:], nx - b)
        e_re[:] = F(0)
        e_im[:] = F(0)
    for part in (0, ROW):
        for j in range(TAPS):
            field[part + j] = field[part + nx + j]
            field[part + nx + TAPS + j] = field[part + TAPS + j]


@kernel(nogil=True)
def filter_columns(sink: Any, at: int, ring: Any, weights: Any, rows: int) -> None:
    """`rows` rows of the ring, filtered along the columns, into the sink from row `at`; the ring keeps what is left.

    sink: (2, n, nx). ring: (strips, BLOCK + 2 TAPS rows of 2 STRIP).
    """
    nx = sink.shape[2]
    for c in range(ring.shape[0]):
        begin, width, strip = c * STRIP, min(STRIP, nx - c * STRIP), ring[c]
        for b in range(rows):
            re, im = sink[0, at + b, begin : begin + width], sink[1, at + b, begin : begin + width]
            filter_column(re, im, strip[2 * b * STRIP :], weights, width)
        for b in range(2 * TAPS):  # row by row and upwards: source and target may overlap
            copy(strip[2 * b * STRIP :], strip[2 * (rows + b) * STRIP :], 2 * STRIP)


@kernel(nogil=True)
def slices_pass(
    out: Any, wave: Any, atoms: Any, ranges: Any, patches: Any, weights: Any, e: Any, row_begin: int, row_end: int
) -> None:
    """Rows row_begin to row_end of the wave behind several slices: for each, wave = filter(wave * exp(Σ b)).

    Blocks of rows go through all of the slices while they are in the cache; rows beyond those asked for are worked
    out as far as the filters reach. out, wave: (2, ny, nx) float32, real and imaginary parts. atoms: (y, x, element),
    in pixels, 0 <= y < ny, 0 <= x < nx; slice s has those from ranges[s, 0] to ranges[s, 1], y ascending.
    patches: (groups, rows, columns) of `Patches`. weights: (slices, 2, 2, TAPS + 1) float32: along y and x, real and
    imaginary parts. e: `workspace()`.
    """
    slices, ny, nx, px = weights.shape[0], wave.shape[1], wave.shape[2], patches[2].shape[3] // TERMS
    y, x, element = atoms
    buffers = (np.empty(TERMS * WIDEST, np.float32), np.empty(_PARTS * (BLOCK + 4), np.float32))
    field = np.empty(ROW + nx + 2 * TAPS, np.float32)
    rings = np.empty((slices, (nx + STRIP - 1) // STRIP, (BLOCK + 2 * TAPS) * 2 * STRIP), np.float32)
    block = np.empty((2, BLOCK, nx), np.float32)
    held = np.zeros(slices, np.int64)
    for begin in range(row_begin - TAPS * slices, row_end + TAPS * slices, BLOCK):
        first, count = begin, min(BLOCK, row_end + TAPS * slices - begin)
        for s in range(slices):
            a, b = ranges[s, 0], ranges[s, 1]
            source, ring = (wave, rings[s]) if s == 0 else (block, rings[s])
            along_y, along_x = weights[s, 0], weights[s, 1]
            left, right = add_atoms(e, buffers, (y[a:b], x[a:b], element[a:b]), patches, first, count, ny)
            for i in range(count):
                row = (first + i) % ny if s == 0 else i
                transmitted_row(field, source, e, row, i, px, left, right)
                for c in range(ring.shape[0]):
                    width = min(STRIP, nx - c * STRIP)
                    at = (held[s] + i) * 2 * STRIP
                    filter_row(ring[c, at:], ring[c, at + STRIP :], field[c * STRIP :], along_x, width)
            held[s] += count
            done = held[s] - 2 * TAPS
            if done <= 0:
                break
            first, count = first + count - TAPS - done, done
            last = s == slices - 1
            filter_columns(out if last else block, first if last else 0, ring, along_y, done)
            held[s] = 2 * TAPS
