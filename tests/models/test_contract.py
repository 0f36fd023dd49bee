"""Normalisation, resampling, and the checks of a model's answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hrtem_bench.errors import InputError
from hrtem_bench.models.contract import InputContract, logistic, minmax, model_input, probabilities, standardise
from hrtem_bench.models.sizes import nearest_shape, resample

SHAPE = (2, 8, 8)
PROBABILITIES = InputContract()
LOGITS = InputContract(output="logits")
CLASSES = InputContract(output="classes")
counts = arrays(np.float32, (3, 6, 5), elements=st.integers(0, 4000).map(float))


@given(counts)
def test_standardised_images_have_mean_0_and_variance_1(images: np.ndarray) -> None:
    out = standardise(images).astype(np.float64)
    constant = np.ptp(images, axis=(-2, -1)) == 0
    assert np.allclose(out.mean(axis=(-2, -1)), 0, atol=1e-5)
    assert np.allclose(out.var(axis=(-2, -1)), np.where(constant, 0, 1), atol=1e-5)


@given(counts, st.floats(0.1, 50), st.floats(-10, 10))
def test_standardising_forgets_gain_and_offset(images: np.ndarray, gain: float, offset: float) -> None:
    assert np.allclose(standardise(images), standardise(images.astype(np.float64) * gain + offset), atol=1e-3)


def test_a_constant_image_becomes_zeros() -> None:
    images = np.stack([np.full((4, 4), 0.1, np.float32), np.arange(16, dtype=np.float32).reshape(4, 4)])
    assert np.all(standardise(images)[0] == 0)
    assert np.all(minmax(images)[0] == 0)
    assert minmax(images)[1].min() == 0
    assert minmax(images)[1].max() == 1


def test_one_image_does_not_change_another() -> None:
    rng = np.random.default_rng(0)
    images = rng.poisson(9, (4, 8, 8)).astype(np.float32)
    assert np.array_equal(standardise(images)[1:2], standardise(images[1:2]))


@pytest.mark.parametrize("normalisation", ["counts", "own"])
def test_counts_are_handed_on_unchanged(normalisation: str) -> None:
    images = np.random.default_rng(0).poisson(9, SHAPE).astype(np.float32)
    given_ = model_input(images, InputContract(normalisation=normalisation), 0.4)  # type: ignore[arg-type]
    assert np.array_equal(given_, images)


@pytest.mark.parametrize("pixel_size", [0.2, 0.3, 0.8, 1.1])
def test_resampling_conserves_electrons(pixel_size: float) -> None:
    flat = np.full((1, 48, 64), 16.0, np.float32)
    given_ = model_input(flat, InputContract(normalisation="counts", pixel_size=pixel_size), 0.4)
    assert given_.shape == (1, round(48 * 0.4 / pixel_size), round(64 * 0.4 / pixel_size))
    assert given_.sum() == pytest.approx(flat.sum(), rel=1e-5)


def test_resampling_coarser_does_not_alias() -> None:
    """A wave beyond the new grid's Nyquist frequency is suppressed; one well inside it is kept."""
    x = np.arange(128)
    fast, slow = (np.tile(np.cos(2 * np.pi * x / period), (128, 1)) for period in (2.5, 32))
    assert resample(fast[None], (32, 32)).std() < 0.05 * fast.std()
    assert resample(slow[None], (32, 32)).std() > 0.85 * slow.std()


def test_resampling_finer_interpolates_a_ramp_exactly() -> None:
    ramp = np.tile(np.arange(16.0), (16, 1))
    fine = resample(ramp[None], (16, 64))[0]
    inner = slice(2, -2)
    assert np.allclose(fine[0, inner], (np.arange(64)[inner] + 0.5) / 4 - 0.5, atol=1e-5)


def test_an_absurd_pixel_size_is_an_error() -> None:
    with pytest.raises(InputError, match="check both pixel sizes"):
        nearest_shape((512, 512), 0.2, 200.0)
    with pytest.raises(InputError, match="check both pixel sizes"):
        nearest_shape((512, 512), 0.2, 0.001)


def test_logits_become_probabilities() -> None:
    logits = np.array([[-1e4, -2.0, 0.0, 2.0, 1e4]])
    assert np.allclose(logistic(logits), [[0, 0.119203, 0.5, 0.880797, 1]], atol=1e-6)  # 1 / (1 + exp(-x))


