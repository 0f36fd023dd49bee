"""Shapes: Wulff polyhedra against ase and geometry, five-fold clusters, core and shell, twins."""

import numpy as np
import pytest
from ase.cluster import wulff_construction
from scipy.spatial import ConvexHull, cKDTree

from hrtem_bench.errors import InputError
from hrtem_bench.specimens import core_shell, cut, five_fold, lattice, sphere, unit_cell, wulff_outline
from hrtem_bench.specimens.particles import equal_volume_diameter

CUBE = (((1, 0, 0), 1.0),)
TRUNCATED = (((1, 1, 1), 1.0), ((1, 0, 0), 1.15))


def rng(seed=0):
    return np.random.default_rng(seed)


def test_a_wulff_shape_of_cube_faces_is_the_cube_of_the_sphere_s_volume():
    outline = wulff_outline(lattice("MgO"), CUBE, 40.0)
    edge = np.cbrt(np.pi / 6 * 40.0**3)
    assert len(outline.normals) == 6
    np.testing.assert_allclose(outline.distances, edge / 2)
    assert outline.radius == pytest.approx(edge / 2 * 3**0.5)
    inside = outline.holds(np.array([[edge / 2 - 0.01, 0, 0], [edge / 2 + 0.01, 0, 0], [edge / 2 - 0.01] * 3]))
    assert inside.tolist() == [True, False, True]


def test_distances_of_faces_go_as_their_energies():
    outline = wulff_outline(lattice("Au"), TRUNCATED, 40.0)
    octahedral = np.all(np.abs(np.abs(outline.normals) - 3**-0.5) < 1e-9, axis=1)
    assert octahedral.sum() == 8 and len(outline.normals) == 14
    ratio = outline.distances[~octahedral].mean() / outline.distances[octahedral].mean()
    assert ratio == pytest.approx(1.15)


@pytest.mark.parametrize("diameter", [25.0, 40.0])
def test_a_wulff_particle_has_the_faces_ase_gives(diameter):
    """Extent along (111) and (100) over many random centres agrees with ase's construction of as many atoms."""
    made = [cut(lattice("Au"), wulff_outline(lattice("Au"), TRUNCATED, diameter), rng(seed)).atoms for seed in range(6)]
    count = int(np.mean([len(atoms) for atoms in made]))
    assert count == pytest.approx(np.pi / 6 * diameter**3 / (4.08**3 / 4), rel=0.05)
    reference = wulff_construction("Au", [(1, 1, 1), (1, 0, 0)], [1.0, 1.15], count, "fcc", latticeconstant=4.08)
    for direction in ((1, 1, 1), (1, 0, 0)):
        unit = np.array(direction) / np.linalg.norm(direction)
        ours = np.mean([np.ptp(atoms.positions @ unit) for atoms in made])
        assert ours == pytest.approx(np.ptp(reference.positions @ unit), abs=4.1)


def test_polar_faces_of_wurtzite_are_not_made_equal():
    both = (((0, 0, 1), 1.0), ((0, 0, -1), 2.0), ((1, 0, 0), 1.0))
    outline = wulff_outline(lattice("CdSe"), both, 40.0)
    up = outline.distances[outline.normals[:, 2] > 0.9]
    down = outline.distances[outline.normals[:, 2] < -0.9]
    np.testing.assert_allclose(down / up, 2.0)
    with pytest.raises(InputError, match="do not enclose"):
        wulff_outline(lattice("CdSe"), (((0, 0, 1), 1.0), ((1, 0, 0), 1.0)), 40.0)


@pytest.mark.parametrize(("facets", "words"), [((), "needs surface energies"), ((((0, 0, 1), 1.0),), "do not enclose")])
def test_surfaces_that_enclose_nothing_are_refused(facets, words):
    with pytest.raises(InputError, match=words):
        wulff_outline(lattice("CdSe"), facets, 40.0)


@pytest.mark.parametrize("shape", ["icosahedron", "decahedron"])
def test_clusters_have_about_the_volume_asked_for_and_twelve_neighbours_inside(shape):
    gold = lattice("Au")
    for diameter in (25.0, 40.0):
        made = five_fold(gold, shape, diameter)
        assert equal_volume_diameter(made.atoms, gold) == pytest.approx(diameter, abs=3.0)
    positions = made.atoms.positions
    np.testing.assert_allclose(positions.mean(axis=0), 0, atol=1e-9)
    inner = positions[np.linalg.norm(positions, axis=1) < 8]
    # In the icosahedron the surface directions are stretched by 5 %, so that bonds differ.
    counts = cKDTree(positions).query_ball_point(inner, 2.885 * 1.15, return_length=True) - 1
    assert set(counts) == {12}


