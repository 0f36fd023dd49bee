"""Each kernel of image formation, compiled and as plain Python, against whole-array operations."""

from __future__ import annotations

import numpy as np
import pytest

from hrtem_bench.imaging import kernels, resizing
from hrtem_bench.imaging.fourier import common_reach, resample
from hrtem_bench.imaging.lines import LANES, STEP, radices, twiddles

RNG = np.random.default_rng


@pytest.fixture(params=[lambda f: f, lambda f: f.py_func], ids=["compiled", "python"])
def kernel(request):
    def find(name):
        return request.param(getattr(kernels, name, None) or getattr(resizing, name))

    return find


def block(*shape, seed=0):
    return RNG(seed).normal(size=(*shape, STEP)).astype(np.float32)


def numbers(flat):
    return flat[..., :LANES] + 1j * flat[..., LANES:].astype(complex)


def along(n):
    return radices(n), twiddles(radices(n)), n


def workspace(blocks, groups, points):
    """What a kernel may find in its buffers: anything but what it needs."""
    shapes = ((blocks, (groups + 1) * LANES, STEP), (points, STEP), (points, STEP), (2 * LANES, STEP))
    return tuple(np.full(shape, 7.0, np.float32) for shape in shapes)


def in_blocks(plane, ry, rx):
    """Blocks of columns, as the kernels take them, of a full FFT (ny, nx)."""
    half = rx // LANES + 1
    out = np.zeros((2 * half, 2 * ry + 1, STEP), np.float32)
    rows = np.concatenate([np.arange(ry + 1), np.arange(-ry, 0)])
    for k in range(rx + 1):
        for side, column in ((0, k), (half, -k)):
            values = plane[rows, column]
            out[side + k // LANES, :, k % LANES] = values.real
            out[side + k // LANES, :, LANES + k % LANES] = values.imag
    return out


def complex_plane(ny, nx, seed=0):
    parts = RNG(seed).normal(size=(2, ny, nx))
    return (parts[0] + 1j * parts[1]).astype(np.complex64)


def in_groups(plane):
    """(groups, nx, LANES) of a plane (ny, nx), zero beyond its last row."""
    ny, nx = plane.shape
    groups = -(-ny // LANES)
    padded = np.zeros((groups * LANES, nx), np.float32)
    padded[:ny] = plane
    return np.ascontiguousarray(padded.reshape(groups, LANES, nx).swapaxes(1, 2))


def test_arithmetic_on_lines(kernel):
    x, y, out = block(seed=1), block(seed=2), block(seed=3)
    kernel("times")(out, x, y)
    np.testing.assert_allclose(numbers(out), numbers(x) * numbers(y), atol=1e-5)
    kernel("exchange")(out, x, np.float32(2))
    np.testing.assert_allclose(numbers(out), 2 * (x[LANES:] + 1j * x[:LANES]), atol=1e-6)
    kernel("conjugate")(out, x, np.float32(3))
    np.testing.assert_allclose(numbers(out), 3 * numbers(x).conj(), atol=1e-5)
    kernel("copy")(out, x)
    np.testing.assert_array_equal(out, x)
    kernel("side_by_side")(out, x[:LANES], y[:LANES])
    np.testing.assert_array_equal(numbers(out), x[:LANES] + 1j * y[:LANES])


def test_squares_are_added(kernel):
    x, total = block(5), np.ones((5, LANES), np.float32)
    kernel("add_squares")(total, x)
    np.testing.assert_allclose(total, 1 + np.abs(numbers(x)) ** 2, rtol=1e-5)


@pytest.mark.parametrize(("at", "step", "first", "end"), [(0, 1, 0, LANES), (3, 1, 0, 13), (39, -1, 1, 11)])
def test_turn_moves_columns_to_rows(kernel, at, step, first, end):
    tile, out = block(LANES), np.zeros((40, STEP), np.float32)
    kernel("turn")(out, tile, at, step, first, end)
    expected = np.zeros((40, LANES), complex)
    for k in range(first, end):
        expected[at + step * k] = numbers(tile)[:, k]
    np.testing.assert_array_equal(numbers(out), expected)


def test_rows_of_a_wave_are_loaded_and_those_beyond_it_are_not(kernel):
    wave, out = complex_plane(40, 11), np.full((11, STEP), 5.0, np.float32)
    kernel("load_rows")(out, wave.view(np.float32), LANES)
    np.testing.assert_array_equal(
        out[:, :8] + 1j * out[:, LANES : LANES + 8], wave[LANES:].T.imag + 1j * wave[LANES:].T.real
    )
    assert (out[:, 8:LANES] == 5).all()


@pytest.mark.parametrize(("shape", "ry", "rx"), [((40, 48), 10, 20), ((90, 75), 44, 37), ((6, 160), 2, 70)])
def test_spectrum_is_the_forward_transform(kernel, shape, ry, rx):
    wave, (ny, nx), half = complex_plane(*shape), shape, rx // LANES + 1
    spectrum = np.zeros((2 * half, 2 * ry + 1, STEP), np.float32)
    work = workspace(2 * half, -(-ny // LANES), max(ny, nx, half * LANES))
    kernel("spectrum_of")(spectrum, wave.view(np.float32), work, along(ny), along(nx))
    expected = in_blocks(np.fft.fft2(wave, norm="forward"), ry, rx)
    used = in_blocks(np.ones(shape, complex) * (1 + 1j), ry, rx) != 0
    np.testing.assert_allclose(spectrum[used], expected[used], atol=1e-6)


@pytest.mark.parametrize("even", [True, False])
def test_spectrum_passes_the_lens_and_nothing_beyond_its_reach(kernel, even):
    ny, ry, reach = 30, 9, 7
    spectrum, lens, out = block(2 * ry + 1, seed=1), block(reach + 1 if even else 2 * reach + 1, seed=2), block(ny)
    kernel("through_lens")(out, spectrum, lens, reach)
    expected = np.zeros((ny, LANES), complex)
    for k in range(-reach, reach + 1):
        expected[k] = numbers(spectrum)[k] * numbers(lens)[abs(k) if even else k]
    np.testing.assert_allclose(numbers(out), expected, atol=1e-5)


@pytest.mark.parametrize("reach", [0, 5, 40])
def test_rows_are_gathered_from_columns(kernel, reach):
    nx, half = 96, 2
    carried, out = block(2 * half, 2 * LANES), block(nx, seed=1)
    kernel("gather_rows")(out, carried, half, 1, reach)
    expected = np.zeros((nx, LANES), complex)
    columns = numbers(carried)[:, LANES:]
    for k in range(reach + 1):
        expected[k] = columns[k // LANES, :, k % LANES]
        if k:
            expected[-k] = columns[half + k // LANES, :, k % LANES]
    np.testing.assert_array_equal(numbers(out), expected)


@pytest.mark.parametrize("mirrored", [True, False])
@pytest.mark.parametrize(("grid", "reaches"), [((40, 48), (7, 9)), ((30, 96), (14, 33)), ((64, 25), (3, 12))])
def test_intensity_is_added(kernel, grid, reaches, mirrored):
    (ny, nx), (ky, kx), (ry, rx) = grid, reaches, (reaches[0] + 2, reaches[1] + 1)
    plane = complex_plane(2 * ry + 1, 2 * rx + 1)
    lens = complex_plane(2 * ky + 1, 2 * kx + 1, seed=1)
    if mirrored:
        y, x = (np.abs(np.fft.fftfreq(len(line), 1 / len(line))).astype(int) for line in (lens, lens.T))
        lens = lens[np.ix_(y, x)]
    lens_blocks = in_blocks(lens, ky, kx)
    if mirrored:
        lens_blocks = np.ascontiguousarray(lens_blocks[: len(lens_blocks) // 2, : ky + 1])
    spectrum = in_blocks(plane, ry, rx)
    half, groups = rx // LANES + 1, -(-ny // LANES)
    total = np.ones((groups, nx, LANES), np.float32)
    work = workspace(2 * half, groups, max(ny, nx, half * LANES))
    kernel("add_intensity")(total, spectrum, lens_blocks, reaches, work, along(ny), along(nx))
    full = np.zeros(grid, complex)
    for y in range(-ky, ky + 1):
        for x in range(-kx, kx + 1):
            full[y, x] = plane[y, x] * lens[y, x]
    expected = in_groups(np.abs(np.fft.ifft2(full, norm="forward")) ** 2)
    np.testing.assert_allclose(total - 1, expected, atol=2e-6 * expected.max())


def test_two_real_lines_are_parted_and_joined(kernel):
    z, opposite = block(seed=1), block(seed=2)
    a, b, z2, opposite2 = (np.zeros(STEP, np.float32) for _ in range(4))
    kernel("part")(a, b, z, opposite)
    np.testing.assert_allclose(numbers(a), (numbers(z) + numbers(opposite).conj()) / 2, atol=1e-6)
    np.testing.assert_allclose(numbers(b), (numbers(z) - numbers(opposite).conj()) / 2j, atol=1e-6)
    kernel("join")(z2, opposite2, a, b)
    np.testing.assert_allclose(z2, z, atol=1e-6)
    np.testing.assert_allclose(opposite2, opposite, atol=1e-6)


def test_rows_are_stored_and_never_negative(kernel):
    out, rows = np.full((40, 11), 9.0, np.float32), block(11)
    kernel("store_rows")(out, rows, LANES, LANES)
    np.testing.assert_array_equal(out[LANES:], np.maximum(rows[:, LANES : LANES + 8].T, 0))
    assert (out[:LANES] == 9).all()


@pytest.mark.parametrize(
    ("grid", "to"),
    [((96, 80), (64, 64)), ((45, 128), (40, 100)), ((30, 20), (30, 20)), ((20, 24), (50, 64)), ((160, 75), (150, 60))],
)
def test_a_plane_is_resized_as_by_resample(kernel, grid, to):
    plane = RNG(4).uniform(1, 3, grid).astype(np.float32)
    reaches = (common_reach(grid[0], to[0]), common_reach(grid[1], to[1]))
    groups = -(-max(grid[0], to[0]) // LANES)
    work = workspace(2 * (reaches[1] // LANES + 1), groups, max(*grid, *to, 2 * LANES))
    out = np.zeros(to, np.float32)
    factor = np.float32(1 / (grid[0] * grid[1]))
    ways = [along(n) for n in (*grid, *to)]
    kernel("resized")(out, in_groups(plane), factor, reaches, work, *ways)
    np.testing.assert_allclose(out, np.maximum(resample(plane, to), 0), atol=3e-6)


def test_rows_go_there_and_back(kernel):
    plane = RNG(5).uniform(1, 3, (70, 60)).astype(np.float32)
    held, one, other, scratch = workspace(1, 3, 64)
    kernel("rows_forward")(held, in_groups(plane), 29, one, other, scratch, along(60))
    held[:, 70:] = 0
    out = np.zeros((70, 60), np.float32)
    kernel("rows_back")(out, held, 29, one, other, scratch, along(60))
    nyquist = np.fft.rfft(plane, axis=1)
    nyquist[:, -1] = 0
    np.testing.assert_allclose(out / 60, np.fft.irfft(nyquist.conj(), 60, axis=1).clip(0), atol=1e-5)
