"""The detector chain, measured as real detectors are: flat fields for the noise, gratings and edges for the signal."""

from __future__ import annotations

import numpy as np
import pytest

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.imaging import (
    Detector,
    DetectorSpread,
    GaussianCurve,
    LorentzianCurve,
    PixelCurve,
    TableCurve,
    detect,
    expose,
    gain_against_rounding,
    noise_power,
    read_curve,
    rounding_share,
    varied,
)

N, DOSE, SIZE = 128, 1000.0, 0.2
RATE = DOSE * SIZE**2
UY, UX = 2 * np.fft.fftfreq(N)[:, None], 2 * np.fft.fftfreq(N)[None]
U = np.hypot(UX, UY)
RINGS = [(low < U) & ~(low + 0.25 < U) for low in np.arange(0.0, 1.25, 0.25)]

MTF = TableCurve((0.0, 0.5, 1.0, 1.5), (1.0, 0.7, 0.35, 0.2))
NTF = TableCurve((0.0, 0.5, 1.0, 1.5), (1.0, 0.85, 0.6, 0.5))
CAMERA = Detector(mtf=MTF, ntf=NTF, dqe0=0.8, gain=7.0)


def measured_noise(detector: Detector, images: int = 12):
    """Mean |FFT|² per pixel of flat fields about their expected mean: the noise power spectrum, counts²."""
    flat = np.ones((N, N))
    power = 0.0
    for seed in range(images):
        counts = detect(flat, DOSE, pixel_size=SIZE, seed=seed, detector=detector).astype(float)
        power = power + np.abs(np.fft.fft2(counts - detector.gain * RATE)) ** 2 / (N * N * images)
    return power


def assert_spectra_agree(measured, expected, images: int = 12):
    """Ring by ring, within five standard errors of a mean of exponential deviates (each counted twice: real images)."""
    for ring in RINGS:
        error = 5 * np.sqrt(2 / (ring.sum() * images))
        assert (measured[ring] / np.broadcast_to(expected, measured.shape)[ring]).mean() == pytest.approx(1, abs=error)


def mean_signal(image, detector: Detector):
    """Counts so bright that their noise does not matter, per incident electron."""
    dose = 1e9
    return detect(image, dose, pixel_size=1.0, seed=0, detector=detector).astype(float) / dose / detector.gain


def test_without_a_detector_the_bytes_are_those_of_ideal_counting():
    image = 1 + 0.3 * np.random.default_rng(0).normal(size=(32, 24)).clip(-2, 2)
    expected = expose(image, 80.0, pixel_size=(0.2, 0.4), seed=5)
    for detector in (None, Detector()):
        counts = detect(image, 80.0, pixel_size=(0.2, 0.4), seed=5, detector=detector)
        assert counts.tobytes() == expected.tobytes()
    wave = np.ones((1, 32, 32), np.complex64)
    c = hb.Condition(dose=90.0)
    plain = hb.render(wave, c, pixel_size=SIZE, seed=3)
    assert plain.tobytes() == hb.render(wave, c, pixel_size=SIZE, seed=3, detector=Detector()).tobytes()
    generator = np.random.default_rng(3)
    assert plain.tobytes() == generator.poisson(np.full((32, 32), 90.0 * SIZE**2)).astype(np.float32).tobytes()


def test_noise_of_a_counting_detector_is_white_and_that_of_a_camera_follows_its_ntf():
    assert_spectra_agree(measured_noise(Detector()), np.full((N, N), RATE))
    assert_spectra_agree(measured_noise(CAMERA), CAMERA.gain**2 * RATE / CAMERA.dqe0 * NTF(UX, UY) ** 2)


def test_read_noise_is_white_and_adds_to_the_variance():
    detector = Detector(ntf=NTF, gain=2.0, read_noise=6.0)
    assert_spectra_agree(measured_noise(detector), 4 * RATE * NTF(UX, UY) ** 2 + 36)


@pytest.mark.parametrize("detector", [CAMERA, Detector(mtf=MTF), Detector(mtf=PixelCurve(), ntf=NTF)])
def test_gratings_lose_the_contrast_the_mtf_says(detector):
    y, x = np.arange(N)[:, None], np.arange(N)[None]
    for ky, kx in ((0, 5), (17, 0), (30, 30), (-20, 55)):
        grating = 1 + 0.5 * np.cos(2 * np.pi * (ky * y + kx * x) / N)
        contrast = 2 * np.abs(np.fft.fft2(mean_signal(grating, detector))[ky, kx]) / N**2
        assert contrast == pytest.approx(0.5 * float(detector.mtf(2 * kx / N, 2 * ky / N)), abs=2e-4)


