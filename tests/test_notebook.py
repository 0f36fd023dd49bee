"""The notebooks among the tutorials: kept without outputs, shown in the documentation, and running to their end.

Building the documentation runs them too, and fails where one does; here each runs in this process.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hrtem_bench as hb

TUTORIALS = Path(__file__).parents[1] / "docs" / "tutorials"
NOTEBOOKS = sorted(TUTORIALS.glob("*.ipynb"))

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    notebook = json.loads(path.read_text("utf-8"))
    assert notebook["nbformat"] == 4
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def run(path: Path) -> dict[str, Any]:
    """The variables of a notebook after its last cell."""
    held: dict[str, Any] = {"__name__": "__main__"}
    for place, cell in enumerate(cells(path, "code")):
        exec(compile("".join(cell["source"]), f"{path.name}, code cell {place}", "exec"), held)
    return held


@every_notebook
def test_it_is_kept_without_outputs(path: Path) -> None:
    code = cells(path, "code")
    assert code
    assert [cell["outputs"] for cell in code] == [[]] * len(code)
    assert {cell["execution_count"] for cell in code} == {None}


@every_notebook
def test_every_cell_is_python_and_a_title_comes_first(path: Path) -> None:
    for cell in cells(path, "code"):
        ast.parse("".join(cell["source"]))
    assert cells(path, "markdown")[0]["source"][0].startswith("# ")


@every_notebook
def test_it_is_a_page_of_the_documentation(path: Path) -> None:
    assert f"tutorials/{path.stem}\n" in (TUTORIALS.parent / "index.md").read_text("utf-8")


@pytest.mark.slow
@every_notebook
def test_it_runs_to_its_end(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("torch", "matplotlib", "pandas", "datasets"):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    held = run(path)
    if path.stem == "own_network":
        result, compared = held["result"], held["compared"]
        assert result.results.train.conditions == ["defocus=-10nm"]
        expected = np.mean(result.table()["dice"] - held["baseline"].table()["dice"])
        assert compared.table()["difference"][-1] == pytest.approx(expected)
        assert {one.name for one in tmp_path.iterdir()} == {"own_network.html", "results", "tiny"}
    if path.stem == "training_loop":
        at = {point.condition: point.dice.value for point in held["result"].results.curve}
        assert at["defocus=-10nm"] > 0.7 > at["defocus=0nm"] + 0.2  # as its last cell says
    if path.stem == "my_lens":
        assert held["scherzer"].defocus == pytest.approx(np.sqrt(1.5 * 1.2e7 * hb.wavelength(200e3)))
    if path.stem == "my_crystal":
        contrast = [one.std() / one.mean() for one in held["thickness_series"]]
        assert contrast[-1] > 1.8 * contrast[0]  # as its text says
        assert {one.suffix for one in tmp_path.iterdir()} == {".cif", ".tif", ".mrc", ".png"}
    if path.stem == "plan_training":
        focus = [one.results.curve for one in (held["alone"], held["planned"])]
        alone, planned = (next(p for p in curve if p.condition == "defocus=0nm") for curve in focus)
        assert planned.dice.value > alone.dice.value + 0.1 and planned.sigma > alone.sigma
