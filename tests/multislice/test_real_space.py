"""The real-space engine: its filter, its tables, its kernel, and its waves beside converged and Fourier ones."""

from __future__ import annotations

import ase
import numpy as np
import pytest
from converged import gold_on_carbon, reference_wave, relative_error
from hypothesis import given, settings
from hypothesis import strategies as st

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.multislice import real_space_engine
from hrtem_bench.multislice.grid import Grid
from hrtem_bench.multislice.real_space_filter import GAIN, TAPS, TOLERANCE, TRUSTED, response, stencil
from hrtem_bench.multislice.real_space_kernels import slices_pass, workspace
from hrtem_bench.multislice.real_space_patches import FRACTIONS, LOW_PASS, TERMS, factorised, make_patches, patch_shape
from hrtem_bench.multislice.transmission import log_transmission_at, roll_off

LENGTH = 12.8


def real_space(atoms, **options):
    return hb.exit_waves(atoms, **{"phonons": None, "pixel_size": 0.1, "method": "real-space", **options})


@pytest.fixture(scope="module")
def specimen():
    return gold_on_carbon(LENGTH, film=9.0, radius=4.5)


# --- the filter ---


@pytest.mark.parametrize("distance", [0.0, 0.7, 2.0])
@pytest.mark.parametrize("pixel_size", [0.1, 0.2])
def test_filter_is_the_fresnel_propagator_below_its_roll_off(distance, pixel_size):
    weights, error = stencil(distance, pixel_size, 300e3)
    f = np.linspace(0, TRUSTED / 2, 200)
    exact = np.exp(-1j * np.pi * hb.wavelength(300e3) * distance * (f / pixel_size) ** 2)
    assert np.abs(response(weights, f) - exact).max() <= error + 1e-9 < 5e-4
    assert abs(weights[0] + 2 * weights[1:].sum() - 1) < 1e-12
    everywhere = np.abs(response(weights, np.linspace(0, 0.5, 500)))
    assert everywhere.max() < 1 + 2 * GAIN  # a wave cannot grow


def test_filter_passes_more_of_the_band_over_shorter_ways():
    near, far = (np.abs(response(stencil(d, 0.1, 300e3)[0], np.linspace(0, 0.4, 200))) for d in (0.5, 2.0))
    assert near.min() > far.min()


def test_no_filter_this_short_carries_a_wave_far():
    assert stencil(10.0, 0.1, 300e3)[1] == np.inf


def test_roll_off():
    np.testing.assert_allclose(roll_off([0, 0.5, 0.75, 1, 2], 0.5, 1.0), [1, 1, 0.5, 0, 0], atol=1e-12)
    np.testing.assert_array_equal(roll_off([0.4, 0.5, 0.6], 0.5, 0.5), [1, 1, 0])


@settings(max_examples=50, deadline=None)
@given(st.floats(0.05, 3.0), st.floats(0.05, 0.3), st.floats(60e3, 400e3))
def test_a_filter_that_may_be_used_keeps_plane_waves_and_amplifies_nothing(distance, pixel_size, energy):
    weights, error = stencil(distance, pixel_size, energy)
    assert abs(response(weights, np.zeros(1))[0] - 1) < 1e-12
    if error < TOLERANCE:
        assert np.abs(response(weights, np.linspace(0, 0.5, 500))).max() < 1 + 2 * GAIN


# --- the tables ---


