"""Scenes beyond the protocol: shapes, sizes, orientations, supports, adsorbates."""

import dataclasses

import numpy as np
import pytest
from scipy import stats
from scipy.spatial import cKDTree

from hrtem_bench.errors import InputError
from hrtem_bench.specimens import SceneSpec, lattice, scene, unit_cell, vacuum
from hrtem_bench.specimens.adsorbates import adsorbed
from hrtem_bench.specimens.scenes import _diameter, _orientation

BARE = SceneSpec(box=(90.0, 90.0), diameter=(16.0, 24.0), count=2, film_thickness=0, lattices=("Au",))
ENERGIES = {"111": 1.0, "100": 1.15}


@pytest.mark.parametrize("shape", ["sphere", "wulff", "icosahedron", "decahedron", "core_shell"])
def test_each_shape_makes_whole_particles_apart(shape):
    spec = dataclasses.replace(
        BARE,
        shapes=(shape,),
        surface_energies=ENERGIES,
        shell="Ag",
        shell_thickness=3.0,
        film="a-C",
        film_thickness=10.0,
    )
    made = scene(spec, 4)
    assert {p.shape for p in made.particles} == {shape}
    assert {p.lattice for p in made.particles} == {"Au@Ag" if shape == "core_shell" else "Au"}
    tree = cKDTree(made.atoms.positions[made.particle == 0], boxsize=(90, 90, 1e6))
    groups = [made.atoms.positions[made.particle == k] for k in (1, 2)]
    for positions, particle in zip(groups, made.particles, strict=True):
        assert len(positions) == particle.atom_count
        assert 14 < particle.diameter < 27
        assert np.ptp(positions[:, :2], axis=0).max() < 35  # not wrapped around the edge
        assert tree.query(positions)[0].min() == pytest.approx(spec.contact, abs=1e-9)
        assert particle.atom_count == pytest.approx(np.pi / 6 * particle.diameter**3 / (4.08**3 / 4), rel=0.3)
    assert cKDTree(groups[0]).query(groups[1])[0].min() > spec.gap


def test_sizes_follow_their_distribution():
    rng = np.random.default_rng(5)
    draws = {}
    for name in ("uniform", "normal", "lognormal"):
        spec = dataclasses.replace(BARE, diameter=(20.0, 60.0), size_distribution=name)
        draws[name] = np.array([_diameter(spec, rng) for _ in range(2000)])
        assert draws[name].min() >= 20 and draws[name].max() <= 60
    assert stats.kstest(draws["uniform"], stats.uniform(20, 40).cdf).pvalue > 1e-3
    assert stats.kstest(draws["normal"], stats.truncnorm(-2, 2, 40, 10).cdf).pvalue > 1e-3
    low, high = np.log([20, 60])
    law = stats.truncnorm(-2, 2, (low + high) / 2, (high - low) / 4)
    assert stats.kstest(np.log(draws["lognormal"]), law.cdf).pvalue > 1e-3


def test_a_zone_axis_points_along_the_beam_and_tilts_by_its_deviation():
    rng = np.random.default_rng(6)
    spec = dataclasses.replace(BARE, lattices=("CdSe",), zone_axis=(1, 1, 0))
    axis = np.array([1, 1, 0]) @ np.asarray(unit_cell(lattice("CdSe")).cell)
    axis /= np.linalg.norm(axis)
    exact = [_orientation(spec, lattice("CdSe"), rng) for _ in range(50)]
    np.testing.assert_allclose([r @ axis for r in exact], np.tile([0, 0, 1.0], (50, 1)), atol=1e-12)
    assert np.std([r[0, 0] for r in exact]) > 0.3  # turned about the beam
    tilted = dataclasses.replace(spec, tilt=3.0)
    rotations = np.array([_orientation(tilted, lattice("CdSe"), rng) for _ in range(2000)])
    np.testing.assert_allclose(np.linalg.det(rotations), 1.0)
    directions = rotations @ axis
    assert np.degrees(np.std(directions[:, 0])) == pytest.approx(3.0, rel=0.1)
    assert np.degrees(np.std(directions[:, 1])) == pytest.approx(3.0, rel=0.1)


