"""Exit waves in half precision: what is inside the band comes back, and images made from it."""

import tracemalloc

import numpy as np
import pytest

from hrtem_bench.errors import InputError
from hrtem_bench.generation.waves import inside, pack, unpack

FIELD, POINTS, BAND = 20.0, 60, 1.2


@pytest.fixture(scope="module")
def waves():
    """Three waves of amplitude about 1 with scattering over the whole band, some of it a thousand times weaker."""
    rng = np.random.default_rng(0)
    q = np.fft.fftfreq(POINTS, FIELD / POINTS)
    q = np.hypot(q[:, None], q)
    spectra = (rng.standard_normal((3, POINTS, POINTS)) + 1j * rng.standard_normal((3, POINTS, POINTS))) * np.exp(
        -5 * q
    )
    spectra[:, ~inside(POINTS, FIELD, BAND)] = 0
    spectra[:, 0, 0] = 1
    return np.fft.ifft2(spectra, norm="forward").astype(np.complex64)


def test_round_trip_to_half_precision(waves):
    back = unpack(pack(waves, FIELD, BAND), waves.shape, FIELD, BAND)
    assert back.dtype == np.complex64
    # Each coefficient is rounded to 2**-11 of itself at most, and so is their sum of squares (Parseval).
    scattered = np.linalg.norm(waves - waves.mean((1, 2), keepdims=True))
    assert np.linalg.norm(back - waves) < 2**-11 * (scattered + np.sqrt(waves.size))


def test_bytes_are_those_of_the_circle(waves):
    assert len(pack(waves, FIELD, BAND)) == pytest.approx(4 * 3 * np.pi * (BAND * FIELD) ** 2, rel=0.02)


def test_what_is_outside_the_band_is_left_out(waves):
    half = unpack(pack(waves, FIELD, BAND / 2), waves.shape, FIELD, BAND / 2)
    spectra = np.fft.fft2(half, norm="forward")
    outside = ~inside(POINTS, FIELD, BAND / 2)
    assert np.abs(spectra[:, outside]).max() < 1e-6
    np.testing.assert_allclose(
        spectra[:, ~outside], np.fft.fft2(waves, norm="forward")[:, ~outside], rtol=1e-3, atol=1e-6
    )


def test_bytes_of_another_size_are_refused(waves):
    with pytest.raises(InputError, match="damaged"):
        unpack(pack(waves, FIELD, BAND)[:-4], waves.shape, FIELD, BAND)


@pytest.mark.parametrize("shape", [(1, 60_000, 60_000), (2**31 - 1, 60, 60), (0, 60, 60), (3, 0, 0), (3, -60, -60)])
def test_a_size_that_the_bytes_do_not_have_takes_no_memory(waves, shape):
    tracemalloc.start()
    with pytest.raises(InputError, match="damaged"):
        unpack(pack(waves, FIELD, BAND), shape, FIELD, BAND)
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()


@pytest.mark.parametrize(("field", "band"), [(0.0, BAND), (float("nan"), BAND), (FIELD, -1.0), (FIELD, float("nan"))])
def test_a_field_or_band_that_is_none_is_refused(waves, field, band):
    with pytest.raises(InputError, match="damaged"):
        unpack(pack(waves, FIELD, BAND), waves.shape, field, band)
