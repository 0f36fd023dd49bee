"""The drawings of the documentation show the packages, imports and fields that there are."""

from __future__ import annotations

import runpy
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import test_layers

SCRIPT = Path(__file__).parents[1] / "docs" / "draw_architecture.py"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


@pytest.fixture(scope="module")
def packages() -> dict[str, set[str]]:
    """Package -> packages that it imports, by the graph that holds the layers."""
    found: dict[str, set[str]] = {}
    for module, used in test_layers.import_graph().items():
        _, *parts = module.split(".")
        if parts and parts[0] != "__main__":
            others = {one.split(".")[1] for one in used if "." in one} - {parts[0], "__main__"}
            found.setdefault(parts[0], set()).update(others)
    return found


def test_its_imports_are_those_of_the_layers(script: dict[str, Any], packages: dict[str, set[str]]) -> None:
    assert {name: set(used) for name, used in script["imports"]().items()} == packages


def test_every_package_has_a_box_of_its_own_and_its_job(script: dict[str, Any], packages: dict[str, set[str]]) -> None:
    tree = ET.fromstring(script["drawing"]())
    space = {"svg": "http://www.w3.org/2000/svg"}
    boxes = tree.findall("svg:g", space)
    named = {box.findall("svg:text", space)[0].text: box for box in boxes}
    assert named.keys() == packages.keys()
    corners = {(box[0].get("x"), box[0].get("y")) for box in boxes}
    assert len(corners) == len(packages)
    assert all(len(box.findall("svg:text", space)) > 1 for box in boxes)


def test_leaving_lines_out_loses_no_import(script: dict[str, Any], packages: dict[str, set[str]]) -> None:
    def followed(name: str) -> set[str]:
        direct = script["needed"](name)
        return set(direct).union(*(followed(one) for one in direct))

    assert all(used <= followed(name) for name, used in packages.items())


def test_the_datas_way_runs_down_through_the_layers_in_one_piece(script: dict[str, Any]) -> None:
    way = script["WAY"]
    assert [end for _, end, _ in way[:-1]] == [start for start, _, _ in way[1:]]
    order = [test_layers.LAYERS.index(name) for name in (way[0][0], *(end for _, end, _ in way))]
    assert order == sorted(order)


def test_the_picture_of_results_names_fields_that_there_are() -> None:
    drawn = runpy.run_path(str(SCRIPT.with_name("draw_results.py")))
    tree = ET.fromstring(drawn["drawing"]())
    said = {"".join(text.itertext()).strip() for text in tree.iter("{http://www.w3.org/2000/svg}text")}
    names = {word.strip(",;:") for words in said for word in words.split() if "_" in word}
    results = (drawn["RESULTS"] / "results.json").read_text("utf-8")
    assert len(names) >= 10
    assert [name for name in names if f'"{name.rpartition(".")[2]}"' not in results] == []


def test_the_picture_of_performance_shows_what_the_tables_say() -> None:
    found = runpy.run_path(str(SCRIPT.with_name("draw_performance.py")))
    page = """<!-- accuracy:begin -->
A gold ball on carbon:

| exit wave | q < 0.5 | q < 1 | q < 2 |
|---|---|---|---|
| hrtem-bench, fourier, 0.1 Å | 0.05 % | 0.09 % | 0.23 % |
| abTEM, 0.05 Å | 0.50 % | 0.75 % | 1.16 % |

| other | a | b |
|---|---|---|
| hrtem-bench, fourier, 0.1 Å | 7 % | 8 % |
<!-- accuracy:end -->
<!-- speed:begin -->
| hrtem-bench, fourier, 1280² | 0.686 | 2.2 × |
| abTEM, 1280² | 1.500 | 1.0 × |
<!-- speed:end -->"""
    assert found["points"](page) == {"hrtem-bench, fourier, 0.1 Å": (0.686, 0.09)}
    assert len(found["points"](found["PAGE"].read_text("utf-8"))) == 5
