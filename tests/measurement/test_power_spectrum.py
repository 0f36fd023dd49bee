"""The power spectrum: its scale, its frequencies, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from hrtem_bench.errors import InputError
from hrtem_bench.measurement.power_spectrum import HANN_CORRELATION, power_spectrum


def test_white_noise_has_its_variance_as_power_at_every_frequency() -> None:
    frames = np.random.default_rng(0).poisson(30, (4, 128, 160))
    spectrum = power_spectrum(frames, 0.25)
    for low, high in ((0.1, 0.7), (0.7, 1.3), (1.3, 2.0)):
        ring = spectrum.power[(spectrum.q >= low) & (spectrum.q < high)]
        # the relative scatter of the mean of n exponential values, averaged over frames, neighbours correlated
        scatter = np.sqrt(HANN_CORRELATION / ring.size / len(frames))
        assert ring.mean() == pytest.approx(30, rel=4 * scatter)


def test_correlation_of_a_hann_spectrum() -> None:
    """The transform of the squared window, normalised, is the correlation of pixels of the spectrum."""
    window = np.hanning(65)[:-1]
    correlation = np.abs(np.fft.fft(window**2)) ** 2 / np.sum(window**2) ** 2
    assert correlation.sum() ** 2 == pytest.approx(HANN_CORRELATION, rel=1e-9)


def test_a_fringe_lies_at_its_frequency_and_angle() -> None:
    y, x = np.mgrid[:128, :96] * 0.3
    q, phi = 0.6, 0.7
    fringes = np.cos(2 * np.pi * q * (x * np.cos(phi) + y * np.sin(phi)))
    spectrum = power_spectrum(fringes, 0.3)
    top = np.argmax(spectrum.power)
    assert spectrum.q[top] == pytest.approx(q, abs=spectrum.step)
    assert spectrum.phi[top] == pytest.approx(phi, abs=spectrum.step / q)
    assert spectrum.nyquist == pytest.approx(1 / 0.6)


def test_a_large_image_goes_by_tiles() -> None:
    image = np.random.default_rng(1).normal(size=(64, 2050))
    assert power_spectrum(image, 0.2).repeats == 2


@pytest.mark.parametrize(
    ("image", "pixel_size", "said"),
    [
        (np.full((64, 64), 7), 0.2, "constant"),
        (np.eye(32), 0.2, "32 x 32 pixels"),
        (np.where(np.eye(64), np.nan, 1.0), 0.2, "not finite"),
        (np.eye(64), 0.0, "pixel_size"),
        (np.eye(64), np.nan, "pixel_size"),
        (np.ones(64), 0.2, "no grey image"),
        (np.eye(64) * 1j, 0.2, "no grey image"),
    ],
)
def test_refused(image: np.ndarray, pixel_size: float, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        power_spectrum(image, pixel_size)
    assert "\n" not in str(caught.value)
