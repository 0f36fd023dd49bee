"""Numba kernels that find the neighbours of atoms in a periodic box, (n, 3) float64 in [0, box), Å."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from hrtem_bench.support.numba_kernels import kernel

_LEVELS = 16
"""Pairs are sorted by length in so many steps; within one they stay in the order of their places, which is faster."""


@kernel()
def _sorted_into_cells(positions, box, shape):
    """Atoms ordered by cell (n,), and where each cell starts in that order (cells + 1,)."""
    n = positions.shape[0]
    cell = np.empty(n, np.int64)
    start = np.zeros(shape[0] * shape[1] * shape[2] + 1, np.int64)
    for i in range(n):
        index = 0
        for d in range(3):
            index = index * shape[d] + min(int(positions[i, d] / box[d] * shape[d]), shape[d] - 1)
        cell[i] = index
        start[index + 1] += 1
    start = np.cumsum(start)
    fill = start.copy()
    order = np.empty(n, np.int64)
    for i in range(n):
        order[fill[cell[i]]] = i
        fill[cell[i]] += 1
    return order, start


@kernel()
def _beside(cell, step, cells, period):
    """The cell `step` (-1, 0 or 1) beyond one along an axis, and what to add to a coordinate less one over there."""
    cell += step
    if cell < 0:
        return cell + cells, period
    if cell >= cells:
        return cell - cells, -period
    return cell, 0.0


@kernel(error_model="numpy")
def neighbour_pairs(positions, box, cutoff):
    """Every pair of atoms closer than `cutoff`, once: order (n,), pairs (m, 2) int32, lengths (m,), Å.

    order: the atoms, those of one place together. pairs: numbers of two atoms in that order, not in that of
    `positions`. The box must be at least three cutoffs long in every direction.
    """
    n = positions.shape[0]
    shape = np.empty(3, np.int64)
    for d in range(3):
        shape[d] = int(box[d] / cutoff)
    order, start = _sorted_into_cells(positions, box, shape)
    packed = positions[order]
    pairs = np.empty((n * 8 + 64, 2), np.int32)
    squares = np.empty(pairs.shape[0])
    m = 0
    for cell in range(shape[0] * shape[1] * shape[2]):
        first, last = start[cell], start[cell + 1]
        if first == last:
            continue
        cx, cy, cz = cell // (shape[2] * shape[1]), cell // shape[2] % shape[1], cell % shape[2]
        for step in range(13, 27):  # the cell itself and half of those around it: each pair once
            x, shift_x = _beside(cx, step // 9 - 1, shape[0], box[0])
            y, shift_y = _beside(cy, step // 3 % 3 - 1, shape[1], box[1])
            z, shift_z = _beside(cz, step % 3 - 1, shape[2], box[2])
            other = (x * shape[1] + y) * shape[2] + z
            begin, end = start[other], start[other + 1]
            while m + (last - first) * (end - begin) > pairs.shape[0]:
                pairs = np.concatenate((pairs, np.empty_like(pairs)))
                squares = np.concatenate((squares, np.empty_like(squares)))
            for a in range(first, last):
                ax, ay, az = packed[a, 0], packed[a, 1], packed[a, 2]
                for b in range(a + 1 if step == 13 else begin, end):
                    dx = ax - packed[b, 0] + shift_x
                    dy = ay - packed[b, 1] + shift_y
                    dz = az - packed[b, 2] + shift_z
                    square = dx * dx + dy * dy + dz * dz
                    pairs[m, 0], pairs[m, 1] = a, b
                    squares[m] = square
                    m += square < cutoff * cutoff  # one that is too far is written over: a branch would be slower
    return order, pairs[:m].copy(), np.sqrt(squares[:m])


@kernel(error_model="numpy")
def shortest_first(pairs, lengths, kinds, bond, reach):
    """Those pairs, by number, that are nearer than `reach` times their bond length, the shortest of that first.

    kinds (n,): of each atom. bond (kinds, kinds): bond length, Å, 0 where there is none.
    """
    levels = np.full(pairs.shape[0], -1, np.int8)
    start = np.zeros(_LEVELS + 2, np.int64)
    scale = _LEVELS / reach
    for k in range(pairs.shape[0]):
        bonded = bond[kinds[pairs[k, 0]], kinds[pairs[k, 1]]]
        if lengths[k] < reach * bonded:
            levels[k] = int(lengths[k] / bonded * scale)
            start[levels[k] + 1] += 1
    start = np.cumsum(start)
    order = np.empty(start[-1], np.int64)
    for k in range(pairs.shape[0]):
        if levels[k] >= 0:
            order[start[levels[k]]] = k
            start[levels[k]] += 1
    return order
