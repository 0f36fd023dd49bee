"""Lattices of one's own: elements of ase, CIF files, space group with cell and sites."""

import numpy as np
import pytest

from hrtem_bench.errors import InputError
from hrtem_bench.specimens import (
    SceneSpec,
    lattice,
    lattice_from_cif,
    lattice_from_dict,
    scene,
    spec_from_dict,
    unit_cell,
)

NACL = {"name": "NaCl", "spacegroup": 225, "cell": 5.64, "sites": [["Na", 0, 0, 0], ["Cl", 0.5, 0.5, 0.5]]}


@pytest.mark.parametrize(
    ("symbol", "atoms", "bond"), [("Au", 4, 4.08 / 2**0.5), ("W", 2, 3.16 * 3**0.5 / 2), ("Ge", 8, 5.66 * 3**0.5 / 4)]
)
def test_elements_are_as_ase_knows_them(symbol, atoms, bond):
    from ase.build import bulk

    cell = unit_cell(lattice(symbol))
    assert len(cell) == atoms
    expected = bulk(symbol, cubic=True)
    assert cell.get_volume() == pytest.approx(expected.get_volume())
    assert cell.repeat(2).get_all_distances(mic=True)[0, 1:].min() == pytest.approx(bond, abs=0.01)


def test_a_hexagonal_element_has_its_axial_ratio():
    from ase.build import bulk

    np.testing.assert_allclose(unit_cell(lattice("Mg")).cell.lengths(), bulk("Mg").cell.lengths())


def test_an_element_without_a_simple_structure_is_unknown():
    with pytest.raises(InputError, match="unknown lattice 'Ga'"):
        lattice("Ga")


def test_a_table_makes_the_structure():
    cell = unit_cell(lattice_from_dict(NACL))
    assert cell.get_chemical_formula() == "Cl4Na4"
    assert cell.get_all_distances(mic=True)[0, 1:].min() == pytest.approx(2.82)


def test_a_cif_file_gives_the_same_crystal_back(tmp_path):
    original = unit_cell(lattice("Fe3O4"))
    original.write(tmp_path / "magnetite.cif")
    read = lattice_from_cif(tmp_path / "magnetite.cif")
    assert read.name == "magnetite"
    again = unit_cell(read)
    assert again.get_chemical_formula() == original.get_chemical_formula()
    np.testing.assert_allclose(again.cell.cellpar(), original.cell.cellpar(), atol=1e-6)
    distances = [np.sort(a.get_all_distances(mic=True).ravel()) for a in (again, original)]
    np.testing.assert_allclose(*distances, atol=1e-4)


def test_a_recipe_names_its_own_lattice_and_it_comes_before_the_known():
    own = NACL | {"name": "Cu"}
    spec = spec_from_dict(
        {"box": [40, 40], "lattices": "Cu", "crystals": [own], "count": 1, "diameter": 15, "film_thickness": 0}
    )
    assert set(scene(spec, 0).atoms.get_chemical_symbols()) == {"Na", "Cl"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": ""}, "needs a name"),
        ({"spacegroup": 231}, "spacegroup of lattice NaCl must be a number from 1 to 230"),
        ({"cell": [5.64, 5.64]}, "cell of lattice NaCl"),
        ({"sites": [["Na", 0, 0]]}, r"a site of lattice NaCl is \[element, x, y, z\]"),
        ({"sites": [["Xx", 0, 0, 0]]}, "names no element"),
        ({"sites": [["Na", 0, 0, 0], ["Cl", 0.02, 0, 0]]}, "apart: disordered or wrong sites"),
        ({"colour": 1}, "unknown key 'colour'"),
        ({"cif": "nowhere.cif"}, "no CIF file at nowhere.cif"),
    ],
)
def test_a_table_that_cannot_be_is_refused_in_one_line(change, words):
    with pytest.raises(InputError, match=words) as caught:
        lattice_from_dict(NACL | change)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "not a cif", "data_x\n_cell_length_a 1\n"])
def test_a_broken_cif_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "broken.cif").write_text(text)
    with pytest.raises(InputError, match="does not read as a CIF file") as caught:
        lattice_from_cif(tmp_path / "broken.cif")
    assert "\n" not in str(caught.value)


def test_a_missing_part_of_a_table_is_named():
    with pytest.raises(InputError, match="needs cell"):
        lattice_from_dict({"name": "x", "spacegroup": 225, "sites": []})


def test_specs_compare_equal_with_equal_lattices():
    table = {"crystals": [NACL], "lattices": ["NaCl"]}
    assert spec_from_dict(table) == SceneSpec(crystals=(lattice_from_dict(NACL),), lattices=("NaCl",))
