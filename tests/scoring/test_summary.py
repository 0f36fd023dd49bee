"""Scores of a curve on curves whose scores can be worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrtem_bench.scoring.estimate import Estimate
from hrtem_bench.scoring.results import CurvePoint, Summary
from hrtem_bench.scoring.statistics import Clusters, bootstrap
from hrtem_bench.scoring.summary import area, reach, slope, summarise, width

VALUE = np.array([-20.0, -10.0, 0.0, 10.0, 20.0])
TENT = np.array([0.5, 0.7, 0.9, 0.7, 0.5])
MIDDLE = np.array([False, False, True, False, False])


def test_area_of_a_tent_and_of_uneven_steps() -> None:
    assert area(TENT, VALUE) == pytest.approx(0.7)
    assert area(np.array([0.0, 1.0, 1.0]), np.array([0.0, 1.0, 10.0])) == pytest.approx((0.5 + 9) / 10)


def test_reach_is_where_a_straight_line_crosses() -> None:
    down, up = reach(TENT, VALUE, MIDDLE, 0.6)
    assert (down, up) == (pytest.approx(-15), pytest.approx(15))
    down, up = reach(TENT, VALUE, MIDDLE, 0.4)
    assert (down, up) == (-np.inf, np.inf)
    down, up = reach(TENT, VALUE, MIDDLE, 0.95)
    assert (down, up) == (0, 0)


def test_reach_starts_at_the_outermost_trained_conditions() -> None:
    trained = np.array([False, True, False, True, False])
    dip = np.array([0.2, 0.8, 0.1, 0.8, 0.8])
    down, up = reach(dip, VALUE, trained, 0.5)
    assert down == pytest.approx(-15)
    assert up == np.inf


def test_what_comes_back_beyond_a_breakdown_does_not_count() -> None:
    wave = np.array([0.9, 0.1, 0.9, 0.1, 0.9])
    assert reach(wave, VALUE, MIDDLE, 0.5) == (pytest.approx(-5), pytest.approx(5))


@given(st.integers(0, 10**6))
def test_many_curves_at_once_are_as_one_by_one(seed: int) -> None:
    curves = np.random.default_rng(seed).random((7, 5))
    for score in (
        lambda c: area(c, VALUE),
        lambda c: width(c, VALUE, MIDDLE, 0.8),
        lambda c: reach(c, VALUE, MIDDLE, 0.5)[0],
        lambda c: slope(c, np.array([0.5, 0.8, 1.0, 0.9, 0.4])),
    ):
        assert score(curves) == pytest.approx(np.array([score(one) for one in curves]))


def test_width_is_cut_at_the_ends_of_the_axis() -> None:
    assert width(TENT, VALUE, MIDDLE, 0.6 / 0.9) == pytest.approx(30)
    assert width(np.full(5, 0.8), VALUE, MIDDLE) == pytest.approx(40)


def test_slope_is_that_of_a_line() -> None:
    sigma = np.array([0.5, 0.7, 1.0, 0.9, 0.6])
    assert slope(0.2 + 0.6 * sigma, sigma) == pytest.approx(0.6)
    noise = np.random.default_rng(0).random(5)
    assert slope(noise, sigma) == pytest.approx(np.polyfit(sigma, noise, 1)[0])


def summary(
    dice: list[float], trained: list[bool], sigma: list[float | None], *, has_axis: bool = True, breakdown: float = 0.6
) -> Summary:
    """The summary of a curve whose every structure has the same scores, so that intervals are points."""
    points = [
        CurvePoint(
            condition=f"c{i}", C10=0.0, value=float(VALUE[i]), in_distribution=t, n_images=5, n_structures=5, sigma=s,
            scores={"dice": Estimate(d), "iou": Estimate(d), "nll": Estimate(1 - d)},
            dice_band=Estimate(d, d - 0.1, d),
        )
        for i, (d, t, s) in enumerate(zip(dice, trained, sigma, strict=True))
    ]  # fmt: skip
    data = Clusters(np.tile(dice, (5, 1)), np.ones((5, len(dice))))
    return summarise(points, bootstrap(data), confidence=0.95, has_axis=has_axis, breakdown=breakdown)


def known(one: Summary, *names: str) -> list[float | None]:
    return [one.value(name) for name in names]


def test_summary_of_a_curve() -> None:
    one = summary([0.6, 0.9, 0.8, 0.4], [False, True, True, False], [0.7, 1.0, 0.9, 0.5])
    for name, due in (("id_dice", 0.85), ("ood_dice", 0.5), ("id_ood_gap", 0.35)):
        score = one.scores[name]
        assert (score.value, score.low, score.high) == pytest.approx((due, due, due))
    assert known(one, "spearman_sigma_dice", "spearman_sigma_nll") == pytest.approx([1, -1])
    assert (one.best_condition, one.worst_condition) == ("c1", "c3")
    assert one.value("worst_dice") == pytest.approx(0.4)


def test_scores_that_need_an_axis() -> None:
    one = summary(TENT.tolist(), MIDDLE.tolist(), [None] * 5)
    assert (one.value("area_dice"), one.span) == (pytest.approx(0.7), (-20, 20))
    assert one.value("width_95") == pytest.approx(2 * 10 * 0.045 / 0.2)
    # The lower band is 0.1 below the tent: 0.8 at the middle, 0.6 at 10 nm.
    assert known(one, "breakdown_below", "breakdown_above") == pytest.approx([-10, 10])
    assert one.censored == []
    assert "slope_sigma_dice" not in one.scores
    wide = summary(TENT.tolist(), MIDDLE.tolist(), [None] * 5, breakdown=0.3)
    assert known(wide, "breakdown_below", "breakdown_above") == [-20, 20]
    assert wide.censored == ["breakdown_below", "breakdown_above"]
    none = summary(TENT.tolist(), MIDDLE.tolist(), [None] * 5, has_axis=False)
    assert known(none, "area_dice", "width_95", "breakdown_below") == [None] * 3
    assert none.span is None


def test_training_elsewhere_leaves_all_conditions_out_of_distribution() -> None:
    one = summary([0.5, 0.7], [False, False], [0.8, 0.9])
    assert known(one, "id_dice", "ood_dice", "id_ood_gap") == [None, pytest.approx(0.6), None]


@pytest.mark.parametrize("trained", [True, False])
def test_without_two_sides_there_is_no_gap(trained: bool) -> None:
    one = summary([0.5, 0.5], [trained] * 2, [None, None])
    assert known(one, "id_ood_gap", "ood_dice", "spearman_sigma_nll") == [None] * 3
    assert ("id_dice" in one.scores) is trained
    assert ("width_95" in one.scores) is trained
