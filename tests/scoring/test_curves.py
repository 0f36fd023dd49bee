"""What the curve takes from the transfer function, and its summary."""

from __future__ import annotations

import numpy as np
import pytest

from hrtem_bench.conditions import Condition
from hrtem_bench.scoring.curve import spread_set, transfer_values

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


def test_a_large_set_is_stood_for_by_part_of_it() -> None:
    rng = np.random.default_rng(1)
    large = [HERE.replace(C10=-100 + 15 * x) for x in rng.standard_normal(1400)]
    (row,) = transfer_values(large, [large[:500]], 1.25)
    assert row["sigma"] == pytest.approx(1, abs=3e-3)


def test_transfer_values() -> None:
    same, other = transfer_values([HERE], [[HERE], [THERE]], 1.25)
    assert same["sigma"] == pytest.approx(1)
    assert same["coverage"] == pytest.approx(1)
    assert other["sigma"] is not None and other["sigma"] < 0.98
    unknown = transfer_values([], [[HERE]], 1.25)[0]
    assert unknown == {"epsilon": pytest.approx(same["epsilon"]), "sigma": None, "coverage": None}
