"""Partial coherence by quadrature and by the transmission cross-coefficient, against closed forms and each other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.imaging import cross_coefficient, expected_intensity, focus_nodes
from hrtem_bench.imaging.coherence import TOLERANCE, normal_nodes
from hrtem_bench.imaging.cross_coefficient import TOLERANCE as TCC_TOLERANCE

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


def quadrature(waves, conditions, nodes=24, **options):
    """By the sum over focus and, where the condition has an angular spread and `angle_nodes` is given, over angle."""
    return expected_intensity(waves, conditions, coherence="quadrature", nodes=nodes, **options)


def cross(waves, conditions, **options):
    return expected_intensity(waves, conditions, coherence="tcc", **options)


def by_envelope(waves, conditions, **options):
    return expected_intensity(waves, conditions, coherence="envelope", **options)


def difference(a, b) -> float:
    """Root of the mean squared difference, relative to the contrast of b."""
    return float(np.linalg.norm(a - b) / np.linalg.norm(b - b.mean()))


@pytest.mark.parametrize("c", [FOCUS, SOURCE, BOTH, APERTURE])
def test_quadrature_equals_the_cross_coefficient_for_a_strong_object(c):
    waves = phase_object(1.0, count=2)
    arguments = {"pixel_size": SIZE, "output_pixel_size": (0.6, 0.3), "zero_focus": -30.0}
    nodes = 11 if c.angular_spread else None  # a sharp edge takes many nodes: the same ones for both
    summed = quadrature(waves, [c], angle_nodes=nodes, **arguments)
    exact = cross(waves, [c], angle_nodes=nodes, **arguments)
    assert summed.shape == (1, NY // 2, NX)
    assert summed.dtype == exact.dtype == np.float32
    assert difference(summed[0], exact[0]) < 2e-4
    assert difference(by_envelope(waves, [c], **arguments)[0], exact[0]) > 0.05


def test_more_nodes_come_nearer_to_the_cross_coefficient():
    wave = phase_object(1.0)
    exact = cross(wave, [FOCUS], **SAME)[0]
    errors = [difference(quadrature(wave, [FOCUS], nodes=n, **SAME)[0], exact) for n in (1, 3, 6, 12)]
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
        np.testing.assert_allclose(cross_coefficient(q, np.zeros((2, 1)), c)[:, 0], expected, atol=2 * TCC_TOLERANCE)


@pytest.mark.parametrize("c", [FOCUS, SOURCE])
def test_envelope_is_right_for_weak_objects_and_wrong_in_second_order(c):
    """Halving the object's strength halves the envelope's error relative to the contrast, which is linear in it."""
    errors = []
    for strength in (0.02, 0.01, 0.005):
        wave = phase_object(strength)
        errors.append(difference(by_envelope(wave, [c], **SAME)[0], quadrature(wave, [c], angle_nodes=9, **SAME)[0]))
    assert errors[0] < 0.02
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(2, rel=0.05)


def test_mean_intensity_is_kept_by_the_source_and_not_by_the_envelope():
    wave = phase_object(1.0)
    power = np.abs(np.fft.fft2(wave) / wave.size) ** 2
    for c in (FOCUS, SOURCE, BOTH):
        for images in (quadrature(wave, [c], nodes=None, angle_nodes=3, **SAME), cross(wave, [c], **SAME)):
            assert images.mean() == pytest.approx(power.sum(), abs=1e-5)
        damped = (power * np.abs(hb.wave_transfer(QX, QY, c)) ** 2).sum()
        assert by_envelope(wave, [c], **SAME).mean() == pytest.approx(damped, abs=1e-3)
        assert damped < power.sum() - 0.03


STEEP = hb.Condition(C10=-300.0, C30=5e6, angular_spread=0.2)


@pytest.mark.parametrize("c", [SOURCE, BOTH, STEEP])
def test_the_envelope_of_the_source_angle_keeps_its_electrons_as_a_background(c):
    """Mean and slow variations are those of the sum over angles; the envelope alone has neither."""
    wave = phase_object(1.0)
    exact = quadrature(wave, [c], nodes=6, angle_nodes=15, **SAME)[0]
    put_back, envelope = quadrature(wave, [c], nodes=6, **SAME)[0], by_envelope(wave, [c], **SAME)[0]
    power = (np.abs(np.fft.fft2(wave) / wave.size) ** 2).sum()
    assert put_back.mean() == pytest.approx(power, abs=1e-3)
    assert exact.mean() == pytest.approx(power, abs=1e-3)
    assert envelope.mean() < power - 0.03
    slow = np.hypot(QX, QY) < 0.2

    def error(image):
        return np.linalg.norm(np.fft.fft2(image - exact)[slow])

    assert error(put_back) < 0.3 * error(envelope)
    assert difference(put_back, exact) < difference(envelope, exact)


def test_the_background_vanishes_with_the_angular_spread():
    wave, errors = phase_object(1.0), []
    for spread in (0.2, 0.1, 0.05):
        c = SOURCE.replace(angular_spread=spread)
        errors.append(difference(quadrature(wave, [c], **SAME)[0], quadrature(wave, [c], angle_nodes=15, **SAME)[0]))
    assert errors[2] < errors[1] < errors[0] < 0.1


@pytest.mark.parametrize("c", [FOCUS, SOURCE, BOTH, STEEP])
def test_electrons_are_kept_by_quadrature_and_lost_by_the_envelope(c):
    wave = phase_object(1.0, count=2)
    electrons = (np.abs(wave) ** 2).mean()
    for nodes in (1, 3, None):
        kept = hb.render(wave, c, pixel_size=SIZE, coherence="quadrature", nodes=nodes).mean()
        assert kept == pytest.approx(electrons, rel=1e-3)
    assert hb.render(wave, c, pixel_size=SIZE, coherence="envelope").mean() < 0.98 * electrons


@pytest.mark.parametrize("method", [quadrature, cross])
def test_opposite_beams_interfere_undamped_by_a_focal_spread(method):
    """Beams at q and -q have the same focus phase: fringes of half the spacing keep the contrast the envelope takes."""
    step = 5 / (NX * SIZE)
    x = np.arange(NX) * SIZE
    wave = np.tile(0.8 + 0.5 * np.cos(2 * np.pi * step * x), (NY, 1)).astype(complex)
    c = hb.Condition(C10=-80.0, focal_spread=80.0)
    half_spacing = np.fft.fft(method(wave, [c], **SAME)[0, 0])[10] / NX
    assert half_spacing == pytest.approx(0.25**2, abs=1e-5)
    damped = np.fft.fft(by_envelope(wave, [c], **SAME)[0, 0])[10] / NX
    envelope = abs(hb.wave_transfer(np.array(step), np.array(0.0), c))
    assert damped == pytest.approx(0.25**2 * envelope**2, abs=1e-5)
    assert envelope < 0.8


def test_quadrature_is_the_mean_of_coherent_images_over_focus():
    wave = phase_object(0.8)
    offsets = np.linspace(-6, 6, 81)
    weights = np.exp(-0.5 * offsets**2)
    coherent = FOCUS.replace(focal_spread=0.0)
    lenses = [coherent.replace(C10=coherent.C10 + FOCUS.focal_spread * x) for x in offsets]
    images = by_envelope(wave, lenses, **SAME)
    expected = np.average(images, axis=0, weights=weights)
    assert difference(quadrature(wave, [FOCUS], **SAME)[0], expected) < 1e-3  # each of the 81 is cut at 0


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
            total += weight * by_envelope(tilted, [c], **SAME)[0]
            norm += weight
    spread = c.replace(angular_spread=1e3 * width * hb.wavelength(c.energy))
    got = quadrature(wave, [spread], angle_nodes=15, **SAME)[0]
    assert difference(got, total / norm) < 5e-3
    assert difference(by_envelope(wave, [c], **SAME)[0], got) > 0.1


def test_tilt_acts_in_the_plane_of_zero_focus():
    """Moving the wave's plane by free space and the zero of focus with it changes nothing."""
    wave = phase_object(0.8)
    phase = np.pi * hb.wavelength(300e3) * 80.0 * (QX**2 + QY**2)
    further = np.fft.ifft2(np.fft.fft2(wave) * np.exp(-1j * phase))
    here = quadrature(wave, [BOTH], angle_nodes=5, **SAME)[0]
    assert difference(quadrature(further, [BOTH], angle_nodes=5, zero_focus=-80.0, **SAME)[0], here) < 1e-4


