"""The published JSON schema is that of the code, and real results satisfy it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.reading import results_schema

PUBLISHED = Path(__file__).parents[2] / "docs" / "results.schema.json"


def test_the_published_schema_is_current() -> None:
    assert json.loads(PUBLISHED.read_text("utf-8")) == results_schema(), (
        'write it anew: python -c "from pathlib import Path; from hrtem_bench.scoring import write_schema; '
        "write_schema(Path('docs/results.schema.json'))\""
    )


def test_results_have_what_the_schema_requires(folder: Path, track: Any, tmp_path: Path) -> None:
    evaluate(str(folder), track, out=tmp_path / "r", options=Options(bootstrap_samples=200))
    results = json.loads((tmp_path / "r" / "results.json").read_text())
    definitions = json.loads(PUBLISHED.read_text("utf-8"))["$defs"]
    parts = {"Results": results, "Summary": results["summary"], "Settings": results["settings"]}
    parts |= {f"CurvePoint {i}": point for i, point in enumerate(results["curve"])}
    for name, part in parts.items():
        definition = definitions[name.split()[0]]
        assert set(definition["required"]) <= set(part) <= set(definition["properties"])
        assert definition["additionalProperties"] is False
