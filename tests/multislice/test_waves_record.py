"""The record of exit waves: an array for NumPy, which knows what it was made with."""

from __future__ import annotations

import copy
import pickle

import ase
import numpy as np
import pytest
from ase.build import bulk

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.multislice import GridWarning, Waves, check_agreement


def record(shape=(3, 4, 5), **changes):
    generator = np.random.default_rng(0)
    array = (generator.normal(size=shape) + 1j * generator.normal(size=shape)).astype(np.complex64)
    return Waves(**{"array": array, "energy": 200e3, "pixel_size": 0.1, "depth": 24.0, **changes})


def small():
    return ase.Atoms("AuC", [[1.0, 2.0, 1.0], [3.0, 3.0, 3.0]], cell=[6.4, 6.4, 8.0])


def known(waves):
    return waves.energy, waves.pixel_size, waves.depth


# --- what exit_waves says of its waves ---


def test_exit_waves_know_energy_pixel_size_and_depth():
    waves = hb.exit_waves(small(), energy=200e3, pixel_size=0.2, phonons=2)
    assert isinstance(waves, hb.Waves)
    assert (waves.shape, waves.ndim, waves.dtype, len(waves)) == ((2, 32, 32), 3, np.complex64, 2)
    assert known(waves) == (200e3, 0.2, 8.0)


def test_pixel_size_is_that_of_the_grid_and_not_the_one_asked_for():
    with pytest.warns(GridWarning):
        waves = hb.exit_waves(bulk("Au", cubic=True) * (4, 4, 1), pixel_size=0.1, phonons=None)
    assert waves.pixel_size == pytest.approx(4 * 4.08 / waves.shape[-1], rel=1e-12)
    assert waves.pixel_size < 0.1


def test_pixels_that_are_not_square_are_a_pair_of_y_and_x():
    atoms = small()
    atoms.cell[0, 0] = 6.5
    with pytest.warns(GridWarning):
        waves = hb.exit_waves(atoms, pixel_size=0.2, phonons=None)
    ny, nx = waves.shape[-2:]
    assert waves.pixel_size == pytest.approx((6.4 / ny, 6.5 / nx))


def test_every_depth_goes_with_its_waves():
    waves = hb.exit_waves(small(), pixel_size=0.2, phonons=2, depths=[2.0, 8.0])
    assert waves.shape == (2, 2, 32, 32)
    assert waves.depth == (2.0, 8.0)
    assert [one.depth for one in waves] == [2.0, 8.0]
    assert waves[1:].depth == (8.0,)
    assert waves[:, 0].depth == (2.0, 8.0)
    assert waves[1, 0].depth == 8.0


# --- an array for NumPy ---


def test_numpy_takes_it_for_an_array():
    waves = record()
    array = waves.array
    assert np.asarray(waves) is array
    assert np.array(waves).flags.writeable
    assert np.asarray(waves, dtype=complex).dtype == complex
    with pytest.raises(ValueError, match="copy"):
        np.array(waves, dtype=complex, copy=False)
    for made, expected in (
        (np.abs(waves) ** 2, np.abs(array) ** 2),
        (waves - 1, array - 1),
        (2 * waves * waves, 2 * array * array),
        (np.stack([waves, waves]), np.stack([array, array])),
        (np.fft.fft2(waves), np.fft.fft2(array)),
        (np.mean(waves, axis=0), np.mean(array, axis=0)),
        (waves.real, array.real),
        (waves == array, array == array.copy()),
    ):
        assert type(made) is np.ndarray
        np.testing.assert_array_equal(made, expected)
    assert waves.tobytes() == array.tobytes()


@pytest.mark.parametrize("index", [0, -1, np.int64(1), slice(1, None), [0, 2], np.array([True, False, True])])
def test_indices_of_the_leading_axis_keep_the_record(index):
    waves = record()
    part = waves[index]
    assert isinstance(part, Waves)
    assert known(part) == known(waves)
    np.testing.assert_array_equal(part, waves.array[index])


@pytest.mark.parametrize("index", [(0, 1), (slice(None), slice(None), 2), Ellipsis, None, (0, Ellipsis, 1)])
def test_an_index_into_the_plane_gives_a_plain_array(index):
    waves = record()
    assert type(waves[index]) is np.ndarray
    np.testing.assert_array_equal(waves[index], waves.array[index])


def test_a_single_wave_has_rows_that_are_plain_arrays():
    rows = list(record()[0])
    assert len(rows) == 4
    assert all(type(row) is np.ndarray for row in rows)


# --- frozen ---


