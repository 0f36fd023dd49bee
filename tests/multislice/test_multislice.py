"""Exit waves of the Fourier method against a converged calculation, and the laws they must keep."""

from __future__ import annotations

from functools import partial

import ase
import numpy as np
import pytest
from converged import gold_along_001, gold_on_carbon, reference_wave, relative_error

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.multislice import GridWarning, choose_grid, scattering_factor
from hrtem_bench.multislice.parametrization import mott_bethe_constant

LENGTH = 12.8
exit_waves = partial(hb.exit_waves, method="fourier")


@pytest.fixture(scope="module")
def specimen():
    return gold_on_carbon(LENGTH, film=9.0, radius=4.5)


@pytest.fixture(scope="module")
def converged(specimen):
    return reference_wave(specimen, pixels=768, slice_thickness=2.0)


@pytest.mark.parametrize(("pixel_size", "q_max", "allowed"), [(0.1, 1.0, 0.003), (0.1, 2.0, 0.006), (0.2, 1.0, 0.015)])
def test_exit_wave_agrees_with_a_converged_calculation(specimen, converged, pixel_size, q_max, allowed):
    wave = exit_waves(specimen, phonons=None, pixel_size=pixel_size)[0]
    assert relative_error(wave, converged, LENGTH, q_max) < allowed


def test_reference_itself_is_converged(specimen, converged):
    coarser = reference_wave(specimen, pixels=512, slice_thickness=2.0)
    assert relative_error(coarser, converged, LENGTH, 1.0) < 1e-3


def test_result_does_not_depend_on_where_atoms_sit_in_a_pixel(specimen):
    wave = exit_waves(specimen, phonons=None, pixel_size=0.1)[0]
    k = np.fft.fftfreq(wave.shape[0], 0.1)
    for shift in np.random.default_rng(5).random((3, 2)) * 0.1:
        moved = specimen.copy()
        moved.positions[:, :2] += shift
        other = exit_waves(moved, phonons=None, pixel_size=0.1)[0]
        back = np.exp(2j * np.pi * (k[:, None] * shift[1] + k[None] * shift[0]))
        other = np.fft.ifft2(np.fft.fft2(other) * back)
        assert relative_error(other, wave, LENGTH, 1.0) < 1e-3


def single_atom(symbol: str, height: float = 4.0, length: float = 25.6) -> ase.Atoms:
    return ase.Atoms([symbol], [[length / 2, length / 2, 1.0]], cell=[length, length, height])


def test_weak_phase_limit_of_one_light_atom():
    """Scattered amplitude of a hydrogen atom is iσV̂(q) times the propagation from its plane to the exit plane."""
    length = 25.6
    wave = exit_waves(single_atom("H"), phonons=None, pixel_size=0.1, slice_thickness=2.0)[0]
    k = np.fft.fftfreq(256, 0.1)
    q2 = k[:, None] ** 2 + k[None] ** 2
    born = 1j * hb.interaction_parameter(300e3) * mott_bethe_constant() * scattering_factor("H", np.sqrt(q2))
    born = born / length**2 * np.exp(-2j * np.pi * (k[:, None] + k[None]) * length / 2)
    born = born * np.exp(-1j * np.pi * hb.wavelength(300e3) * 3.0 * q2)
    scattered = np.fft.fft2(wave - 1) / 256**2
    inside = np.sqrt(q2) < 2
    assert np.linalg.norm((scattered - born)[inside]) < 0.02 * np.linalg.norm(born[inside])


def test_thin_film_superposition():
    """Waves scattered by two distant light atoms in one slice add."""
    a, b = single_atom("C"), single_atom("C")
    b.positions[0, :2] = 3.2
    both = exit_waves(a + b, phonons=None, pixel_size=0.1)[0] - 1
    apart = exit_waves(a, phonons=None, pixel_size=0.1)[0] + exit_waves(b, phonons=None, pixel_size=0.1)[0] - 2
    assert np.linalg.norm(both - apart) < 2e-3 * np.linalg.norm(both)


def test_norm_is_kept_but_for_what_leaves_the_band(specimen):
    intensity = np.mean(np.abs(exit_waves(specimen, phonons=None, pixel_size=0.1)[0]) ** 2)
    wide = np.mean(np.abs(exit_waves(specimen, phonons=None, pixel_size=0.05)[0]) ** 2)
    assert 0.9 < intensity < wide < 1.0 + 1e-5


def test_defocus_brings_back_a_plane_upstream(specimen):
    """Ten more Å of vacuum below the specimen are undone by C10 = -10 Å."""
    longer = specimen.copy()
    longer.cell[2, 2] += 10.0
    here, below = (exit_waves(s, phonons=None, pixel_size=0.1)[0] for s in (specimen, longer))
    k = np.fft.fftfreq(128, 0.1)
    transfer = hb.wave_transfer(k[None], k[:, None], hb.Condition(C10=-10.0))
    assert relative_error(np.fft.ifft2(np.fft.fft2(below) * transfer), here, LENGTH, 3.0) < 1e-5


