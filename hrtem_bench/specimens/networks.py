"""Numba kernels of the amorphous films: neighbours, bonds, and the relaxation of a bonded network.

Everything is serial and free of random numbers: the same input gives the same bytes on any number of threads.
The box is periodic in x, y and z. Positions are (n, 3) float64 in [0, box), Å.
"""

from __future__ import annotations

import numpy as np
from numba import njit

MAX_BONDS = 4
NONBONDED, BONDED, SECOND = 0, 1, 2
"""Kinds of a pair: neither, joined by a bond, joined to a common atom."""


@njit(cache=True)
def _sorted_into_cells(positions, box, shape):  # type: ignore[no-untyped-def]
    """Cell index of each atom (n,), atoms ordered by cell (n,), and where each cell starts in that order."""
    n = positions.shape[0]
    cell = np.empty(n, np.int64)
    start = np.zeros(shape[0] * shape[1] * shape[2] + 1, np.int64)
    for i in range(n):
        index = 0
        for d in range(3):
            along = min(int(positions[i, d] / box[d] * shape[d]), shape[d] - 1)
            index = index * shape[d] + along
        cell[i] = index
        start[index + 1] += 1
    start = np.cumsum(start)
    fill = start.copy()
    order = np.empty(n, np.int64)
    for i in range(n):
        order[fill[cell[i]]] = i
        fill[cell[i]] += 1
    return cell, order, start


@njit(cache=True)
def separation(positions, box, i, j):  # type: ignore[no-untyped-def]
    """Vector from atom j to the nearest image of atom i."""
    x = positions[i, 0] - positions[j, 0]
    y = positions[i, 1] - positions[j, 1]
    z = positions[i, 2] - positions[j, 2]
    x -= box[0] * np.rint(x / box[0])
    y -= box[1] * np.rint(y / box[1])
    z -= box[2] * np.rint(z / box[2])
    return x, y, z


@njit(cache=True)
def neighbour_pairs(positions, box, cutoff):  # type: ignore[no-untyped-def]
    """Every pair of atoms closer than `cutoff`, once: indices (m, 2) int32 and lengths (m,), Å.

    The box must be at least three cutoffs long in every direction.
    """
    n = positions.shape[0]
    shape = np.empty(3, np.int64)
    for d in range(3):
        shape[d] = int(box[d] / cutoff)
    cell, order, start = _sorted_into_cells(positions, box, shape)
    pairs = np.empty((n * 8 + 64, 2), np.int32)
    lengths = np.empty(pairs.shape[0])
    m = 0
    for i in range(n):
        cz = cell[i] % shape[2]
        cy = cell[i] // shape[2] % shape[1]
        cx = cell[i] // (shape[2] * shape[1])
        for step in range(27):
            x = (cx + step // 9 - 1) % shape[0]
            y = (cy + step // 3 % 3 - 1) % shape[1]
            z = (cz + step % 3 - 1) % shape[2]
            other = (x * shape[1] + y) * shape[2] + z
            if other < cell[i]:
                continue
            for q in range(start[other], start[other + 1]):
                j = order[q]
                if other == cell[i] and j <= i:
                    continue
                dx, dy, dz = separation(positions, box, i, j)
                square = dx * dx + dy * dy + dz * dz
                if square < cutoff * cutoff:
                    if m == pairs.shape[0]:
                        pairs = np.concatenate((pairs, np.empty_like(pairs)))
                        lengths = np.concatenate((lengths, np.empty_like(lengths)))
                    pairs[m, 0] = i
                    pairs[m, 1] = j
                    lengths[m] = np.sqrt(square)
                    m += 1
    return pairs[:m].copy(), lengths[:m].copy()


@njit(cache=True)
def _common(bonds, count, i, j):  # type: ignore[no-untyped-def]
    """An atom that is bonded to both i and j, or -1."""
    for a in range(count[i]):
        for b in range(count[j]):
            if bonds[i, a] == bonds[j, b]:
                return bonds[i, a]
    return -1


@njit(cache=True)
def assign_bonds(pairs, lengths, order, kinds, valence, bond, reach):  # type: ignore[no-untyped-def]
    """Bonds given to the closest pairs first, until no atom can take another.

    pairs, lengths: from `neighbour_pairs`; order: pairs from the first to be bonded to the last. kinds (n,):
    kind of each atom; valence (kinds,): how many bonds it takes; bond (kinds, kinds): bond length, 0 where two
    kinds do not bond. Pairs longer than `reach` times the bond length stay apart, and no three atoms are bonded
    in a ring. Returns for each pair NONBONDED, BONDED or SECOND, and the atom in the middle of a SECOND (or -1).
    """
    n = kinds.shape[0]
    bonds = np.full((n, MAX_BONDS), -1, np.int32)
    count = np.zeros(n, np.int64)
    relation = np.zeros(pairs.shape[0], np.int8)
    middle = np.full(pairs.shape[0], -1, np.int32)
    for k in order:
        i, j = pairs[k, 0], pairs[k, 1]
        if count[i] >= valence[kinds[i]] or count[j] >= valence[kinds[j]]:
            continue
        if lengths[k] > reach * bond[kinds[i], kinds[j]] or _common(bonds, count, i, j) >= 0:
            continue
        bonds[i, count[i]] = j
        bonds[j, count[j]] = i
        count[i] += 1
        count[j] += 1
        relation[k] = BONDED
    for k in range(pairs.shape[0]):
        if relation[k] != BONDED:
            middle[k] = _common(bonds, count, pairs[k, 0], pairs[k, 1])
            if middle[k] >= 0:
                relation[k] = SECOND
    return relation, middle


@njit(cache=True)
def relax(positions, box, pairs, relation, rest, stiffness, steps, rate):  # type: ignore[no-untyped-def]
    """Positions after `steps` steps down the energy of springs between pairs; a new array.

    rest (m,): rest length of each pair, Å. stiffness (3,): of the springs of each relation. A NONBONDED pair
    pushes only, when closer than its rest length. rate: share of the force taken per step; no atom moves by
    more than 0.2 Å along an axis in a step.
    """
    positions = positions.copy()
    force = np.empty_like(positions)
    for _ in range(steps):
        force[:] = 0.0
        for k in range(pairs.shape[0]):
            i, j = pairs[k, 0], pairs[k, 1]
            x, y, z = separation(positions, box, i, j)
            length = np.sqrt(x * x + y * y + z * z) + 1e-9
            if relation[k] == NONBONDED and length >= rest[k]:
                continue
            pull = stiffness[relation[k]] * (rest[k] - length) / length
            force[i, 0] += pull * x
            force[i, 1] += pull * y
            force[i, 2] += pull * z
            force[j, 0] -= pull * x
            force[j, 1] -= pull * y
            force[j, 2] -= pull * z
        for i in range(positions.shape[0]):
            for d in range(3):
                moved = positions[i, d] + min(max(rate * force[i, d], -0.2), 0.2)
                moved -= box[d] * np.floor(moved / box[d])
                positions[i, d] = moved if moved < box[d] else 0.0
    return positions
