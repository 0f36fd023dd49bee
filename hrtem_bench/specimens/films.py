"""Amorphous films: a continuous random network of the density asked for, different for every seed.

Atoms start at random places. In every round the closest pairs are bonded, as many as each atom's valence
takes; springs pull bonds to their length, second neighbours to the distance that the bond angle gives, and push
all other atoms apart; then the atoms are shaken, less from round to round. The film is periodic in all three
directions while it is made and cut afterwards, so its faces are flat and its density is exact to one atom.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from hrtem_bench.errors import InputError, require
from hrtem_bench.specimens.glasses import Glass, bond_lengths, least_distances, second_distances
from hrtem_bench.specimens.random_fields import PlaneField, spread_by

ATOMIC_MASS = 1.66053906660
"""Atomic mass constant in g/cm³ Å³: one unit of mass in one Å³ (CODATA 2018)."""

_ROUNDS, _STEPS, _LAST_STEPS = 8, 5, 20
_STIFFNESS = (0.1, 1.0, 0.4)
_RATE, _MOMENTUM = 0.15, 0.8
_REACH = (2.1, 1.75)
"""Longest distance over which a bond forms, in bond lengths: in the first round and in the last."""
_SHAKE = 0.2
"""Standard deviation of the first shake along each axis, in bond lengths."""


class Placed(NamedTuple):
    """Atoms without a cell: atomic numbers (n,) and positions (n, 3), Å."""

    numbers: np.ndarray
    positions: np.ndarray

    def where(self, chosen: np.ndarray) -> Placed:
        """Those of the atoms that are chosen, bool (n,)."""
        return Placed(self.numbers[chosen], self.positions[chosen])


def atom_count(material: Glass, density: float, volume: float) -> int:
    """How many atoms of the material make `density` (g/cm³) in `volume` (Å³)."""
    data = require("ase.data", "sim")
    mass = sum(s.share * data.atomic_masses[data.atomic_numbers[s.element]] for s in material.sites)
    return round(density * volume / (mass * ATOMIC_MASS))


def amorphous_film(
    material: Glass,
    size: tuple[float, float, float],
    seed: int,
    density: float | None = None,
    variation: tuple[PlaneField, float] | None = None,
) -> Placed:
    """A film that fills a box, periodic in x and y. The same seed gives the same bytes, another seed another film.

    Parameters
    ----------
    material
        See `glass`.
    size
        x, y and thickness, Å.
    seed
        Of its random numbers.
    density
        g/cm³, the material's own if None.
    variation
        (field, amount): density that varies across the film as 1 + amount * field; its mean stays.

    Returns
    -------
    Placed
        Atomic numbers and positions. No two atoms are nearer than `least_distances`.

    Raises
    ------
    InputError
        For a size or a density that cannot be made.
    """
    density = material.density if density is None else density
    check_film(material, size, density)
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    box = np.array(size, float)
    kinds = _drawn_kinds(material, atom_count(material, density, math.prod(size)), rng)
    positions = _spread(len(kinds), box, rng)
    if variation is not None:
        positions = spread_by(variation[0], positions, variation[1])
    positions = _kept_apart(_network(positions, box, kinds, material, rng), box, kinds, material)
    numbers = require("ase.data", "sim").atomic_numbers
    return Placed(np.array([numbers[site.element] for site in material.sites])[kinds], positions)


def check_film(material: Glass, size: tuple[float, float, float], density: float) -> None:
    """Raise InputError if a film of this size (Å) and density (g/cm³) cannot be made."""
    low, high = material.limits
    if not low <= density <= high:
        raise InputError(f"density of {material.name} must be {low:g} to {high:g} g/cm³, not {density:g}")
    shortest = 3 * _cutoff(material)
    if min(size) < shortest:
        sides = " x ".join(f"{side:g}" for side in size)
        raise InputError(f"a film of {material.name} must be at least {shortest:.1f} Å each way, not {sides} Å")


def _cutoff(material: Glass) -> float:
    return max(material.contact, float(second_distances(material).max()) + 0.2)


def _drawn_kinds(material: Glass, count: int, rng: np.random.Generator) -> np.ndarray:
    """Kind of each atom (count,): the shares to within one atom, in random order."""
    edges = np.round(np.cumsum([site.share for site in material.sites]) * count).astype(int)
    kinds = np.arange(len(material.sites), dtype=np.int8)
    return rng.permutation(np.repeat(kinds, np.diff(edges, prepend=0)))


def _spread(count: int, box: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Random places (count, 3), one in each of as many equal parts of the box, neighbours close in memory.

    Independent places would leave the film lumpy over nanometres, which no short-ranged force evens out.
    """
    edge = float(np.cbrt(box.prod() / count))
    layers = round(float(box[2]) / edge)
    per_layer = np.diff(np.rint(np.linspace(0, count, layers + 1)).astype(int))
    rows = round(float(box[1]) / edge)
    places = []
    for layer, atoms in enumerate(per_layer):
        per_row = np.diff(np.rint(np.linspace(0, atoms, rows + 1)).astype(int))
        row = np.repeat(np.arange(rows), per_row)
        column = np.arange(atoms) - np.repeat(np.cumsum(per_row) - per_row, per_row)
        x, y, z = rng.random((3, atoms))
        places.append(np.column_stack([(column + x) / per_row[row], (row + y) / rows, (layer + z) / layers]))
    return np.concatenate(places) * box


