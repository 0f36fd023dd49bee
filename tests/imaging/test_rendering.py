"""What waves know about themselves, and what `render` refuses to do with them."""

from __future__ import annotations

import numpy as np
import pytest

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.imaging import Detector, expected_intensity, render_each
from hrtem_bench.imaging.fourier import resize_spectrum
from hrtem_bench.multislice import Waves

N, SIZE = 48, 0.2
C = hb.Condition(C10=-100.0, focal_spread=15.0)


def array(seed=0):
    noise = np.random.default_rng(seed).normal(size=(2, 2, N, N))
    inside = np.hypot(np.fft.fftfreq(N)[:, None], np.fft.fftfreq(N)) < 1 / 3
    return (1 + 0.3 * np.fft.ifft2(np.fft.fft2(noise[0] + 1j * noise[1]) * inside)).astype(np.complex64)


def waves(energy=300e3, pixel_size=SIZE):
    return Waves(array(), energy, pixel_size, 40.0)


@pytest.mark.parametrize("coherence", ["envelope", "quadrature"])
def test_waves_bring_their_pixel_size(coherence):
    expected = hb.render(array(), C, pixel_size=SIZE, output_pixel_size=0.4, coherence=coherence)
    np.testing.assert_array_equal(hb.render(waves(), C, output_pixel_size=0.4, coherence=coherence), expected)
    np.testing.assert_array_equal(
        hb.render(waves(), C, pixel_size=SIZE, output_pixel_size=0.4, coherence=coherence), expected
    )
    assert hb.render(waves(pixel_size=(0.1, 0.2)), C).shape == (N, N)
    assert hb.render(waves(pixel_size=(0.1, 0.2)), C, output_pixel_size=0.2).shape == (N // 2, N)
    np.testing.assert_array_equal(expected_intensity(waves(), [C], output_pixel_size=0.4)[0], hb.render(
        waves(), C, output_pixel_size=0.4))  # fmt: skip


def test_a_band_wider_than_the_image_has_no_part_in_it():
    """The same waves on a grid with half of its band empty give the same image."""
    fine = np.fft.ifft2(4 * resize_spectrum(np.fft.fft2(array()), (2 * N, 2 * N)))
    for coherence in ("envelope", "quadrature"):
        coarse = hb.render(array(), C, pixel_size=SIZE, output_pixel_size=0.4, coherence=coherence)
        image = hb.render(fine, C, pixel_size=SIZE / 2, output_pixel_size=0.4, coherence=coherence)
        np.testing.assert_allclose(image, coarse, atol=1e-5)


def test_each_image_may_have_a_detector_of_its_own():
    settings = [(C.replace(dose=100.0), 1), (C.replace(dose=100.0), 1)]
    detectors = [None, Detector(gain=3.0)]
    plain, gained = render_each(waves(), settings, detector=detectors)
    np.testing.assert_allclose(gained, 3 * plain)


def spoiled(value):
    out = array()
    out[1, 3, 4] = value
    return out


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hb.render(waves(energy=200e3), C), "made at 200 keV and cannot be used at 300 keV"),
        (lambda: list(render_each(waves(), [(C, None), (C.replace(energy=80e3), None)])), "cannot be used at 80 keV"),
        (lambda: expected_intensity(waves(), [C.replace(energy=80e3)]), "cannot be used at 80 keV"),
        (lambda: hb.render(waves(), C, pixel_size=0.098), "pixels of 0.2 x 0.2 Å|pixels of 0.2 Å"),
        (lambda: hb.render(array(), C), "give pixel_size, in Å"),
        (lambda: hb.render(spoiled(np.nan), C, pixel_size=SIZE), "not finite numbers"),
        (lambda: hb.render(spoiled(np.inf), C, pixel_size=SIZE, coherence="quadrature"), "not finite numbers"),
        (lambda: hb.render(spoiled(np.nan), C, pixel_size=SIZE, coherence="tcc"), "not finite numbers"),
        (lambda: hb.render(waves(), hb.Condition(), output_pixel_size=0.1), "hold frequencies up to 2.5 1/Å, and this"),
        (lambda: hb.render(waves(pixel_size=0.4), hb.Condition(aperture=30.0), output_pixel_size=0.2), "0.328 Å"),
        (lambda: list(render_each(waves(), [(C.replace(dose=1.0), 1)], detector=[])), "0 detectors were given for 1"),
    ],
)
def test_contradictions_are_one_line(call, message):
    with pytest.raises(InputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_finer_image_is_made_where_the_lens_passes_no_more_than_the_waves_hold():
    image = hb.render(waves(pixel_size=0.4), hb.Condition(aperture=20.0), output_pixel_size=0.2)
    assert image.shape == (2 * N, 2 * N)
