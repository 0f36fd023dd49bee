"""Numba kernels of the amorphous films: neighbours, bonds, and the relaxation of a bonded network.

Everything is serial and free of random numbers: the same input gives the same bytes on any number of threads.
The box is periodic in x, y and z. Positions are (n, 3) float64 in [0, box), Å.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numba import njit

MAX_BONDS = 4
NONBONDED, BONDED, SECOND = 0, 1, 2
"""Relations of a pair: none, joined by a bond, joined to a common atom."""


@njit(cache=True)
def _nearest(distance, period):
    """The distance along one axis to the nearest image; |distance| < 3/2 period."""
    if distance > 0.5 * period:
        return distance - period
    if distance < -0.5 * period:
        return distance + period
    return distance


@njit(cache=True)
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


@njit(cache=True)
def neighbour_pairs(positions, box, cutoff):
    """Every pair of atoms closer than `cutoff`, once: indices (m, 2) int32 and lengths (m,), Å.

    The box must be at least three cutoffs long in every direction.
    """
    n = positions.shape[0]
    shape = np.empty(3, np.int64)
    for d in range(3):
        shape[d] = int(box[d] / cutoff)
    order, start = _sorted_into_cells(positions, box, shape)
    packed = positions[order]  # neighbours lie close in memory
    pairs = np.empty((n * 8 + 64, 2), np.int32)
    lengths = np.empty(pairs.shape[0])
    m = 0
    for cell in range(shape[0] * shape[1] * shape[2]):
        cx, cy, cz = cell // (shape[2] * shape[1]), cell // shape[2] % shape[1], cell % shape[2]
        for step in range(13, 27):  # the cell itself and half of those around it: each pair once
            x = (cx + step // 9 - 1) % shape[0]
            y = (cy + step // 3 % 3 - 1) % shape[1]
            z = (cz + step % 3 - 1) % shape[2]
            other = (x * shape[1] + y) * shape[2] + z
            for a in range(start[cell], start[cell + 1]):
                for b in range(a + 1 if step == 13 else start[other], start[other + 1]):
                    dx = _nearest(packed[a, 0] - packed[b, 0], box[0])
                    dy = _nearest(packed[a, 1] - packed[b, 1], box[1])
                    dz = _nearest(packed[a, 2] - packed[b, 2], box[2])
                    square = dx * dx + dy * dy + dz * dz
                    if square >= cutoff * cutoff:
                        continue
                    if m == pairs.shape[0]:
                        pairs = np.concatenate((pairs, np.empty_like(pairs)))
                        lengths = np.concatenate((lengths, np.empty_like(lengths)))
                    pairs[m, 0], pairs[m, 1] = order[a], order[b]
                    lengths[m] = np.sqrt(square)
                    m += 1
    return pairs[:m].copy(), lengths[:m].copy()


@njit(cache=True)
def _common(bonds, count, i, j):
    """An atom that is bonded to both i and j, or -1."""
    for a in range(count[i]):
        for b in range(count[j]):
            if bonds[i, a] == bonds[j, b]:
                return bonds[i, a]
    return -1


@njit(cache=True)
def _closes_square(bonds, count, i, j):
    """Whether a bond between i and j would close a ring of four atoms."""
    for a in range(count[i]):
        for b in range(count[j]):
            between = bonds[i, a]
            for c in range(count[between]):
                if bonds[between, c] == bonds[j, b]:
                    return True
    return False


@njit(cache=True)
def _toward(positions, box, i, j):
    """Vector from atom i to the nearest image of atom j."""
    return (
        _nearest(positions[j, 0] - positions[i, 0], box[0]),
        _nearest(positions[j, 1] - positions[i, 1], box[1]),
        _nearest(positions[j, 2] - positions[i, 2], box[2]),
    )


@njit(cache=True)
def _crowds(positions, box, bonds, count, i, j, cosine):
    """Whether a bond from i to j would make an angle of larger cosine than that with another bond of i."""
    x, y, z = _toward(positions, box, i, j)
    square = x * x + y * y + z * z
    for a in range(count[i]):
        u, v, w = _toward(positions, box, i, bonds[i, a])
        if x * u + y * v + z * w > cosine * np.sqrt(square * (u * u + v * v + w * w)):
            return True
    return False


@njit(cache=True)
def assign_bonds(positions, box, pairs, order, kinds, valence, cosine):
    """Bonds given to the pairs in turn, wherever both atoms can still take one.

    pairs (m, 2): from `neighbour_pairs`. order: those that may bond, the first to be bonded first. kinds (n,):
    kind of each atom; valence (kinds,): how many bonds it takes. No bond makes an angle of larger `cosine` with
    another, and none closes a ring of three or four atoms: both would strain the network. Returns for each
    pair its relation, and the atom in the middle of a SECOND (else -1).
    """
    n = kinds.shape[0]
    bonds = np.full((n, MAX_BONDS), -1, np.int32)
    count = np.zeros(n, np.int8)
    relation = np.zeros(pairs.shape[0], np.int8)
    middle = np.full(pairs.shape[0], -1, np.int32)
    for k in order:
        i, j = pairs[k, 0], pairs[k, 1]
        if count[i] >= valence[kinds[i]] or count[j] >= valence[kinds[j]]:
            continue
        if _crowds(positions, box, bonds, count, i, j, cosine) or _crowds(positions, box, bonds, count, j, i, cosine):
            continue
        if _common(bonds, count, i, j) >= 0 or _closes_square(bonds, count, i, j):
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
def relax(positions, box, pairs, relation, rest, stiffness, steps, rate, momentum):
    """Positions after `steps` damped steps down the energy of springs between pairs; a new array.

    rest (m,): rest length of each pair, Å. stiffness (3,): of the springs of each relation. A NONBONDED pair
    only pushes, when closer than its rest length. rate: share of the force taken per step; momentum: share of
    the last step kept. No atom moves by more than 0.2 Å along an axis in a step.
    """
    positions = positions.copy()
    force = np.empty_like(positions)
    velocity = np.zeros_like(positions)
    for _ in range(steps):
        force[:] = 0.0
        for k in range(pairs.shape[0]):
            i, j = pairs[k, 0], pairs[k, 1]
            x, y, z = _toward(positions, box, j, i)
            square = x * x + y * y + z * z
            if relation[k] == NONBONDED and square >= rest[k] * rest[k]:
                continue
            pull = stiffness[relation[k]] * (rest[k] / np.sqrt(square + 1e-12) - 1.0)
            force[i, 0] += pull * x
            force[i, 1] += pull * y
            force[i, 2] += pull * z
            force[j, 0] -= pull * x
            force[j, 1] -= pull * y
            force[j, 2] -= pull * z
        for i in range(positions.shape[0]):
            for d in range(3):
                velocity[i, d] = min(max(momentum * velocity[i, d] + rate * force[i, d], -0.2), 0.2)
                moved = positions[i, d] + velocity[i, d]
                moved -= box[d] * np.floor(moved / box[d])
                positions[i, d] = moved if moved < box[d] else 0.0
    return positions
