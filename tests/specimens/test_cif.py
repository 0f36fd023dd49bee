"""CIF files of other programs: what is in them is read, what they leave open is decided by their formula or refused."""

import time
from collections import Counter

import numpy as np
import pytest
from ase.build import bulk
from ase.io import write

from hrtem_bench.errors import InputError
from hrtem_bench.specimens import (
    SceneSpec,
    crystalline_slab,
    lattice,
    lattice_from_cif,
    lattice_from_dict,
    lattice_to_dict,
    scene,
    sphere,
    unit_cell,
)
from hrtem_bench.specimens.cif import MOST_BYTES

COLUMNS = ("label", "type_symbol", "fract_x", "fract_y", "fract_z", "occupancy")


def cif(sites, cell=(5.0,) * 3 + (90.0,) * 3, columns=COLUMNS, operations=(), **tags):
    """Text of a file; sites: rows of text. tags: with H_M for the Hermann-Mauguin symbol, and others by name."""
    names = {"H_M": "_symmetry_space_group_name_H-M", "number": "_symmetry_Int_Tables_number",
             "hall": "_space_group_name_Hall", "formula": "_chemical_formula_sum", "Z": "_cell_formula_units_Z",
             "code": "_space_group_IT_coordinate_system_code"}  # fmt: skip
    lines = ["data_x", *(f"{names[key]} '{value}'" for key, value in tags.items())]
    keys = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    lines += [f"_cell_{key} {value}" for key, value in zip(keys, cell, strict=True)]
    if operations:
        lines += ["loop_", "_symmetry_equiv_pos_as_xyz", *(f"'{operation}'" for operation in operations)]
    used = columns[: len(sites[0].split())]
    return "\n".join([*lines, "loop_", *(f"_atom_site_{name}" for name in used), *sites, ""])


@pytest.fixture
def read(tmp_path):
    """Text to a lattice, through a file."""

    def from_text(text, encoding="utf-8", **options):
        (tmp_path / "c.cif").write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return lattice_from_cif(tmp_path / "c.cif", **options)

    return from_text


def counts(crystal):
    return dict(Counter(symbol for symbol, _ in crystal.sites))


def cubic(a):
    return (a, a, a, 90, 90, 90)


# Symbols


@pytest.mark.parametrize(
    ("metal", "other", "expected"),
    [
        ("NA", "CL", {"Na": 4, "Cl": 4}),
        ("NI", "O", {"Ni": 4, "O": 4}),
        ("PB", "S", {"Pb": 4, "S": 4}),
        ("pb", "s", {"Pb": 4, "S": 4}),
        ("Ni2+", "O2-", {"Ni": 4, "O": 4}),
        ("NI2+", "O2-", {"Ni": 4, "O": 4}),
        ("Li1+", "D", {"Li": 4, "H": 4}),
    ],
)
def test_type_symbols_are_elements_in_any_case(read, metal, other, expected):
    text = cif([f"A1 {metal} 0 0 0", f"B1 {other} .5 .5 .5"], cubic(5.0), H_M="F m -3 m")
    assert counts(read(text)) == expected


@pytest.mark.parametrize("symbol", ["Wat", "OH", "Xx", "1", "Cval"])
def test_a_type_symbol_that_is_no_element_is_named(read, symbol):
    with pytest.raises(InputError, match=f"type symbol {symbol!r} at site A1, which names no element"):
        read(cif([f"A1 {symbol} 0 0 0"], H_M="P 1"))


def test_labels_stand_in_for_symbols_where_they_can_mean_one_thing(read):
    columns = ("label", "fract_x", "fract_y", "fract_z")
    assert counts(read(cif(["Ca1 0 0 0", "O(1) .5 .5 .5"], columns=columns, H_M="P 1"))) == {"Ca": 1, "O": 1}
    ambiguous = ["CA1 0 0 0", "O1 .5 .5 .5"]
    with pytest.raises(InputError, match="which element site CA1 is: add _atom_site_type_symbol"):
        read(cif(ambiguous, columns=columns, H_M="P 1"))
    for formula, element in (("Ca O", "Ca"), ("C O", "C")):
        found = read(cif(ambiguous, columns=columns, H_M="P 1", formula=formula, Z=1))
        assert counts(found) == {element: 1, "O": 1}