@pytest.mark.parametrize("phase", [0.0, 0.3, 1.0, 4.0, 12.0, 40.0])
@pytest.mark.parametrize("tolerance", [TOLERANCE, 1e-4])
def test_nodes_average_every_phase_up_to_the_largest(phase, tolerance):
    x, weight = normal_nodes(phase, None, tolerance)
    a = np.linspace(0, phase, 1001)
    np.testing.assert_allclose(np.cos(np.outer(a, x)) @ weight, np.exp(-0.5 * a * a), atol=1.2 * tolerance)
    assert weight.sum() == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(x, -x[::-1], atol=1e-12)


@pytest.mark.parametrize("phase", [0.5, 1.72, 5.2, 10.3])
def test_the_spacing_is_near_the_best_and_takes_fewer_nodes_than_gauss_hermite(phase):
    from scipy.special import roots_hermitenorm

    a = np.linspace(0, phase, 401)

    def error(x, weight):
        return np.abs(np.cos(np.outer(a, x)) @ (weight / weight.sum()) - np.exp(-0.5 * a * a)).max()

    def spaced(n, spacing):
        x = (np.arange(n) - (n - 1) / 2) * spacing
        return x, np.exp(-0.5 * x * x)

    count = len(normal_nodes(phase)[0])
    least = next(n for n in range(1, 60) if min(error(*spaced(n, h)) for h in np.linspace(0.2, 3, 200)) < TOLERANCE)
    assert count <= least + 1
    assert count <= next(n for n in range(1, 60) if error(*roots_hermitenorm(n)) < TOLERANCE)


