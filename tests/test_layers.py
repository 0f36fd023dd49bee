"""Each layer imports only those above it (CONTRIBUTING.md), wherever in a file the import stands."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "hrtem_bench"
LAYERS = (
    "errors", "machine", "conditions", "support", "physics", "specimens", "multislice", "imaging",
    "image_files", "measurement", "recipes", "generation", "dataset", "observer", "models", "scoring", "evaluation",
    "micrographs", "comparison", "planning", "training", "study", "report", "interactive", "cli", "__main__",
)  # fmt: skip
BASELINES_MAY_USE = {"hrtem_bench", "hrtem_bench.conditions", "hrtem_bench.dataset", "hrtem_bench.errors"}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def imported(source: str, package: tuple[str, ...]) -> Iterator[str]:
    """Dotted names that the source imports; `package`: where its relative imports start."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("hrtem_bench."):
            yield node.value  # require("hrtem_bench.specimens.films", "sim")
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            home = ".".join([*base, *filter(None, [node.module])])
            yield home
            yield from (f"{home}.{alias.name}" for alias in node.names)


def layers_used(source: str, package: tuple[str, ...]) -> set[str]:
    names = (name.split(".") for name in imported(source, package))
    return {parts[1] for parts in names if parts[0] == "hrtem_bench" and len(parts) > 1} & set(LAYERS)


def too_low(path: Path) -> set[str]:
    """The layers that this module may not import and does."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    own = LAYERS.index(parts[1])
    return {used for used in layers_used(path.read_text("utf-8"), parts[:-1]) if LAYERS.index(used) > own}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_the_layers_above_its_own(path: Path) -> None:
    assert too_low(path) == set()


def test_every_module_belongs_to_a_layer() -> None:
    assert {path.relative_to(PACKAGE).with_suffix("").parts[0] for path in MODULES} <= set(LAYERS)


def test_the_package_never_imports_its_baselines() -> None:
    users = [
        path for path in MODULES for name in imported(path.read_text("utf-8"), ()) if name.split(".")[0] == "baselines"
    ]
    assert users == []


@pytest.mark.parametrize("path", sorted((ROOT / "baselines").rglob("*.py")), ids=lambda path: path.parent.name)
def test_baselines_use_the_public_surface_only(path: Path) -> None:
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    homes = {
        node.module
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
    } | {name for name in imported(path.read_text("utf-8"), package) if name.count(".") == 1}
    assert {home for home in homes if home.split(".")[0] == "hrtem_bench"} <= BASELINES_MAY_USE


@pytest.mark.parametrize(
    "source",
    [
        "from hrtem_bench.report import write_report",
        "import hrtem_bench.cli",
        "from hrtem_bench import scoring",
        "from ..dataset import open_dataset",
        "def f():\n    from hrtem_bench.study.sweep import run",
        "if True:\n    import hrtem_bench.imaging as im",
    ],
)
def test_each_form_of_import_is_seen(source: str) -> None:
    below_physics = set(LAYERS[LAYERS.index("physics") + 1 :])
    assert layers_used(source, ("hrtem_bench", "physics")) & below_physics


ENTRY_POINTS = {"hrtem_bench.__main__"}
"""Loaded by Python, by no module of the package."""


def _module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def import_graph() -> dict[str, set[str]]:
    """Module -> the modules of the package that it imports, at the top of the file or inside a function."""
    files = {_module_name(path): path for path in PACKAGE.rglob("*.py")}
    graph = {}
    for name, path in files.items():
        package = path.relative_to(ROOT).parts[:-1]
        graph[name] = {used for used in imported(path.read_text("utf-8"), package) if used in files} - {name}
    return graph


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Sets of two or more modules each of which reaches all others of its set."""
    reached: dict[str, set[str]] = {}
    for start, direct in graph.items():
        found, waiting = set(), list(direct)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += graph[name]
        reached[start] = found
    sets = {frozenset({name, *(o for o in reached[name] if name in reached[o])}) for name in graph}
    return sorted((set(one) for one in sets if len(one) > 1), key=sorted)


def _inside(package: str) -> dict[str, set[str]]:
    """The part of the import graph inside one package; importing the package itself counts for none of its modules."""
    graph = import_graph()
    own = {name for name in graph if name.startswith(f"hrtem_bench.{package}.")}
    return {name: graph[name] & own for name in own}


@pytest.mark.parametrize("package", sorted(p.parent.name for p in PACKAGE.glob("*/__init__.py")))
def test_no_package_has_a_circle_of_imports(package: str) -> None:
    assert circles(_inside(package)) == []


def test_a_circle_is_seen() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}
    assert circles(graph) == [{"b", "c"}]


def test_every_module_is_imported_by_another() -> None:
    graph = import_graph()
    used = {name for names in graph.values() for name in names}
    # `import hrtem_bench` loads nothing of the package before a name is asked for: its table of homes names modules.
    named = set(re.findall(r'"(\w+)"', (PACKAGE / "__init__.py").read_text("utf-8")))
    used |= {f"hrtem_bench.{name}" for name in named}
    named = set(re.findall(r'"(\w+)"', (PACKAGE / "report" / "__init__.py").read_text("utf-8")))  # likewise
    used |= {f"hrtem_bench.report.{name}" for name in named}
    packages = {_module_name(path) for path in PACKAGE.rglob("__init__.py")}  # loaded with any of their modules
    assert graph.keys() - used - packages - ENTRY_POINTS == set()
