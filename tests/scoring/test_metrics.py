"""Pixel metrics against scikit-learn and torchmetrics, on random images and named edge cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hrtem_bench.scoring.metrics import CLIP, brier, dice, double_softmax_ce, iou, nll

sklearn = pytest.importorskip("sklearn.metrics")
masks = arrays(bool, (4, 5), elements=st.booleans())
ANY = np.arange(12).reshape(3, 4) % 3 == 0
EMPTY, FULL = np.zeros((3, 4), bool), np.ones((3, 4), bool)


@given(masks, masks)
def test_overlap_agrees_with_sklearn(prediction: np.ndarray, mask: np.ndarray) -> None:
    a, b = prediction.ravel(), mask.ravel()
    assert dice(prediction, mask) == pytest.approx(sklearn.f1_score(b, a, zero_division=1.0))
    assert iou(prediction, mask) == pytest.approx(sklearn.jaccard_score(b, a, zero_division=1.0))


@pytest.mark.parametrize(
    ("prediction", "mask", "score"),
    [(EMPTY, EMPTY, 1), (EMPTY, ANY, 0), (ANY, EMPTY, 0), (ANY, ANY, 1), (FULL, FULL, 1), (ANY, ~ANY, 0)],
)
def test_the_rule_for_empty_masks(prediction: np.ndarray, mask: np.ndarray, score: float) -> None:
    assert dice(prediction, mask) == score
    assert iou(prediction, mask) == score


@given(masks, masks)
def test_dice_and_iou_are_one_score(prediction: np.ndarray, mask: np.ndarray) -> None:
    d = dice(prediction, mask)
    assert iou(prediction, mask) == pytest.approx(d / (2 - d))


def test_probability_scores_agree_with_sklearn() -> None:
    rng = np.random.default_rng(1)
    p, mask = rng.random((3, 16, 16)), rng.random((3, 16, 16)) < 0.3
    for image in range(3):
        truth, chance = mask[image].ravel(), p[image].ravel()
        assert nll(p, mask)[image] == pytest.approx(sklearn.log_loss(truth, chance, labels=[False, True]))
        assert brier(p, mask)[image] == pytest.approx(sklearn.brier_score_loss(truth, chance))


def test_overlap_agrees_with_torchmetrics() -> None:
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchmetrics.functional.classification")
    rng = np.random.default_rng(2)
    p, mask = rng.random((2, 16, 16)).astype(np.float32), rng.random((2, 16, 16)) < 0.4
    for image in range(2):
        pair = torch.tensor(p[image].ravel()), torch.tensor(mask[image].ravel()).int()
        assert dice(p > 0.5, mask)[image] == pytest.approx(float(functional.binary_f1_score(*pair)))
        assert iou(p > 0.5, mask)[image] == pytest.approx(float(functional.binary_jaccard_index(*pair)))


def test_a_certain_error_costs_the_clip() -> None:
    assert nll(FULL.astype(float), EMPTY) == pytest.approx(-np.log(CLIP), rel=1e-6)
    assert nll(FULL.astype(float), FULL) == pytest.approx(0, abs=2 * CLIP)


def test_images_are_scored_one_by_one() -> None:
    rng = np.random.default_rng(3)
    p, mask = rng.random((5, 2, 8, 8)), rng.random((5, 2, 8, 8)) < 0.5
    for metric in (dice, iou, nll, brier):
        values = p > 0.5 if metric in (dice, iou) else p
        assert metric(values, mask).shape == (5, 2)
        assert metric(values, mask)[3, 1] == metric(values[3, 1], mask[3, 1])


def test_shapes_that_differ_are_refused() -> None:
    for metric in (dice, iou, nll, brier):
        with pytest.raises(ValueError, match="one shape"):
            metric(np.zeros((4, 4)), np.zeros((4, 5)))


def test_the_double_softmax_is_torchs_cross_entropy_of_probabilities() -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    p, mask = rng.random((2, 6, 7)), rng.random((2, 6, 7)) > 0.5
    classes = torch.tensor(np.stack([1 - p, p], axis=1))
    theirs = torch.nn.functional.cross_entropy(classes, torch.tensor(mask.astype(int)), reduction="none")
    assert double_softmax_ce(p, mask) == pytest.approx(theirs.mean((1, 2)).numpy() - 0.31326, abs=1e-5)
    assert double_softmax_ce(mask, mask) == pytest.approx([0, 0])
    assert double_softmax_ce(~mask, mask) == pytest.approx([1, 1])