def test_the_number_of_nodes_follows_focal_spread_band_and_aperture():
    """Of the phase πλΔq²: four times the spread is twice the band."""
    c = hb.Condition(focal_spread=10.0)
    assert focus_nodes(hb.Condition(), 1.67) == 1
    assert focus_nodes(c.replace(focal_spread=40.0), 0.8) == focus_nodes(c, 1.6)
    counts = [focus_nodes(c.replace(focal_spread=spread), 1.67) for spread in (1.0, 10.0, 30.0, 60.0)]
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]
    edge = 1e3 * hb.wavelength(c.energy) * 0.8
    assert focus_nodes(c.replace(aperture=edge), 1.67) == focus_nodes(c, 0.8)


def test_the_number_chosen_keeps_the_error_of_a_strong_object_below_a_hundredth_of_its_contrast():
    wave = phase_object(1.0)
    for spread in (5.0, 35.0, 60.0):
        c = FOCUS.replace(focal_spread=spread)
        assert difference(quadrature(wave, [c], nodes=None, **SAME)[0], cross(wave, [c], **SAME)[0]) < 0.01


def test_a_coherent_condition_takes_one_image():
    wave, c = phase_object(0.5), hb.Condition(C10=-100.0, C30=1e4)
    expected = by_envelope(wave, [c], **SAME)
    for method in (quadrature, cross):
        np.testing.assert_allclose(method(wave, [c], **SAME), expected, atol=1e-5)


def test_render_takes_the_model_by_name():
    wave, c = phase_object(0.5), hb.Condition(C10=-100.0, focal_spread=30.0, dose=500.0)
    images = {}
    for name in ("envelope", "quadrature", "tcc"):
        noiseless = hb.render(wave, c.replace(dose=None), pixel_size=SIZE, coherence=name)
        np.testing.assert_array_equal(noiseless, expected_intensity(wave, [c], coherence=name, **SAME)[0])
        images[name] = hb.render(wave, c, pixel_size=SIZE, coherence=name, seed=1)
    np.testing.assert_array_equal(images["quadrature"], hb.render(wave, c, pixel_size=SIZE, seed=1))
    assert (images["quadrature"] != images["envelope"]).any()


@pytest.mark.parametrize("coherence", ["quadrature", "tcc"])
def test_render_takes_the_angular_spread(coherence):
    wave = phase_object(0.5)
    image = hb.render(wave, SOURCE, pixel_size=SIZE, coherence=coherence)
    np.testing.assert_array_equal(image, expected_intensity(wave, [SOURCE], coherence=coherence, **SAME)[0])
    without = hb.render(wave, SOURCE.replace(angular_spread=0.0), pixel_size=SIZE, coherence=coherence)
    assert difference(image, without) > 0.02


def test_many_conditions_by_quadrature_are_those_one_by_one():
    waves = phase_object(0.5, count=2)
    settings = [(FOCUS, None), (SOURCE, None), (BOTH.replace(dose=100.0), 3)]
    images = hb.imaging.render_each(waves, settings, pixel_size=SIZE, coherence="quadrature", nodes=5)
    for image, (c, seed) in zip(images, settings, strict=True):
        one = hb.render(waves, c, pixel_size=SIZE, coherence="quadrature", nodes=5, seed=seed)
        np.testing.assert_array_equal(image, one)
    conditions = [c for c, _ in settings]
    one, two = (quadrature(waves, conditions, nodes=5, threads=n, **SAME) for n in (1, 2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: hb.render(w, FOCUS, pixel_size=SIZE, coherence="full"), "known are envelope, quadrature, tcc"),
        (lambda w: quadrature(w, [FOCUS], nodes=0, **SAME), "from 1 to 200"),
        (lambda w: quadrature(w, [FOCUS], nodes=2.5, **SAME), "a whole number"),
        (lambda w: quadrature(w, [SOURCE], angle_nodes=201, **SAME), "from 1 to 200"),
        (lambda w: quadrature(w, [FOCUS.replace(focal_spread=5e3)], nodes=None, **SAME), "set an aperture"),
        (
            lambda w: hb.render(w, FOCUS, pixel_size=SIZE, coherence="envelope", nodes=5),
            "nodes belong to coherence='quadrature'",
        ),
        (lambda w: cross(np.pad(w, [(0, 0), (0, 60), (0, 60)]), [FOCUS], **SAME), "smaller field"),
    ],
)
def test_bad_arguments_are_one_line(call, message):
    with pytest.raises(InputError, match=message) as caught:
        call(phase_object(0.5))
    assert "\n" not in str(caught.value)
