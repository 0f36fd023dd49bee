"""Images by compiled kernels against those by SciPy."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.imaging import expected_intensity, formation

CONDITIONS = [
    hb.Condition(C10=-150.0, C30=1e5, focal_spread=10.0),
    hb.Condition(C10=200.0, aberrations={"C12": 50.0, "phi12": 0.4}, angular_spread=0.2),
    hb.Condition(C10=-20.0, aberrations={"C21": 2000.0, "phi21": 1.0}),
    hb.Condition(C10=-80.0, aperture=15.0),
]


def waves_of(shape, count=3, seed=0):
    """Waves near 1 with content up to half of Nyquist."""
    noise = np.random.default_rng(seed).normal(size=(2, count, *shape))
    ky, kx = (np.fft.fftfreq(n) for n in shape)
    inside = np.hypot(ky[:, None], kx[None]) < 0.25
    return (1 + 0.3 * np.fft.ifft2(np.fft.fft2(noise[0] + 1j * noise[1]) * inside)).astype(np.complex64)


def images(waves, conditions=CONDITIONS, size=0.2, out=0.4, **options):
    return expected_intensity(waves, conditions, pixel_size=size, output_pixel_size=out, **options)


@pytest.mark.parametrize("tolerance", [0.0, 0.05])
@pytest.mark.parametrize(
    ("shape", "size", "out"),
    [
        ((96, 96), 0.2, 0.4), ((40, 150), (0.2, 0.1), (0.4, 0.25)), ((64, 50), 0.2, 0.2), ((48, 90), 0.2, 0.1),
        ((75, 100), 0.15, 0.75), ((6, 160), 0.2, 0.4),
    ],
)  # fmt: skip
def test_agrees_with_scipy(shape, size, out, tolerance):
    arguments = {"size": size, "out": out, "zero_focus": -35.0, "tolerance": tolerance}
    by_scipy = images(waves_of(shape), method="scipy", **arguments)
    compiled = images(waves_of(shape), method="compiled", **arguments)
    # with a tolerance the grids may differ, and what folds back with them
    np.testing.assert_allclose(compiled, by_scipy, atol=1e-5 if not tolerance else 2e-2 * by_scipy.std())


def test_a_wave_alone_and_of_double_precision():
    wave = waves_of((40, 40), 1)[0]
    np.testing.assert_array_equal(
        images(wave.astype(complex), method="compiled"), images(wave[None], method="compiled")
    )


def test_waves_that_do_not_lie_close_together():
    waves = waves_of((40, 60))
    turned = waves.swapaxes(1, 2).copy().swapaxes(1, 2)
    np.testing.assert_array_equal(images(turned, method="compiled"), images(waves, method="compiled"))


def test_an_image_depends_on_neither_threads_nor_its_company():
    waves = waves_of((90, 96), 5)
    together = images(waves, method="compiled")
    np.testing.assert_array_equal(images(waves, method="compiled", threads=3), together)
    np.testing.assert_array_equal(images(waves, method="compiled"), together)
    for image, c in zip(together, CONDITIONS, strict=True):
        np.testing.assert_array_equal(images(waves, [c], method="compiled")[0], image)


@given(
    y=st.integers(0, 23), x=st.integers(0, 29), amplitude=st.floats(0.1, 3.0), turned=st.booleans(),
    condition=st.sampled_from(CONDITIONS),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_moved_waves_make_a_moved_image_and_stronger_ones_a_brighter(y, x, amplitude, turned, condition):
    """By whole pixels of the image; and with x and y exchanged, an exchanged image in a lens that is round."""
    waves, c = waves_of((48, 60), 2), CONDITIONS[0] if turned else condition
    (image,) = images(waves, [c], method="compiled")
    changed = np.roll(amplitude * waves, (2 * y, 2 * x), axis=(1, 2)).astype(np.complex64)
    expected = amplitude**2 * np.roll(image, (y, x), axis=(0, 1))
    if turned:
        changed, expected = changed.swapaxes(1, 2), expected.T
    np.testing.assert_allclose(images(changed, [c], method="compiled")[0], expected, atol=1e-5 * amplitude**2)


def test_more_threads_than_work():
    waves = waves_of((40, 40), 1)
    np.testing.assert_array_equal(images(waves, threads=9, method="compiled"), images(waves, method="compiled"))


def test_images_are_never_negative():
    dark = (waves_of((60, 60), 1) - 1).astype(np.complex64)
    assert images(dark, method="compiled", out=0.6).min() == 0


def test_auto_compiles_where_it_can(monkeypatch):
    smooth, other = waves_of((48, 48)), waves_of((56, 48))
    np.testing.assert_array_equal(images(smooth), images(smooth, method="compiled"))
    np.testing.assert_array_equal(images(other), images(other, method="scipy"))
    monkeypatch.setattr(
        formation, "find_spec", lambda name: None if name == "numba" else importlib.util.find_spec(name)
    )
    np.testing.assert_array_equal(images(smooth), images(smooth, method="scipy"))


@pytest.mark.parametrize(
    ("shape", "method", "message"),
    [((56, 48), "compiled", "prime factor above 5"), ((48, 48), "numba", "known are auto, compiled, scipy")],
)
def test_what_cannot_be_is_said_in_one_line(shape, method, message):
    with pytest.raises(InputError, match=message):
        images(waves_of(shape), method=method)
