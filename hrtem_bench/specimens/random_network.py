"""Numba kernels of a continuous random network, of which amorphous films are made: its bonds, and its relaxation.

Everything is serial and free of random numbers: the same input gives the same bytes on any number of threads.
The box is periodic in x, y and z. Positions are (n, 3) float64 in [0, box), Å. The atoms that a pair names should lie
close in memory, as they do in the order that `neighbour_pairs` finds: that alone saves a quarter of the time.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hrtem_bench.support.numba_kernels import kernel

MAX_BONDS = 4
NONBONDED, BONDED, SECOND = 0, 1, 2
"""Relations of a pair: none, joined by a bond, joined to a common atom."""
_BLOCK = 512
"""Pairs whose forces are worked out at a time, so that their arithmetic is vectorised and stays in the cache."""


class Springs(NamedTuple):
    """Springs between pairs of atoms (m, 2): relation (m,) and rest length (m,), Å, of each pair.

    stiffness: (3,), of each relation. A NONBONDED pair only pushes, when closer than its rest length.
    """

    pairs: np.ndarray
    relation: np.ndarray
    rest: np.ndarray
    stiffness: np.ndarray


@kernel()
def _nearest(distance, period):
    """The distance along one axis to the nearest image; |distance| < 3/2 period."""
    if distance > 0.5 * period:
        return distance - period
    if distance < -0.5 * period:
        return distance + period
    return distance


@kernel()
def _common(bonds, count, i, j):
    """An atom that is bonded to both i and j, or -1."""
    for a in range(count[i]):
        for b in range(count[j]):
            if bonds[i, a] == bonds[j, b]:
                return bonds[i, a]
    return -1


@kernel()
def _closes_ring(bonds, count, marks, i, j):
    """Whether a bond between i and j would close a ring of three or of four atoms."""
    if marks[i] & marks[j] and _common(bonds, count, i, j) >= 0:
        return True
    for a in range(count[i]):
        between = np.uint32(bonds[i, a])
        if marks[between] & marks[j] and _common(bonds, count, between, j) >= 0:
            return True
    return False


@kernel()
def _toward(positions, box, i, j):
    """Vector from atom i to the nearest image of atom j."""
    return (
        _nearest(positions[j, 0] - positions[i, 0], box[0]),
        _nearest(positions[j, 1] - positions[i, 1], box[1]),
        _nearest(positions[j, 2] - positions[i, 2], box[2]),
    )


@kernel()
def _crowds(positions, box, i, bonded, way, cosine):
    """Whether a bond of i along the vector `way` makes an angle of larger cosine than that with one of those it has."""
    x, y, z = way
    square = x * x + y * y + z * z
    for a in range(bonded.shape[0]):
        u, v, w = _toward(positions, box, i, np.uint32(bonded[a]))
        if x * u + y * v + z * w > cosine * np.sqrt(square * (u * u + v * v + w * w)):
            return True
    return False


@kernel()
def assign_bonds(positions, box, pairs, order, free, cosine):
    """Bonds given to the pairs in turn, wherever both atoms can still take one.

    pairs (m, 2): of atoms, as numbers in `positions`. order: those that may bond, the first to be bonded first. free
    (n,): how many bonds each atom can take; it is used up. No bond makes an angle of larger `cosine` with another, and
    none closes a ring of three or four atoms: both would strain the network. Returns for each pair its relation, and
    the atom in the middle of a SECOND (else -1).
    """
    n = free.shape[0]
    bonds = np.full((n, MAX_BONDS), -1, np.int32)
    count = np.zeros(n, np.int8)
    marks = np.zeros(n, np.uint64)  # bit k % 64 for a bond to atom k: atoms without a common bit share no neighbour
    relation = np.zeros(pairs.shape[0], np.int8)
    middle = np.full(pairs.shape[0], -1, np.int32)
    for k in order:
        i, j = np.uint32(pairs[k, 0]), np.uint32(pairs[k, 1])
        if free[i] == 0 or free[j] == 0:
            continue
        x, y, z = _toward(positions, box, i, j)
        if _crowds(positions, box, i, bonds[i, : count[i]], (x, y, z), cosine):
            continue
        if _crowds(positions, box, j, bonds[j, : count[j]], (-x, -y, -z), cosine):
            continue
        if _closes_ring(bonds, count, marks, i, j):
            continue
        for one, other in ((i, j), (j, i)):
            bonds[one, count[one]] = other
            marks[one] |= np.uint64(1) << np.uint64(other % 64)
            count[one] += 1
            free[one] -= 1
        relation[k] = BONDED
    for k in range(pairs.shape[0]):
        i, j = np.uint32(pairs[k, 0]), np.uint32(pairs[k, 1])
        if marks[i] & marks[j] and relation[k] != BONDED:
            middle[k] = _common(bonds, count, i, j)
            if middle[k] >= 0:
                relation[k] = SECOND
    return relation, middle


@kernel()
def rest_lengths(pairs, assigned, kinds, bond, second, contact):
    """Length (m,), Å, at which each pair rests: its bond's, its kinds' as second neighbours, or `contact`.

    assigned: what `assign_bonds` returns. kinds (n,): of the atoms. bond, second: tables of `glasses.bond_lengths` and
    `glasses.second_distances`.
    """
    relation, middle = assigned
    rest = np.empty(pairs.shape[0])
    for k in range(pairs.shape[0]):
        i, j = kinds[pairs[k, 0]], kinds[pairs[k, 1]]
        if relation[k] == BONDED:
            rest[k] = bond[i, j]
        elif relation[k] == SECOND:
            rest[k] = second[kinds[middle[k]], i, j]
        else:
            rest[k] = contact
    return rest


@kernel(error_model="numpy")
def _pulls(way, box, relation, rest, stiffness):
    """From the vectors (x, y, z) between the atoms of some pairs to the forces on the first of each, in place."""
    x, y, z = way
    width, depth, height = box[0], box[1], box[2]
    none, bonded, second = stiffness[0], stiffness[1], stiffness[2]
    for k in range(rest.shape[0]):
        dx, dy, dz = _nearest(x[k], width), _nearest(y[k], depth), _nearest(z[k], height)
        square = dx * dx + dy * dy + dz * dz
        stiff = none if relation[k] == NONBONDED else (bonded if relation[k] == BONDED else second)
        pull = stiff * (rest[k] / np.sqrt(square + 1e-12) - 1.0)
        if relation[k] == NONBONDED and square >= rest[k] * rest[k]:
            pull = 0.0
        x[k], y[k], z[k] = pull * dx, pull * dy, pull * dz


@kernel()
def _add_forces(force, positions, box, springs):
    """Add the forces of all springs to `force` (n, 3), pair by pair in their order."""
    pairs, relation, rest, stiffness = springs
    x, y, z = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    for begin in range(0, pairs.shape[0], _BLOCK):
        end = min(begin + _BLOCK, pairs.shape[0])
        for k in range(begin, end):
            i, j = np.uint32(pairs[k, 0]), np.uint32(pairs[k, 1])
            x[k - begin] = positions[i, 0] - positions[j, 0]
            y[k - begin] = positions[i, 1] - positions[j, 1]
            z[k - begin] = positions[i, 2] - positions[j, 2]
        _pulls((x, y, z), box, relation[begin:end], rest[begin:end], stiffness)
        for k in range(begin, end):
            i, j = np.uint32(pairs[k, 0]), np.uint32(pairs[k, 1])
            force[i, 0] += x[k - begin]
            force[i, 1] += y[k - begin]
            force[i, 2] += z[k - begin]
            force[j, 0] -= x[k - begin]
            force[j, 1] -= y[k - begin]
            force[j, 2] -= z[k - begin]


@kernel()
def relax(positions, box, springs, steps, rate, momentum):
    """Positions after `steps` damped steps down the energy of `Springs`; a new array.

    rate: share of the force taken per step; momentum: share of the last step kept. No atom moves by more than 0.2 Å
    along an axis in a step.
    """
    positions = positions.copy()
    force = np.empty_like(positions)
    velocity = np.zeros_like(positions)
    for _ in range(steps):
        force[:] = 0.0
        _add_forces(force, positions, box, springs)
        for i in range(positions.shape[0]):
            for d in range(3):
                velocity[i, d] = min(max(momentum * velocity[i, d] + rate * force[i, d], -0.2), 0.2)
                moved = positions[i, d] + velocity[i, d]
                if moved < 0.0 or moved >= box[d]:
                    moved -= box[d] * np.floor(moved / box[d])
                positions[i, d] = moved if moved < box[d] else 0.0
    return positions


@kernel()
def shaken(positions, box, deviates, width):
    """Positions moved by `width` times the deviates (n, 3), less than the box is long: a new array."""
    moved = np.empty_like(positions)
    for i in range(positions.shape[0]):
        for d in range(3):
            x = positions[i, d] + width * deviates[i, d]
            if x < 0.0:
                x += box[d]
            elif x >= box[d]:
                x -= box[d]
            moved[i, d] = x
    return moved
