"""Particles: a crystal, with its faults, from which a shape is cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hrtem_bench.errors import InputError, require
from hrtem_bench.specimens.faults import drawn_slips, slipped
from hrtem_bench.specimens.lattices import Lattice, unit_cell
from hrtem_bench.specimens.shapes import Outline, is_fcc, sphere_outline

if TYPE_CHECKING:
    from ase import Atoms

_SHELL_GAP = 0.9
"""Atoms of a shell keep this share of the shell's own nearest distance to the core."""
_MOST_SHELLS = 40


@dataclass(frozen=True)
class Cut:
    """A particle about the origin, in the axes of its crystal.

    atoms: without a cell. radius: of the sphere around it, Å. faults, twins: how many it has.
    """

    atoms: Atoms
    radius: float
    faults: int = 0
    twins: int = 0


def random_rotation(rng: np.random.Generator) -> np.ndarray:
    """A rotation matrix (3, 3), uniform over all rotations: that of a random unit quaternion."""
    w, x, y, z = (q := rng.standard_normal(4)) / np.linalg.norm(q)
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip


def cut(crystal: Lattice, outline: Outline, rng: np.random.Generator, counts: tuple[int, int] = (0, 0)) -> Cut:
    """The atoms of the crystal whose centres lie inside the outline; its centre is a random point of the cell.

    Parameters
    ----------
    crystal
        Shared and partly filled sites are drawn for each atom.
    outline
        About the origin, in the crystal's axes, Å.
    counts
        How many (stacking faults, twin boundaries) to draw; see `drawn_slips` for where there are fewer.
    rng
        Draws the centre, the faults, and the occupants of shared sites.
    """
    atoms = unit_cell(crystal)
    cell, origin = np.asarray(atoms.cell), rng.random(3)
    slips = drawn_slips(crystal, cell, origin, outline.radius, counts, rng)
    fractional, index = filled(atoms.get_scaled_positions(), cell, origin, outline.reach + slips.displacement(cell))
    positions = (slipped(fractional, slips) - origin) @ cell
    inside = outline.holds(positions)
    numbers = _occupied(crystal, atoms, index[inside], rng)
    made = _atoms(numbers[numbers > 0], positions[inside][numbers > 0])
    return Cut(made, outline.radius, slips.faults, slips.twins)


