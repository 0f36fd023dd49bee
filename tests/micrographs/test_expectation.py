"""Isotonic regression against scikit-learn, and what is expected at conditions that were not tested."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.micrographs.expectation import expected_dice, isotonic
from hrtem_bench.scoring.estimate import Estimate
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.run import Run

QUICK = Options(bootstrap_samples=200)


def test_isotonic_regression_agrees_with_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.isotonic")
    curves = np.random.default_rng(0).normal(size=(450, 9)).cumsum(axis=-1)
    fits = isotonic(curves)
    for curve, fit in zip(curves, fits, strict=True):
        np.testing.assert_allclose(fit, sklearn.IsotonicRegression().fit_transform(np.arange(9), curve), atol=1e-12)
    np.testing.assert_array_equal(isotonic(curves[0]), fits[0])


@pytest.fixture
def run(folder: Any, track: Any) -> Run:
    done = evaluate(str(folder), track, options=QUICK)
    return Run(done.results, done.per_image)


TRAIN = (hb.Condition(C10=3.0, focal_spread=10.0), hb.Condition(C10=-12.0, focal_spread=10.0))


def with_curve(run: Run, dice: list[float], noise: float) -> Run:
    """The run with Dice that follows `dice` over the conditions in ascending σ, with structures apart by `noise`."""
    points = run.results.curve
    order = np.argsort([point.sigma for point in points])
    means = np.empty(len(points))
    means[order] = dice
    names = {point.condition: mean for point, mean in zip(points, means, strict=True)}
    structures = np.unique(run.per_image["structure_id"], return_inverse=True)[1]
    spread = noise * (structures - structures.mean())
    scores = np.array([names[name] for name in run.per_image["condition_id"]]) + spread
    curve = [
        msgspec.structs.replace(p, scores={"dice": Estimate(float(m))}) for p, m in zip(points, means, strict=True)
    ]
    return Run(msgspec.structs.replace(run.results, curve=curve), run.per_image | {"dice": scores})


def test_at_a_tested_condition_it_is_the_curve(run: Run) -> None:
    """A monotone curve without noise has neither scatter nor spread: the expectation is the score itself."""
    exact = with_curve(run, [0.5, 0.6, 0.8, 0.9], 0.0)
    best = max(exact.results.curve, key=lambda point: point.sigma or 0)
    found = expected_dice(exact, TRAIN, hb.Condition(C10=-4.5, focal_spread=10.0))
    assert found.sigma == pytest.approx(hb.sigma(TRAIN, hb.Condition(C10=-4.5, focal_spread=10.0), q_max=1.25))
    assert found.tested_high == best.sigma
    assert found.dice.value == pytest.approx(0.9, abs=0.02)
    assert (found.dice.low, found.dice.high) == pytest.approx((found.dice.value, found.dice.value))
    assert found.warnings == []


def test_between_tested_values_it_is_a_straight_line(run: Run) -> None:
    exact = with_curve(run, [0.5, 0.6, 0.8, 0.9], 0.0)
    sigma = sorted(point.sigma or 0.0 for point in exact.results.curve)
    for C10 in (-60.0, 40.0, 150.0):
        condition = hb.Condition(C10=C10, focal_spread=10.0)
        expected = np.interp(hb.sigma(TRAIN, condition, q_max=1.25), sigma, [0.5, 0.6, 0.8, 0.9])
        assert expected_dice(exact, TRAIN, condition).dice.value == pytest.approx(expected)


def test_what_was_not_tested_is_said(run: Run) -> None:
    exact = with_curve(run, [0.5, 0.6, 0.8, 0.9], 0.0)
    far = expected_dice(exact, TRAIN, hb.Condition(C10=4000.0, energy=80e3, focal_spread=60.0))
    assert far.sigma < far.tested_low
    assert far.dice.value == pytest.approx(0.5)
    assert "below the" in far.warnings[0]


def test_the_interval_grows_with_structures_and_with_scatter(run: Run) -> None:
    condition = hb.Condition(C10=40.0, focal_spread=10.0)

    def width(one: Run) -> float:
        found = expected_dice(one, TRAIN, condition).dice
        assert found.low is not None and found.high is not None
        assert 0 <= found.low <= found.value <= found.high <= 1
        return found.high - found.low

    smooth = [0.5, 0.6, 0.8, 0.9]
    assert 0.01 < width(with_curve(run, smooth, 0.02)) < width(with_curve(run, smooth, 0.04))
    assert width(with_curve(run, smooth, 0.02)) < width(with_curve(run, [0.9, 0.6, 0.8, 0.5], 0.02))


def test_without_a_known_training_there_is_no_expectation(run: Run) -> None:
    with pytest.raises(InputError, match="not known"):
        expected_dice(run, (), hb.Condition())
    unknown = [msgspec.structs.replace(point, sigma=None) for point in run.results.curve]
    with pytest.raises(InputError, match="not known"):
        expected_dice(Run(msgspec.structs.replace(run.results, curve=unknown), run.per_image), TRAIN, hb.Condition())
