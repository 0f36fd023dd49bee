"""The figure of expected losses shows every row's loss, and the sentence names the larger cause."""

from __future__ import annotations

import numpy as np
import pytest

from hrtem_bench.observer import Foretold, Predicted, Terms
from hrtem_bench.report import expected_loss_figure, reason

EDGES = (0.1, 0.3, 0.6)


def found(loss: float, matched: float, cause: str = "mismatch") -> Foretold:
    shares = np.array([0.1, 0.4]), np.array([3.0, 1.0, 0.0]), np.array([1.0, 1.0, 0.0])
    costs = dict.fromkeys(("mismatch", "harder", "easier", "texture"), 0.1) | {cause: 0.2}
    return Foretold(
        *(Predicted(v, 0.9 * v, 1.1 * v) for v in (loss, 0.8, matched)), Terms(-1.0, 0.2, 0.5, 0.0, 0.1, *shares), costs
    )


@pytest.mark.parametrize("losses", [(0.2, 0.5), (0.5, 0.2)])
def test_every_loss_lies_inside_its_axis(losses: tuple[float, float]) -> None:
    figure = expected_loss_figure({str(one): found(one, 0.15) for one in losses}, EDGES)
    for ax in figure.axes[2::3]:
        low, high = ax.get_xlim()
        drawn = np.concatenate([line.get_xdata() for line in ax.lines])
        assert low <= drawn.min()
        assert drawn.max() <= high


def test_the_reason_names_the_cause_and_the_frequencies() -> None:
    assert reason(found(0.3, 0.2), EDGES).startswith("mismatch: 1.50 times")
    assert "0.1 to 0.3 1/Å" in reason(found(0.3, 0.2), EDGES)
    assert reason(found(0.2, 0.2), EDGES).startswith("hardness")
    assert "0.3 to 0.6 1/Å" in reason(found(0.2, 0.2), EDGES)


@pytest.mark.parametrize(
    ("cause", "words"),
    [("harder", "trained on harder images"), ("easier", "easier"), ("texture", "taken for particle")],
)
def test_every_cause_has_its_words(cause: str, words: str) -> None:
    told = reason(found(0.3, 0.2, cause), EDGES)
    assert told.startswith(f"{cause}: 1.50 times") and words in told
