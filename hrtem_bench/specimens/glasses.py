"""What amorphous films are made of: kinds of atoms, bonds and angles of each network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from hrtem_bench.errors import InputError


@dataclass(frozen=True)
class Site:
    """One kind of atom of a network: element, share of all atoms, number of bonds, mean bond angle (degrees)."""

    element: str
    share: float
    valence: int
    angle: float


@dataclass(frozen=True)
class Glass:
    """An amorphous material as a network of bonds.

    name: of the film in a recipe. density: default, g/cm³. sites: kinds of atoms; their shares sum to 1. bonds:
    (i, j), i <= j -> bond length of these kinds, Å; kinds that are not there do not bond. contact: distance, Å,
    below which atoms that share neither bond nor neighbour repel each other. limits: densities that can be
    made, g/cm³. source: of the numbers.
    """

    name: str
    density: float
    sites: tuple[Site, ...]
    bonds: Mapping[tuple[int, int], float]
    contact: float
    limits: tuple[float, float]
    source: str


_TETRAHEDRAL = 109.47
_KNOWN = (
    Glass(
        "a-C",
        density=2.0,
        sites=(Site("C", 0.85, 3, 118.0), Site("C", 0.15, 4, _TETRAHEDRAL)),
        bonds=MappingProxyType({(0, 0): 1.43, (0, 1): 1.48, (1, 1): 1.54}),
        contact=3.0,
        limits=(0.5, 3.3),
        source="Bonds between those of graphite (1.42 Å) and diamond (1.54 Å). 85 % threefold and 15 % fourfold atoms "
        "at 2.0 g/cm³: G. Galli, R. M. Martin, R. Car, M. Parrinello, Phys. Rev. Lett. 62, 555 (1989).",
    ),
)

GLASSES: Mapping[str, Glass] = MappingProxyType({known.name: known for known in _KNOWN})
"""The amorphous materials known, by name."""


def glass(name: str) -> Glass:
    """The amorphous material of that name. Raises InputError, listing the known ones, if there is none."""
    if name not in GLASSES:
        raise InputError(f"unknown amorphous film {name!r}: known are {', '.join(GLASSES)}")
    return GLASSES[name]


def bond_lengths(material: Glass) -> np.ndarray:
    """Bond length of kinds i and j, (kinds, kinds), Å; 0 where they do not bond."""
    lengths = np.zeros((len(material.sites),) * 2)
    for (i, j), length in material.bonds.items():
        lengths[i, j] = lengths[j, i] = length
    return lengths


def second_distances(material: Glass) -> np.ndarray:
    """Distance of kinds i and j that are both bonded to kind m, (m, i, j), Å: the law of cosines; 0 where none."""
    bond = bond_lengths(material)
    cosines = np.cos(np.radians([site.angle for site in material.sites]))
    a, b = bond[:, :, None], bond[:, None, :]
    return np.where(a * b > 0, np.sqrt(a**2 + b**2 - 2 * a * b * cosines[:, None, None]), 0.0)


def least_distances(material: Glass) -> np.ndarray:
    """How near kinds i and j may come, (kinds, kinds), Å.

    91 % of their bond length, or where they do not bond, 85 % of their shortest distance as second neighbours.
    """
    bond, second = bond_lengths(material), second_distances(material)
    shortest = np.where(second > 0, second, np.inf).min(axis=0)
    return np.where(bond > 0, 0.91 * bond, 0.85 * np.where(np.isfinite(shortest), shortest, material.contact))


__all__ = ["GLASSES", "Glass", "Site", "bond_lengths", "glass", "least_distances", "second_distances"]