def bad(kind: str) -> tuple[object, InputContract]:
    good = np.full(SHAPE, 0.5, np.float32)
    nan, infinite = good.copy(), good.copy()
    nan[0, 0, 0], infinite[1, 2, 3] = np.nan, np.inf
    return {
        "shape": (good[:, :4], PROBABILITIES),
        "channels last": (good[..., None], PROBABILITIES),
        "no channels": (np.zeros((2, 0, 8, 8)), PROBABILITIES),
        "two channels": (np.stack([good, 0.9 * good], 1), PROBABILITIES),
        "nan in a channel": (np.stack([good, nan], 1), PROBABILITIES),
        "batch": (good[0], PROBABILITIES),
        "nan": (nan, PROBABILITIES),
        "infinity": (infinite, LOGITS),
        "logits": (good * 9 - 6, PROBABILITIES),
        "integers": (np.ones(SHAPE, np.int64), PROBABILITIES),
        "none": (None, PROBABILITIES),
        "ragged": ([[1.0], [1.0, 2.0]], PROBABILITIES),
        "complex": (good.astype(complex), PROBABILITIES),
        "fractions": (good, CLASSES),
        "negative": (-np.ones(SHAPE, np.int64), CLASSES),
    }[kind]


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("shape", r"shape \(2, 4, 8\) for images of shape \(2, 8, 8\)"),
        ("no channels", r"shape \(2, 0, 8, 8\)"),
        ("channels last", "put the channels before the rows"),
        ("two channels", "2 channels the model returned do not add up to 1"),
        ("nan in a channel", "NaN in 1 of 256 values"),
        ("batch", "keep the batch axis"),
        ("nan", "NaN in 1 of 128 values"),
        ("infinity", "infinity in 1 of 128 values"),
        ("logits", "from -1.5 to -1.5 .* look like logits: apply a sigmoid"),
        ("integers", "int64 where probabilities"),
        ("none", "NoneType"),
        ("ragged", "list that is no NumPy array"),
        ("complex", "complex128"),
        ("fractions", "fractions where classes are due"),
        ("negative", "class -1"),
    ],
)
def test_each_broken_answer_is_named_in_one_line(kind: str, says: str) -> None:
    answer, contract = bad(kind)
    with pytest.raises(InputError, match=says) as caught:
        probabilities(answer, SHAPE, contract)
    assert "\n" not in str(caught.value)


def test_good_answers_pass() -> None:
    p = np.random.default_rng(0).random(SHAPE)
    assert np.allclose(probabilities(p, SHAPE, PROBABILITIES), p)
    assert probabilities(p, SHAPE, PROBABILITIES).dtype == np.float32
    assert np.array_equal(probabilities(p > 0.5, SHAPE, CLASSES), p > 0.5)
    assert np.array_equal(probabilities((p > 0.5) * 2.0, SHAPE, CLASSES), p > 0.5)
    assert np.allclose(probabilities(np.log(p / (1 - p)), SHAPE, LOGITS), p, atol=1e-6)
    assert probabilities(np.full(SHAPE, 1 + 1e-6), SHAPE, PROBABILITIES).max() == 1


def test_one_channel_is_the_particles() -> None:
    p = np.random.default_rng(0).random(SHAPE).astype(np.float32)
    for contract, answer in ((PROBABILITIES, p), (LOGITS, 9 * p - 4), (CLASSES, (p > 0.5).astype(np.int64))):
        assert np.array_equal(probabilities(answer[:, None], SHAPE, contract), probabilities(answer, SHAPE, contract))


@given(seed=st.integers(0, 99), classes=st.integers(2, 5))
def test_classes_beyond_the_background_are_particle(seed: int, classes: int) -> None:
    """By the softmax written out: the probability of particle is 1 minus that of the background."""
    logits = 4 * np.random.default_rng(seed).normal(size=(SHAPE[0], classes, *SHAPE[1:]))
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(probabilities(logits, SHAPE, LOGITS), 1 - softmax[:, 0], atol=1e-6)
    assert np.allclose(probabilities(softmax.astype(np.float32), SHAPE, PROBABILITIES), 1 - softmax[:, 0], atol=1e-6)
    assert np.array_equal(probabilities(softmax, SHAPE, CLASSES), logits.argmax(axis=1) > 0)
