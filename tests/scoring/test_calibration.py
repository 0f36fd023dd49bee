"""Calibration against torchmetrics and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from hrtem_bench.scoring.calibration import calibration_error, reliability, reliability_curve


def pixels(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.beta(0.4, 0.8, (2, 40, 40))
    return p, rng.random(p.shape) < p**1.5


def test_the_error_agrees_with_torchmetrics() -> None:
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchmetrics.functional.classification")
    p, mask = pixels(0)
    theirs = functional.binary_calibration_error(
        torch.tensor(p.ravel()), torch.tensor(mask.ravel()).int(), n_bins=15, norm="l1"
    )
    assert calibration_error(reliability(p, mask)) == pytest.approx(float(theirs), abs=1e-6)


def test_the_curve_agrees_with_sklearn() -> None:
    sklearn = pytest.importorskip("sklearn.calibration")
    p, mask = pixels(1)
    accuracy, confidence = sklearn.calibration_curve(mask.ravel(), p.ravel(), n_bins=15)
    ours = reliability_curve(reliability(p, mask))
    assert ours[0] == pytest.approx(confidence)
    assert ours[1] == pytest.approx(accuracy)
    assert ours[2].sum() == p.size


def test_sums_of_images_add_up() -> None:
    p, mask = pixels(2)
    assert sum(reliability(*pair) for pair in zip(p, mask, strict=True)) == pytest.approx(reliability(p, mask))


def test_edges_and_empty_bins() -> None:
    sums = reliability(np.array([[0.0, 1.0]]), np.array([[False, True]]))
    assert sums[0, 0] == sums[0, -1] == 1
    assert calibration_error(sums) == 0
    assert calibration_error(reliability(np.array([[0.0, 1.0]]), np.array([[True, False]]))) == 1
    confidence, accuracy, count = reliability_curve(sums)
    assert np.isnan(confidence[1]) and np.isnan(accuracy[1]) and count[1] == 0
