"""Coatings: where hydrocarbon lies, how much of it, and what it keeps away from."""

import numpy as np
import pytest
from ase.data import atomic_masses
from scipy.spatial import cKDTree

from hrtem_bench.errors import InputError
from hrtem_bench.specimens.coatings import CONTACT, check_coating, coating

BOX = np.array([60.0, 50.0])
PER_G = 1.66053907  # g/cm³ of one unit of mass in 1 Å³


def plate(z=0.0):
    x, y = np.meshgrid(np.arange(0, 60, 1.0), np.arange(0, 50, 1.0))
    return np.column_stack([x.ravel(), y.ravel(), np.full(x.size, z)])


def test_a_plate_is_coated_on_both_faces_by_its_thickness_and_density():
    numbers, positions = coating(plate(), np.zeros((0, 3)), BOX, 10.0, 1.2, np.random.default_rng(0))
    assert set(numbers) == {1, 6}
    height = np.abs(positions[:, 2])
    assert height.min() > CONTACT - 0.3 and height.max() <= CONTACT + 10.0 + 1e-9  # the plate has gaps of half an Å
    for side in (positions[:, 2] > 0, positions[:, 2] < 0):
        mass = atomic_masses[numbers[side]].sum() * PER_G
        assert mass == pytest.approx(1.2 * BOX.prod() * 10.0, rel=0.06)


def test_a_ball_is_coated_all_around_and_other_atoms_are_left_free():
    rng = np.random.default_rng(1)
    ball = rng.standard_normal((400, 3))
    ball = 12 * ball / np.linalg.norm(ball, axis=1, keepdims=True) + [1.0, 25.0, 14.0]  # across the edge in x
    others = plate(-3.0)
    numbers, positions = coating(ball, others, BOX, 6.0, 0.9, rng)
    period = np.array([*BOX, 400.0])
    near = cKDTree((ball % period), boxsize=period).query(positions % period)[0]
    assert near.min() >= CONTACT and near.max() <= CONTACT + 6.0 + 1e-9
    assert cKDTree(others % period, boxsize=period).query(positions % period)[0].min() >= CONTACT
    assert (positions[:, 0] > 40).any() and (positions[:, 0] < 20).any()
    assert len(numbers) == len(positions)


def test_the_same_generator_gives_the_same_bytes_and_nothing_needs_no_coating():
    first, again, other = (
        coating(plate(), np.zeros((0, 3)), BOX, 3.0, 1.0, np.random.default_rng(s))[1] for s in (2, 2, 3)
    )
    assert first.tobytes() == again.tobytes() != other.tobytes()
    for covered, thickness in ((np.zeros((0, 3)), 3.0), (plate(), 0.0)):
        assert not len(coating(covered, plate(), BOX, thickness, 1.0, np.random.default_rng(0))[0])


def test_a_box_too_small_for_hydrocarbon_is_refused():
    with pytest.raises(InputError, match="at least"):
        check_coating((5.0, 50.0))
