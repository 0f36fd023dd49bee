"""Lattices: cells and distances against crystallography, unknown names."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from hrtem_bench.errors import InputError
from hrtem_bench.specimens import LATTICES, lattice, unit_cell
from hrtem_bench.specimens.lattices import PROTOCOL


def spinel(a, u):
    """Shortest metal-oxygen distance of a spinel: to the tetrahedral site at 1/8 or the octahedral one at 1/2."""
    return a * min((u - 1 / 8) * 3**0.5, np.hypot(1 / 2 - u, 2**0.5 * (u - 1 / 4)))


# Nearest neighbours by geometry: number of atoms in the cell, and distance in terms of a (and c, u).
NEAREST = {
    "ZnS": (4, min(0.3748 * 6.2607, np.hypot(3.8227 / 3**0.5, 0.1252 * 6.2607))),
    "CdSe": (4, 0.375 * 7.0152),
    "Cu": (4, 3.6157 / 2**0.5),
    "Ag": (4, 4.0782 / 2**0.5),
    "C": (8, 3.5673 * 3**0.5 / 4),
    "Si": (8, 5.430 * 3**0.5 / 4),
    "Fe3O4": (56, spinel(8.394, 0.2549)),
    "Co3O4": (56, spinel(8.065, 0.2631)),
    "Fe": (2, 2.866 * 3**0.5 / 2),
    "MgO": (8, 4.212 / 2),
    "graphite": (4, 2.461 / 3**0.5),
}
# Densities in g/cm³ from handbooks (CRC Handbook of Chemistry and Physics), which the cells must give within 2 %.
DENSITY = {
    "ZnS": 4.04,
    "CdSe": 5.66,
    "Cu": 8.96,
    "Ag": 10.5,
    "C": 3.513,
    "Si": 2.33,
    "Fe3O4": 5.18,
    "Co3O4": 6.11,
    "Fe": 7.87,
    "MgO": 3.58,
    "graphite": 2.26,
}


def nearest(atoms):
    repeated = atoms.repeat(3)
    middle = np.asarray(repeated.cell).sum(axis=0) / 2
    near = np.argsort(((repeated.positions - middle) ** 2).sum(axis=1))[: len(atoms)]
    return cKDTree(repeated.positions).query(repeated.positions[near], k=2)[0][:, 1]


def test_the_nine_lattices_of_the_protocol_are_there():
    assert set(PROTOCOL) == {"ZnS", "CdSe", "Cu", "Ag", "C", "Si", "Fe3O4", "Co3O4", "Fe"}
    assert set(PROTOCOL) <= set(LATTICES)


def test_every_lattice_is_tested_below():
    assert set(LATTICES) == set(NEAREST) == set(DENSITY)


@pytest.mark.parametrize("name", sorted(NEAREST))
def test_unit_cell_has_the_atoms_and_distances_of_the_structure(name):
    atoms = unit_cell(lattice(name))
    count, distance = NEAREST[name]
    assert len(atoms) == count
    assert nearest(atoms).min() == pytest.approx(distance, abs=1e-6)


@pytest.mark.parametrize("name", sorted(DENSITY))
def test_unit_cell_has_the_density_of_the_material(name):
    atoms = unit_cell(lattice(name))
    assert atoms.get_masses().sum() / atoms.get_volume() * 1.66054 == pytest.approx(DENSITY[name], rel=0.02)


def test_spinel_has_two_thirds_of_its_metal_in_octahedra_and_stoichiometry():
    atoms = unit_cell(lattice("Fe3O4"))
    assert atoms.get_chemical_formula() == "Fe24O32"
    metal = atoms.positions[atoms.symbols == "Fe"]
    images = atoms[atoms.symbols == "O"].repeat(3)
    oxygen = images.positions - np.asarray(atoms.cell).sum(axis=0)
    neighbours = cKDTree(oxygen).query_ball_point(metal, 2.3, return_length=True)
    assert sorted(neighbours) == [4] * 8 + [6] * 16


def test_an_unknown_name_lists_the_known_and_guesses():
    with pytest.raises(InputError, match="did you mean CdSe") as caught:
        lattice("CdSs")
    assert "Fe3O4" in str(caught.value) and "\n" not in str(caught.value)