# Occupancy

ALLOY = ["A Au 0 0 0 .5", "B Cu 0 0 0 .5"]
GST = ["M1 Ge 0 0 0 .4", "M2 Sb 0 0 0 .4", "T Te .5 .5 .5 1"]


@pytest.mark.parametrize(
    ("sites", "words"),
    [
        (ALLOY, r"shared site A, B \(occupancy Au 0.5, Cu 0.5\)"),
        (GST, r"shared site M1, M2 \(occupancy Ge 0.4, Sb 0.4\)"),
        (["A Fe 0 0 0 .95(1)", "O O .5 .5 .5 1"], r"partly filled site A \(occupancy Fe 0.95\)"),
        (["A Au 0 0 0 .5", "B Cu 1 1 1 .5"], "shared site A, B"),
        (["A Au 0 0 0 .7", "B Cu 0 0 0 .5"], "fills site A, B more than once"),
        (["A Au 0 0 0 1.5"], "occupancy 1.5 at site A"),
        (["A Au 0 0 0 0"], "occupancy 0 at site A"),
        (["A Au 0 0 0 half"], "occupancy half at site A"),
        (["A Au 0 0 0 1", "B Au .5 .5 0 1"], "0.00 Å apart"),
    ],
)
def test_disorder_is_refused_with_its_site_and_occupancy(read, sites, words):
    with pytest.raises(InputError, match=words) as caught:
        read(cif(sites, cubic(4.0), H_M="F m -3 m"))
    assert "\n" not in str(caught.value)


def test_split_positions_of_molecules_are_refused_even_when_disorder_may_be_drawn(read):
    text = cif(["A C .1 0 0 .5 1", "B C .3 0 0 .5 2"], columns=(*COLUMNS, "disorder_group"), H_M="P 1")
    with pytest.raises(InputError, match=r"site A .* in a disorder group"):
        read(text, occupancy="draw")


def test_unknown_occupancies_are_full(read):
    assert counts(read(cif(["A Au 0 0 0 ?", "B Cu .5 .5 .5 ."], H_M="P 1"))) == {"Au": 1, "Cu": 1}


def test_disorder_is_drawn_in_every_particle_from_the_seed_with_the_probabilities_of_the_file(read):
    crystal = read(cif(GST, cubic(6.02), H_M="F m -3 m", formula="Ge1.6 Sb1.6 Te4", Z=1), occupancy="draw")
    spec = SceneSpec(box=(80.0, 80.0), crystals=(crystal,), lattices=("c",), diameter=60.0, count=1, film_thickness=0)
    made, again, other = (scene(spec, seed).atoms for seed in (1, 1, 2))
    assert made.numbers.tobytes() == again.numbers.tobytes()
    assert made.get_chemical_formula() != other.get_chemical_formula()
    symbols = Counter(made.get_chemical_symbols())
    places = np.pi / 6 * 60**3 * 4 / 6.02**3  # of either kind
    for element, share in (("Ge", 0.4), ("Sb", 0.4), ("Te", 1.0)):
        # Four standard deviations of a binomial, and two atoms in a hundred for where the sphere cuts.
        width = 4 * (places * share * (1 - share)) ** 0.5 + 0.02 * places
        assert symbols[element] == pytest.approx(share * places, abs=width)


