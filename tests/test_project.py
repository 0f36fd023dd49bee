"""The project's files say the same thing, and say what they must."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import hrtem_bench

ROOT = Path(__file__).parents[1]
SOURCES = sorted(p for folder in ("hrtem_bench", "baselines") for p in (ROOT / folder).rglob("*.py"))
LONGEST_FUNCTION = 70
CFF_KEYS = {
    "abstract", "authors", "cff-version", "commit", "contact", "date-released", "doi", "identifiers", "keywords",
    "license", "license-url", "message", "preferred-citation", "references", "repository", "repository-artifact",
    "repository-code", "title", "type", "url", "version",
}  # fmt: skip
"""All that schema 1.2.0 of the Citation File Format allows at the top."""


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return table


@pytest.fixture(scope="module")
def citation() -> dict[str, Any]:
    table: dict[str, Any] = yaml.load((ROOT / "CITATION.cff").read_text("utf-8"), Loader=yaml.BaseLoader)
    return table


def pins() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_version_is_the_same_everywhere(project: dict[str, Any], citation: dict[str, Any]) -> None:
    assert project["version"] == hrtem_bench.__version__ == citation["version"]
    assert f"## {hrtem_bench.__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_constraints_are_exact_versions_and_torch_is_first() -> None:
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+", pin) for pin in pins())
    assert pins()[0] == "torch==2.13.0"
    names = [pin.split("==")[0] for pin in pins()[1:]]
    assert names == sorted(set(names))


def test_every_requirement_has_a_version_that_it_allows(project: dict[str, Any]) -> None:
    pinned = dict(pin.split("==") for pin in pins())
    extras = {k: v for k, v in project["optional-dependencies"].items() if not k.startswith("cuda")}
    for text in [*project["dependencies"], *(one for extra in extras.values() for one in extra)]:
        need = Requirement(text)
        if need.name != project["name"]:
            assert pinned[canonicalize_name(need.name)] in need.specifier, text


def test_all_is_every_extra_but_those_for_gpus_and_developers(project: dict[str, Any]) -> None:
    (everything,) = project["optional-dependencies"]["all"]
    others = {name for name in project["optional-dependencies"] if not name.startswith("cuda")}
    assert Requirement(everything).extras == others - {"all", "dev", "docs"}


def test_the_citation_follows_the_schema(citation: dict[str, Any]) -> None:
    """Schema 1.2.0: required keys, no others than it knows, and the same of what it cites."""
    assert citation["cff-version"] == "1.2.0"
    assert set(citation) <= CFF_KEYS
    assert all(citation[key] for key in ("message", "title", "authors"))
    assert citation["type"] in ("software", "dataset")
    assert len(set(citation["keywords"])) == len(citation["keywords"]) > 0
    for work in citation["references"]:
        assert {"authors", "title", "type"} <= set(work)
        assert re.fullmatch(r"10\.\d{4,9}(\.\d+)?/[\w:/;\-.()\[\]\\]+", work["doi"])
        assert re.match("https?://.+", work["url"])
        assert 1 <= int(work["month"]) <= 12
        assert all({"family-names", "given-names"} == set(author) for author in work["authors"])


def test_the_citation_names_the_authors_and_the_paper(citation: dict[str, Any], project: dict[str, Any]) -> None:
    assert citation["authors"] == [{"name": "The hrtem-bench developers"}]
    assert citation["license"] == project["license"] == "BSD-3-Clause"
    (paper,) = citation["references"]
    assert [author["family-names"] for author in paper["authors"]] == ["Rangel DaCosta", "Scott"]
    assert paper["identifiers"][0]["value"] == "arXiv:2512.09067"


def test_the_licences_are_there() -> None:
    assert "BSD 3-Clause" in (ROOT / "LICENSE").read_text()
    assert "CC BY 4.0" in (ROOT / "LICENSE-DATA").read_text()


def test_the_changelog_sets_numerical_changes_apart() -> None:
    releases = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)[1:]
    assert releases
    assert all("### Numerical changes" in release for release in releases)


@pytest.mark.parametrize("command", ["make quickstart", "make test"])
def test_the_readmes_commands_are_targets_of_the_makefile(command: str) -> None:
    assert command in (ROOT / "README.md").read_text("utf-8")
    asked = subprocess.run([*command.split(), "--dry-run"], cwd=ROOT, check=True, capture_output=True, text=True)
    assert asked.stdout


def test_ci_runs_the_readmes_test_command() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in script.read_text()
    assert re.search(r"^make test$", script.read_text(), flags=re.MULTILINE)


def lines_beside_docstring(node: ast.FunctionDef) -> int:
    documented = ast.get_docstring(node) is not None
    docstring = (node.body[0].end_lineno or 0) - node.body[0].lineno + 1 if documented else 0
    return (node.end_lineno or 0) - node.lineno + 1 - docstring


def test_functions_fit_a_screen() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and lines_beside_docstring(node) > LONGEST_FUNCTION
    ]
    assert long == []


def test_a_module_says_its_job_in_its_first_line() -> None:
    said = {path: ast.get_docstring(ast.parse(path.read_text("utf-8"))) for path in SOURCES}
    assert [str(path.relative_to(ROOT)) for path, words in said.items() if not words] == []


def test_nothing_is_left_to_do_in_the_sources() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|raise NotImplementedError)\b")
    assert [str(p) for p in SOURCES if marks.search(p.read_text("utf-8"))] == []


TRAINED = {"weights.safetensors", "train_log.csv"}


@pytest.mark.parametrize(
    ("name", "due"),
    [("otsu", {"model.py"}), ("unet_small", TRAINED | {"model.py"}), ("unet_joint", TRAINED)],
)
def test_a_baselines_folder_is_whole(name: str, due: set[str]) -> None:
    files = {path.name for path in (ROOT / "baselines" / name).iterdir() if path.name != "__pycache__"}
    assert files == due | {"README.md", "card.toml"}
    if "train_log.csv" in due:
        card = tomllib.loads((ROOT / "baselines" / name / "card.toml").read_text("utf-8"))
        assert card["trained_on"]["command"].startswith("hrtem-bench train unet_small ")


def asserts(node: ast.AST, helpers: dict[str, ast.AST], seen: frozenset[str] = frozenset()) -> bool:
    """Whether a test or a function of its file that it calls states anything: assert, raises, warns, assert_…."""
    for one in ast.walk(node):
        if isinstance(one, ast.Assert):
            return True
        if isinstance(one, ast.Call):
            name = one.func.attr if isinstance(one.func, ast.Attribute) else getattr(one.func, "id", "")
            if name in ("raises", "warns", "fail") or name.startswith("assert_"):
                return True
            if name in helpers and name not in seen and asserts(helpers[name], helpers, seen | {name}):
                return True
    return False


def test_no_test_asserts_nothing() -> None:
    silent = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        functions = [one for one in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(one, ast.FunctionDef)]
        helpers: dict[str, ast.AST] = {one.name: one for one in functions}
        silent += [f"{path.name}::{n}" for n, one in helpers.items() if n[:5] == "test_" and not asserts(one, helpers)]
    assert silent == []