def _occupied(crystal: Lattice, cell: Atoms, basis: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Atomic numbers (n,) of atoms given by their number in the cell (n,): drawn where sites are shared, 0 if empty."""
    if not crystal.occupants:
        return cell.numbers[basis]
    known = require("ase.data", "sim").atomic_numbers
    sites, numbers = cell.arrays["spacegroup_kinds"][basis], np.zeros(len(basis), int)
    drawn = rng.random(len(basis))
    for site, occupants in enumerate(crystal.occupants):
        here = sites == site
        edges = np.cumsum([share for _, share in occupants])
        edges[-1] += 1e-6 * (edges[-1] > 1 - 1e-6)  # thirds written with four figures leave nothing empty
        options = np.array([known[symbol] for symbol, _ in occupants] + [0])
        numbers[here] = options[np.searchsorted(edges, drawn[here], side="right")]
    return numbers


def sphere(crystal: Lattice, diameter: float, rng: np.random.Generator, counts: tuple[int, int] = (0, 0)) -> Cut:
    """A sphere of the crystal.

    Parameters
    ----------
    diameter
        Å.
    crystal, rng, counts
        As of `cut`.
    """
    return cut(crystal, sphere_outline(diameter), rng, counts)


def core_shell(
    core: Lattice,
    shell: Lattice,
    sizes: tuple[float, float],
    rng: np.random.Generator,
    counts: tuple[int, int] = (0, 0),
) -> Cut:
    """A sphere of one crystal inside a shell of another, their axes parallel.

    The shell is its own lattice without strain; its atoms that come too near to the core are left out, so that the
    interface is not coherent.

    Parameters
    ----------
    core, shell
        Their lattices.
    sizes
        Outer diameter and thickness of the shell, Å.
    counts
        Stacking faults and twin boundaries of the core.
    rng
        Draws the faults, and the occupants of shared sites.

    Returns
    -------
    Cut
        About the origin; its radius is that of the shell.
    """
    inner = sphere(core, sizes[0] - 2 * sizes[1], rng, counts)
    outer = sphere(shell, sizes[0], rng)
    nearest = require("ase.neighborlist", "sim").neighbor_list("d", unit_cell(shell), 3.5).min()
    free = np.linalg.norm(outer.atoms.positions, axis=1) > inner.radius
    tree = require("scipy.spatial", "sim").cKDTree(inner.atoms.positions)
    free &= tree.query(outer.atoms.positions)[0] >= _SHELL_GAP * nearest
    return Cut(inner.atoms + outer.atoms[free], outer.radius, inner.faults, inner.twins)


def five_fold(crystal: Lattice, shape: str, diameter: float) -> Cut:
    """An icosahedron or a Marks decahedron of an fcc metal, as ase.cluster makes them.

    Parameters
    ----------
    crystal
        The lattice of the metal.
    shape
        "icosahedron" or "decahedron".
    diameter
        Of the sphere of about the same volume, Å: the cluster whose number of atoms is nearest is taken.

    Raises
    ------
    InputError
        If the lattice is not face-centred with one atom.
    """
    if not is_fcc(crystal):
        raise InputError(f"a particle of {crystal.name} cannot be an {shape}: only elements that are face-centred can")
    symbol, a = crystal.sites[0][0], crystal.cell[0]
    wanted = np.pi / 6 * diameter**3 / (a**3 / 4)
    clusters = require("ase.cluster", "sim")
    if shape == "icosahedron":
        counts = {n: (10 * n**3 - 15 * n**2 + 11 * n - 3) // 3 for n in range(2, _MOST_SHELLS)}
        nearest = min(counts, key=lambda n: abs(counts[n] - wanted))
        atoms = clusters.Icosahedron(symbol, nearest, latticeconstant=a)
    else:
        atoms = _decahedron(clusters, symbol, a, wanted)
    made = _atoms(atoms.numbers, atoms.positions - atoms.positions.mean(axis=0))
    return Cut(made, float(np.linalg.norm(made.positions, axis=1).max()))


def _decahedron(clusters: Any, symbol: str, a: float, wanted: float) -> Atoms:
    """Decahedron of L. D. Marks, Philos. Mag. A 49, 81 (1984): square side faces, re-entrant edges one atom deep."""
    best: Atoms | None = None
    for edge in range(2, _MOST_SHELLS):
        made = clusters.Decahedron(symbol, p=edge, q=edge, r=1, latticeconstant=a)
        if best is not None and abs(len(made) - wanted) > abs(len(best) - wanted):
            return best
        best = made
    raise InputError(f"a decahedron of {wanted:.0f} atoms is larger than this makes")


def equal_volume_diameter(atoms: Atoms, crystal: Lattice) -> float:
    """Diameter, Å, of the sphere of the crystal that has as many atoms."""
    cell = unit_cell(crystal)
    return float(np.cbrt(6 / np.pi * len(atoms) * cell.get_volume() / len(cell)))


def filled(basis: np.ndarray, cell: np.ndarray, origin: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Fractional positions (n, 3) of at least all atoms within `reach` (Å) of a point; and their basis atoms (n,).

    basis: (b, 3) fractional positions in the cell (3, 3), Å. origin: the point, fractional.
    """
    widths = reach * np.linalg.norm(np.linalg.inv(cell), axis=0)
    low = np.floor(origin - widths).astype(int) - 1
    high = np.ceil(origin + widths).astype(int) + 1
    corners = low + np.indices(high - low + 1).reshape(3, -1).T
    points = (corners[:, None, :] + basis[None, :, :]).reshape(-1, 3)
    return points, np.tile(np.arange(len(basis)), len(corners))


def _atoms(numbers: np.ndarray, positions: np.ndarray) -> Atoms:
    from ase import Atoms

    return Atoms(numbers=numbers, positions=positions)