def test_a_disordered_lattice_goes_through_a_recipe_and_back(read):
    crystal = read(cif(ALLOY, cubic(3.87), H_M="F m -3 m"), occupancy="draw")
    assert lattice_from_dict(lattice_to_dict(crystal)) == crystal
    ordered = lattice_from_dict(
        {"name": "x", "spacegroup": 225, "cell": 3.87, "sites": [[{"Au": 0.5, "Cu": 0.5}, 0, 0, 0]]}
    )
    atoms = sphere(ordered, 50.0, np.random.default_rng(0)).atoms
    assert np.mean(atoms.numbers == 79) == pytest.approx(0.5, abs=4 * 0.5 / len(atoms) ** 0.5)
    with pytest.raises(InputError, match="shared or partly filled sites"):
        crystalline_slab(ordered, (0, 0, 1), (60.0, 60.0, 12.0), 0.0)


# Symmetry

MAGNETITE = ["A Fe .125 .125 .125", "B Fe .5 .5 .5", "O O .2549 .2549 .2549"]


@pytest.mark.parametrize("symbol", ["F d -3 m :2", "Fd-3m:2", "F d -3 m O2", "F d -3 m Z", "F_d_-3_m:2", "F D -3 M :2"])
def test_the_origin_choice_is_honoured(read, symbol):
    crystal = read(cif(MAGNETITE, cubic(8.394), H_M=symbol))
    assert counts(crystal) == {"Fe": 24, "O": 32}
    ours, known = (np.sort(unit_cell(c).get_all_distances(mic=True).ravel()) for c in (crystal, lattice("Fe3O4")))
    np.testing.assert_allclose(ours, known, atol=1e-6)


@pytest.mark.parametrize(
    ("sites", "cell", "tags", "expected"),
    [
        (["T Ti 0 .25 .375", "O O 0 .25 .1667"], (3.785, 3.785, 9.514, 90, 90, 90),
         {"H_M": "I 41/a m d", "formula": "Ti O2", "Z": 4}, {"Ti": 4, "O": 8}),
        (["T Ti 0 0 0", "O O 0 0 .2081"], (3.785, 3.785, 9.514, 90, 90, 90),
         {"H_M": "I 41/a m d", "formula": "O2 Ti", "Z": 4}, {"Ti": 4, "O": 8}),
        (["S Si 0 0 0"], cubic(5.43), {"H_M": "F d 3 m", "formula": "Si", "Z": 8}, {"Si": 8}),
        (["S Si .125 .125 .125"], cubic(5.43), {"number": 227, "formula": "Si", "Z": 8}, {"Si": 8}),
        (["S Si 0 0 0"], cubic(5.43), {"H_M": "F d -3 m", "code": "1"}, {"Si": 8}),
        (MAGNETITE, cubic(8.394), {"hall": "-F 4vw 2vw 3"}, {"Fe": 24, "O": 32}),
    ],
)  # fmt: skip
def test_what_is_left_open_is_decided_by_formula_and_Z(read, sites, cell, tags, expected):
    assert counts(read(cif(sites, cell, **tags))) == expected


def test_an_origin_choice_that_nothing_decides_is_refused(read):
    with pytest.raises(InputError, match=r"may mean F d -3 m:1, F d -3 m:2, which are different crystals"):
        read(cif(["S Si 0 0 0"], cubic(5.43), H_M="F d -3 m"))


@pytest.mark.parametrize(("formula", "units"), [("Na2 Cl", 4), ("Na Cl", 2), ("Na Cl O", 4), ("Na2 Cl", None)])
def test_a_cell_that_is_not_what_the_formula_says_is_refused_in_words(read, formula, units):
    tags = {"formula": formula} | ({"Z": units} if units else {})
    with pytest.raises(InputError, match="make Cl4 Na4 in the cell, where the formula"):
        read(cif(["N Na 0 0 0", "C Cl .5 .5 .5"], cubic(5.64), H_M="F m -3 m", **tags))


@pytest.mark.parametrize("formula", ["Na Cl", "NA CL", "NaCl", "Cl1 Na1", "Na1.0 Cl1.0"])
def test_formulas_are_read_in_the_ways_they_are_written(read, formula):
    assert counts(read(cif(["N Na 0 0 0", "C Cl .5 .5 .5"], cubic(5.64), H_M="F m -3 m", formula=formula, Z=4)))


