"""Tilting a specimen is tilting the beam the other way, seen from another side."""

from __future__ import annotations

import ase
import numpy as np
import pytest
from ase.build import bulk
from converged import relative_error

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.specimens import tilted

LENGTH, HEIGHT, SLICE = 12.24, 24.0, 1.0


@pytest.fixture(scope="module")
def crystal() -> ase.Atoms:
    """Gold along [001], in a periodic box."""
    gold = bulk("Au", cubic=True).repeat((3, 3, 5))
    gold.positions += [0.3, 0.2, 1.0]
    gold.set_cell([LENGTH, LENGTH, HEIGHT])
    return gold


def test_columns_lean(crystal):
    moved = tilted(crystal, (20.0, -10.0)).positions - crystal.positions
    rise = crystal.positions[:, 2] - HEIGHT / 2
    np.testing.assert_allclose(moved[:, 0], rise * np.tan(0.02))
    np.testing.assert_allclose(moved[:, 1], rise * np.tan(-0.01))
    np.testing.assert_array_equal(moved[:, 2], 0)


def test_a_specimen_tilted_one_way_is_a_beam_tilted_the_other(crystal):
    """The same atoms under a beam along their columns: waves agree once the beam's sideways travel is taken back."""
    tilt = (8.0, -5.0)
    slopes = np.tan(np.array(tilt) * 1e-3)
    options = {"phonons": None, "pixel_size": 0.102, "slice_thickness": SLICE, "method": "fourier"}
    straight = hb.exit_waves(crystal, **options)[0]
    leaning = hb.exit_waves(tilted(crystal, tilt), tilt=tilt, **options)[0]
    k = np.fft.fftfreq(straight.shape[0], LENGTH / straight.shape[0])
    # The leaning columns meet the exit plane half the height further along than they meet the middle.
    travel = np.exp(2j * np.pi * HEIGHT / 2 * (k[None] * slopes[0] + k[:, None] * slopes[1]))
    assert relative_error(np.fft.ifft2(np.fft.fft2(leaning) * travel), straight, LENGTH, 2.0) < 0.02
    crossed = hb.exit_waves(tilted(crystal, tilt), **options)[0]
    assert relative_error(crossed, straight, LENGTH, 2.0) > 0.2


def test_large_angles_are_refused(crystal):
    with pytest.raises(InputError, match="100 mrad"):
        tilted(crystal, (0.0, 150.0))
