"""Scattering factors, potentials and single-atom transmissions."""

from __future__ import annotations

import numpy as np
import pytest

from hrtem_bench.errors import InputError
from hrtem_bench.multislice import PARAMETRIZATIONS, elements, projected_potential, scattering_factor
from hrtem_bench.multislice.parametrization import mott_bethe_constant
from hrtem_bench.multislice.transmission import hankel, log_transmission
from hrtem_bench.physics import interaction_parameter
from hrtem_bench.physics.band import gauss_legendre


@pytest.mark.parametrize("name", PARAMETRIZATIONS)
def test_every_element_agrees_with_abtem(name):
    from abtem.parametrizations import KirklandParametrization, LobatoParametrization

    other = {"lobato": LobatoParametrization, "kirkland": KirklandParametrization}[name]()
    q = np.linspace(0, 4, 30)
    assert len(elements(name)) == 103
    for symbol in elements(name):
        expected = other.scattering_factor(symbol)(q**2)
        np.testing.assert_allclose(
            scattering_factor(symbol, q, name), expected, rtol=3e-5
        )  # abTEM rounds the constants that scale its table


@pytest.mark.parametrize("name", PARAMETRIZATIONS)
@pytest.mark.parametrize("symbol", ["C", "Se", "Au"])
def test_projected_potential_is_the_transform_of_the_scattering_factor(name, symbol):
    """At a distance, where the oscillating integral over q is cut off by a Gaussian that changes V(r) little."""
    q, w = gauss_legendre(np.linspace(0, 80, 81), 40)
    soft = 0.01  # Å: the potential is seen through a Gaussian of this standard deviation
    factor = scattering_factor(symbol, q, name) * np.exp(-2 * (np.pi * soft * q) ** 2)
    r = np.array([0.3, 0.7, 1.5])
    got = mott_bethe_constant() * hankel(factor, q, w, r)
    np.testing.assert_allclose(projected_potential(symbol, r, name), got, rtol=3e-3)


def test_parametrizations_agree_with_each_other_on_carbon():
    r = np.linspace(0.2, 2, 20)
    a, b = (projected_potential("C", r, name) for name in PARAMETRIZATIONS)
    np.testing.assert_allclose(a, b, rtol=0.15)


def test_log_transmission_of_a_fast_electron_is_the_born_phase():
    """At 300 kV hydrogen is weak: b is iσV̂ inside the band and next to nothing outside."""
    q = np.linspace(0, 4, 81)
    b = log_transmission("H", q, low_pass=(3.0, 3.0), energy=300e3)
    born = interaction_parameter(300e3) * mott_bethe_constant() * scattering_factor("H", q)
    np.testing.assert_allclose(b.imag[q < 2.9], born[q < 2.9], atol=2e-3 * born[0])
    assert np.abs(b[q > 3.05]).max() < 2e-3 * born[0]


@pytest.mark.parametrize("symbol", ["C", "Au"])
def test_exponential_of_b_is_the_low_passed_transmission(symbol):
    """On a 2-D grid: exp(b) equals exp(iσV), sampled finely and cut to the band, as a plain FFT has it."""
    n, length, fine, band = 64, 12.8, 1024, 1.67
    k = np.fft.fftfreq(n, length / n)
    b_hat = log_transmission(symbol, np.hypot(k[:, None], k[None]).ravel(), low_pass=(band, band), energy=300e3)
    here = np.exp(np.fft.ifft2(b_hat.reshape(n, n)) * n**2 / length**2)
    x = (np.arange(fine) + 0.5) / fine * length - length / 2  # between the pixels, away from the singularity
    r = np.hypot(x[:, None], x[None])
    exact = np.fft.fft2(np.exp(1j * interaction_parameter(300e3) * projected_potential(symbol, r)) - 1) / fine**2
    keep = np.r_[0:22, -21:0]
    shift = np.exp(-2j * np.pi * keep * (0.5 / fine))
    shift = shift * np.exp(1j * np.pi * keep)
    exact = exact[np.ix_(keep, keep)] * np.outer(shift, shift)
    got = (np.fft.fft2(here - 1) / n**2)[np.ix_(keep, keep)]
    inside = np.hypot(keep[:, None], keep[None]) < 0.98 * band * length
    assert np.linalg.norm((got - exact)[inside]) < 5e-3 * np.linalg.norm(exact[inside])


def test_part_of_a_heavy_atoms_wave_leaves_the_band():
    b = log_transmission("Au", np.array([0.0]), low_pass=(3.33, 3.33), energy=300e3)
    assert b.real[0] < 0


def test_unknown_element_is_named():
    with pytest.raises(InputError, match="'Xx'"):
        scattering_factor("Xx", 0.0)