def test_a_formula_that_cannot_be_read_is_refused(read):
    with pytest.raises(InputError, match="_chemical_formula_sum that cannot be read"):
        read(cif(["N Na 0 0 0"], H_M="P 1", formula="Na (Cl O4)2"))
    with pytest.raises(InputError, match="'four' as _cell_formula_units_Z"):
        read(cif(["N Na 0 0 0"], H_M="P 1", formula="Na", Z="four"))


@pytest.mark.parametrize(("symbol", "count"), [("P 1 21/n 1", 4), ("P 21/n", 4), ("P121/n1", 4), ("P 1 1 21/b", 4)])
def test_monoclinic_settings_are_known(read, symbol, count):
    angles = (90, 90, 101) if symbol == "P 1 1 21/b" else (90, 101, 90)
    assert counts(read(cif(["A Si .11 .23 .31"], (6.0, 7.0, 8.0, *angles), H_M=symbol))) == {"Si": count}


def test_p_21_n_is_the_glide_along_the_diagonal(read):
    """International Tables, No. 14, cell choice 2: x,y,z; -x+1/2,y+1/2,-z+1/2; -x,-y,-z; x+1/2,-y+1/2,z+1/2."""
    crystal = read(cif(["A Si .11 .23 .31"], (6.0, 7.0, 8.0, 90, 101, 90), H_M="P 1 21/n 1"))
    expected = {(0.11, 0.23, 0.31), (0.39, 0.73, 0.19), (0.89, 0.77, 0.69), (0.61, 0.27, 0.81)}
    assert {tuple(round(x, 6) for x in position) for _, position in crystal.sites} == expected


def test_operations_alone_are_enough(read):
    assert counts(read(cif(["A Si .1 .2 .3"], operations=["x,y,z"]))) == {"Si": 1}
    assert counts(read(cif(["A Si .1 .2 .3"], operations=["x,y,z", "-x,-y,-z"]))) == {"Si": 2}
    assert counts(read(cif(["A Si .1 .2 .3"], operations=["X, Y, Z", "1/2+X, .5-Y, -Z"]))) == {"Si": 2}


def test_operations_that_contradict_the_name_are_decided_by_the_formula_or_refused(read):
    cell = cubic(5.64)
    listed = [f"N{k} Na {p}" for k, p in enumerate(("0 0 0", ".5 .5 0", ".5 0 .5", "0 .5 .5"))]
    listed += [f"C{k} Cl {p}" for k, p in enumerate((".5 .5 .5", "0 0 .5", "0 .5 0", ".5 0 0"))]
    identity = {"operations": ["x,y,z"], "H_M": "F m -3 m"}
    assert counts(read(cif(listed, cell, **identity, formula="Na Cl", Z=4))) == {"Na": 4, "Cl": 4}
    one = ["N Na 0 0 0", "C Cl .5 .5 .5"]
    assert counts(read(cif(one, cell, **identity, formula="Na Cl", Z=4))) == {"Na": 4, "Cl": 4}
    with pytest.raises(InputError, match="may mean the operations in the file, F m -3 m, which are different"):
        read(cif(one, cell, **identity))


def test_operations_that_are_no_group_are_refused(read):
    with pytest.raises(InputError, match=r"no group: .* is missing"):
        read(cif(["A Si .1 .2 .3"], operations=["x,y,z", "y,z,x"]))
    with pytest.raises(InputError, match="operation that cannot be read"):
        read(cif(["A Si .1 .2 .3"], operations=["x,y,z", "x,y,up"]))
    with pytest.raises(InputError, match="lists 300 symmetry operations"):
        read(cif(["A Si .1 .2 .3"], operations=["x,y,z"] * 300))


