"""Numba kernels that bring an image to another number of pixels, its band cut or padded, as `fourier.resample` does."""

from __future__ import annotations

from typing import Any

import numpy as np

from hrtem_bench.imaging.kernels import turn
from hrtem_bench.imaging.lines import DISJOINT, LANES, PLAIN, ends_in_block, transform
from hrtem_bench.support.numba_kernels import kernel

F = np.float32


@kernel(**DISJOINT)
def side_by_side(out: Any, a: Any, b: Any) -> None:
    """out = a + ib, of two real numbers of each line."""
    for v in range(LANES):
        out[v], out[LANES + v] = a[v], b[v]


@kernel(**DISJOINT)
def part(a: Any, b: Any, z: Any, opposite: Any) -> None:
    """The transforms of real lines a and b at one frequency, from that of a + ib there, z, and at its opposite."""
    for v in range(LANES):
        a[v], a[LANES + v] = F(0.5) * (z[v] + opposite[v]), F(0.5) * (z[LANES + v] - opposite[LANES + v])
        b[v], b[LANES + v] = F(0.5) * (z[LANES + v] + opposite[LANES + v]), F(0.5) * (opposite[v] - z[v])


@kernel(**DISJOINT)
def join(z: Any, opposite: Any, a: Any, b: Any) -> None:
    """The reverse of `part`."""
    for v in range(LANES):
        z[v], z[LANES + v] = a[v] - b[LANES + v], a[LANES + v] + b[v]
        opposite[v], opposite[LANES + v] = a[v] + b[LANES + v], b[v] - a[LANES + v]


@kernel(**DISJOINT)
def conjugate(out: Any, x: Any, factor: Any) -> None:
    """out = x* times a real factor, one complex number of each line."""
    for v in range(LANES):
        out[v], out[LANES + v] = x[v] * factor, -x[LANES + v] * factor


@kernel(**DISJOINT)
def store_rows(out: Any, rows: Any, first: int, begin: int) -> None:
    """Rows of out (ny, nx) from `first` on, never negative, from a block's (nx, STEP) numbers from `begin` on."""
    nx, lines = out.shape[1], min(LANES, len(out) - first)
    eights = nx // 8 * 8
    for at in range(0, eights, 8):
        for v in range(lines):
            for x in range(at, at + 8):
                out[first + v, x] = max(rows[x, begin + v], F(0))
    for x in range(eights, nx):
        for v in range(lines):
            out[first + v, x] = max(rows[x, begin + v], F(0))


@kernel(**PLAIN)
def rows_forward(held: Any, total: Any, reach: int, block: Any, other: Any, scratch: Any, along_x: Any) -> None:
    """Transforms of the rows of `total`, up to a frequency from 0 on, as blocks of columns (half, lines, STEP).

    Group g and one half of the groups further make one complex block.
    """
    nx, pairs = along_x[2], (len(total) + 1) // 2
    first, second = scratch[:LANES], scratch[LANES : 2 * LANES]
    rows = block if ends_in_block(along_x[0]) else other
    for g in range(pairs):
        both = g + pairs < len(total)
        for x in range(nx):
            side_by_side(block[x], total[g, x], total[g + pairs if both else g, x])
        transform(rows[:nx], block[:nx], other[:nx], scratch, along_x[0], along_x[1])
        for c in range(reach // LANES + 1):
            for k in range(c * LANES, min(c * LANES + LANES, reach + 1)):
                part(first[k - c * LANES], second[k - c * LANES], rows[k], rows[nx - k if k else 0])
            turn(held[c], first, g * LANES, 1, 0, LANES)
            if both:
                turn(held[c], second, (g + pairs) * LANES, 1, 0, LANES)


@kernel(**PLAIN)
def rows_back(out: Any, held: Any, reach: int, block: Any, other: Any, scratch: Any, to_x: Any) -> None:
    """The reverse of `rows_forward`, into a plane (my, mx), never negative."""
    my, mx = out.shape
    pairs = ((my + LANES - 1) // LANES + 1) // 2
    first, second, unused = scratch[:LANES], scratch[LANES : 2 * LANES], other[0]
    rows = block if ends_in_block(to_x[0]) else other
    for g in range(pairs):
        for c in range(reach // LANES + 1):
            turn(first, held[c, g * LANES : (g + 1) * LANES], 0, 1, 0, LANES)
            turn(second, held[c, (g + pairs) * LANES : (g + pairs + 1) * LANES], 0, 1, 0, LANES)
            for k in range(c * LANES, min(c * LANES + LANES, reach + 1)):
                join(block[k], block[mx - k] if k else unused, first[k - c * LANES], second[k - c * LANES])
        block[reach + 1 : mx - reach] = F(0)
        transform(rows[:mx], block[:mx], other[:mx], scratch, to_x[0], to_x[1])
        store_rows(out, rows, g * LANES, 0)
        if (g + pairs) * LANES < my:
            store_rows(out, rows, (g + pairs) * LANES, LANES)


@kernel(**PLAIN)
def resized(
    out: Any, plane: Any, factor: Any, reaches: Any, work: Any, along_y: Any, along_x: Any, to_y: Any, to_x: Any
) -> None:
    """out (my, mx) = a plane (groups, nx, LANES) times a factor, frequencies up to `reaches` alone; never negative.

    Real rows are transformed two by two, as real and imaginary parts. The transform of a real plane by the inverse's
    formula is the conjugate of the forward one. work: as of the other kernels. along_y to to_x: (radices, twiddles,
    number of points) of the transforms there and back; factor includes that of the transforms.
    """
    held, block, other, scratch = work
    ny, my, ry = along_y[2], to_y[2], reaches[0]
    rows_forward(held, plane, reaches[1], block, other, scratch, along_x)
    for c in range(reaches[1] // LANES + 1):
        columns = held[c, :ny] if ends_in_block(along_y[0]) else other[:ny]
        transform(columns, held[c, :ny], other[:ny], scratch, along_y[0], along_y[1])
        for k in range(ry + 1):
            conjugate(block[k], columns[k], factor)
        block[ry + 1 : my - ry] = F(0)
        for k in range(1, ry + 1):
            conjugate(block[my - k], columns[ny - k], factor)
        transform(held[c, :my], block[:my], other[:my], scratch, to_y[0], to_y[1])
        held[c, my:] = F(0)  # rows that have no partner are joined with these
    rows_back(out, held, reaches[1], block, other, scratch, to_x)
