"""Transfer functions: signs, refocusing, and both envelopes against integration over the source."""

from __future__ import annotations

import numpy as np
import pytest

from hrtem_bench import Condition, chi, ctf, wave_transfer, wavelength
from hrtem_bench.physics import (
    aperture,
    mean_transfer,
    spatial_envelope,
    temporal_envelope,
    transfer_spectrum,
)


def _normal_nodes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Hermite nodes and weights for a standard normal average."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return nodes, weights / weights.sum()


def test_temporal_envelope_is_the_average_over_focus() -> None:
    q = np.linspace(0, 1.2, 61)
    condition = Condition(C10=-150.0, C30=3e5, focal_spread=12.0)
    still = condition.replace(focal_spread=0.0)
    nodes, weights = _normal_nodes(40)
    shifted = [still.replace(C10=still.C10 + 12.0 * node) for node in nodes]
    contrast = sum(w * np.sin(chi(q, 0.0, c)) for w, c in zip(weights, shifted, strict=True))
    wave = sum(w * np.exp(-1j * chi(q, 0.0, c)) for w, c in zip(weights, shifted, strict=True))
    assert temporal_envelope(q, 0.0, condition)[-1] < 0.6  # the envelope does something here
    np.testing.assert_allclose(ctf(q, 0.0, condition), contrast, atol=1e-12)
    np.testing.assert_allclose(wave_transfer(q, 0.0, condition), wave, atol=1e-12)


def _contrast_over_source(qx: np.ndarray, qy: np.ndarray, condition: Condition, count: int) -> np.ndarray:
    """Linear contrast transfer, averaged over illumination tilts K of standard deviation β/λ in x and y.

    A weak phase object under a wave tilted by K interferes K + q and K - q with K:
    i/2 (exp[-i(χ(K+q) - χ(K))] - exp[i(χ(K-q) - χ(K))]), which is sin χ(q) for K = 0 and even χ.
    """
    coherent = condition.replace(angular_spread=0.0)
    width = 1e-3 * condition.angular_spread / wavelength(condition.energy)
    nodes, weights = _normal_nodes(count)
    total = np.zeros(qx.shape, complex)
    for kx, wx in zip(width * nodes, weights, strict=True):
        for ky, wy in zip(width * nodes, weights, strict=True):
            here = chi(kx, ky, coherent)
            plus = np.exp(-1j * (chi(kx + qx, ky + qy, coherent) - here))
            minus = np.exp(1j * (chi(kx - qx, ky - qy, coherent) - here))
            total += wx * wy * 0.5j * (plus - minus)
    return total


def test_spatial_envelope_is_exact_for_defocus_and_astigmatism() -> None:
    q, phi = np.linspace(0, 1.5, 40), np.linspace(0, 3, 40)
    qx, qy = q * np.cos(phi), q * np.sin(phi)
    condition = Condition(C10=-300.0, aberrations={"C12": 100.0, "phi12": 0.4}, angular_spread=0.6)
    assert spatial_envelope(qx, qy, condition).min() < 0.3
    np.testing.assert_allclose(ctf(qx, qy, condition), _contrast_over_source(qx, qy, condition, 40), atol=1e-10)


@pytest.mark.parametrize(("spread", "tolerance"), [(0.08, 1e-2), (0.04, 3e-3), (0.02, 1e-3)])
def test_spatial_envelope_is_first_order_in_the_angle_for_spherical_aberration(spread: float, tolerance: float) -> None:
    # The neglected term is the curvature of χ over the source: the error falls as the spread squared.
    q = np.linspace(0, 0.8, 60)
    condition = Condition(energy=200e3, C10=-670.0, C30=1.2e7, angular_spread=spread)
    expected = _contrast_over_source(q, 0.0 * q, condition, 24)
    np.testing.assert_allclose(ctf(q, 0.0, condition), expected, atol=tolerance)
    assert np.abs(spatial_envelope(q, 0.0, condition) - 1).max() > 10 * tolerance


def test_weak_phase_object_has_contrast_two_sin_chi() -> None:
    # ψ = 1 + iφ: contrast 2 φ T(q), positive for χ > 0 (docs/reference/conventions.md).
    size, pixel = 64, 0.25
    x = pixel * np.arange(size)
    q0 = 6 / (size * pixel)
    frequency = np.fft.fftfreq(size, pixel)
    phase = 1e-4
    for condition in (
        Condition(C10=200.0),
        Condition(C10=-200.0),
        Condition(C10=-600.0, C30=1e7, energy=200e3, focal_spread=50.0, angular_spread=0.2),
    ):
        exit_wave = 1 + 1j * phase * np.cos(2 * np.pi * q0 * x)
        image_wave = np.fft.ifft(np.fft.fft(exit_wave) * wave_transfer(frequency, 0.0, condition))
        contrast = np.abs(image_wave) ** 2 - 1
        expected = 2 * phase * ctf(q0, 0.0, condition) * np.cos(2 * np.pi * q0 * x)
        np.testing.assert_allclose(contrast, expected, atol=5 * phase**2)


@pytest.mark.parametrize("distance", [150.0, -400.0])
def test_defocus_and_propagation_cancel(distance: float) -> None:
    # Analytic: a Gaussian waist w after free propagation by z is exp(-r²/(w² + iλz/π)) / (1 + iλz/(πw²))
    # for waves exp(+2πi k·r). C10 = -z brings back the waist.
    wave, waist, size, pixel = wavelength(200e3), 2.0, 128, 0.25
    x = pixel * (np.arange(size) - size // 2)
    r2 = x[:, None] ** 2 + x**2
    spread = 1j * wave * distance / np.pi
    propagated = np.exp(-r2 / (waist**2 + spread)) / (1 + spread / waist**2)
    q = np.fft.fftfreq(size, pixel)
    transfer = wave_transfer(q, q[:, None], Condition(energy=200e3, C10=-distance))
    refocused = np.fft.ifft2(np.fft.fft2(propagated) * transfer)
    np.testing.assert_allclose(refocused, np.exp(-r2 / waist**2), atol=1e-9)


def test_wave_transfer_and_ctf_are_two_views_of_one_function(drawn: Condition) -> None:
    condition = drawn.replace(focal_spread=5.0, angular_spread=0.1, aperture=30.0)
    qx, qy = np.random.default_rng(1).uniform(-1.5, 1.5, (2, 100))
    np.testing.assert_allclose(-wave_transfer(qx, qy, condition).imag, ctf(qx, qy, condition), atol=1e-12)
    assert wave_transfer(0.0, 0.0, condition) == 1.0


def test_aperture_is_sharp_and_round() -> None:
    condition = Condition(aperture=20.0)
    edge = 0.020 / wavelength(300e3)
    phi = np.linspace(0, 6, 9)
    for scale, expected in ((0.999, 1.0), (1.001, 0.0)):
        inside = aperture(scale * edge * np.cos(phi), scale * edge * np.sin(phi), condition)
        assert np.array_equal(inside, np.full(9, expected))


def test_spectra_of_a_set_are_means() -> None:
    q = np.linspace(0, 2, 50)
    conditions = [Condition(C10=v, focal_spread=5.0) for v in (-100.0, 30.0, 80.0)]
    transfers = np.stack([ctf(q, 0.0, c) for c in conditions])
    np.testing.assert_allclose(transfer_spectrum(q, 0.0, conditions), np.mean(transfers**2, axis=0))
    np.testing.assert_allclose(mean_transfer(q, 0.0, conditions), np.mean(transfers, axis=0), atol=1e-15)
    np.testing.assert_allclose(transfer_spectrum(q, 0.0, conditions[0]), transfers[0] ** 2)
