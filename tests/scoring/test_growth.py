"""A metric is declared in one place, and shows up everywhere else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.report import report
from hrtem_bench.scoring import metrics, read_per_image, read_results, results_schema
from hrtem_bench.scoring.metric import Metric
from hrtem_bench.scoring.options import Options

COVERED = Metric("covered", "Covered area", lambda one: float(one.prediction.mean()), best=0.0)


def test_a_metric_reaches_columns_curve_schema_and_report(
    folder: Path, track: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "METRICS", (*metrics.METRICS, COVERED))
    run = evaluate(str(folder), track, out=tmp_path / "r", options=Options(bootstrap_samples=200))
    values = read_per_image(tmp_path / "r")["covered"]
    assert len(values) == 24 and 0 < values.mean() < 1
    point = json.loads((tmp_path / "r" / "results.json").read_text())["curve"][0]
    one = run.results.curve[0].scores["covered"]
    assert point["scores"]["covered"] == {"value": one.value, "low": one.low, "high": one.high}
    assert one.low is not None and one.high is not None and one.low <= one.value <= one.high
    assert "covered" in results_schema()["$defs"]["CurvePoint"]["properties"]["scores"]["properties"]
    assert read_results(tmp_path / "r") == run.results
    assert "Covered area" in report(run.results, run.per_image, [])


def test_metrics_have_one_name_and_direction_each() -> None:
    from hrtem_bench.scoring.catalogue import MODULES, all_metrics

    assert len(all_metrics()) == sum(len(module.METRICS) for module in MODULES)
    for one in all_metrics().values():
        assert (one.of_image is None) is not (one.of_pixels is None)
        assert one.low <= one.best <= one.high
    directions = {name: one.direction for name, one in all_metrics().items()}
    assert directions["dice"] == 1 and directions["nll"] == directions["double_softmax_ce"] == -1
    assert directions["signed_boundary_distance"] == 0