def test_mtf_from_the_derivative_of_an_edge():
    """The knife-edge method: the transform of the line spread that an edge's derivative is."""
    edge = np.ones((8, N)) * np.where((np.arange(N) >= N // 4) & (np.arange(N) < 3 * N // 4), 1.0, 0.0)
    blurred = mean_signal(edge, CAMERA).mean(axis=0)
    line = np.diff(blurred)[: N // 2 - 1]
    measured = np.abs(np.fft.rfft(line, 4 * N))[::16]
    u = 2 * np.fft.rfftfreq(4 * N)[::16]
    np.testing.assert_allclose(measured, MTF(u, 0.0), atol=0.02)


def test_dqe_measured_is_the_dqe_asked_for():
    """DQE(q) = gain² MTF² rate / NPS, both measured; given as NTF and DQE(0), and given as DQE."""
    wanted = TableCurve((0.0, 1.0, 1.5), (0.7, 0.3, 0.2))
    by_dqe = Detector(mtf=MTF, dqe=wanted, gain=3.0)
    assert by_dqe.counted_share == pytest.approx(0.7)
    for detector, dqe in (
        (by_dqe, wanted(UX, UY)),
        (CAMERA, CAMERA.dqe0 * (MTF(UX, UY) / NTF(UX, UY)) ** 2),
    ):
        point = np.zeros((N, N))
        point[0, 0] = 1.0
        # On a bright ground, so that no rate is negative.
        transfer = np.abs(np.fft.fft2(mean_signal(1 + point, detector)))
        transfer[0, 0] = 1.0
        signal = detector.gain**2 * transfer**2 * RATE
        assert_spectra_agree(measured_noise(detector) * dqe / signal, np.ones((N, N)))


def test_mean_is_gain_times_electrons():
    for detector in (Detector(), CAMERA, Detector(mtf=GaussianCurve(0.6), gain=0.5, dqe0=0.4, read_noise=3.0)):
        counts = detect(np.full((N, N), 0.9), DOSE, pixel_size=(0.1, 0.4), seed=0, detector=detector)
        expected = detector.gain * 0.9 * RATE
        variance = detector.gain**2 * 0.9 * RATE / detector.dqe0 + detector.read_noise**2
        assert abs(counts.mean() - expected) < 5 * np.sqrt(variance) / N
        assert counts.dtype == np.float32


def test_counts_come_from_the_seed_alone():
    detector = Detector(mtf=MTF, ntf=NTF, read_noise=2.0)
    image = np.ones((20, 31))
    kept = image.copy()
    a, b, other = (detect(image, DOSE, pixel_size=SIZE, seed=s, detector=detector) for s in (4, 4, 5))
    generated = detect(image, DOSE, pixel_size=SIZE, seed=np.random.default_rng(4), detector=detector)
    assert a.tobytes() == b.tobytes() == generated.tobytes()
    assert (a != other).mean() > 0.9
    np.testing.assert_array_equal(image, kept)
    assert a.shape == (20, 31)


def test_analytic_curves_are_the_transforms_of_their_spreads():
    """u is a share of Nyquist, half a cycle per pixel: integrate each line spread times cos(π u x)."""
    x = np.linspace(-60, 60, 600_001)
    step = x[1] - x[0]
    for curve, spread in (
        (GaussianCurve(0.7), np.exp(-0.5 * (x / 0.7) ** 2) / (0.7 * np.sqrt(2 * np.pi))),
        (LorentzianCurve(0.4), 0.5 * np.pi * 0.4 * np.exp(-np.pi * 0.4 * np.abs(x))),
        (PixelCurve(), (np.abs(x) <= 0.5).astype(float)),
    ):
        for u in (0.0, 0.3, 1.0):
            assert float(curve(u, 0.0)) == pytest.approx((spread * np.cos(np.pi * u * x)).sum() * step, abs=1e-3)
            assert float(curve(0.0, u)) == pytest.approx(float(curve(u, 0.0)))
    assert float(PixelCurve()(1.0, 1.0)) == pytest.approx((2 / np.pi) ** 2)


@pytest.mark.parametrize(
    "text",
    [
        "0 1\n0.5 0.8\n1 0.4\n",
        "\ufefffrequency,MTF\n0,1\n\n0.5,0.8\n1,0.4\n",
        "# measured at 300 kV\n0.0;1.0\n0.5;0.8 # midway\n1.0;0.4\n",
        "u\tMTF\n0\t1\r\n0.5\t0.8\r\n1\t0.4",
    ],
)
def test_curves_are_read_from_files_of_two_columns(tmp_path, text):
    path = tmp_path / "mtf.txt"
    path.write_text(text, "utf-8")
    curve = read_curve(path)
    assert curve == TableCurve((0.0, 0.5, 1.0), (1.0, 0.8, 0.4))
    np.testing.assert_allclose(curve(np.array([0.25, 0.6, 1.2]), 0.0), [0.9, 0.72, 0.4])
    assert Detector(mtf=curve).mtf(0.3, 0.4) == pytest.approx(0.8)


STAR = """
data_mtf

loop_
_rlnResolutionInversePixel #1
_rlnMtfValue #2
  0.00  1.0
  0.25  0.8
  0.50  0.4

"""


def test_a_star_file_has_its_frequencies_in_cycles_per_pixel(tmp_path):
    path = tmp_path / "mtf.star"
    path.write_text(STAR, "utf-8")
    assert read_curve(path) == TableCurve((0.0, 0.5, 1.0), (1.0, 0.8, 0.4))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (STAR.replace("0.8", "high"), "line 8: expected two numbers"),
        ("", "no line of two numbers"),
        ("u,MTF\n", "no line of two numbers"),
        ("0,1\n0.5,high\n1,0.4\n", "line 2: expected two numbers"),
        ("0,1,2\n1,0.4,3\n", "expected two numbers"),
        ("0,1\n", "two or more"),
        ("0,1\n0.25,0.8\n0.5,0.4\n", "twice what they are in cycles per pixel"),
        ("0.1,1\n1,0.4\n", "must rise from 0"),
        ("0,1\n0.6,0.8\n0.5,0.4\n1,0.1\n", "must rise from 0"),
        ("0,1\n1,-0.1\n", "no value negative"),
        ("0,1\n1,nan\n", "finite"),
    ],
)
def test_bad_files_are_one_line(tmp_path, text, message):
    path = tmp_path / "mtf.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_curve(path)
    assert "mtf.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unreadable_files_are_one_line(tmp_path):
    (tmp_path / "image.png").write_bytes(b"\x89PNG\xff\xfe")
    for name in ("absent.csv", "image.png", "."):
        with pytest.raises(InputError, match=r"cannot be read|is not UTF-8 text|is no regular file"):
            read_curve(tmp_path / name)


FALLING = TableCurve((0.0, 1.0), (1.0, 0.0))
HALF = TableCurve((0.0, 1.0), (0.5, 0.4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Detector(gain=0.0), "gain"),
        (lambda: Detector(read_noise=-1.0), "read_noise"),
        (lambda: Detector(dqe0=1.2), "dqe0"),
        (lambda: Detector(dqe=HALF, ntf=NTF), "not both"),
        (lambda: Detector(mtf=HALF), "mtf is 0.5 at frequency 0"),
        (lambda: Detector(ntf=HALF), "ntf is 0.5 at frequency 0"),
        (lambda: GaussianCurve(0.0), "Gaussian"),
        (lambda: LorentzianCurve(-1.0), "Lorentzian"),
        (lambda: detect(np.ones((8, 8)), 1.0, pixel_size=1.0, seed=0, detector=Detector(ntf=FALLING)), "ntf must be"),
        (lambda: detect(np.ones((8, 8)), 1.0, pixel_size=1.0, seed=0, detector=Detector(dqe=FALLING)), "dqe must be"),
        (lambda: detect(np.ones((8, 8)), 1.0, pixel_size=1.0, seed=None), "give seed"),
        (lambda: hb.render(np.ones((8, 8), complex), hb.Condition(), pixel_size=1.0, detector=Detector()), "a dose"),
    ],
)
def test_bad_settings_are_one_line(call, message):
    with pytest.raises(InputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_file_that_ends_just_short_of_nyquist_holds_its_last_value(tmp_path):
    path = tmp_path / "mtf.star"
    path.write_text(STAR.replace("0.50  0.4", "0.48  0.4"), "utf-8")
    assert float(read_curve(path)(1.0, 0.0)) == 0.4


def test_a_curve_is_not_read_from_what_never_ends():
    with pytest.raises(InputError, match="no regular file"):
        read_curve("/dev/zero")


@pytest.mark.parametrize("electrons", [3.2, 16.0])
def test_rounding_adds_the_share_that_is_stated(electrons):
    """NTF with gain 1: the counts are no whole numbers, and a good part of their variance is lost to rounding."""
    detector = Detector(mtf=MTF, ntf=LorentzianCurve(0.36), dqe0=0.9)
    image = np.ones((512, 512))
    counts = detect(image, electrons, pixel_size=1.0, seed=1, detector=detector).astype(float)
    added = np.rint(counts).var() - counts.var()
    share = rounding_share(detector, electrons)
    assert added / counts.var() == pytest.approx(share, abs=0.02)
    assert share > 0.01
    enough = gain_against_rounding(detector, electrons)
    assert enough > detector.gain
    gained = Detector(mtf=MTF, ntf=LorentzianCurve(0.36), dqe0=0.9, gain=enough)
    assert rounding_share(gained, electrons) == pytest.approx(0.01)


def test_whole_counts_are_not_rounded_and_read_noise_counts():
    assert rounding_share(Detector(), 0.5) == rounding_share(Detector(mtf=MTF, dqe0=0.8, gain=1.6), 0.5) == 0.0
    assert rounding_share(Detector(read_noise=2.0), 1.0) == pytest.approx(1 / 12 / 5)
    assert gain_against_rounding(Detector(read_noise=3.0), 1.0) == 0.0
    assert gain_against_rounding(Detector(), 1.0) == pytest.approx(np.sqrt(100 / 12))


SPREAD = DetectorSpread(width=(0.8, 1.25), dqe0=(0.3, 0.6), gain=(5.0, 9.0))


def test_a_varied_detector_lies_in_the_ranges_and_comes_from_the_generator():
    drawn = [varied(CAMERA, SPREAD, np.random.default_rng(seed)) for seed in range(200)]
    again = varied(CAMERA, SPREAD, np.random.default_rng(7))
    assert again == drawn[7]
    for name, low, high in (("dqe0", 0.3, 0.6), ("gain", 5.0, 9.0)):
        values = np.array([getattr(one, name) for one in drawn])
        assert low <= values.min() < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < values.max() <= high
        assert values.mean() == pytest.approx((low + high) / 2, abs=0.1 * (high - low))
    widths = [float(one.mtf.factor) for one in drawn]
    assert 0.8 <= min(widths) < max(widths) <= 1.25
    one = drawn[0]
    assert float(one.mtf(0.5, 0.0)) == pytest.approx(float(MTF(0.5 / one.mtf.factor, 0.0)))
    assert float(one.ntf(0.0, 0.5)) == pytest.approx(float(NTF(0.5 / one.mtf.factor, 0.0)))
    assert varied(CAMERA, DetectorSpread(), np.random.default_rng(0)) == CAMERA


def test_one_range_does_not_move_what_another_draws():
    only = varied(CAMERA, DetectorSpread(gain=SPREAD.gain), np.random.default_rng(3))
    assert only.gain == varied(CAMERA, SPREAD, np.random.default_rng(3)).gain
    assert only.dqe0 == CAMERA.dqe0


def test_a_dqe_curve_and_whole_counts_go_with_the_dqe0_drawn():
    by_dqe = Detector(mtf=MTF, dqe=TableCurve((0.0, 1.0, 1.5), (0.7, 0.3, 0.2)))
    one = varied(by_dqe, DetectorSpread(dqe0=(0.35, 0.35)), np.random.default_rng(0))
    assert one.counted_share == pytest.approx(0.35)
    assert float(one.dqe(1.0, 0.0)) == pytest.approx(0.15)
    counting = varied(Detector(mtf=MTF, dqe0=0.9, gain=0.9), DetectorSpread(dqe0=(0.5, 0.8)), np.random.default_rng(0))
    assert counting.counts_are_whole
    assert counting.dqe0 < 0.81


@pytest.mark.parametrize(
    ("ranges", "message"),
    [({"width": (1.2, 0.8)}, "low and high"), ({"gain": (0.0, 1.0)}, "above 0"), ({"dqe0": (0.5, 1.5)}, "above 1")],
)
def test_a_range_that_cannot_be_is_one_line(ranges, message):
    with pytest.raises(InputError, match=message):
        DetectorSpread(**ranges)


def test_noise_power_averages_to_the_variance_of_a_pixel():
    u = 2 * np.fft.fftfreq(64)
    counts = detect(np.ones((512, 512)), 40.0, pixel_size=1.0, seed=1, detector=CAMERA)
    assert noise_power(CAMERA, 40.0, u[None], u[:, None]).mean() == pytest.approx(counts.var(), rel=0.02)
