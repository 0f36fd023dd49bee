"""Transforms of lines side by side against NumPy's, compiled and as plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hrtem_bench.imaging import lines
from hrtem_bench.imaging.lines import LANES, STEP, ends_in_block, radices, twiddles


@pytest.fixture(params=[lambda f: f, lambda f: f.py_func], ids=["compiled", "python"])
def kernel(request):
    return lambda name: request.param(getattr(lines, name))


def block(n, seed=0):
    return np.random.default_rng(seed).normal(size=(n, STEP)).astype(np.float32)


def numbers(flat):
    """(n, LANES) complex of a block."""
    return flat[:, :LANES] + 1j * flat[:, LANES:].astype(complex)


def transformed(x):
    return np.fft.ifft(numbers(x), axis=0, norm="forward")


def test_put_turns_one_number_of_one_line(kernel):
    (y,) = before = block(1)
    expected = numbers(before)[0]
    kernel("put")(y, 3, np.float32(2), np.float32(-1), np.float32(0.5), np.float32(0.25))
    expected[3] = (2 - 1j) * (0.5 + 0.25j)
    np.testing.assert_array_equal(numbers(before)[0], expected)


@pytest.mark.parametrize("radix", [2, 3, 4, 5, 8])
def test_a_butterfly_is_a_short_transform_turned_by_its_twiddles(kernel, radix):
    x, y = block(radix), np.zeros((radix, STEP), np.float32)
    angle = np.random.default_rng(1).uniform(0, 6, radix - 1)
    w = np.stack([np.cos(angle), np.sin(angle)], axis=-1).ravel().astype(np.float32)
    kernel(f"butterfly{radix}")(*y, *x, w)
    expected = transformed(x) * np.exp(1j * np.concatenate([[0], angle]))[:, None]
    np.testing.assert_allclose(numbers(y), expected, atol=5e-6)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 8, 10, 15, 45, 48, 60, 125, 128, 150, 243, 640, 768])
def test_transform_is_numpys(n):
    x, work, out = block(n), np.zeros((n, STEP), np.float32), np.zeros((n, STEP), np.float32)
    expected, radix = transformed(x), radices(n)
    lines.transform(out, x.copy(), work, np.zeros((64, STEP), np.float32), radix, twiddles(radix))
    assert np.abs(numbers(out) - expected).max() < 5e-7 * np.abs(expected).max()


@given(twos=st.integers(0, 9), threes=st.integers(0, 4), fives=st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_twice_over_it_turns_lines_round_and_keeps_their_norm(twos, threes, fives):
    n = 2**twos * 3**threes * 5**fives
    assume(1 < n <= 2000)
    x, radix = block(n), radices(n)
    once, twice, work, scratch = (np.zeros((m, STEP), np.float32) for m in (n, n, n, 64))
    lines.transform(once, x.copy(), work, scratch, radix, twiddles(radix))
    norms = [np.linalg.norm(numbers(one), axis=0) for one in (x, once)]
    np.testing.assert_allclose(norms[1], norms[0] * np.sqrt(n), rtol=1e-5)
    lines.transform(twice, once, work, scratch, radix, twiddles(radix))
    np.testing.assert_allclose(twice / n, x[-np.arange(n)], atol=1e-5)


@pytest.mark.parametrize("n", [6, 24, 30, 36])
def test_transform_into_its_own_buffers(kernel, n):
    x, work, radix = block(n), np.zeros((n, STEP), np.float32), radices(n)
    expected = transformed(x)
    out = x if kernel("ends_in_block")(radix) else work
    assert ends_in_block(radix) == (out is x)
    kernel("transform")(out, x, work, np.zeros((64, STEP), np.float32), radix, twiddles(radix))
    np.testing.assert_allclose(numbers(out), expected, atol=2e-5)


def test_one_pass_and_two_at_once_do_the_same(kernel):
    n, radix = 24, np.array([4, 3, 2])
    x, w = block(n), twiddles(radix)
    between, after, at_once = (np.zeros((n, STEP), np.float32) for _ in range(3))
    kernel("_pass")(between, x, w, 4, 6, 1)
    kernel("_pass")(after, between, w[2 * 3 * 6 :], 3, 2, 4)
    kernel("_two_passes")(at_once, x, np.zeros((64, STEP), np.float32), w, 4, 3, 2, 1)
    np.testing.assert_array_equal(at_once, after)


def test_parts_exchanged_make_it_the_forward_transform():
    x, radix = block(40), radices(40)
    exchanged = np.concatenate([x[:, LANES:], x[:, :LANES]], axis=1)
    out, work = np.zeros_like(x), np.zeros_like(x)
    lines.transform(out, exchanged, work, np.zeros((64, STEP), np.float32), radix, twiddles(radix))
    back = out[:, LANES:] + 1j * out[:, :LANES]
    np.testing.assert_allclose(back, np.fft.fft(numbers(x), axis=0), atol=2e-5)


@pytest.mark.parametrize("n", [1, 7, 22, 26, 1001])
def test_other_numbers_of_points_have_no_radices(n):
    assert len(radices(n)) == 0


@pytest.mark.parametrize("n", [2, 90, 640, 1280, 3**7])
def test_radices_multiply_to_the_number_of_points(n):
    assert np.prod(radices(n)) == n
    assert set(radices(n)) <= {2, 3, 4, 5, 8}
