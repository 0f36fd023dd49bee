"""What the curve takes from the transfer function, and its summary."""

from __future__ import annotations

import pytest

from hrtem_bench.conditions import Condition, ConditionSet
from hrtem_bench.scoring.curve import transfer_values

HERE, THERE = Condition(C10=-100.0, focal_spread=10.0), Condition(C10=-400.0, focal_spread=10.0)


def test_transfer_values() -> None:
    same, other = transfer_values(ConditionSet((HERE,)), [ConditionSet((HERE,)), ConditionSet((THERE,))], 1.25)
    assert same["sigma"] == pytest.approx(1)
    assert same["coverage"] == pytest.approx(1)
    assert other["sigma"] is not None and other["sigma"] < 0.98
    unknown = transfer_values(None, [ConditionSet((HERE,))], 1.25)[0]
    assert unknown == {"epsilon": pytest.approx(same["epsilon"]), "sigma": None, "coverage": None}
