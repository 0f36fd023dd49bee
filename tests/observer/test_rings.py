"""Ring powers, noise and channels against white noise and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import polygamma

from hrtem_bench.errors import InputError
from hrtem_bench.imaging import Detector, GaussianCurve, camera, detect
from hrtem_bench.observer import ObserverSettings, detectability
from hrtem_bench.observer.channels import information_density, moments_at
from hrtem_bench.observer.noise import ring_noise
from hrtem_bench.observer.regions import Regions, RingPower, regions_of, ring_power

SETTINGS = ObserverSettings()
AREAS = np.array([math.pi * (b * b - a * a) for a, b in zip(SETTINGS.edges, SETTINGS.edges[1:], strict=False)])


def halves(points: int, pixel_size: float) -> Regions:
    left = np.zeros((points, points), bool)
    left[:, : points // 2] = True
    return Regions(left, ~left, pixel_size, 0.5)


@pytest.mark.parametrize("dose", [30.0, 400.0])
def test_white_noise_of_the_dose_has_its_area_in_the_ring_over_the_dose(dose: float) -> None:
    noise = ring_noise(dose, None, 0.2, SETTINGS)
    np.testing.assert_allclose(noise.variance, AREAS / dose, rtol=1e-9)
    np.testing.assert_array_equal(noise.transfer, 1.0)
    # a Gaussian of standard deviation w Å averages white noise over 4 π w²
    assert noise.low_variance == pytest.approx(1 / (dose * 4 * math.pi * 4.0**2), rel=1e-9)


@pytest.mark.parametrize("name", ["ideal", "k3-300kV", "scintillator-good"])
def test_noise_in_rings_is_that_of_detected_images(name: str) -> None:
    pixel, dose = 0.4, 400.0
    counts = np.stack([
        detect(np.ones((256, 256)), dose, pixel_size=pixel, seed=seed, detector=camera(name)) for seed in range(3)
    ])  # fmt: skip
    regions = halves(256, pixel)
    found = np.mean([ring_power(one, regions, SETTINGS).whole[0] for one in counts], axis=0)
    np.testing.assert_allclose(ring_noise(dose, camera(name), pixel, SETTINGS).variance, found, rtol=0.12)


def test_a_detector_passes_the_signal_by_its_mtf() -> None:
    width, pixel = 0.6, 0.4
    noise = ring_noise(400.0, Detector(mtf=GaussianCurve(width)), pixel, SETTINGS)
    steep = (2 * math.pi * width * pixel) ** 2
    low, high = np.array(SETTINGS.edges[:-1]), np.array(SETTINGS.edges[1:])
    # the mean of exp(-(2π w p q)²) over a ring's area
    want = (np.exp(-steep * low**2) - np.exp(-steep * high**2)) / (steep * (high**2 - low**2))
    np.testing.assert_allclose(noise.transfer, want, rtol=0.02)


def test_a_wave_on_the_particle_alone_has_half_its_square_there() -> None:
    points, pixel, q = 256, 0.4, 20 / 102.4  # in the second ring
    y = np.arange(points) * pixel
    image = 1 + 0.1 * np.cos(2 * np.pi * q * y)[:, None] * np.ones(points)
    found = ring_power(image, halves(points, pixel), SETTINGS)
    np.testing.assert_allclose(found.particle[0], [0, 0.005, 0, 0], atol=1e-8)
    assert found.variance[0] == pytest.approx(0.005, rel=1e-5)
    np.testing.assert_allclose(found.whole, found.film, atol=1e-8)


def test_regions_keep_their_distance_and_wrap_round() -> None:
    mask = np.zeros((100, 100), np.uint8)
    mask[:, :20] = mask[:, -20:] = 1  # one particle 40 Å wide, across the edge of the field
    regions = regions_of(mask, 1.0, SETTINGS)
    np.testing.assert_array_equal(np.flatnonzero(regions.particle[0]), [*range(17), *range(83, 100)])
    np.testing.assert_array_equal(np.flatnonzero(regions.film[0]), range(26, 74))


def one_ring(signal: float, settings: ObserverSettings) -> RingPower:
    """Two specimens alike: the particles have this power in one ring, the film none."""
    ones = np.ones((2, 1))
    whole = 0.5 * signal * np.ones(2)
    return RingPower(signal * ones, 0 * ones, whole[:, None], *np.zeros((3, 2)), variance=whole, cover=np.full(2, 0.5))


def test_one_ring_in_white_noise_has_the_closed_form() -> None:
    settings = ObserverSettings(edges=(0.2, 0.6), floor=0.1, area=40.0)
    dose, signal = 100.0, 0.05
    noise = ring_noise(dose, None, 0.4, settings)
    (variance,) = noise.variance
    ratio = (signal + variance) / variance
    counts = math.pi * (0.6**2 - 0.2**2) / 2 * 40.0
    want = math.log(ratio) / math.sqrt(polygamma(1, counts) + 0.1**2)
    assert detectability(moments_at(one_ring(signal, settings), noise, settings)) == pytest.approx(want)
    density = information_density(one_ring(signal, settings), noise, settings)
    np.testing.assert_allclose(density, math.pi * (0.6**2 - 0.2**2) / 2 * (ratio - 1 - math.log(ratio)))


def test_the_dose_counts_only_relative_to_the_power() -> None:
    settings = ObserverSettings(edges=(0.2, 0.6))
    found = [
        detectability(moments_at(one_ring(s * 0.02, settings), ring_noise(100.0 / s, None, 0.4, settings), settings))
        for s in (1.0, 4.0)
    ]
    assert found[0] == pytest.approx(found[1], rel=1e-9)


def test_more_dose_is_easier_and_no_noise_the_limit() -> None:
    settings = ObserverSettings(edges=(0.2, 0.6))
    powers = (np.array([[value]]) for value in (0.05, 0.01, 0.03))
    power = RingPower(*powers, *np.zeros((3, 1)), variance=np.full(1, 0.03), cover=np.full(1, 0.5))
    found = [
        detectability(moments_at(power, ring_noise(dose, None, 0.4, settings), settings))
        for dose in (1.0, 30.0, 400.0, 1e7, None)
    ]
    assert sorted(found) == found
    assert found[-2] == pytest.approx(found[-1], rel=1e-3)


@pytest.mark.parametrize("dose", [0.0, -1.0, math.inf, math.nan])
def test_a_dose_that_is_none_is_refused(dose: float) -> None:
    with pytest.raises(InputError, match="dose must be a finite number"):
        ring_noise(dose, None, 0.2, SETTINGS)


def test_pixels_too_large_for_the_first_ring_are_refused() -> None:
    with pytest.raises(InputError, match="use smaller pixels"):
        ring_noise(100.0, None, 5.0, SETTINGS)


@pytest.mark.parametrize(
    "wrong", [{"edges": (0.3, 0.2)}, {"area": 0.0}, {"floor": -1.0}, {"erosion": -1.0}, {"standardised": 1.5}]
)
def test_settings_are_checked(wrong: dict) -> None:
    with pytest.raises(InputError):
        ObserverSettings(**wrong)
