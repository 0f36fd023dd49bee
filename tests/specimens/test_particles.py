"""Particles: size, number of atoms, distances at faults, orientation."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial import cKDTree

from hrtem_bench.specimens import lattice, random_rotation, sphere, unit_cell


def made(name, diameter, faults=0, seed=0):
    particle = sphere(lattice(name), diameter, np.random.default_rng(seed), (faults, 0))
    return particle.atoms, particle.faults


@pytest.mark.parametrize("name", ["CdSe", "Cu", "Si", "Fe3O4", "Fe"])
def test_a_sphere_holds_the_atoms_of_its_volume(name):
    cell = unit_cell(lattice(name))
    counts = [len(made(name, 40.0, seed=seed)[0]) for seed in range(5)]
    expected = 4 / 3 * np.pi * 20.0**3 * len(cell) / cell.get_volume()
    assert np.mean(counts) == pytest.approx(expected, rel=0.01)


def test_atoms_lie_inside_the_sphere_and_reach_its_surface():
    atoms, _ = made("CdSe", 44.0)
    radius = np.linalg.norm(atoms.positions, axis=1)
    assert radius.max() <= 22.0
    assert radius.max() > 21.5


def test_a_faultless_sphere_is_the_crystal():
    """Every atom sits on the lattice that ase repeats, shifted as a whole."""
    atoms, faults = made("CdSe", 30.0)
    assert faults == 0
    crystal = unit_cell(lattice("CdSe")).repeat((18, 18, 10))
    inner = atoms.positions[np.argmin((atoms.positions**2).sum(axis=1))]
    by_distance = np.argsort(((crystal.positions - crystal.positions.mean(axis=0)) ** 2).sum(axis=1))
    candidates = crystal.positions[by_distance[:40]] - inner
    tree = cKDTree(crystal.positions)
    assert min(tree.query(atoms.positions + shift)[0].max() for shift in candidates) < 1e-6


@pytest.mark.parametrize(
    ("name", "bond"), [("CdSe", 2.6321), ("ZnS", 2.347), ("Cu", 2.5567), ("Ag", 2.8837), ("Si", 2.3513)]
)
@pytest.mark.parametrize("seed", range(3))
def test_atoms_at_faults_keep_the_bonds_of_the_lattice(name, bond, seed):
    """A fault changes second neighbours but no bond: no atom is nearer than in the lattice, all keep their number."""
    perfect, _ = made(name, 40.0, 0, seed)
    faulted, faults = made(name, 40.0, 2, seed)
    assert faults == 2
    assert cKDTree(faulted.positions).query(faulted.positions, k=2)[0][:, 1].min() > bond - 0.01
    inner = [np.linalg.norm(a.positions, axis=1) < 14 for a in (perfect, faulted)]
    bonds = [
        cKDTree(a.positions).query_ball_point(a.positions[i], bond + 0.15, return_length=True)
        for a, i in zip((perfect, faulted), inner, strict=True)
    ]
    assert set(bonds[0]) == set(bonds[1]) == {bonds[0][0]}


def stacking(atoms, normal_layers):
    """Phase of each close-packed layer of wurtzite, which tells the sites A, B and C apart."""
    cell = np.asarray(unit_cell(lattice("CdSe")).cell)
    fractional = atoms.positions @ np.linalg.inv(cell)
    sites = []
    for low in normal_layers:
        layer = fractional[np.abs(fractional[:, 2] - low) < 0.01]
        angle = np.exp(2j * np.pi * layer[:, :2])
        sites.append((angle[:, 0].mean(), angle[:, 1].mean()))
    return sites


def test_a_wurtzite_fault_turns_one_step_of_the_stacking_into_zinc_blende():
    """ABAB becomes ABAB|CACA (the I2 fault): two layers with different neighbours below and above."""
    for faults, cubic in ((0, 0), (1, 2)):
        atoms, count = made("CdSe", 50.0, faults, seed=3)
        assert count == faults
        metal = atoms[atoms.symbols == "Cd"]
        cell = np.asarray(unit_cell(lattice("CdSe")).cell)
        heights = np.unique(np.round((metal.positions @ np.linalg.inv(cell))[:, 2], 3))
        phases = [a for a, _ in stacking(metal, heights[2:-2])]
        steps = np.angle(np.array(phases[1:]) / np.array(phases[:-1]))
        kinds = np.sign(np.round(steps * 3 / (2 * np.pi)))
        # In wurtzite the step alternates; two equal steps in a row are a layer of cubic stacking.
        assert np.all(kinds != 0)
        assert int((kinds[1:] == kinds[:-1]).sum()) == cubic


def test_lattices_without_glide_planes_get_no_fault():
    assert made("Fe", 30.0, 2)[1] == 0


def test_rotations_are_rotations_and_uniform():
    """Each axis of the crystal is uniform on the sphere, and the rotation angle has the density (1 - cos a) / pi."""
    rng = np.random.default_rng(11)
    turns = np.array([random_rotation(rng) for _ in range(3000)])
    np.testing.assert_allclose(turns @ turns.transpose(0, 2, 1), np.broadcast_to(np.eye(3), turns.shape), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turns), 1.0)
    for component in turns.reshape(-1, 9).T:
        assert stats.kstest(component, stats.uniform(-1, 2).cdf).pvalue > 1e-3
    angle = np.arccos(np.clip((np.trace(turns, axis1=1, axis2=2) - 1) / 2, -1, 1))
    assert stats.kstest(angle, lambda a: (a - np.sin(a)) / np.pi).pvalue > 1e-3
