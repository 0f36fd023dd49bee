"""Images against brute force, abTEM, and the weak-phase law that defines the sign."""

from __future__ import annotations

import numpy as np
import pytest

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.imaging import expected_intensity, expose, render_each
from hrtem_bench.imaging.coherence import SourcePoint
from hrtem_bench.imaging.fourier import resize_spectrum
from hrtem_bench.imaging.lens import transfers

N, SIZE = 96, 0.2
LENGTH = N * SIZE
Q = np.fft.fftfreq(N, SIZE)


def random_waves(count: int = 2, strength: float = 0.3, seed: int = 0, band: float = 1.6):
    """Waves near 1 with random content inside a band."""
    rng = np.random.default_rng(seed)
    field = rng.normal(size=(count, N, N)) + 1j * rng.normal(size=(count, N, N))
    inside = np.hypot(Q[:, None], Q[None]) < band
    return (1 + strength * np.fft.ifft2(np.fft.fft2(field) * inside)).astype(np.complex64)


def brute_force(waves, c, factor: int = 4):
    """Mean |wave|² on a grid `factor` times finer, float64, cut to the output's band by an exact Fourier crop."""
    qf = np.fft.fftfreq(N * factor, SIZE / factor)
    total = 0
    for wave in waves.astype(complex):
        spectrum = resize_spectrum(np.fft.fft2(wave), (N * factor, N * factor)) * factor**2
        fine = np.fft.ifft2(spectrum * hb.wave_transfer(qf[None], qf[:, None], c))
        total = total + np.abs(fine) ** 2 / len(waves)
    return np.fft.fft2(total) / (N * factor) ** 2


@pytest.mark.parametrize("out_pixels", [96, 64, 48, 45])
@pytest.mark.parametrize(
    "c",
    [
        hb.Condition(C10=-150.0, C30=1e5, focal_spread=10.0),
        hb.Condition(C10=200.0, aberrations={"C12": 50.0, "phi12": 0.4, "C21": 2000.0}, angular_spread=0.2),
        hb.Condition(C10=-80.0, aperture=15.0),
    ],
)
def test_intensity_is_cut_to_the_output_band_without_aliasing(c, out_pixels):
    waves = random_waves(strength=0.1)
    image = hb.render(waves, c, pixel_size=SIZE, output_pixel_size=LENGTH / out_pixels, coherence="envelope")
    expected = resize_spectrum(brute_force(waves, c), (out_pixels, out_pixels))
    got = resize_spectrum(np.fft.fft2(image) / out_pixels**2, (out_pixels, out_pixels))
    assert image.shape == (out_pixels, out_pixels)
    assert np.abs(got - expected).max() < 2e-4 * np.abs(expected).ravel()[1:].max() + 1e-6


def test_weak_phase_object_has_contrast_two_sigma_v_sin_chi():
    """The sign convention: image contrast of a weak phase φ is 2 φ T(q)."""
    c = hb.Condition(C10=-60.0, C30=1e4, focal_spread=15.0)
    phase = np.zeros((N, N))
    for i, j, strength in ((3, 0, 1e-3), (0, 7, 2e-3), (5, 6, 1e-3)):
        phase += strength * np.cos(2 * np.pi * (i * np.arange(N)[:, None] + j * np.arange(N)[None]) / N)
    image = hb.render(np.exp(1j * phase).astype(np.complex64), c, pixel_size=SIZE)
    transfer = hb.ctf(Q[None], Q[:, None], c)
    expected = 1 + np.fft.ifft2(np.fft.fft2(phase) * 2 * transfer).real
    assert np.abs(image - expected).max() < 2e-5
    assert np.abs(expected - 1).max() > 1e-3


def test_agrees_with_abtem():
    import abtem

    c = hb.Condition(C10=-300.0, C30=2e5, aberrations={"C12": 40.0, "phi12": 0.7}, focal_spread=20.0)
    waves = random_waves(count=1, strength=0.1)
    # abTEM's arrays are (x, y) and its focal spread is a 1/e width.
    other = abtem.Waves(waves[0].T.copy(), energy=300e3, extent=LENGTH)
    ctf = abtem.CTF(C10=-300.0, C30=2e5, C12=40.0, phi12=0.7, focal_spread=20.0 * 2**0.5, energy=300e3)
    expected = other.apply_ctf(ctf).intensity().compute().array.T
    image = hb.render(waves, c, pixel_size=SIZE, coherence="envelope")
    # abTEM squares on the waves' own grid, so only frequencies into which nothing folds can be compared.
    inside = np.hypot(Q[:, None], Q[None]) < 1.6
    a, b = np.fft.fft2(image)[inside], np.fft.fft2(expected)[inside]
    assert np.linalg.norm(a - b) < 2e-3 * np.linalg.norm(b[1:])


