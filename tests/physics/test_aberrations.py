"""χ and ∇χ: signs and angles (docs/reference/conventions.md), abTEM, analytic cases, derivatives."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hrtem_bench import Condition, chi, wave_transfer, wavelength
from hrtem_bench.conditions import COEFFICIENTS, coefficients
from hrtem_bench.physics import chi_gradient

RNG_POINTS = np.random.default_rng(5).uniform(-2, 2, (2, 200))


def _chi_in_polar_form(qx: np.ndarray, qy: np.ndarray, condition: Condition) -> np.ndarray:
    """Krivanek's series as the conventions page writes it."""
    wave = wavelength(condition.energy)
    alpha, phi = wave * np.hypot(qx, qy), np.arctan2(qy, qx)
    total = np.zeros(np.broadcast_shapes(qx.shape, qy.shape))
    for name, (magnitude, angle) in coefficients(condition).items():
        n, m = COEFFICIENTS[name]
        total += alpha ** (n + 1) / (n + 1) * magnitude * np.cos(m * (phi - angle))
    return 2 * np.pi / wave * total


def test_all_coefficients_follow_the_series(drawn: Condition) -> None:
    qx, qy = RNG_POINTS
    np.testing.assert_allclose(chi(qx, qy, drawn), _chi_in_polar_form(qx, qy, drawn), rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize("name", COEFFICIENTS)
def test_each_coefficient_alone_has_its_order_symmetry_and_angle(name: str) -> None:
    n, m = COEFFICIENTS[name]
    fields = {name: 1e4} if name in ("C10", "C30") else {}
    aberrations = {} if fields else {name: 1e4} | ({"phi" + name[1:]: 0.4} if m else {})
    condition = Condition(aberrations=aberrations, **fields)
    crest = 0.4 if m else 0.0
    peak = 2 * np.pi / wavelength(300e3) * (wavelength(300e3) * 1.5) ** (n + 1) / (n + 1) * 1e4

    def at(q: float, phi: float) -> float:
        return float(chi(q * np.cos(phi), q * np.sin(phi), condition))

    assert at(1.5, crest) == pytest.approx(peak)
    assert at(3.0, crest) == pytest.approx(2 ** (n + 1) * peak)
    if m:
        assert at(1.5, crest + 2 * np.pi / m) == pytest.approx(peak)
        assert at(1.5, crest + np.pi / m) == pytest.approx(-peak)
        assert at(1.5, crest + np.pi / (2 * m)) == pytest.approx(0.0, abs=1e-9 * peak)


def test_overfocus_is_a_positive_phase() -> None:
    assert chi(1.0, 0.0, Condition(C10=100.0)) == pytest.approx(math.pi * wavelength(300e3) * 100.0)


def test_no_aberration_gives_zeros_of_the_broadcast_shape() -> None:
    assert np.array_equal(chi(np.ones((3, 1)), np.ones(4), Condition()), np.zeros((3, 4)))
    for component in chi_gradient(np.ones((3, 1)), np.ones(4), Condition()):
        assert np.array_equal(component, np.zeros((3, 4)))


def test_gradient_of_defocus_is_the_geometric_displacement() -> None:
    # ∇χ = 2π λ C10 q: Spence, High-Resolution Electron Microscopy, 4th ed. (2013), chapter 3.
    qx, qy = RNG_POINTS
    along_x, along_y = chi_gradient(qx, qy, Condition(C10=-80.0))
    scale = 2 * np.pi * wavelength(300e3) * -80.0
    np.testing.assert_allclose(along_x, scale * qx, rtol=1e-12)
    np.testing.assert_allclose(along_y, scale * qy, rtol=1e-12)


def test_gradient_is_the_derivative(drawn: Condition) -> None:
    qx, qy = RNG_POINTS
    step = 1e-5
    along_x, along_y = chi_gradient(qx, qy, drawn)
    numeric_x = (chi(qx + step, qy, drawn) - chi(qx - step, qy, drawn)) / (2 * step)
    numeric_y = (chi(qx, qy + step, drawn) - chi(qx, qy - step, drawn)) / (2 * step)
    np.testing.assert_allclose(along_x, numeric_x, rtol=1e-6, atol=1e-4)
    np.testing.assert_allclose(along_y, numeric_y, rtol=1e-6, atol=1e-4)


def test_value_and_gradient_at_zero_frequency_are_zero(drawn: Condition) -> None:
    zero = np.zeros(1)
    assert chi(zero, zero, drawn)[0] == 0.0
    assert all(component[0] == 0.0 for component in chi_gradient(zero, zero, drawn))


def test_abtem_agrees_on_all_aberrations_envelopes_and_aperture(drawn: Condition) -> None:
    abtem = pytest.importorskip("abtem")
    condition = drawn.replace(focal_spread=6.0, angular_spread=0.15, aperture=35.0)
    shape, extent = (96, 80), (24.0, 22.0)
    impulse = np.zeros(shape, complex)
    impulse[0, 0] = 1.0
    with abtem.config.set({"precision": "float64", "device": "cpu"}):
        theirs = abtem.CTF(
            energy=condition.energy,
            semiangle_cutoff=condition.aperture,
            soft=False,
            # Both of abTEM's spreads are 1/e widths, √2 times the standard deviation.
            focal_spread=math.sqrt(2) * condition.focal_spread,
            angular_spread=math.sqrt(2) * condition.angular_spread,
            aberration_coefficients={"C10": condition.C10, "C30": condition.C30, **condition.aberrations},
        )
        waves = abtem.Waves(impulse, energy=condition.energy, extent=extent).apply_ctf(theirs).compute()
    expected = np.fft.fft2(waves.array)
    # abTEM's arrays are (x, y).
    qx = np.fft.fftfreq(shape[0], extent[0] / shape[0])[:, None]
    qy = np.fft.fftfreq(shape[1], extent[1] / shape[1])
    assert np.count_nonzero(expected) < expected.size  # the aperture cuts
    np.testing.assert_allclose(wave_transfer(qx, qy, condition), expected, atol=1e-6)
