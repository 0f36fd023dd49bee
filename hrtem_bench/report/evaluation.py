"""The report of a finished evaluation: chooses the examples, has them predicted, and writes the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hrtem_bench.conditions import ConditionSet
from hrtem_bench.evaluation.evaluate import Evaluation
from hrtem_bench.evaluation.examples import make_examples
from hrtem_bench.report.curves import Curve
from hrtem_bench.report.gather import choose_examples
from hrtem_bench.report.html import report, write_report


def report_evaluation(evaluation: Evaluation, out: Path, *, others: Sequence[Curve] = ()) -> Path:
    """Write the report of an evaluation into `out`; returns the page's path. The model runs once per example.

    others: as in `report`.
    """
    return write_report(out=out, others=others, **_contents(evaluation))


def evaluation_page(evaluation: Evaluation, *, others: Sequence[Curve] = ()) -> str:
    """The page alone, as HTML text, with its figures inside. The model runs once per example."""
    return report(others=others, **_contents(evaluation))


def _contents(evaluation: Evaluation) -> dict[str, Any]:
    results, track = evaluation.results, evaluation.track
    return {
        "results": results,
        "per_image": evaluation.per_image,
        "examples": make_examples(evaluation, choose_examples(results, evaluation.per_image)),
        "conditions": {one.condition_id: ConditionSet.about(one.condition, one.spread) for one in track.conditions},
        "nyquist": 0.5 / track.pixel_size,
    }