def test_intensities_are_averaged_and_not_waves():
    waves = random_waves(count=3)
    c = hb.Condition(C10=-100.0, focal_spread=10.0)
    together = hb.render(waves, c, pixel_size=SIZE)
    apart = np.mean([hb.render(w, c, pixel_size=SIZE) for w in waves], axis=0)
    np.testing.assert_allclose(together, apart, atol=1e-5)
    assert np.abs(together - hb.render(waves.mean(0), c, pixel_size=SIZE)).max() > 0.01


def test_zero_focus_counts_into_the_defocus():
    waves = random_waves()
    moved = hb.render(waves, hb.Condition(C10=-40.0), pixel_size=SIZE, zero_focus=-60.0)
    np.testing.assert_allclose(moved, hb.render(waves, hb.Condition(C10=-100.0), pixel_size=SIZE), atol=2e-5)


def test_many_conditions_at_once_equal_one_by_one():
    waves = random_waves()
    conditions = [hb.Condition(C10=d, focal_spread=s) for d, s in ((-100, 10), (0, 25), (250, 10))]
    many, threaded = (
        expected_intensity(waves, conditions, pixel_size=SIZE, output_pixel_size=0.4, threads=n) for n in (1, 3)
    )
    np.testing.assert_array_equal(threaded, many)
    for image, c in zip(many, conditions, strict=True):
        np.testing.assert_array_equal(image, hb.render(waves, c, pixel_size=SIZE, output_pixel_size=0.4))


def test_images_one_after_the_other_are_those_of_render():
    waves = random_waves()
    settings = [(hb.Condition(C10=-100.0, dose=200.0), 3), (hb.Condition(C10=50.0, aperture=12.0), None)]
    images = render_each(waves, settings, pixel_size=SIZE, output_pixel_size=0.4, zero_focus=-20.0)
    for image, (c, seed) in zip(images, settings, strict=True):
        one = hb.render(waves, c, pixel_size=SIZE, output_pixel_size=0.4, zero_focus=-20.0, seed=seed)
        np.testing.assert_array_equal(image, one)


@pytest.mark.parametrize("shape", [(13, 17), (15, 9), (1, 5)])
@pytest.mark.parametrize("aberrations", [{}, {"C12": 300.0, "phi12": 0.4}, {"C21": 3e4, "phi21": 1.0, "C12": 200.0}])
@pytest.mark.parametrize("tilt", [(0.0, 0.0), (0.02, -0.01)])
def test_transfer_built_from_a_part_of_the_plane_is_that_of_the_whole(shape, aberrations, tilt):
    c = hb.Condition(C10=-300.0, C30=1e6, aberrations=aberrations, angular_spread=0.3, aperture=40.0)
    ky, kx = (np.fft.fftfreq(n, 0.2) for n in shape)
    point = SourcePoint(0.25, 20.0, tilt)
    (got,) = transfers(ky, kx, c, (point,), -40.0)
    y, x = ky[:, None], kx[None]
    plane = hb.wave_transfer(x, y, hb.Condition(C10=-40.0))
    focus = hb.wave_transfer(x + tilt[1], y + tilt[0], hb.Condition(C10=20.0))
    whole = hb.wave_transfer(x + tilt[1], y + tilt[0], c)
    np.testing.assert_allclose(got, 0.5 * whole * plane * focus, atol=1e-6)
    assert got.dtype == np.complex64


def test_counts_follow_poisson_statistics():
    waves = np.ones((1, N, N), np.complex64)
    image = hb.render(waves, hb.Condition(dose=400.0), pixel_size=SIZE, output_pixel_size=0.4, seed=3)
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image, np.round(image))
    expected = 400 * 0.4**2
    n = image.size
    assert abs(image.mean() - expected) < 5 * np.sqrt(expected / n)
    assert abs(image.var() / expected - 1) < 5 * np.sqrt(2 / n)


def test_noise_comes_from_the_seed_alone():
    waves, c = random_waves(), hb.Condition(C10=-50.0, dose=100.0)
    before = waves.copy()
    a, b, other = (hb.render(waves, c, pixel_size=SIZE, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, other)
    np.testing.assert_array_equal(waves, before)
    np.testing.assert_array_equal(
        expose(np.ones((4, 4)), 50.0, pixel_size=(0.2, 0.4), seed=np.random.default_rng(9)),
        expose(np.ones((4, 4)), 50.0, pixel_size=(0.2, 0.4), seed=9),
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"output_pixel_size": 0.33}, "whole number"),
        ({"output_pixel_size": -1.0}, "above 0"),
        ({"pixel_size": 0.0}, "above 0"),
        ({"waves": np.ones((4, 4))}, "complex"),
        ({"waves": np.ones((2, 2, 4, 4), complex)}, "complex array"),
        ({"condition": hb.Condition(dose=10.0)}, "seed"),
    ],
)
def test_bad_arguments_are_one_line(arguments, message):
    defaults = {"waves": random_waves(), "condition": hb.Condition(), "pixel_size": SIZE}
    call = defaults | arguments
    with pytest.raises(InputError, match=message) as caught:
        hb.render(call.pop("waves"), call.pop("condition"), **call)
    assert "\n" not in str(caught.value)