def test_a_file_without_symmetry_needs_a_formula_that_confirms_it(read):
    with pytest.raises(InputError, match="states no symmetry"):
        read(cif(["N Na 0 0 0", "C Cl .5 .5 .5"]))
    assert counts(read(cif(["N Na 0 0 0", "C Cl .5 .5 .5"], formula="Na Cl", Z=1))) == {"Na": 1, "Cl": 1}


@pytest.mark.parametrize(
    ("cell", "tags", "words"),
    [
        ((5, 5, 6, 90, 90, 90), {"H_M": "F m -3 m"}, "does not have the symmetry of F m -3 m"),
        ((5, 6, 7, 90, 100, 90), {"H_M": "P 1 1 21/b"}, "does not have the symmetry of P 1 1 21/b"),
        ((5, 5, 5, 90, 90, 90), {"H_M": "F m -3 m", "number": 227}, "gives it the number 227"),
        ((5, 5, 5, 90, 90, 90), {"H_M": "Q 1"}, "space group 'Q 1', which is not known"),
        ((5, 5, 5, 90, 90, 90), {"number": 231}, "space group number 231, which is not known"),
        ((5, 5, 5, 90, 90, 90), {"hall": "junk"}, "Hall symbol that cannot be read"),
    ],
)
def test_symmetry_that_cannot_be_is_refused(read, cell, tags, words):
    with pytest.raises(InputError, match=words):
        read(cif(["A Si .1 .2 .3"], cell, **tags))


@pytest.mark.parametrize(
    ("cell", "count"), [((4.76, 4.76, 12.99, 90, 90, 120), 30), ((5.128, 5.128, 5.128, 55.28, 55.28, 55.28), 10)]
)
def test_corundum_is_read_on_hexagonal_and_on_rhombohedral_axes(read, cell, count):
    sites = ["A Al 0 0 .352", "O O .306 0 .25"] if count == 30 else ["A Al .352 .352 .352", "O O .556 .944 .25"]
    crystal = read(cif(sites, cell, H_M="R -3 c"))
    assert counts(crystal) == {"Al": count * 2 // 5, "O": count * 3 // 5}


def test_coordinates_rounded_to_four_figures_stay_on_their_special_position(read):
    crystal = read(cif(["A Mg .3333 .6667 .25"], (3.21, 3.21, 5.21, 90, 90, 120), H_M="P 63/m m c"))
    np.testing.assert_allclose(
        sorted(position for _, position in crystal.sites), [[1 / 3, 2 / 3, 0.25], [2 / 3, 1 / 3, 0.75]], atol=5e-5
    )


# Syntax


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings(read, encoding):
    text = "# Å, in what the microscope's computer wrote\r\n" + cif(["A Au 0 0 0"], H_M="F m -3 m").replace(
        "\n", "\r\n"
    )
    assert counts(read(text, encoding)) == {"Au": 4}


@pytest.mark.parametrize(("value", "shown"), [(".", r"\."), ("?", r"\?"), ("1/3", "1/3"), ("nan", "nan"), ("x", "x")])
def test_a_coordinate_that_is_no_number_is_named_with_its_site(read, value, shown):
    with pytest.raises(InputError, match=f"has {shown} as a coordinate of site A"):
        read(cif([f"A Au 0 {value} 0"], H_M="P 1"))


def test_dummy_atoms_are_left_out(read):
    columns = (*COLUMNS[:5], "calc_flag")
    assert counts(read(cif(["A Au 0 0 0 d", "Q C . . . dum"], columns=columns, H_M="P 1"))) == {"Au": 1}


def test_the_first_block_with_atoms_is_read(read):
    text = (
        "data_global\n_journal_name 'x'\n"
        + cif(["A Au 0 0 0"], H_M="F m -3 m")
        + cif(["A Cu 0 0 0"], H_M="P 1").replace("data_x", "data_y")
    )
    assert counts(read(text)) == {"Au": 4}


def test_names_with_dots_of_the_newer_dictionary_are_read(read):
    text = cif(["A Au 0 0 0"], cubic(4.08), operations=["x,y,z"])
    for category in ("_cell", "_atom_site", "_symmetry_equiv"):
        text = text.replace(f"{category}_", f"{category}.")
    assert counts(read(text)) == {"Au": 1}


@pytest.mark.parametrize(
    "text",
    ["", "not a cif", "data_x\n_cell_length_a 1\n", "data_x\nloop_\n_a\n_b\n1\n", b"\x00\xff\xfe\x80" * 50,
     "data_x\n_a 'open\n", "data_x\n_a 1\n_a 2\n"],
)  # fmt: skip
def test_what_is_no_cif_is_refused_in_one_line(read, text):
    with pytest.raises(InputError, match="does not read as a CIF file") as caught:
        read(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (("?", 5, 5, 90, 90, 90), r"_cell_length_a is \?"),
        ((5, 5, 5, 90, -90, 90), "_cell_angle_beta is -90"),
        ((5, 5, 5, 10, 10, 170), "enclose no cell"),
        ((1e-3, 1e-3, 1e-3, 90, 90, 90), "enclose no cell|less than one atom"),
        ((0.5, 5, 5, 90, 90, 90), "less than one atom"),
        ((1e9, 5, 5, 90, 90, 90), "1000 Å is the most"),
    ],
)
def test_cells_that_cannot_be_are_refused_at_once(read, cell, words):
    start = time.perf_counter()
    with pytest.raises(InputError, match=words):
        read(cif(["A Au 0 0 0"], cell, operations=["x,y,z"]))
    assert time.perf_counter() - start < 5


