"""Partial coherence by quadrature and by the transmission cross-coefficient, against closed forms and each other."""

from __future__ import annotations

import doctest
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.imaging import cross_coefficient, expected_intensity, quadrature_intensity, tcc_intensity
from hrtem_bench.imaging.coherence import TOLERANCE, normal_nodes

NY, NX, SIZE = 36, 40, 0.3
QY, QX = np.fft.fftfreq(NY, SIZE)[:, None], np.fft.fftfreq(NX, SIZE)[None]
SAME = {"pixel_size": SIZE, "output_pixel_size": SIZE}

FOCUS = hb.Condition(C10=-150.0, C30=1e5, focal_spread=35.0)
SOURCE = hb.Condition(C10=-250.0, aberrations={"C12": 40.0, "phi12": 0.5}, angular_spread=0.5)
BOTH = hb.Condition(C10=-200.0, C30=2e5, aberrations={"C21": 3000.0}, focal_spread=30.0, angular_spread=0.4)
APERTURE = BOTH.replace(aperture=18.0)


def phase_object(strength: float, count: int = 1, seed: int = 0):
    """Waves exp(i strength φ), φ smooth of standard deviation 1, band-limited to 2/3 of Nyquist."""
    noise = np.random.default_rng(seed).normal(size=(count, NY, NX))
    q2 = QX**2 + QY**2
    phase = np.fft.ifft2(np.fft.fft2(noise) * np.exp(-q2 / 0.4)).real
    waves = np.exp(1j * strength * phase / phase.std())
    return np.fft.ifft2(np.fft.fft2(waves) * (q2 < (1 / 3 / SIZE) ** 2))


def difference(a, b) -> float:
    """Root of the mean squared difference, relative to the contrast of b."""
    return float(np.linalg.norm(a - b) / np.linalg.norm(b - b.mean()))