def test_phonons_are_seeded_one_by_one(specimen):
    three = exit_waves(specimen, pixel_size=0.2, phonons=3, seed=7)
    assert three.shape == (3, 64, 64)
    assert three.dtype == np.complex64
    np.testing.assert_array_equal(three[:2], exit_waves(specimen, pixel_size=0.2, phonons=2, seed=7))
    assert not np.array_equal(three[0], three[1])
    assert not np.array_equal(three, exit_waves(specimen, pixel_size=0.2, phonons=3, seed=8))
    still = exit_waves(specimen, pixel_size=0.2, phonons=2, displacement=0.0)
    np.testing.assert_array_equal(still[0], still[1])


def test_displacements_can_differ_by_element(specimen):
    together = exit_waves(specimen, pixel_size=0.2, phonons=1, displacement=0.1)
    apart = exit_waves(specimen, pixel_size=0.2, phonons=1, displacement={"C": 0.1, "Au": 0.1})
    np.testing.assert_array_equal(together, apart)
    still = exit_waves(specimen, pixel_size=0.2, phonons=1, displacement={"C": 0.1, "Au": 0.0})
    assert not np.array_equal(still, apart)


def test_several_thicknesses_in_one_pass(specimen):
    """The wave at a depth is the exit wave of a specimen cut off there."""
    waves = exit_waves(specimen, phonons=None, pixel_size=0.2, depths=[0.0, 10.0, 24.0])
    assert waves.shape == (3, 1, 64, 64)
    np.testing.assert_array_equal(waves[0], np.ones((1, 64, 64)))
    np.testing.assert_allclose(waves[2], exit_waves(specimen, phonons=None, pixel_size=0.2), atol=1e-6)
    cut = specimen[specimen.positions[:, 2] < 10.0]
    cut.cell[2, 2] = 10.0
    np.testing.assert_allclose(waves[1], exit_waves(cut, phonons=None, pixel_size=0.2), atol=1e-6)


def test_an_incident_wave_goes_on_where_another_calculation_ended(specimen):
    first = specimen[specimen.positions[:, 2] < 10.0]
    first.cell[2, 2] = 10.0
    second = specimen[specimen.positions[:, 2] >= 10.0]
    second.positions[:, 2] -= 10.0
    second.cell[2, 2] = 14.0
    halfway = exit_waves(first, phonons=None, pixel_size=0.2)[0]
    np.testing.assert_allclose(
        exit_waves(second, phonons=None, pixel_size=0.2, incident=halfway),
        exit_waves(specimen, phonons=None, pixel_size=0.2),
        atol=1e-6,
    )


def test_a_tilted_beam_sees_a_sheared_specimen(specimen):
    """Atoms shifted by -z tan θ under an upright beam give the tilted beam's wave, which has moved by L tan θ."""
    tilt = (6.0, -4.0)
    slopes = np.tan(np.array(tilt) * 1e-3)
    sheared = specimen.copy()
    thickness = 2.0
    middles = (np.floor(sheared.positions[:, 2] / thickness) + 0.5) * thickness
    sheared.positions[:, :2] -= middles[:, None] * slopes
    upright = exit_waves(sheared, phonons=None, pixel_size=0.1, slice_thickness=thickness)[0]
    tilted = exit_waves(specimen, phonons=None, pixel_size=0.1, slice_thickness=thickness, tilt=tilt)[0]
    k = np.fft.fftfreq(128, 0.1)
    moved = np.exp(-2j * np.pi * 24.0 * (k[None] * slopes[0] + k[:, None] * slopes[1]))
    assert relative_error(np.fft.ifft2(np.fft.fft2(upright) * moved), tilted, LENGTH, 2.0) < 2e-3


@pytest.mark.parametrize("phonons", [None, 3])
def test_same_bytes_for_any_number_of_threads(specimen, phonons):
    one, two, five = (
        exit_waves(specimen, pixel_size=0.2, phonons=phonons, threads=threads).tobytes() for threads in (1, 2, 5)
    )
    assert one == two == five


def test_another_fft_back_end_gives_the_same_waves(specimen):
    """A back end of scipy.fft that never works in place."""
    import scipy.fft

    calls = []

    class Numpy:
        __ua_domain__ = "numpy.scipy.fft"

        @staticmethod
        def __ua_function__(method, args, kwargs):
            calls.append(method.__name__)
            options = {k: v for k, v in kwargs.items() if k in ("axis", "axes", "norm", "n", "s")}
            return getattr(np.fft, method.__name__)(*args, **options)

    expected = exit_waves(specimen, phonons=None, pixel_size=0.2, threads=1)
    scipy.fft.set_global_backend(Numpy)
    try:
        got = exit_waves(specimen, phonons=None, pixel_size=0.2, threads=1)
    finally:
        scipy.fft.set_global_backend("scipy")
    assert {"fft", "ifft", "rfft"} <= set(calls)
    np.testing.assert_allclose(got, expected, atol=5e-6)