def _network(
    positions: np.ndarray, box: np.ndarray, kinds: np.ndarray, material: Glass, rng: np.random.Generator
) -> np.ndarray:
    neighbours = require("hrtem_bench.specimens.neighbours", "sim")
    bonding = require("hrtem_bench.specimens.random_network", "sim")
    bond, second = bond_lengths(material), second_distances(material)
    valence = np.array([site.valence for site in material.sites])
    shake = _SHAKE * bond[bond > 0].mean()
    for turn in range(_ROUNDS):
        done = turn / (_ROUNDS - 1)
        order, pairs, lengths = neighbours.neighbour_pairs(positions, box, _cutoff(material))
        packed, sorts = positions[order], kinds[order]
        nearest = neighbours.shortest_first(pairs, lengths, sorts, bond, float(np.interp(done, (0, 1), _REACH)))
        cosine = math.cos(math.radians(np.interp(done, (0, 1), material.narrowest)))
        assigned = bonding.assign_bonds(packed, box, pairs, nearest, valence[sorts], cosine)
        rest = bonding.rest_lengths(pairs, assigned, sorts, bond, second, material.contact)
        springs = bonding.Springs(pairs, assigned[0], rest, np.array(_STIFFNESS) * (done, 1.0, 1.0))
        steps = _STEPS if turn < _ROUNDS - 1 else _LAST_STEPS
        positions = np.empty_like(positions)
        positions[order] = bonding.relax(packed, box, springs, steps, _RATE, _MOMENTUM)
        if turn < _ROUNDS - 1:
            positions = bonding.shaken(positions, box, rng.standard_normal(positions.shape), shake * (1 - done))
    return positions


def _kept_apart(positions: np.ndarray, box: np.ndarray, kinds: np.ndarray, material: Glass) -> np.ndarray:
    """The positions with the few pairs that are too close pushed apart, and nothing else moved."""
    neighbours = require("hrtem_bench.specimens.neighbours", "sim")
    bonding = require("hrtem_bench.specimens.random_network", "sim")
    least = least_distances(material)
    for _ in range(200):
        order, pairs, lengths = neighbours.neighbour_pairs(positions, box, float(least.max()) + 0.02)
        pairs = order[pairs].astype(np.int32)  # the kernel's kind: for another it would be compiled again
        allowed = least[kinds[pairs[:, 0]], kinds[pairs[:, 1]]]
        close = lengths < allowed
        if not close.any():
            return positions
        near = lengths < allowed + 0.02
        relation = np.full(int(near.sum()), bonding.NONBONDED, np.int8)
        springs = bonding.Springs(pairs[near], relation, allowed[near] + 0.02, np.ones(3))
        positions = bonding.relax(positions, box, springs, 5, 0.4, 0.0)
    raise InputError(f"the atoms of {material.name} do not keep their distances at this density: lower it")