def test_nothing_is_read_without_bound(tmp_path, read):
    with pytest.raises(InputError, match="no CIF file at"):
        lattice_from_cif("/dev/zero")
    with pytest.raises(InputError, match="no CIF file at"):
        lattice_from_cif(tmp_path)
    large = tmp_path / "large.cif"
    with large.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(InputError, match="larger than 32 MiB"):
        lattice_from_cif(large)
    with pytest.raises(InputError, match="more than 20000 positions"):
        read(cif([f"A{k} C {k / 200} 0 0" for k in range(200)], cubic(900), H_M="F m -3 m"))
    with pytest.raises(InputError, match="has 20001 sites"):
        read(cif(["A C 0 0 0"] * 20_001, H_M="P 1"))


def test_a_cell_of_two_thousand_atoms_is_made_within_seconds(read):
    rows = [f"A{k} C {k % 13 / 13:.5f} {k // 13 % 13 / 13:.5f} {k // 169 / 13:.5f}" for k in range(13**3)]
    start = time.perf_counter()
    crystal = read(cif(rows, cubic(30.0), H_M="P 1"))
    assert len(unit_cell(crystal)) == 13**3
    assert time.perf_counter() - start < 10


# Another reader


@pytest.mark.parametrize(
    ("symbol", "structure", "a"),
    [
        ("NaCl", "rocksalt", 5.64),
        ("ZnS", "zincblende", 5.41),
        ("GaN", "wurtzite", 3.19),
        ("CsCl", "cesiumchloride", 4.12),
    ],
)
def test_files_that_ase_writes_give_the_distances_that_ase_has(tmp_path, symbol, structure, a):
    original = bulk(symbol, structure, a=a, **({"c": 5.19} if structure == "wurtzite" else {})).repeat(2)
    write(tmp_path / "c.cif", original)
    again = unit_cell(lattice_from_cif(tmp_path / "c.cif"))
    assert Counter(again.get_chemical_symbols()) == Counter(original.get_chemical_symbols())
    distances = [np.sort(atoms.get_all_distances(mic=True).ravel()) for atoms in (again, original)]
    np.testing.assert_allclose(*distances, atol=1e-4)


def test_an_unknown_way_with_occupancies_is_refused(tmp_path):
    with pytest.raises(InputError, match="occupancy must be refuse or draw"):
        lattice_from_cif(tmp_path / "c.cif", occupancy="fill")