@pytest.mark.parametrize("c", [FOCUS, SOURCE, BOTH, APERTURE])
def test_quadrature_equals_the_cross_coefficient_for_a_strong_object(c):
    waves = phase_object(1.0, count=2)
    arguments = {"pixel_size": SIZE, "output_pixel_size": (0.6, 0.3), "zero_focus": -30.0}
    nodes = 11 if c.aperture else None  # a sharp edge takes many nodes: the same ones for both
    quadrature = quadrature_intensity(waves, [c], angle_nodes=nodes, **arguments)
    exact = tcc_intensity(waves, [c], angle_nodes=nodes, **arguments)
    assert quadrature.shape == (1, NY // 2, NX)
    assert quadrature.dtype == exact.dtype == np.float32
    assert difference(quadrature[0], exact[0]) < 2e-4
    assert difference(expected_intensity(waves, [c], **arguments)[0], exact[0]) > 0.05


def test_more_nodes_come_nearer_to_the_cross_coefficient():
    wave = phase_object(1.0)
    exact = tcc_intensity(wave, [FOCUS], **SAME)[0]
    errors = [difference(quadrature_intensity(wave, [FOCUS], focus_nodes=n, **SAME)[0], exact) for n in (1, 3, 6, 12)]
    assert all(later < earlier / 2 for earlier, later in pairwise(errors))


def test_cross_coefficient_is_ishizukas_closed_form():
    """Exact for defocus and twofold astigmatism, where χ(q + q0) - χ(q) is linear in q0 but for a common part.

    With b the difference of ∇χ, d = q1 - q2, s = β/λ and c = 2πλ: the average of
    exp(-i (Δχ + a δ + b·q0 + c δ q0·d)) over normal q0 (s) and δ (Δ), done by hand.
    """
    rng = np.random.default_rng(1)
    first, second = rng.uniform(-0.8, 0.8, (2, 2, 7))
    c = SOURCE.replace(focal_spread=25.0)
    wave = hb.wavelength(c.energy)
    s, spread = 1e-3 * c.angular_spread / wave, c.focal_spread
    expected = np.empty((7, 7), complex)
    for i, (x1, y1) in enumerate(first.T):
        for j, (x2, y2) in enumerate(second.T):
            magnitude, angle = c.aberrations["C12"], 2 * c.aberrations["phi12"]
            matrix = c.C10 * np.eye(2) + magnitude * np.array(
                [[np.cos(angle), np.sin(angle)], [np.sin(angle), -np.cos(angle)]]
            )
            q1, q2 = np.array([x1, y1]), np.array([x2, y2])
            d = q1 - q2
            b = 2 * np.pi * wave * matrix @ d
            a = np.pi * wave * (q1 @ q1 - q2 @ q2)
            chi = np.pi * wave * (q1 @ matrix @ q1 - q2 @ matrix @ q2)
            cross = 2 * np.pi * wave
            stiff = 1 / spread**2 + (s * cross) ** 2 * (d @ d)
            slope = 1j * a + s**2 * cross * (b @ d)
            exponent = -1j * chi - 0.5 * s**2 * (b @ b) + slope**2 / (2 * stiff)
            expected[i, j] = np.exp(exponent) / (spread * np.sqrt(stiff))
    np.testing.assert_allclose(cross_coefficient(first, second, c, angle_nodes=41), expected, atol=1e-8)
    assert np.abs(expected).min() < 0.5


def test_cross_coefficient_with_the_unscattered_beam_is_the_wave_transfer():
    """Where the envelopes come from: T(q, 0) = exp(-iχ) E for either spread alone (defocus and astigmatism)."""
    q = np.random.default_rng(2).uniform(-1, 1, (2, 50))
    for c in (FOCUS, SOURCE):
        expected = hb.wave_transfer(q[0], q[1], c)
        np.testing.assert_allclose(cross_coefficient(q, np.zeros((2, 1)), c)[:, 0], expected, atol=2 * TOLERANCE)


@pytest.mark.parametrize("c", [FOCUS, SOURCE])
def test_envelope_is_right_for_weak_objects_and_wrong_in_second_order(c):
    """Halving the object's strength halves the envelope's error relative to the contrast, which is linear in it."""
    errors = []
    for strength in (0.02, 0.01, 0.005):
        wave = phase_object(strength)
        errors.append(difference(expected_intensity(wave, [c], **SAME)[0], quadrature_intensity(wave, [c], **SAME)[0]))
    assert errors[0] < 0.02
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(2, rel=0.05)


def test_mean_intensity_is_kept_by_the_source_and_not_by_the_envelope():
    wave = phase_object(1.0)
    power = np.abs(np.fft.fft2(wave) / wave.size) ** 2
    for c in (FOCUS, SOURCE, BOTH):
        for method in (quadrature_intensity, tcc_intensity):
            assert method(wave, [c], **SAME).mean() == pytest.approx(power.sum(), abs=1e-5)
        damped = (power * np.abs(hb.wave_transfer(QX, QY, c)) ** 2).sum()
        assert expected_intensity(wave, [c], **SAME).mean() == pytest.approx(damped, abs=1e-3)
        assert damped < power.sum() - 0.03


@pytest.mark.parametrize("method", [quadrature_intensity, tcc_intensity])
def test_opposite_beams_interfere_undamped_by_a_focal_spread(method):
    """Beams at q and -q have the same focus phase: fringes of half the spacing keep the contrast the envelope takes."""
    step = 5 / (NX * SIZE)
    x = np.arange(NX) * SIZE
    wave = np.tile(0.8 + 0.5 * np.cos(2 * np.pi * step * x), (NY, 1)).astype(complex)
    c = hb.Condition(C10=-80.0, focal_spread=80.0)
    half_spacing = np.fft.fft(method(wave, [c], **SAME)[0, 0])[10] / NX
    assert half_spacing == pytest.approx(0.25**2, abs=1e-5)
    damped = np.fft.fft(expected_intensity(wave, [c], **SAME)[0, 0])[10] / NX
    envelope = abs(hb.wave_transfer(np.array(step), np.array(0.0), c))
    assert damped == pytest.approx(0.25**2 * envelope**2, abs=1e-5)
    assert envelope < 0.8


def test_quadrature_is_the_mean_of_coherent_images_over_focus():
    wave = phase_object(0.8)
    offsets = np.linspace(-6, 6, 81)
    weights = np.exp(-0.5 * offsets**2)
    coherent = FOCUS.replace(focal_spread=0.0)
    lenses = [coherent.replace(C10=coherent.C10 + FOCUS.focal_spread * x) for x in offsets]
    images = expected_intensity(wave, lenses, **SAME)
    expected = np.average(images, axis=0, weights=weights)
    assert difference(quadrature_intensity(wave, [FOCUS], **SAME)[0], expected) < 1e-3  # each of the 81 is cut at 0


def test_quadrature_is_the_mean_of_images_of_tilted_exit_waves():
    """Tilts by whole frequencies of the field keep it periodic: wave times exp(2πi q0·r), then the lens on its axis.

    A comb of a normal distribution, its teeth nearer than a standard deviation, averages smooth functions exactly.
    """
    c = hb.Condition(C10=-60.0, aberrations={"C21": 8000.0, "phi21": 0.4})
    teeth = np.arange(-4, 5)
    width = 1.3 / (NX * SIZE)
    wave = phase_object(0.8)[0]
    y, x = np.arange(NY)[:, None] / NY, np.arange(NX)[None] / NX
    total, norm = np.zeros((NY, NX)), 0.0
    for iy in teeth:
        for ix in teeth:
            weight = np.exp(-0.5 * ((iy / (NY * SIZE) / width) ** 2 + (ix / (NX * SIZE) / width) ** 2))
            tilted = wave * np.exp(2j * np.pi * (iy * y + ix * x))
            total += weight * expected_intensity(tilted, [c], **SAME)[0]
            norm += weight
    spread = c.replace(angular_spread=1e3 * width * hb.wavelength(c.energy))
    got = quadrature_intensity(wave, [spread], **SAME)[0]
    assert difference(got, total / norm) < 5e-3
    assert difference(expected_intensity(wave, [c], **SAME)[0], got) > 0.1


def test_tilt_acts_in_the_plane_of_zero_focus():
    """Moving the wave's plane by free space and the zero of focus with it changes nothing."""
    wave = phase_object(0.8)
    phase = np.pi * hb.wavelength(300e3) * 80.0 * (QX**2 + QY**2)
    further = np.fft.ifft2(np.fft.fft2(wave) * np.exp(-1j * phase))
    here = quadrature_intensity(wave, [BOTH], **SAME)[0]
    assert difference(quadrature_intensity(further, [BOTH], zero_focus=-80.0, **SAME)[0], here) < 1e-4


@pytest.mark.parametrize("phase", [0.0, 1.0, 4.0, 12.0])
def test_nodes_average_every_phase_up_to_the_largest(phase):
    x, weight = normal_nodes(phase)
    a = np.linspace(0, phase, 101)
    np.testing.assert_allclose(np.cos(np.outer(a, x)) @ weight, np.exp(-0.5 * a * a), atol=1.5 * TOLERANCE)
    assert weight.sum() == pytest.approx(1.0, abs=1e-12)


def test_a_coherent_condition_takes_one_image():
    wave, c = phase_object(0.5), hb.Condition(C10=-100.0, C30=1e4)
    expected = expected_intensity(wave, [c], **SAME)
    for method in (quadrature_intensity, tcc_intensity):
        np.testing.assert_allclose(method(wave, [c], **SAME), expected, atol=1e-5)


def test_render_takes_the_model_by_name():
    wave, c = phase_object(0.5), hb.Condition(C10=-100.0, focal_spread=30.0, dose=500.0)
    images = {}
    for name, method in (
        ("envelope", expected_intensity), ("quadrature", quadrature_intensity), ("tcc", tcc_intensity),
    ):  # fmt: skip
        noiseless = hb.render(wave, c.replace(dose=None), pixel_size=SIZE, coherence=name)
        options = {"method": "scipy"} if name == "envelope" else {}
        np.testing.assert_array_equal(noiseless, method(wave, [c], **SAME, **options)[0])
        images[name] = hb.render(wave, c, pixel_size=SIZE, coherence=name, seed=1)
    np.testing.assert_array_equal(images["envelope"], hb.render(wave, c, pixel_size=SIZE, seed=1))
    assert (images["quadrature"] != images["envelope"]).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: hb.render(w, FOCUS, pixel_size=SIZE, coherence="full"), "known are envelope, quadrature, tcc"),
        (lambda w: quadrature_intensity(w, [FOCUS], focus_nodes=0, **SAME), "from 1 to 200"),
        (lambda w: quadrature_intensity(w, [SOURCE], angle_nodes=201, **SAME), "from 1 to 200"),
        (lambda w: quadrature_intensity(w, [FOCUS.replace(focal_spread=1e3)], **SAME), "set an aperture"),
        (lambda w: tcc_intensity(np.pad(w, [(0, 0), (0, 60), (0, 60)]), [FOCUS], **SAME), "smaller field"),
    ],
)
def test_bad_arguments_are_one_line(call, message):
    with pytest.raises(InputError, match=message) as caught:
        call(phase_object(0.5))
    assert "\n" not in str(caught.value)


def test_numbers_printed_in_the_documentation():
    page = Path(__file__).parents[2] / "docs" / "coherence.md"
    result = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert result.attempted > 0
    assert result.failed == 0
