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

    Parameters
    ----------
    name
        Of the film in a recipe.
    density
        Default, g/cm³.
    sites
        Kinds of atoms; their shares sum to 1.
    bonds
        (i, j), i <= j -> bond length of these kinds, Å; kinds that are not there do not bond.
    contact
        Distance, Å, below which atoms that share neither bond nor neighbour repel each other.
    limits
        Densities that can be made, g/cm³.
    source
        Of the numbers.
    narrowest
        Angle that a new bond leaves to the others of its atom, degrees, when the network begins and when it is
        done; a wider one makes voids smaller, and leaves more bonds open.
    """

    name: str
    density: float
    sites: tuple[Site, ...]
    bonds: Mapping[tuple[int, int], float]
    contact: float
    limits: tuple[float, float]
    source: str
    narrowest: tuple[float, float] = (60.0, 30.0)


_TETRAHEDRAL = 109.47
_KNOWN = (
    Glass(
        "a-C",
        density=2.0,
        sites=(Site("C", 0.85, 3, 120.0), Site("C", 0.15, 4, _TETRAHEDRAL)),
        bonds=MappingProxyType({(0, 0): 1.43, (0, 1): 1.48, (1, 1): 1.54}),
        contact=3.2,
        limits=(0.5, 2.6),
        source="Bonds between those of graphite (1.42 Å) and diamond (1.54 Å). Threefold and fourfold atoms at "
        "2.0 g/cm³: G. Galli, R. M. Martin, R. Car, M. Parrinello, Phys. Rev. Lett. 62, 555 (1989).",
        narrowest=(90.0, 45.0),
    ),
    Glass(
        "ta-C",
        density=3.0,
        sites=(Site("C", 0.2, 3, 120.0), Site("C", 0.8, 4, _TETRAHEDRAL)),
        bonds=MappingProxyType({(0, 0): 1.43, (0, 1): 1.50, (1, 1): 1.54}),
        contact=2.9,
        limits=(2.4, 3.4),
        source="Share of fourfold atoms: K. W. R. Gilkes, P. H. Gaskell, J. Robertson, Phys. Rev. B 51, 12303 (1995).",
    ),
    Glass(
        "a-C:H",
        density=1.2,
        sites=(Site("C", 0.2, 3, 120.0), Site("C", 0.4, 4, _TETRAHEDRAL), Site("H", 0.4, 1, 180.0)),
        bonds=MappingProxyType({(0, 0): 1.40, (0, 1): 1.50, (1, 1): 1.54, (0, 2): 1.09, (1, 2): 1.09}),
        contact=2.6,
        limits=(0.8, 1.6),
        source="Soft a-C:H, with 40 to 50 % of hydrogen, 60 % of the carbon fourfold and 1.2 to 1.6 g/cm³: "
        "J. Robertson, Mater. Sci. Eng. R 37, 129 (2002). C-H bond of methane.",
    ),
    Glass(
        "a-Si",
        density=2.29,
        sites=(Site("Si", 1.0, 4, _TETRAHEDRAL),),
        bonds=MappingProxyType({(0, 0): 2.35}),
        contact=3.2,
        limits=(1.8, 2.4),
        source="Density 1.8 % below the crystal's: J. S. Custer et al., Appl. Phys. Lett. 64, 437 (1994).",
    ),
    Glass(
        "a-Ge",
        density=5.1,
        sites=(Site("Ge", 1.0, 4, _TETRAHEDRAL),),
        bonds=MappingProxyType({(0, 0): 2.46}),
        contact=3.35,
        limits=(4.0, 5.4),
        source="Bond length and density of evaporated films: G. Etherington et al., "
        "J. Non-Cryst. Solids 48, 265 (1982).",
    ),
    Glass(
        "a-SiO2",
        density=2.2,
        sites=(Site("Si", 1 / 3, 4, _TETRAHEDRAL), Site("O", 2 / 3, 2, 144.0)),
        bonds=MappingProxyType({(0, 1): 1.62}),
        contact=3.0,
        limits=(1.6, 2.4),
        source="Si-O bond and Si-O-Si angle of vitreous silica: R. L. Mozzi, B. E. Warren, "
        "J. Appl. Cryst. 2, 164 (1969).",
    ),
    Glass(
        "a-Si3N4",
        density=2.9,
        sites=(Site("Si", 3 / 7, 4, _TETRAHEDRAL), Site("N", 4 / 7, 3, 120.0)),
        bonds=MappingProxyType({(0, 1): 1.73}),
        contact=2.8,
        limits=(2.2, 3.2),
        source="Si-N bond and coordination: M. Misawa et al., J. Non-Cryst. Solids 34, 313 (1979).",
    ),
)

GLASSES: Mapping[str, Glass] = MappingProxyType({known.name: known for known in _KNOWN})
"""The amorphous materials known, by name."""


def glass(name: str) -> Glass:
    """The amorphous material of that name.

    Raises
    ------
    InputError
        Lists the known ones.
    """
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
