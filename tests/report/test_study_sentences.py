"""Sentences of a study's page say what was found, and of which sign it is."""

from __future__ import annotations

import math

from hrtem_bench.report.study_sentences import axes_sentence
from hrtem_bench.scoring.estimate import Estimate


def factor(*ends: float) -> Estimate:
    return Estimate(*map(math.log, ends))


COSTS = {"defocus": factor(1.3, 1.1, 1.5), "dose": factor(1.1, 1.05, 1.2), "C30": factor(1.0, 0.9, 1.1)}
GAIN = {"astigmatism": factor(0.9, 0.85, 0.95)}


def test_a_shift_that_lowers_the_loss_is_no_cost() -> None:
    both = axes_sentence(COSTS | GAIN)
    assert both.startswith("A shift costs most along defocus: 1.3")
    assert "Then dose, 1.1" in both
    assert "The loss is less after a shift along astigmatism, 0.9" in both
    assert both.endswith("Not told from nothing: C30.")
    assert axes_sentence(GAIN).startswith("The loss is less")
    assert "costs" not in axes_sentence(GAIN)
    assert axes_sentence({"C30": COSTS["C30"]}).startswith("No axis")
