"""PNG: what Pillow reads is what was written, to the last electron."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from hrtem_bench.errors import InputError
from hrtem_bench.generation.png import decode_png, encode_counts, encode_png, preview

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=40)


@given(hnp.arrays(np.uint16, SHAPES), st.sampled_from(["C", "F"]))
def test_sixteen_bits_are_exact_in_pillow(counts, order):
    picture = Image.open(io.BytesIO(encode_counts(np.asarray(counts, np.float32, order=order))))
    assert picture.mode == "I;16"
    np.testing.assert_array_equal(np.asarray(picture), counts)


def test_a_picture_too_large_or_of_another_kind_is_not_decoded():
    small = encode_png(np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match="100000 x 4 pixels"):
        decode_png(small[:16] + (100_000).to_bytes(4, "big") + small[20:])
    with io.BytesIO() as file:
        Image.new("L", (4, 4)).save(file, "GIF")
        with pytest.raises(OSError, match="cannot identify"):
            decode_png(file.getvalue())


@given(hnp.arrays(st.sampled_from([np.uint8, np.uint16]), SHAPES))
def test_round_trip(picture):
    back = decode_png(encode_png(picture))
    assert back.dtype == picture.dtype
    np.testing.assert_array_equal(back, picture)


def test_counts_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="65536 counts"):
        encode_counts(np.full((4, 4), 65536.0))
    with pytest.raises(ValueError, match="uint8 or uint16"):
        encode_png(np.zeros((4, 4)))


def test_shot_noise_is_packed_close_to_its_entropy():
    counts = np.random.default_rng(0).poisson(64, (256, 256))
    entropy = 0.5 * np.log2(2 * np.pi * np.e * 64) / 8 * counts.size  # of a Poisson deviate of mean 64, bytes
    # One code for both bytes of a pixel, one of them zero: a bit more for each.
    assert len(encode_counts(counts)) < 1.02 * (entropy + 2 / 8 * counts.size)


def test_preview_outlines_the_mask():
    mask = np.zeros((256, 256), np.uint8)
    mask[64:128, 64:192] = 1
    small = preview(np.random.default_rng(0).poisson(64, mask.shape), mask)
    assert (small.shape, small.dtype) == ((128, 128), np.uint8)
    outline = small == 255
    assert outline.sum() == 2 * 32 + 2 * 64 - 4
    assert not outline[33:63, 33:95].any()
    assert outline[32, 32:96].all()
