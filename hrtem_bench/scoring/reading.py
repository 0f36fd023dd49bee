"""Reading results.json: its form from the types, its values against their ranges, and the JSON schema of both."""

from __future__ import annotations

import inspect
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from hrtem_bench.errors import InputError
from hrtem_bench.scoring.catalogue import all_metrics
from hrtem_bench.scoring.estimate import Estimate
from hrtem_bench.scoring.results import RESULTS, SCHEMA_VERSION, CurvePoint, Results
from hrtem_bench.scoring.summary import CURVE_SCORES
from hrtem_bench.support.files import write_aside
from hrtem_bench.support.plain_text import check_plain
from hrtem_bench.support.versioned_json import read_versioned

REMAKE = "evaluate the model again: `hrtem-bench evaluate MODEL --data DATA --out FOLDER`"
MOST_NAME, MOST_TEXT = 200, 10_000
"""Characters of a name, and of the fields of FREE_TEXT."""
FREE_TEXT = ("path", "command", "warnings")
_ROUNDING = 1e-6
_SHARES = ("epsilon", "sigma", "coverage")
_LIMITS = {"confidence": (0.5, 1), "threshold": (0, 1), "breakdown_dice": (0, 1), "q_max": (0, 1e3)}


def read_results(path: Path) -> Results:
    """Read results and check them.

    Parameters
    ----------
    path
        A results file, or a folder with results.json.

    Raises
    ------
    InputError
        One line that names the field: another schema version, another form, or values that no evaluation gives, such as
        scores outside their range, limits in the wrong order, an empty curve, names with control characters.
    """
    file = path / RESULTS if path.is_dir() else path
    results = read_versioned(file, Results, SCHEMA_VERSION, "results file", remake=REMAKE)
    try:
        check_results(results)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    return results


def check_results(results: Results) -> None:
    """Raise InputError, one line that names the field, for results whose values cannot be those of an evaluation."""
    _check_plain_values("", msgspec.to_builtins(results))
    if not results.curve:
        raise InputError(f"curve is empty: {REMAKE}")
    names = [point.condition for point in results.curve]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"curve has the condition {twice!r} twice")
    for index, point in enumerate(results.curve):
        _check_point(f"curve[{index}]", point)
    for name, one in results.summary.scores.items():
        if name not in CURVE_SCORES:
            raise InputError(f"summary.scores.{name} is no score of a curve: there are {', '.join(CURVE_SCORES)}")
        _check_estimate(f"summary.scores.{name}", one, CURVE_SCORES[name].low, CURVE_SCORES[name].high)
    for field in ("worst_condition", "best_condition"):
        if getattr(results.summary, field) not in names:
            raise InputError(f"summary.{field} is no condition of the curve")
    if set(results.summary.censored) - set(results.summary.scores):
        raise InputError("summary.censored names a score that summary.scores lacks")
    for field, (low, high) in _LIMITS.items():
        _check_number(f"settings.{field}", getattr(results.settings, field), low, high)


def _check_plain_values(where: str, value: Any) -> None:
    """Every text is bounded and plain, every number finite."""
    if isinstance(value, str):
        most = MOST_TEXT if any(name in where for name in FREE_TEXT) else MOST_NAME
        check_plain(where, value, most)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{where} is {value}, which is no number")
    elif isinstance(value, Mapping):
        for name, one in value.items():
            check_plain(f"a name in {where or 'the file'}", name, MOST_NAME)
            _check_plain_values(f"{where}.{name}" if where else name, one)
    elif isinstance(value, list | tuple):
        for index, one in enumerate(value):
            _check_plain_values(f"{where}[{index}]", one)


def _check_point(where: str, point: CurvePoint) -> None:
    if not 1 <= point.n_structures <= point.n_images:
        raise InputError(f"{where} has {point.n_images} images of {point.n_structures} structures")
    for name in _SHARES:
        if (value := getattr(point, name)) is not None:
            _check_number(f"{where}.{name}", value, 0, 1)
    if "dice" not in point.scores:
        raise InputError(f"{where}.scores lacks dice")
    metrics = all_metrics()
    for name, one in point.scores.items():
        if name not in metrics:
            raise InputError(f"{where}.scores.{name} is no metric: there are {', '.join(metrics)}")
        _check_estimate(f"{where}.scores.{name}", one, metrics[name].low, metrics[name].high)
    _check_estimate(f"{where}.dice_band", point.dice_band, 0, 1)
    if (found := point.reliability) is not None:
        if not len(found.confidence) == len(found.accuracy) == len(found.count):
            raise InputError(f"{where}.reliability has columns of different lengths")
        for values in (found.confidence, found.accuracy):
            for value in values:
                if value is not None:
                    _check_number(f"{where}.reliability", value, 0, 1)
        if min(found.count, default=0) < 0:
            raise InputError(f"{where}.reliability.count is negative")


def _check_estimate(where: str, one: Estimate, low: float, high: float) -> None:
    if (one.low is None) is not (one.high is None):
        raise InputError(f"{where} has one limit: an interval has two, or none")
    for end, value in (("value", one.value), ("low", one.low), ("high", one.high)):
        if value is not None:
            _check_number(f"{where}.{end}", value, low, high)
    if one.low is not None and one.high is not None and one.low > one.high:
        raise InputError(f"{where}.low is {one.low:g}, above {where}.high, {one.high:g}")


def _check_number(where: str, value: float, low: float, high: float) -> None:
    if not low - _ROUNDING <= value <= high + _ROUNDING:
        raise InputError(f"{where} is {value:g}: it lies between {low:g} and {high:g}")


def results_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of results.json; the scores in it are those of the catalogue, with their ranges."""
    schema = msgspec.json.schema(Results)
    defs = schema["$defs"]
    for definition in defs.values():
        _describe(definition)
    metrics = {name: (one.label, one.low, one.high) for name, one in all_metrics().items()}
    whole = {name: (one.label, one.low, one.high) for name, one in CURVE_SCORES.items()}
    for kind, scores, required in (("CurvePoint", metrics, ["dice"]), ("Summary", whole, [])):
        defs[kind]["properties"]["scores"] = {
            "type": "object",
            "properties": {name: _estimate_schema(*one) for name, one in scores.items()},
            "required": required,
            "additionalProperties": False,
        }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _describe(definition: dict[str, Any]) -> None:
    """Move what the docstring of a record says of its fields to the fields."""
    text = inspect.cleandoc(definition.get("description", ""))
    words, _, fields = text.partition("\n\nParameters\n----------\n")
    definition |= {"description": words} if words else {}
    for names, said in re.findall(r"^(\w[\w, ]*)\n((?: {4}.*\n?)+)", fields, re.MULTILINE):
        for name in names.split(", "):
            definition["properties"][name] |= {"description": " ".join(said.split())}


def _estimate_schema(label: str, low: float, high: float) -> dict[str, Any]:
    bounds = {name: end for name, end in (("minimum", low), ("maximum", high)) if math.isfinite(end)}
    value = {"properties": {"value": bounds}} if bounds else {}
    return {"$ref": "#/$defs/Estimate", "description": label, **value}


def write_schema(path: Path) -> None:
    """Write `results_schema` as JSON, aside and renamed."""
    write_aside(path, json.dumps(results_schema(), indent=1, ensure_ascii=False) + "\n")
