"""The notebook in `examples/` runs from its first cell to its last."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

NOTEBOOK = Path(__file__).parents[1] / "examples" / "own_network.ipynb"
MADE_SMALL = ("DATA", "STEPS")
"""Variables that the test sets in place of the notebook: the toy dataset, and steps of a training cycle."""


def cells() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    return found


def without(names: tuple[str, ...], source: str) -> ast.Module:
    """The code, assignments to these variables left out."""
    tree = ast.parse(source)
    tree.body = [
        one
        for one in tree.body
        if not (isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) and one.targets[0].id in names)
    ]
    return tree


def test_it_is_kept_without_outputs() -> None:
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    assert notebook["nbformat"] == 4
    code = [cell for cell in cells() if cell["cell_type"] == "code"]
    assert [cell["outputs"] for cell in code] == [[]] * len(code)
    assert {cell["execution_count"] for cell in code} == {None}


def test_it_runs_to_the_end(toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("torch", "matplotlib", "pandas"):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    held: dict[str, Any] = {"__name__": "__main__", "DATA": toy_folder, "STEPS": 2}
    for cell in cells():
        if cell["cell_type"] == "code":
            exec(compile(without(MADE_SMALL, "".join(cell["source"])), NOTEBOOK.name, "exec"), held)
    result, compared = held["result"], held["compared"]
    conditions = [one.condition_id for one in held["track"].conditions]
    assert list(result.table()["condition"]) == conditions
    assert result.results.train.conditions == [held["trained_at"]]
    assert result.results.settings.input.output == "logits"
    assert len(compared.table()["difference"]) == len(conditions) + 1
    expected = np.mean(result.table()["dice"] - held["baseline"].table()["dice"])
    assert compared.table()["difference"][-1] == pytest.approx(expected)
    assert {path.name for path in tmp_path.iterdir()} == {"own_network.html", "results"}
    assert (tmp_path / "results" / "own_network" / "results.json").is_file()
