"""The two halves of the study `wide` for a law that is fitted on it: one to fit on, one to test on.

The rule was fixed before any residual of the study was looked at. Training sets are taken in the order of the study's
file, in groups of four, each of which has two sets of one condition, one of two and one of four. Groups 0, 2, 4, … with
test conditions 0, 2, 4, … are for fitting, the other groups with the other test conditions for testing: neither the
training sets nor the test conditions of one half are in the other. The remaining pairs serve neither.
"""

from __future__ import annotations

from collections.abc import Sequence

from hrtem_bench.observer.fitting import TrainTestPair
from hrtem_bench.study import load_study
from hrtem_bench.study.networks import drawn_sets

GROUP = 4


def half_of(pairs: Sequence[TrainTestPair]) -> list[int | None]:
    """0 for a pair to fit on, 1 for a pair to test on, None for neither."""
    block = load_study("wide").blocks[0]
    assert block.draw_train and block.draw_test
    trains = {";".join(one): number // GROUP % 2 for number, one in enumerate(drawn_sets(block.draw_train))}
    tests = {one: number % 2 for number, (one,) in enumerate(drawn_sets(block.draw_test))}
    return [trains[one.train] if trains[one.train] == tests[one.test] else None for one in pairs]