def test_twins_are_drawn_and_recorded():
    made = [scene(dataclasses.replace(BARE, faults=0, twins=(0, 2)), seed) for seed in range(6)]
    assert {p.twins for m in made for p in m.particles} == {0, 1, 2}


def test_a_particle_wider_than_the_box_is_refused_when_nothing_else_is_there():
    needle = dataclasses.replace(BARE, box=(26.0, 26.0), shapes="wulff", surface_energies={"111": 1.0}, diameter=24.0)
    with pytest.raises(InputError, match="no particle fits"):
        scene(needle, 0)


@pytest.mark.parametrize("film", ["graphite", "MgO", "c-Si", "a-SiO2"])
def test_supports_of_other_materials_carry_particles(film):
    made = scene(dataclasses.replace(BARE, film=film, film_thickness=10.0), 1)
    support = made.atoms[made.particle == 0]
    assert len(support) and 79 not in support.numbers
    assert vacuum(made).positions[:, 2].min() > support.positions[:, 2].max()


def test_adsorbates_sit_on_the_particle_and_are_no_part_of_it():
    spec = dataclasses.replace(BARE, adsorbate="CO", adsorbate_coverage=0.02, film_thickness=10.0)
    made = scene(spec, 3)
    assert set(vacuum(made).numbers) == {79}
    carbon_oxide = made.atoms[(made.particle == 0) & (np.arange(len(made.atoms)) >= (made.particle > 0).argmax())]
    assert set(carbon_oxide.numbers) == {6, 8}
    assert (carbon_oxide.numbers == 6).sum() == (carbon_oxide.numbers == 8).sum()
    assert cKDTree(vacuum(made).positions).query(carbon_oxide.positions)[0].min() == pytest.approx(2.2, abs=1e-9)


def test_adsorbates_keep_their_distances_and_number():
    rng = np.random.default_rng(0)
    particle = np.stack(np.meshgrid(*[np.arange(-4, 5) * 2.5] * 3), axis=-1).reshape(-1, 3)
    particle = particle[np.linalg.norm(particle, axis=1) < 10]
    wall = np.array([[0.0, 0.0, -12.0]])
    numbers, positions = adsorbed("O", 0.01, 2.0, particle, wall, rng)
    radius = np.linalg.norm(particle, axis=1).max()
    assert len(numbers) == round(0.01 * 4 * np.pi * radius**2)
    np.testing.assert_allclose(cKDTree(particle).query(positions)[0], 2.0, atol=1e-9)
    assert cKDTree(positions).query(positions, k=2)[0][:, 1].min() >= 2.5
    assert np.linalg.norm(positions - wall, axis=1).min() >= 2.0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"shapes": "cube"}, "shapes must be one of sphere, wulff"),
        ({"shapes": "wulff"}, "needs surface energies"),
        ({"shapes": "icosahedron", "lattices": "Fe"}, "face-centred"),
        ({"shapes": "core_shell", "shell": "Ag", "shell_thickness": 20}, "shell_thickness must be"),
        ({"shapes": "core_shell", "shell": "Axx"}, "unknown lattice 'Axx'"),
        ({"twins": 1, "lattices": "CdSe"}, "no twin of CdSe"),
        ({"surface_energies": {"11": 1.0}}, "surface_energies must name surfaces"),
        ({"surface_energies": {"111": -1.0}}, "must be above 0"),
        ({"zone_axis": (0, 0, 0)}, "zone_axis must be a direction"),
        ({"zone_axis": "up"}, "zone_axis must be three whole numbers"),
        ({"size_distribution": "flat"}, "size_distribution must be one of"),
        ({"adsorbate": "XY"}, "adsorbate must be"),
        ({"film": "a-Xx", "film_thickness": 10}, "film: unknown lattice 'a-Xx'"),
        ({"film": "Si", "film_thickness": 10}, r"may mean a-Si \(amorphous\) or c-Si"),
        ({"count": 0}, "could be empty"),
    ],
)
def test_kinds_that_cannot_be_are_refused_in_one_line(values, words):
    with pytest.raises(InputError, match=words) as caught:
        dataclasses.replace(BARE, **values)
    assert "\n" not in str(caught.value)
