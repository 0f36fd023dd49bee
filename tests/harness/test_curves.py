"""What the curve takes from the transfer function, and its summary."""

from __future__ import annotations

import numpy as np
import pytest

from hrtem_bench.conditions import Condition
from hrtem_bench.harness.curves import spread_set, summarise, transfer_values
from hrtem_bench.harness.results import CurvePoint
from hrtem_bench.harness.statistics import Clusters, bootstrap

HERE, THERE = Condition(C10=-100.0, focal_spread=10.0), Condition(C10=-400.0, focal_spread=10.0)


def test_spread_has_the_moments_asked_for() -> None:
    spread = {"C10": 15.0, "focal_spread": 0.5, "phi12": 0.1, "dose": 40.0}
    nominal = Condition(C10=-100.0, focal_spread=10.0, aberrations={"C12": 20.0, "phi12": 0.3}, dose=400.0)
    members = spread_set(nominal, spread)
    columns = {
        "C10": [c.C10 for c in members],
        "focal_spread": [c.focal_spread for c in members],
        "phi12": [c.aberrations["phi12"] for c in members],
    }
    for name, mean in (("C10", -100.0), ("focal_spread", 10.0), ("phi12", 0.3)):
        assert np.mean(columns[name]) == pytest.approx(mean, abs=0.1 * spread[name])
        assert np.std(columns[name]) == pytest.approx(spread[name], rel=0.06)
    assert abs(np.corrcoef(columns["C10"], columns["phi12"])[0, 1]) < 0.1
    assert {c.dose for c in members} == {400.0}


def test_nothing_spreads_to_itself() -> None:
    assert spread_set(HERE, {}) == (HERE,)
    assert spread_set(HERE, {"C10": 0.0}) == (HERE,)


def test_a_spread_set_stands_for_a_drawn_one() -> None:
    rng = np.random.default_rng(0)
    drawn = [HERE.replace(C10=-100 + 15 * x) for x in rng.standard_normal(800)]
    row = transfer_values(spread_set(HERE, {"C10": 15.0}), [drawn], 1.25)[0]
    assert row["sigma"] == pytest.approx(1, abs=2e-3)


def test_transfer_values() -> None:
    same, other = transfer_values([HERE], [[HERE], [THERE]], 1.25)
    assert same["sigma"] == pytest.approx(1)
    assert same["coverage"] == pytest.approx(1)
    assert other["sigma"] is not None and other["sigma"] < 0.98
    unknown = transfer_values([], [[HERE]], 1.25)[0]
    assert unknown == {"epsilon": pytest.approx(same["epsilon"]), "sigma": None, "coverage": None}


def points(dice: list[float], trained: list[bool], sigma: list[float | None]) -> list[CurvePoint]:
    return [
        CurvePoint(
            condition=f"c{i}", C10=0.0, value=i, in_distribution=t, n_images=5, n_structures=5, sigma=s, dice=d,
            iou=d, nll=1 - d,
        )
        for i, (d, t, s) in enumerate(zip(dice, trained, sigma, strict=True))
    ]  # fmt: skip


def test_summary_of_a_curve() -> None:
    dice = [0.6, 0.9, 0.8, 0.4]
    data = Clusters(np.tile(dice, (5, 1)), np.ones((5, 4)))
    one = summarise(points(dice, [False, True, True, False], [0.7, 1.0, 0.9, 0.5]), {"dice": bootstrap(data)}, 0.95)
    assert (one.id_dice, one.ood_dice) == (pytest.approx(0.85), pytest.approx(0.5))
    assert one.id_ood_gap == pytest.approx(0.35)
    assert (one.id_ood_gap_low, one.id_ood_gap_high) == (pytest.approx(0.35), pytest.approx(0.35))
    assert (one.spearman_sigma_dice, one.spearman_sigma_nll) == (pytest.approx(1), pytest.approx(-1))
    assert (one.best_condition, one.worst_condition) == ("c1", "c3")


@pytest.mark.parametrize("trained", [True, False])
def test_without_two_sides_there_is_no_gap(trained: bool) -> None:
    data = Clusters(np.full((5, 2), 0.5), np.ones((5, 2)))
    one = summarise(points([0.5, 0.5], [trained] * 2, [None, None]), {"dice": bootstrap(data)}, 0.95)
    assert one.id_ood_gap is None
    assert one.id_ood_gap_low is None
    assert (one.id_dice is None) is not trained
    assert (one.ood_dice is None) is trained
    assert one.spearman_sigma_nll is None
