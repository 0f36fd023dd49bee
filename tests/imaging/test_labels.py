"""The zero of focus and the labels, on particles simulated for the purpose."""

from __future__ import annotations

import ase
import numpy as np
import pytest
from ase.build import bulk

import hrtem_bench as hb
from hrtem_bench.imaging import contrast, find_zero_focus, instances, mask

BOX, RADIUS, SIZE = 51.2, 12.0, 0.2


def two_particles(below: float = 2.0) -> tuple[ase.Atoms, np.ndarray]:
    """Two silver balls in vacuum, `below` Å above the exit face, and the ball each atom belongs to."""
    crystal = bulk("Ag", cubic=True).repeat(8).positions
    crystal = crystal - crystal.mean(0)
    ball = crystal[np.linalg.norm(crystal, axis=1) < RADIUS]
    turned = ball @ np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    positions = np.vstack([ball + [14, 16, RADIUS + 2], turned + [38, 33, RADIUS + 2]])
    cell = [BOX, BOX, 2 * RADIUS + 2 + below]
    number = np.repeat([1, 2], [len(ball), len(turned)])
    return ase.Atoms(["Ag"] * len(positions), positions, cell=cell, pbc=True), number


@pytest.fixture(scope="module")
def wave():
    return hb.exit_waves(two_particles()[0], phonons=None, pixel_size=SIZE)[0]


@pytest.fixture(scope="module")
def zero(wave):
    return find_zero_focus(wave, pixel_size=SIZE, lowest=-40.0, highest=20.0)


def test_zero_focus_lies_inside_the_particles(zero):
    assert -2 * RADIUS - 4 <= zero <= 0


def test_zero_focus_is_the_minimum_of_contrast(wave, zero):
    scan = contrast(wave, np.linspace(-40, 20, 25), pixel_size=SIZE)
    assert contrast(wave, [zero], pixel_size=SIZE)[0] <= scan.min() + 1e-6


def test_zero_focus_follows_the_plane_of_the_wave(zero):
    """Sixteen Å more of vacuum below the particles put their zero of focus sixteen Å further upstream."""
    further = hb.exit_waves(two_particles(below=18.0)[0], phonons=None, pixel_size=SIZE)[0]
    moved = find_zero_focus(further, pixel_size=SIZE, lowest=-55.0, highest=5.0)
    assert moved == pytest.approx(zero - 16.0, abs=0.3)


def test_mask_is_the_projection_of_the_particles(wave, zero):
    out = 0.4
    got = mask(wave, pixel_size=SIZE, output_pixel_size=out, zero_focus=zero)
    assert got.dtype == np.uint8
    atoms, _ = two_particles()
    x = np.arange(128) * out
    shadow = np.zeros((128, 128), bool)
    for ax, ay, _ in atoms.positions:  # an atom's radius in the metal is 1.44 Å
        shadow |= np.hypot(x[None] - ax, x[:, None] - ay) < 1.44
    both = 2 * (got.astype(bool) & shadow).sum() / (got.sum() + shadow.sum())
    assert both > 0.9


def test_vacuum_has_no_mask():
    assert not mask(np.ones((64, 64), complex), pixel_size=SIZE, output_pixel_size=0.4, zero_focus=-10.0).any()


def test_instances_number_the_particles(wave, zero):
    atoms, number = two_particles()
    particles = mask(wave, pixel_size=SIZE, output_pixel_size=0.4, zero_focus=zero)
    got = instances(particles, atoms.positions, number, pixel_size=0.4)
    assert got.dtype == np.uint8
    np.testing.assert_array_equal(got > 0, particles > 0)
    assert got[40, 35] == 1  # (y, x) = (16, 14) Å
    assert got[82, 95] == 2
    assert set(np.unique(got)) == {0, 1, 2}


def test_instances_wrap_round_the_edges():
    everywhere = np.ones((20, 20), np.uint8)
    got = instances(everywhere, np.array([[0.1, 5.0], [5.0, 5.0]]), np.array([1, 2]), pixel_size=0.5)
    assert got[10, 19] == 1
    assert got[10, 10] == 2