def test_an_icosahedron_is_a_magic_number():
    assert len(five_fold(lattice("Ag"), "icosahedron", 21.5).atoms) in (147, 309, 561)


def test_a_cluster_of_another_lattice_is_refused():
    with pytest.raises(InputError, match="face-centred"):
        five_fold(lattice("Fe"), "icosahedron", 20.0)


@pytest.mark.parametrize(("name", "bond", "number"), [("Cu", 2.5567, 12), ("Si", 2.3513, 4)])
def test_a_twin_mirrors_the_crystal_and_keeps_its_bonds(name, bond, number):
    made = sphere(lattice(name), 40.0, rng(2), (0, 1))
    assert (made.faults, made.twins) == (0, 1)
    tree = cKDTree(made.atoms.positions)
    assert tree.query(made.atoms.positions, k=2)[0][:, 1].min() == pytest.approx(bond, abs=1e-3)
    inner = made.atoms.positions[np.linalg.norm(made.atoms.positions, axis=1) < 15]
    assert set(tree.query_ball_point(inner, bond * 1.1, return_length=True) - 1) == {number}


def layer_steps(atoms, cell):
    """+1 or -1 for each close-packed (111) layer: the way it is displaced against the one below."""
    fractional = atoms.positions @ np.linalg.inv(cell)
    heights = fractional.sum(axis=1)
    levels = np.unique(np.round(heights, 3))
    phases = []
    for level in levels:
        layer = fractional[np.abs(heights - level) < 0.01]
        # A reciprocal vector in the plane for which the three sites A, B, C differ by 120 degrees.
        phases.append(np.exp(2j * np.pi * layer @ (np.array([1, 1, -2]) * 2 / 3)).mean())
    steps = np.angle(np.array(phases[1:]) / np.array(phases[:-1]))
    return np.sign(steps)[2:-2]


@pytest.mark.parametrize(("counts", "turns"), [((0, 0), 0), ((0, 1), 1), ((0, 2), 2), ((1, 0), 2)])
def test_stacking_of_copper_turns_once_at_a_twin_and_twice_at_a_fault(counts, turns):
    """...ABCABC... steps one way; a twin reverses it for good, a fault for one layer only."""
    made = sphere(lattice("Cu"), 50.0, rng(1), counts)
    steps = layer_steps(made.atoms, np.asarray(unit_cell(lattice("Cu")).cell))
    assert set(steps) <= {-1.0, 1.0}
    assert int((steps[1:] != steps[:-1]).sum()) == turns


def test_a_twin_of_iron_keeps_its_atoms_apart():
    made = sphere(lattice("Fe"), 40.0, rng(3), (2, 1))
    assert (made.faults, made.twins) == (0, 1)
    # Unrelaxed, the layers beside a (112) boundary are 2 a / sqrt(6) apart.
    nearest = cKDTree(made.atoms.positions).query(made.atoms.positions, k=2)[0][:, 1].min()
    assert nearest == pytest.approx(2 * 2.866 / 6**0.5, abs=1e-3)


def test_a_core_and_its_shell_are_concentric_and_apart():
    made = core_shell(lattice("CdSe"), lattice("ZnS"), (44.0, 6.0), rng())
    radius = np.linalg.norm(made.atoms.positions, axis=1)
    core = np.isin(made.atoms.numbers, (48, 34))
    assert radius[core].max() <= 16.0 < radius[~core].min()
    assert radius.max() <= 22.0
    nearest = cKDTree(made.atoms.positions).query(made.atoms.positions, k=2)[0][:, 1].min()
    assert nearest >= 0.9 * 2.34
    hull = ConvexHull(made.atoms.positions[~core])
    assert hull.volume == pytest.approx(4 / 3 * np.pi * 22.0**3, rel=0.1)
    shell_volume = 4 / 3 * np.pi * (22.0**3 - 16.0**3)
    cell = unit_cell(lattice("ZnS"))
    assert (~core).sum() == pytest.approx(shell_volume * 4 / cell.get_volume(), rel=0.15)