@pytest.mark.parametrize("symbol", ["C", "Si", "Au"])
@pytest.mark.parametrize("pixel_size", [(0.1, 0.1), (0.2, 0.16)])
def test_tables_give_the_log_transmission_wherever_the_atom_sits(symbol, pixel_size):
    grid = Grid((256, 256), pixel_size)
    patches = make_patches([symbol], grid, 300e3, "lobato")
    (py, px), rng = patch_shape(grid), np.random.default_rng(1)
    r = np.linspace(0, 8, 2001)
    b = log_transmission_at(symbol, r, low_pass=tuple(part * grid.nyquist for part in LOW_PASS), energy=300e3)
    for ty, tx in rng.random((4, 2)):
        rows, columns = square_tables(patches, 0, ty, tx)
        terms = TERMS
        got = sum(rows[g, :, i : i + 1] * columns[g, i] for g in range(2) for i in range(terms)).astype(complex)
        got += 1j * sum(rows[g, :, terms + i : terms + i + 1] * columns[g, i] for g in range(2) for i in range(terms))
        y = (np.arange(py) - py // 2 + ty) * pixel_size[0]
        x = (np.arange(px) - px // 2 + tx) * pixel_size[1]
        distance = np.hypot(y[:, None], x[None])
        exact = np.interp(distance, r, b.real) + 1j * np.interp(distance, r, b.imag)
        # Low frequencies count more where the functions are chosen.
        low = np.hypot(np.fft.fftfreq(py)[:, None], np.fft.fftfreq(px)) < 0.5 * 0.5
        error, whole_norm = (np.abs(np.fft.fft2(a)) for a in (got - exact, exact))
        assert np.linalg.norm(error[low]) < 0.015 * np.linalg.norm(whole_norm[low])
        assert np.linalg.norm(error) < 0.08 * np.linalg.norm(whole_norm)
        # What lies beyond the square is given back, so that the mean phase is right.
        whole = np.trapezoid(b * 2 * np.pi * r, r)
        assert abs(got.sum() * pixel_size[0] * pixel_size[1] - whole) < 5e-3 * abs(whole)


def square_tables(patches, element, fy, fx):
    """rows (2, py, 2 TERMS) and columns (2, TERMS, px) of an atom at these fractions of a pixel."""
    rows, columns = interpolated(patches.rows[element], fy), interpolated(patches.columns[element], fx)
    return rows.reshape(2, -1, 2 * TERMS), columns.reshape(2, TERMS, -1)


def interpolated(table, fraction):
    """A table (2, FRACTIONS + 1, ...) at a fraction of a pixel."""
    index = min(int(fraction * FRACTIONS), FRACTIONS - 1)
    rest = fraction * FRACTIONS - index
    return (1 - rest) * table[:, index].astype(float) + rest * table[:, index + 1]


def test_a_gaussian_is_one_product():
    s = np.linspace(0, 4, 60)
    gaussian = np.exp(-(s[:, None] ** 2 + s[None] ** 2)) * (0.3 + 1j)
    functions, mixing, groups = factorised(gaussian, 0.25)
    assert groups == 1
    np.testing.assert_allclose(functions.T @ mixing @ functions, gaussian, atol=1e-12)


# --- the kernel ---


@pytest.mark.parametrize("shape", [(48, 300), (67, 48)])
def test_kernel_against_whole_array_arithmetic(shape):
    """Three slices, the second one empty, with atoms across every edge; columns that are no whole number of strips."""
    rng = np.random.default_rng(2)
    ny, nx = shape
    patches = make_patches(["C", "Au"], Grid(shape, (0.1, 0.1)), 300e3, "lobato")
    ranges = np.array([[0, 4], [0, 0], [4, 7]])
    y = np.r_[np.sort([0.0, 3.3, 20.5, ny - 0.01]), np.sort(rng.random(3) * ny)]
    x = np.array([0.0, nx - 0.2, 31.7, 5.0, nx / 2, 12.0, 40.25])
    element = np.array([0, 1, 0, 1, 1, 0, 0])
    weights = np.stack([[parts(stencil(d, 0.1, 300e3)[0])] * 2 for d in (2.0, 1.0, 2.0)])
    wave = rng.normal(size=(2, ny, nx)).astype(np.float32)
    out = np.empty_like(wave)
    e = workspace()
    tables = (patches.groups, patches.rows, patches.columns)
    for begin, end in ((0, 13), (13, ny)):
        slices_pass(out, wave, (y, x, element), ranges, tables, weights, e, begin, end)
    assert not e.any()
    expected = wave[0] + 1j * wave[1].astype(complex)
    for (a, b), (along_y, along_x) in zip(ranges, weights, strict=True):
        exponent = np.zeros(shape, complex)
        for m in range(a, b):
            add_square(exponent, patches, element[m], y[m], x[m])
        expected = filtered(filtered(expected * np.exp(exponent), along_x, 1), along_y, 0)
    np.testing.assert_allclose(out[0] + 1j * out[1], expected, atol=2e-5)


def parts(weights):
    return np.stack([weights.real, weights.imag]).astype(np.float32)


def add_square(exponent, patches, element, y, x):
    """One atom's square, from the tables, added to a periodic exponent."""
    ny, nx = exponent.shape
    cy, cx = int(np.ceil(y)), int(np.ceil(x))
    rows, columns = square_tables(patches, element, cy - y, cx - x)
    py, px, terms = rows.shape[1], columns.shape[2], columns.shape[1]
    at = np.ix_((cy - py // 2 + np.arange(py)) % ny, (cx - px // 2 + np.arange(px)) % nx)
    for g in range(2):
        exponent[at] += (rows[g, :, :terms] + 1j * rows[g, :, terms:]) @ columns[g]


def filtered(field, weights, axis):
    values = weights[0] + 1j * weights[1].astype(complex)
    out = values[0] * field
    for k in range(1, TAPS + 1):
        out = out + values[k] * (np.roll(field, k, axis) + np.roll(field, -k, axis))
    return out


# --- the waves ---


@pytest.mark.parametrize(("pixel_size", "q_max", "allowed"), [(0.1, 1.0, 0.005), (0.1, 2.0, 0.008), (0.2, 1.0, 0.02)])
def test_exit_wave_agrees_with_a_converged_calculation(specimen, pixel_size, q_max, allowed):
    converged = reference_wave(specimen, pixels=768, slice_thickness=2.0)
    wave = real_space(specimen, pixel_size=pixel_size)[0]
    assert relative_error(wave, converged, LENGTH, q_max) < allowed


@pytest.mark.parametrize("options", [{"energy": 200e3}, {"slice_thickness": 1.0}, {"parametrization": "kirkland"}])
def test_agrees_with_the_fourier_engine(specimen, options):
    fourier = real_space(specimen, method="fourier", **options)[0]
    assert relative_error(real_space(specimen, **options)[0], fourier, LENGTH, 1.0) < 0.006


def test_result_does_not_depend_on_where_atoms_sit_in_a_pixel(specimen):
    wave = real_space(specimen)[0]
    k = np.fft.fftfreq(wave.shape[0], 0.1)
    for shift in np.random.default_rng(5).random((3, 2)) * 0.1:
        moved = specimen.copy()
        moved.positions[:, :2] += shift
        back = np.exp(2j * np.pi * (k[:, None] * shift[1] + k[None] * shift[0]))
        other = np.fft.ifft2(np.fft.fft2(real_space(moved)[0]) * back)
        assert relative_error(other, wave, LENGTH, 1.0) < 1e-3


@pytest.mark.parametrize("phonons", [None, 3])
def test_same_bytes_for_any_threads_and_any_slices_in_a_pass(specimen, phonons, monkeypatch):
    one, two, five = (real_space(specimen, phonons=phonons, threads=n).tobytes() for n in (1, 2, 5))
    assert one == two == five
    monkeypatch.setattr(real_space_engine, "DEPTH", 1)
    assert real_space(specimen, phonons=phonons).tobytes() == one


def test_several_thicknesses_and_a_long_way_through_vacuum(specimen):
    """Waves at two depths, one in the specimen and one 12 Å behind it, are those of specimens cut off there."""
    longer = specimen.copy()
    longer.cell[2, 2] += 12.0
    height = longer.cell[2, 2]
    waves = real_space(longer, depths=[10.0, height])
    cut = specimen[specimen.positions[:, 2] < 10.0]
    cut.cell[2, 2] = 10.0
    np.testing.assert_allclose(waves[0], real_space(cut), atol=1e-6)
    fourier = real_space(longer, method="fourier")[0]
    assert relative_error(waves[1, 0], fourier, LENGTH, 1.0) < 0.005


def test_an_incident_wave_goes_on_where_another_calculation_ended(specimen):
    first, second = (specimen[pick] for pick in (specimen.positions[:, 2] < 10.0, specimen.positions[:, 2] >= 10.0))
    first.cell[2, 2] = 10.0
    second.positions[:, 2] -= 10.0
    second.cell[2, 2] = 14.0
    halves = real_space(second, incident=real_space(first)[0])[0]
    assert relative_error(halves, real_space(specimen)[0], LENGTH, 1.0) < 1e-3


def test_rectangular_pixels():
    atoms = ase.Atoms(["Au", "C"], [[5, 8, 1], [12, 3, 1]], cell=[16.0, 12.8, 4.0])
    with pytest.warns(hb.multislice.GridWarning):
        atoms.cell[0, 0] = 16.03
        ours, fourier = (real_space(atoms, method=m)[0] for m in ("real-space", "fourier"))
    assert np.linalg.norm(ours - fourier) < 0.08 * np.linalg.norm(fourier - 1)  # all frequencies, the roll-off too


def test_atoms_are_periodic_sideways(specimen):
    moved = specimen.copy()
    moved.positions[::2, 0] += 2 * LENGTH
    moved.positions[::3, 1] -= LENGTH
    np.testing.assert_allclose(real_space(moved), real_space(specimen), atol=2e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tilt": (1.0, 0.0)}, "tilted"),
        ({"pixel_size": 0.025}, "too fine"),
        ({"pixel_size": 0.05}, "short filter"),
        ({"method": "guess"}, "auto, real-space, fourier"),
    ],
)
def test_what_it_cannot_take_is_said_in_one_line(specimen, options, message):
    with pytest.raises(InputError, match=message) as caught:
        real_space(specimen, **options)
    assert "\n" not in str(caught.value)


def test_a_box_smaller_than_an_atom_goes_to_the_fourier_engine():
    atoms = ase.Atoms("C", [[2, 2, 1]], cell=[4, 4, 4])
    with pytest.raises(InputError, match="smaller than the 48 x 48 pixels"):
        real_space(atoms)
    np.testing.assert_array_equal(real_space(atoms, method="auto"), real_space(atoms, method="fourier"))


def test_auto_takes_the_fourier_engine_where_it_must(specimen):
    for options, method in (({"tilt": (1.0, 0.0)}, "fourier"), ({}, "real-space")):
        expected = real_space(specimen, method=method, **options)
        np.testing.assert_array_equal(real_space(specimen, method="auto", **options), expected)