def test_nothing_of_it_can_be_changed():
    waves = record()
    with pytest.raises(AttributeError):
        waves.energy = 300e3
    with pytest.raises(ValueError, match="read-only"):
        waves.array[0, 0, 0] = 0
    with pytest.raises(ValueError, match="read-only"):
        waves *= 2
    with pytest.raises(TypeError, match="hash"):
        hash(waves)


def test_the_array_it_is_made_of_stays_as_it_was():
    array = np.ones((2, 2), complex)
    Waves(array, 300e3, 0.1, 0.0)
    assert array.flags.writeable


@pytest.mark.parametrize("again", [lambda w: pickle.loads(pickle.dumps(w)), copy.copy, copy.deepcopy])
def test_it_pickles_and_copies(again):
    waves = record(pixel_size=(0.1, 0.2), depth=(1.0, 2.0, 3.0))
    other = again(waves)
    assert known(other) == known(waves)
    np.testing.assert_array_equal(other, waves)
    assert not other.array.flags.writeable


def test_its_text_is_one_line():
    assert repr(record()) == "Waves((3, 4, 5) complex64, energy=200000 eV, pixel_size=0.1 Å, depth=24.0 Å)"


# --- what cannot be ---


@pytest.mark.parametrize(("changes", "message"), [
    ({"array": np.ones((2, 2))}, "complex"),
    ({"array": np.ones(3, complex)}, "complex"),
    ({"energy": 200}, "200e3"),
    ({"pixel_size": -0.1}, "above 0"),
    ({"pixel_size": (0.1, 0.1, 0.1)}, "pair"),
    ({"depth": -1.0}, "depth"),
    ({"depth": (1.0, 2.0)}, "2 depths"),
])  # fmt: skip
def test_a_record_that_cannot_be_is_refused_in_one_line(changes, message):
    with pytest.raises(InputError, match=message) as caught:
        record(**changes)
    assert "\n" not in str(caught.value)


def test_what_contradicts_the_record_is_refused():
    waves = record()
    check_agreement(waves, energy=200e3, pixel_size=(0.1, 0.1))
    check_agreement(waves.array, energy=300e3, pixel_size=0.2)  # nothing is known of a plain array
    with pytest.raises(InputError, match="at 200 keV and cannot be used at 300 keV"):
        check_agreement(waves, energy=300e3)
    with pytest.raises(InputError, match=r"pixels of 0\.1 Å, not 0\.2 Å"):
        check_agreement(waves, pixel_size=0.2)


def test_an_incident_wave_of_another_energy_is_refused():
    wave = hb.exit_waves(small(), energy=200e3, pixel_size=0.2, phonons=None)[0]
    with pytest.raises(InputError, match="200 keV"):
        hb.exit_waves(small(), energy=300e3, pixel_size=0.2, phonons=None, incident=wave)


@pytest.mark.parametrize(("options", "message"), [
    ({"energy": 200}, "200 keV is 200e3"),
    ({"energy": 0.2}, "200 keV is 200e3"),
    ({"energy": "fast"}, "energy must be a number"),
    ({"pixel_size": None}, "pixel_size must be a number"),
    ({"slice_thickness": np.nan}, "slice_thickness must be finite"),
    ({"phonons": 1.5}, "phonons must be a whole number"),
    ({"threads": 0}, "threads must be a whole number"),
    ({"seed": -1}, "seed must be a whole number"),
    ({"tilt": 3.0}, r"tilt must be two numbers \(x, y\)"),
    ({"displacement": "large"}, "displacement must be a number"),
    ({"displacement": {"Au": 0.1, "C": None}}, "displacement must be a number"),
    ({"depths": ["deep"]}, "depths must be a number"),
])  # fmt: skip
def test_bad_numbers_are_refused_in_one_line(options, message):
    with pytest.raises(InputError, match=message) as caught:
        hb.exit_waves(small(), **{"pixel_size": 0.2, "phonons": 1, **options})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("atoms", ["x.cif", None, 3])
def test_what_is_no_specimen_is_refused_in_one_line(atoms):
    with pytest.raises(InputError, match=r"must be an ase\.Atoms") as caught:
        hb.exit_waves(atoms)
    assert "\n" not in str(caught.value)


def test_numbers_of_numpy_are_numbers():
    plain = hb.exit_waves(small(), energy=300e3, pixel_size=0.2, phonons=2, seed=3, tilt=(1.0, 0.0), depths=[8.0])
    of_numpy = hb.exit_waves(
        small(),
        energy=np.int64(300_000),
        pixel_size=np.float64(0.2),
        slice_thickness=np.int32(2),
        phonons=np.int64(2),
        displacement=np.float64(0.08),
        seed=np.uint32(3),
        tilt=np.array([1.0, 0.0]),
        depths=np.array([8]),
        threads=np.int64(1),
    )
    assert of_numpy.tobytes() == plain.tobytes()
