"""Thon rings of simulated carbon films give back defocus and astigmatism; without a film there are none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.measurement.power_spectrum import power_spectrum
from hrtem_bench.measurement.thon_rings import ThonRings, fit_thon_rings
from hrtem_bench.multislice.parametrization import mott_bethe_constant, scattering_factor

PIXEL_SIZE, SIDE = 0.4, 256
CARBON = 5.0
"""Atoms per Å² of a film 5 nm thick."""


def film_image(condition: hb.Condition, seed: int = 0) -> np.ndarray:
    """Image of carbon atoms at random places, all in one plane."""
    rng = np.random.default_rng(seed)
    atoms = rng.poisson(CARBON * PIXEL_SIZE**2, (SIDE, SIDE)) / PIXEL_SIZE**2
    frequency = np.fft.fftfreq(SIDE, PIXEL_SIZE)
    factor = scattering_factor("C", np.hypot(frequency[:, None], frequency)) * mott_bethe_constant()
    potential = np.fft.ifft2(np.fft.fft2(atoms - atoms.mean()) * factor).real
    wave = np.exp(1j * hb.interaction_parameter(condition.energy) * potential)
    return np.asarray(hb.render(wave[None].astype(np.complex64), condition, pixel_size=PIXEL_SIZE, seed=seed + 1))


def fitted(condition: hb.Condition) -> ThonRings:
    return fit_thon_rings(power_spectrum(film_image(condition), PIXEL_SIZE), condition.energy, condition.C30)


def setting(energy: float, defocus: float, c12: float, phi12: float, c30: float, dose: float) -> hb.Condition:
    astigmatism = {"C12": c12, "phi12": phi12} if c12 else {}
    return hb.Condition(
        energy=energy, defocus=defocus, aberrations=astigmatism, C30=c30, dose=dose, focal_spread=20, angular_spread=0.1
    )


@pytest.mark.parametrize(
    ("energy", "defocus", "c12", "phi12", "c30", "dose"),
    [
        (300e3, 400, 0, 0, 0, 400),
        (300e3, 1000, 30, 0.4, 1.2e7, 200),
        (80e3, 1200, 100, -1.0, 0, 200),
        (200e3, 3000, 60, 1.2, 1.2e7, 200),
        (300e3, 3000, 60, 0.0, 0, 200),
        (300e3, -800, 40, 0.3, 1.2e7, 400),
    ],
)
def test_known_settings(energy: float, defocus: float, c12: float, phi12: float, c30: float, dose: float) -> None:
    found = fitted(setting(energy, defocus, c12, phi12, c30, dose))
    assert found.found
    assert found.defocus == pytest.approx(defocus, abs=max(20, 0.01 * abs(defocus)))
    asked = c12 * np.exp(2j * phi12)
    answer = found.astigmatism * np.exp(2j * found.astigmatism_angle)
    assert abs(answer - asked) < 20
    assert 0 < found.defocus_std < 10
    assert found.sign_known == (c30 > 0)


def test_noise_too_high() -> None:
    found = fitted(setting(300e3, 1000, 0, 0, 0, 0.5))
    assert not found.found
    assert "no Thon rings" in found.reason
    assert math.isnan(found.defocus)


@pytest.mark.parametrize("kind", ["white", "coloured", "lattice", "rounded to few greys"])
def test_images_without_a_film_have_no_rings(kind: str) -> None:
    y, x = np.mgrid[:128, :128] * PIXEL_SIZE
    image = np.random.default_rng(3).poisson(30, x.shape).astype(float)
    if kind == "coloured":
        image = gaussian_filter(image, 0.7)
    if kind == "lattice":
        image += 8 * np.cos(2 * np.pi * x / 2.35) + 8 * np.cos(2 * np.pi * (0.34 * x + 0.94 * y) / 2.35)
    if kind == "rounded to few greys":
        image = np.clip(image // 8, 0, 5)
    assert not fit_thon_rings(power_spectrum(image, PIXEL_SIZE), 300e3).found


def test_refused() -> None:
    spectrum = power_spectrum(np.random.default_rng(0).normal(size=(64, 64)), 0.4)
    with pytest.raises(InputError, match="no band of 40 rings"):
        fit_thon_rings(spectrum, 300e3)
    with pytest.raises(InputError, match="energy"):
        fit_thon_rings(power_spectrum(np.random.default_rng(0).normal(size=(128, 128)), 0.4), -1.0)
    with pytest.raises(InputError, match="finite"):
        fit_thon_rings(spectrum, 300e3, math.nan)


@pytest.mark.slow
def test_a_film_of_some_thickness() -> None:
    """Its rings are those of its middle, half its thickness above its lower face, where the waves end."""
    ase = pytest.importorskip("ase")
    side, thickness, defocus = 100.0, 40.0, 600.0
    rng = np.random.default_rng(0)
    places = rng.uniform(0, 1, (int(0.1 * side**2 * thickness), 3)) * [side, side, thickness]
    atoms = ase.Atoms(f"C{len(places)}", positions=places, cell=[side, side, thickness], pbc=True)
    waves = hb.exit_waves(atoms, energy=300e3, pixel_size=0.2, slice_thickness=2.0, phonons=None)
    image = hb.render(waves, setting(300e3, defocus, 0, 0, 0, 400), output_pixel_size=PIXEL_SIZE, seed=1)
    found = fit_thon_rings(power_spectrum(image, PIXEL_SIZE), 300e3)
    assert found.defocus == pytest.approx(defocus - thickness / 2, abs=20)
