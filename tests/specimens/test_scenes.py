"""Scenes: geometry, seeds, records; the spec's errors."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from hrtem_bench.errors import InputError
from hrtem_bench.specimens import SceneSpec, lattice, scene, spec_from_dict, unit_cell, vacuum

SMALL = SceneSpec(box=(70.0, 64.0), diameter=(18.0, 26.0), count=(1, 3), film_thickness=(10.0, 15.0))
SEEDS = range(4)


@pytest.fixture(scope="module")
def scenes():
    return [scene(SMALL, seed) for seed in SEEDS]


def test_the_defaults_are_the_published_protocol():
    spec = SceneSpec()
    assert spec.box == (128.0, 128.0)
    assert spec.diameter == (30.0, 50.0)
    assert (spec.count, spec.faults, spec.gap) == ((1, 5), (0, 2), 10.0)
    assert spec.film_thickness == (20.0, 80.0)
    assert spec.lattices == ("CdSe",)


def test_atoms_lie_inside_the_box_with_the_margin(scenes):
    for made in scenes:
        lengths = made.atoms.cell.lengths()
        assert np.all(made.atoms.cell.angles() == 90)
        assert made.atoms.pbc.tolist() == [True, True, False]
        positions = made.atoms.positions
        assert np.all(positions >= 0) and np.all(positions < lengths)
        assert positions[:, 2].min() == pytest.approx(SMALL.margin)
        assert lengths[2] - positions[:, 2].max() == pytest.approx(SMALL.margin)
        assert made.thickness == pytest.approx(np.ptp(positions[:, 2]))


def test_particles_are_as_recorded(scenes):
    for made in scenes:
        assert len(made.particle) == len(made.atoms)
        assert set(made.particle) == set(range(len(made.particles) + 1))
        for k, particle in enumerate(made.particles, 1):
            positions = made.atoms.positions[made.particle == k]
            radius = np.linalg.norm(positions - particle.center, axis=1)
            assert len(positions) == particle.atom_count
            assert particle.diameter / 2 - 1.5 < radius.max() <= particle.diameter / 2 + 1e-9
            assert 18.0 <= particle.diameter <= 26.0
            assert 0 <= particle.faults <= 2
            cell = unit_cell(lattice(particle.lattice))
            volume = np.pi / 6 * particle.diameter**3
            assert particle.atom_count == pytest.approx(volume * len(cell) / cell.get_volume(), rel=0.1)


def test_orientation_turns_the_crystal_into_the_box():
    made = scene(dataclasses.replace(SMALL, faults=0, count=1), 5)
    particle = made.particles[0]
    turned = (made.atoms.positions[made.particle == 1] - particle.center) @ np.array(particle.orientation)
    cell = np.asarray(unit_cell(lattice("CdSe")).cell)
    fractional = turned @ np.linalg.inv(cell)
    phases = np.exp(2j * np.pi * fractional[made.atoms.numbers[made.particle == 1] == 48])
    # Cadmium sits at (1/3, 2/3, 0) and (2/3, 1/3, 1/2): 2 z and x - 2 y (hence x + y) repeat for every atom.
    assert np.abs(np.mean(phases[:, 2] ** 2)) == pytest.approx(1, abs=1e-6)
    assert np.abs(np.mean(phases[:, 0] * phases[:, 1])) == pytest.approx(1, abs=1e-6)
    assert np.abs(np.mean(phases[:, 0])) < 0.9


def test_particles_keep_the_gap_and_lie_whole_in_the_box(scenes):
    box = np.array(SMALL.box)
    for made in scenes:
        for i, a in enumerate(made.particles):
            assert np.all(np.array(a.center[:2]) >= a.diameter / 2)
            assert np.all(np.array(a.center[:2]) <= box - a.diameter / 2)
            for b in made.particles[:i]:
                apart = np.array(a.center[:2]) - b.center[:2]
                apart -= box * np.rint(apart / box)
                assert np.hypot(*apart) - (a.diameter + b.diameter) / 2 >= SMALL.gap


def test_particles_touch_the_film_and_do_not_overlap_it(scenes):
    for made in scenes:
        box = (*SMALL.box, 1e6)
        film = cKDTree(made.atoms.positions[made.particle == 0], boxsize=box)
        for k in range(1, len(made.particles) + 1):
            distance, _ = film.query(made.atoms.positions[made.particle == k])
            assert distance.min() == pytest.approx(SMALL.contact, abs=1e-9)


def test_the_film_is_below_the_particles_and_has_its_thickness(scenes):
    for made in scenes:
        film = made.atoms[made.particle == 0]
        assert set(film.numbers) == {6}
        achieved = len(film) * 12.011 * 1.66053907 / (np.prod(SMALL.box) * made.film_thickness)
        assert achieved == pytest.approx(2.0, rel=0.01)
        assert film.positions[:, 2].max() <= SMALL.margin + made.film_thickness
        for particle in made.particles:
            assert particle.center[2] > film.positions[:, 2].max()


def test_vacuum_keeps_the_particles_where_they_are(scenes):
    for made in scenes:
        alone = vacuum(made)
        assert len(alone) == sum(p.atom_count for p in made.particles)
        np.testing.assert_array_equal(alone.positions, made.atoms.positions[made.particle > 0])
        np.testing.assert_array_equal(alone.cell, made.atoms.cell)


def test_a_scene_is_a_function_of_its_seed():
    first, again, other = (scene(SMALL, seed) for seed in (7, 7, 8))
    assert first.atoms.positions.tobytes() == again.atoms.positions.tobytes()
    assert first.particles == again.particles
    assert first.particles != other.particles
    assert first.film_thickness != other.film_thickness


def test_what_is_drawn_for_a_particle_does_not_depend_on_the_film():
    bare, held = (scene(dataclasses.replace(SMALL, film_thickness=t), 2) for t in (0, 12))
    assert [p.orientation for p in bare.particles] == [p.orientation for p in held.particles]
    assert not np.any(bare.particle == 0)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**40))
def test_a_crowded_box_drops_particles_and_says_so(seed):
    made = scene(SceneSpec(box=(60.0, 60.0), diameter=(30.0, 40.0), count=5, film_thickness=0), seed)
    assert 1 <= len(made.particles) < 5
    assert made.particle.max() == len(made.particles)


def test_particles_may_be_cut_by_the_edge_when_allowed():
    spec = SceneSpec(box=(40.0, 40.0), diameter=30.0, count=1, film_thickness=0, whole=False)
    centers = np.array([scene(spec, seed).particles[0].center[:2] for seed in range(12)])
    assert np.any((centers < 15) | (centers > 25))


def test_counts_and_lattices_follow_the_spec():
    spec = SceneSpec(box=(90.0, 90.0), diameter=20.0, count=(2, 3), film_thickness=0, lattices=("Cu", "Si"))
    made = [scene(spec, seed) for seed in range(12)]
    assert {len(m.particles) for m in made} == {2, 3}
    assert {p.lattice for m in made for p in m.particles} == {"Cu", "Si"}
    assert all(len({p.lattice for p in m.particles}) == 1 for m in made)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"diameter": (50, 30)}, "diameter must run from low to high"),
        ({"diameter": "big"}, "diameter must be a number"),
        ({"diameter": -1}, "diameter must not be negative"),
        ({"diameter": 200}, "beyond the box"),
        ({"count": 1.5}, "count must be a whole number"),
        ({"count": (1, 2, 3)}, "count must be a number or two numbers"),
        ({"gap": float("nan")}, "gap must be a number"),
        ({"film": "a-X"}, "unknown"),
        ({"film_thickness": 4}, "film_thickness"),
        ({"film_density": 9.0}, "film_density"),
        ({"lattices": ["CdS"]}, "did you mean CdSe"),
        ({"lattices": []}, "lattices must be"),
        ({"colour": 1}, "unknown key 'colour'"),
    ],
)
def test_a_spec_that_cannot_be_is_refused_in_one_line(values, words):
    with pytest.raises(InputError, match=words) as caught:
        spec_from_dict(values)
    assert "\n" not in str(caught.value)


def test_a_spec_from_a_recipe_table_equals_one_from_python():
    table = {"box": [64, 64], "lattices": ["Cu"], "diameter": 20, "count": [1, 2]}
    assert spec_from_dict(table) == SceneSpec(box=(64.0, 64.0), lattices=("Cu",), diameter=(20.0, 20.0), count=(1, 2))


def test_numbers_of_numpy_are_numbers() -> None:
    given = {"count": np.int64(3), "diameter": np.array([30.0, 40.0]), "gap": np.float32(8), "zone_axis": np.eye(3)[2]}
    plain = {"count": 3, "diameter": (30.0, 40.0), "gap": 8.0, "zone_axis": (0, 0, 1)}
    assert spec_from_dict(given) == spec_from_dict(plain)
