"""Amorphous films: a bonded network of the density asked for, different for every seed.

Atoms start at random places. In every round the closest pairs are bonded, as many as each atom's valence takes,
and springs pull bonds to their length, second neighbours to the distance that the bond angle gives, and all other
atoms apart. The film is periodic in all three directions while it is made, and then cut: its two surfaces
are as flat, and its density as exact, as the number of atoms allows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from hrtem_bench.errors import InputError, require

AVOGADRO_A3 = 0.602214076
"""Atomic mass units per Å³ that make 1 g/cm³."""


@dataclass(frozen=True)
class Site:
    """One kind of atom in a network: element, share of all atoms, number of bonds, and mean bond angle (degrees)."""

    element: str
    share: float
    valence: int
    angle: float


@dataclass(frozen=True)
class Glass:
    """What an amorphous film is made of.

    density: default, g/cm³. sites: kinds of atoms; shares sum to 1. bonds: (i, j) -> bond length of kinds i <= j,
    Å; a pair that is not there does not bond. contact: distance that atoms without a bond or a common
    neighbour keep, Å. closest: no two atoms are nearer, Å. limits: densities that can be made, g/cm³. source: of the numbers.
    """

    name: str
    density: float
    sites: tuple[Site, ...]
    bonds: Mapping[tuple[int, int], float]
    contact: float
    closest: float
    limits: tuple[float, float]
    source: str


GLASSES: Mapping[str, Glass] = MappingProxyType({
    "C": Glass(
        "C", 2.0, (Site("C", 0.85, 3, 120.0), Site("C", 0.15, 4, 109.47)),
        MappingProxyType({(0, 0): 1.43, (0, 1): 1.48, (1, 1): 1.54}), 2.6, 1.3, (0.5, 3.3),
        "Bond lengths and angles: between graphite and diamond; density and share of fourfold atoms: evaporated a-C, "
        "J. Robertson, Mater. Sci. Eng. R 37, 129 (2002).",
    ),
})  # fmt: skip
"""The amorphous films known, by name."""

_ROUNDS = 12
_STEPS = 15
_LAST_STEPS = 40
_STIFFNESS = (0.3, 1.0, 0.3)
_RATE = 0.25


def glass(name: str) -> Glass:
    """The film material of that name. Raises InputError, listing the known ones, if there is none."""
    if name not in GLASSES:
        raise InputError(f"unknown film {name!r}: known are {', '.join(GLASSES)}")
    return GLASSES[name]


def atom_count(material: Glass, density: float, volume: float) -> int:
    """How many atoms of the material make `density` (g/cm³) in `volume` (Å³)."""
    masses = require("ase.data", "sim")
    mass = sum(s.share * masses.atomic_masses[masses.atomic_numbers[s.element]] for s in material.sites)
    return round(density * AVOGADRO_A3 * volume / mass)


def amorphous_film(
    material: Glass, size: tuple[float, float, float], seed: int, density: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Atomic numbers (n,) and positions (n, 3) in Å of a film that fills `size` = (x, y, thickness), Å.

    Periodic in x and y. density: g/cm³, the material's own if None. Every distance is at least
    material.closest. The same seed gives the same bytes; another seed another film.
    Raises InputError for a size or density that cannot be made.
    """
    density = material.density if density is None else density
    _check(material, size, density)
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    box = np.array(size, float)
    kinds = _drawn_kinds(material, atom_count(material, density, math.prod(size)), rng)
    positions = rng.random((len(kinds), 3)) * box
    positions = _kept_apart(_network(positions, box, kinds, material), box, material)
    elements = np.array([_number(site.element) for site in material.sites])
    return elements[kinds], positions


def _check(material: Glass, size: tuple[float, float, float], density: float) -> None:
    low, high = material.limits
    if not low <= density <= high:
        raise InputError(f"density of {material.name} must be {low:g} to {high:g} g/cm³, not {density:g}")
    shortest = 3 * _cutoff(material)
    if min(size) < shortest:
        raise InputError(
            f"a film of {material.name} must be at least {shortest:.1f} Å along each side, not {size}"
        )


def _number(element: str) -> int:
    return int(require("ase.data", "sim").atomic_numbers[element])


def _cutoff(material: Glass) -> float:
    return max(material.contact, float(_rest_of_seconds(material).max())) + 0.4


def _drawn_kinds(material: Glass, count: int, rng: np.random.Generator) -> np.ndarray:
    """Kind of each atom (count,): the shares to within one atom, in random order."""
    edges = np.round(np.cumsum([site.share for site in material.sites]) * count).astype(int)
    return rng.permutation(np.repeat(np.arange(len(material.sites)), np.diff(edges, prepend=0)))


def _bond_lengths(material: Glass) -> np.ndarray:
    lengths = np.zeros((len(material.sites),) * 2)
    for (i, j), length in material.bonds.items():
        lengths[i, j] = lengths[j, i] = length
    return lengths


def _rest_of_seconds(material: Glass) -> np.ndarray:
    """Distance of kinds i and j that are both bonded to kind m, (m, i, j), by the law of cosines."""
    bond = _bond_lengths(material)
    cosines = np.cos(np.radians([site.angle for site in material.sites]))
    a, b = bond[:, :, None], bond[:, None, :]
    return np.sqrt(a**2 + b**2 - 2 * a * b * cosines[:, None, None])


def _network(positions: np.ndarray, box: np.ndarray, kinds: np.ndarray, material: Glass) -> np.ndarray:
    networks = require("hrtem_bench.specimens.networks", "sim")
    bond, seconds = _bond_lengths(material), _rest_of_seconds(material)
    valence = np.array([site.valence for site in material.sites])
    for turn in range(_ROUNDS):
        pairs, lengths = networks.neighbour_pairs(positions, box, _cutoff(material))
        i, j = kinds[pairs[:, 0]], kinds[pairs[:, 1]]
        ratio = lengths / np.where(bond[i, j] > 0, bond[i, j], np.inf)
        order = np.argsort(ratio, kind="stable")
        reach = 1.8 - 0.2 * turn / (_ROUNDS - 1)
        relation, middle = networks.assign_bonds(pairs, lengths, order, kinds, valence, bond, reach)
        rest = np.where(relation == networks.BONDED, bond[i, j], material.contact)
        rest = np.where(relation == networks.SECOND, seconds[kinds[middle], i, j], rest)
        stiffness = np.array(_STIFFNESS) * (turn / (_ROUNDS - 1), 1.0, 1.0)
        steps = _STEPS if turn < _ROUNDS - 1 else _LAST_STEPS
        positions = networks.relax(positions, box, pairs, relation, rest, stiffness, steps, _RATE)
    return positions


def _kept_apart(positions: np.ndarray, box: np.ndarray, material: Glass) -> np.ndarray:
    """The positions with the few pairs that are too close pushed apart, and nothing else moved."""
    networks = require("hrtem_bench.specimens.networks", "sim")
    for _ in range(200):
        pairs, lengths = networks.neighbour_pairs(positions, box, material.closest + 0.02)
        if not len(pairs) or lengths.min() >= material.closest:
            return positions
        rest = np.full(len(pairs), material.closest + 0.02)
        relation = np.full(len(pairs), networks.NONBONDED, np.int8)
        positions = networks.relax(positions, box, pairs, relation, rest, np.ones(3), 5, 0.4)
    raise InputError(
        f"no film of {material.name} found whose atoms are {material.closest} Å apart: lower its density"
    )


__all__ = ["GLASSES", "Glass", "Site", "amorphous_film", "atom_count", "glass"]