def test_atoms_are_periodic_sideways_and_left_unchanged(specimen):
    moved = specimen.copy()
    moved.positions[::2, 0] += 2 * LENGTH
    moved.positions[::3, 1] -= LENGTH
    before = moved.positions.copy()
    wave = exit_waves(moved, phonons=None, pixel_size=0.2)
    np.testing.assert_array_equal(moved.positions, before)
    np.testing.assert_allclose(wave, exit_waves(specimen, phonons=None, pixel_size=0.2), atol=2e-6)


def test_thin_slices_agree_with_thick_ones_where_both_should(specimen):
    thin, thick = (exit_waves(specimen, phonons=None, pixel_size=0.2, slice_thickness=t)[0] for t in (0.5, 2.0))
    assert relative_error(thick, thin, LENGTH, 1.0) < 0.05


def test_rectangular_pixels_and_uneven_boxes():
    atoms = single_atom("Au", length=16.0)
    atoms.cell[0, 0], atoms.positions[0, :2] = 20.03, (10.0, 8.0)
    with pytest.warns(GridWarning, match="80 x 105"):
        wave = exit_waves(atoms, phonons=None, pixel_size=0.2)[0]
    peak = np.unravel_index(np.argmax(np.abs(wave - 1)), wave.shape)
    dy, dx = choose_grid_quietly(atoms).pixel_size
    assert abs(peak[0] * dy - 8.0) <= dy
    assert abs(peak[1] * dx - 10.0) <= dx


def choose_grid_quietly(atoms):
    with pytest.warns(GridWarning):
        return choose_grid(atoms, 0.2)


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({"cell": [[10, 0, 0], [3, 10, 0], [0, 0, 10]]}, {}, "not orthogonal"),
        ({"cell": [10, 10, 0]}, {}, "not positive"),
        ({"cell": [10, 10, 0.5]}, {}, "outside the cell"),
        ({}, {"device": "tpu"}, "device"),
        ({}, {"phonons": 0}, "phonons"),
        ({}, {"pixel_size": -1}, "pixel_size"),
        ({}, {"slice_thickness": 0}, "slice_thickness"),
        ({}, {"displacement": -0.1}, "displacement"),
        ({}, {"parametrization": "guess"}, "lobato, kirkland"),
        ({}, {"displacement": {"Au": 0.1}, "phonons": 1}, "no value for C"),
        ({}, {"depths": [3.0, 1.0]}, "ascend"),
        ({}, {"depths": [40.0]}, "ascend"),
        ({}, {"incident": np.ones((3, 3))}, "grid"),
    ],
)
def test_what_cannot_be_simulated_is_said_in_one_line(change, arguments, message):
    atoms = single_atom("C", length=10.0)
    if "cell" in change:
        atoms.set_cell(change["cell"])
    with pytest.raises(InputError, match=message) as caught:
        exit_waves(atoms, **arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("atoms", "arguments", "message"),
    [
        ("x.cif", {}, r"not a str: read the file with ase\.io\.read"),
        (None, {}, "not a NoneType"),
        (single_atom("C", length=10.0), {"energy": 200}, "200 keV is 200e3"),
        (single_atom("C", length=10.0), {"pixel_size": np.nan}, "pixel_size must be finite"),
    ],
)
def test_what_is_no_specimen_and_no_energy(atoms, arguments, message):
    with pytest.raises(InputError, match=message) as caught:
        exit_waves(atoms, **arguments)
    assert "\n" not in str(caught.value)


def test_no_atoms_is_an_error():
    with pytest.raises(InputError, match="no atoms"):
        exit_waves(ase.Atoms(cell=[10, 10, 10]))


@pytest.mark.slow
def test_exit_wave_of_a_larger_specimen_is_within_a_third_of_a_percent():
    atoms = gold_on_carbon(25.6, film=20.0, radius=9.0)
    reference = reference_wave(atoms, pixels=1024, slice_thickness=2.0)
    wave = exit_waves(atoms, phonons=None, pixel_size=0.1)[0]
    assert relative_error(wave, reference, 25.6, 1.0) < 0.0033


@pytest.mark.parametrize(("method", "q_max", "allowed"), [
    ("real-space", 1.0, 0.006), ("real-space", 2.0, 0.01), ("fourier", 1.0, 0.007), ("fourier", 2.0, 0.012),
])  # fmt: skip
def test_a_heavy_crystal_along_a_zone_axis_is_right_to_one_percent(zone_axis, method, q_max, allowed):
    """16 Å of gold along [001], where what scatters beyond the band comes back into it."""
    gold, converged = zone_axis
    wave = exit_waves(gold, phonons=None, pixel_size=0.102, slice_thickness=2.04, method=method)[0]
    assert relative_error(wave, converged, 12.24, q_max) < allowed


@pytest.fixture(scope="module")
def zone_axis():
    gold = gold_along_001(3, 4, 0.08)
    return gold, reference_wave(gold, pixels=720, slice_thickness=2.04)
