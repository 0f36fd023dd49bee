"""Each Numba kernel compiled and as plain Python, and the window against exact structure factors."""

from __future__ import annotations

import numpy as np
import pytest

from hrtem_bench.multislice import fourier_kernels
from hrtem_bench.multislice.fourier_tables import LIMIT, window_transform

BOTH = [lambda f: f, lambda f: f.py_func]


@pytest.fixture(params=BOTH, ids=["compiled", "python"])
def kernel(request):
    return lambda name: request.param(getattr(fourier_kernels, name))


def pairs(rng, *shape):
    return rng.normal(size=(*shape[:-1], 2 * shape[-1])).astype(np.float32)


def test_spread_gives_exact_structure_factors(kernel):
    rng = np.random.default_rng(0)
    ny, nx, n = 24, 30, 7
    y, x = rng.uniform(-40, 40, n), rng.uniform(-40, 40, n)
    density = np.full((ny, nx), 9.0, np.float32)
    kernel("spread_atoms")(density, y, x)
    ky, kx = np.fft.fftfreq(ny), np.fft.fftfreq(nx)
    got = np.fft.fft2(density.astype(float)) / np.outer(window_transform(ky), window_transform(kx))
    exact = np.exp(-2j * np.pi * np.outer(ky, y)) @ np.exp(-2j * np.pi * np.outer(x, kx))
    inside = np.hypot(ky[:, None], kx[None]) <= LIMIT / 2
    assert np.abs(got - exact)[inside].max() < 1e-3 * n**0.5
    assert np.abs(got - exact)[np.hypot(ky[:, None], kx[None]) <= 1 / 3].max() < 1e-4


def test_transmit_is_the_complex_exponential(kernel):
    rng = np.random.default_rng(1)
    wave, exponent = pairs(rng, 3, 16), pairs(rng, 3, 16)
    exponent[:, 0::2] *= 0.5
    exponent[:, 1::2] *= 20
    expected = wave.view(np.complex64).astype(complex) * np.exp(exponent.view(np.complex64).astype(complex))
    kernel("transmit")(wave, exponent, (0, 3))
    np.testing.assert_allclose(wave.view(np.complex64), expected, rtol=0, atol=2e-5)


def test_rows_outside_the_range_are_left_alone(kernel):
    rng = np.random.default_rng(2)
    wave, exponent = pairs(rng, 4, 8), pairs(rng, 4, 8)
    before = wave.copy()
    kernel("transmit")(wave, exponent, (1, 3))
    np.testing.assert_array_equal(wave[[0, 3]], before[[0, 3]])
    assert not np.array_equal(wave[1:3], before[1:3])


def test_add_potential_multiplies_the_full_plane(kernel):
    """The inverse transform of table times spectrum is the convolution of the real field with a round complex one."""
    rng = np.random.default_rng(3)
    ny, nx, columns = 8, 12, 4
    field = rng.normal(size=(ny, nx)).astype(np.float32)
    table = pairs(rng, ny // 2 + 1, columns)
    full = np.zeros((ny, nx), complex)
    quarter = table.view(np.complex64)
    for iy in range(ny):
        for ix in range(nx):
            jx = min(ix, nx - ix)
            full[iy, ix] = quarter[min(iy, ny - iy), jx] if jx < columns else 0
    expected = full * np.fft.fft2(field)
    spectrum = np.fft.rfft2(field).astype(np.complex64).view(np.float32)
    out = np.full((ny, 2 * nx), 7.0, np.float32)
    kernel("add_potential")(out, spectrum, table, True, columns, (0, ny))
    np.testing.assert_allclose(out.view(np.complex64), expected, atol=1e-4)
    kernel("add_potential")(out, spectrum, table, False, columns, (0, ny))
    np.testing.assert_allclose(out.view(np.complex64), 2 * expected, atol=1e-4)


def test_propagate_multiplies_inside_the_band_and_clears_the_rest(kernel):
    rng = np.random.default_rng(4)
    ny, nx = 8, 10
    ky, kx = np.fft.fftfreq(ny).astype(np.float32), np.fft.fftfreq(nx).astype(np.float32)
    limit = np.float32(0.31)
    columns = int((kx[: nx // 2] <= limit).sum())
    spectrum, py, px = pairs(rng, ny, nx), pairs(rng, ny, 1), pairs(rng, nx, 1)
    q2 = (ky**2)[:, None] + (kx**2)[None]
    expected = np.where(
        q2 <= limit**2, spectrum.view(np.complex64) * py.view(np.complex64) * px.view(np.complex64).T, 0
    )
    kernel("propagate")(spectrum, (py, px), (ky**2, kx**2), limit**2, columns, (0, ny))
    np.testing.assert_allclose(spectrum.view(np.complex64), expected, atol=1e-5)
