"""Counts of the package, of the checkout and of a git revision: python benchmarks/structure.py [REVISION].

Packages, modules, lines of Python (blank ones and comments too), public names (the union of the packages' `__all__`,
and of the top level's lazy names), functions with seven or more arguments, functions that return a tuple. Sources are
parsed, never run, so any revision can be counted.
"""

from __future__ import annotations

import argparse
import ast
import io
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
PACKAGE = "hrtem_bench"
MANY = 7
"""Arguments from which a function counts as having many; self and cls are none."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


def of_checkout() -> dict[str, str]:
    """The package's sources by path, as they lie in the checkout."""
    return {p.relative_to(ROOT).as_posix(): p.read_text("utf-8") for p in (ROOT / PACKAGE).rglob("*.py")}


def of_revision(revision: str) -> dict[str, str]:
    """The same at a git revision."""
    command = ["git", "-C", str(ROOT), "archive", "--format=tar", revision, PACKAGE]
    archive = subprocess.run(command, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        files = [one for one in tar.getmembers() if one.isfile() and one.name.endswith(".py")]
        return {one.name: tar.extractfile(one).read().decode() for one in files}  # type: ignore[union-attr]


def counts(sources: Mapping[str, str]) -> dict[str, int]:
    """What is counted, by its name in the table."""
    trees = {path: ast.parse(text) for path, text in sources.items()}
    homes = {path: tree for path, tree in trees.items() if path.endswith("/__init__.py")}
    functions = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, Function)]
    largest = max(sources, key=lambda path: sources[path].count("\n"))
    return {
        "packages below hrtem_bench": len(homes) - 1,
        "modules": len(sources) - len(homes),
        "most modules in one package": max(_modules_by_package(sources).values()),
        "lines": sum(text.count("\n") for text in sources.values()),
        "lines of the longest module": sources[largest].count("\n"),
        "public names": len({name for tree in homes.values() for name in _public(tree)}),
        "functions": len(functions),
        f"functions with {MANY} or more arguments": sum(_arguments(one) >= MANY for one in functions),
        "functions that return a tuple": sum(_returns_tuple(one) for one in functions),
    }


def _modules_by_package(sources: Mapping[str, str]) -> dict[str, int]:
    count: dict[str, int] = {}
    for path in map(PurePosixPath, sources):
        if path.name != "__init__.py":
            count[str(path.parent)] = count.get(str(path.parent), 0) + 1
    return count


def _public(tree: ast.Module) -> Iterator[str]:
    """Names of `__all__`, and of `_HOME`, the table of what a package imports when it is first used."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id not in ("__all__", "_HOME"):
                continue
            value = node.value
            items = value.keys if isinstance(value, ast.Dict) else getattr(value, "elts", [])
            yield from (one.value for one in items if isinstance(one, ast.Constant) and isinstance(one.value, str))


def _arguments(function: Function) -> int:
    given = function.args
    names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def _returns_tuple(function: Function) -> bool:
    """Whether the annotation is tuple[A, B], two or more values packed together; tuple[A, ...] is a sequence."""
    kind = function.returns
    if not (isinstance(kind, ast.Subscript) and isinstance(kind.value, ast.Name) and kind.value.id == "tuple"):
        return False
    inner = kind.slice.elts if isinstance(kind.slice, ast.Tuple) else [kind.slice]
    return not any(isinstance(one, ast.Constant) and one.value is Ellipsis for one in inner)


def table(columns: Mapping[str, Mapping[str, int]]) -> str:
    """Markdown: a row for each count, a column for each state of the package."""
    names = next(iter(columns.values()))
    rows = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    rows += [f"| {name} | " + " | ".join(f"{one[name]:,}" for one in columns.values()) + " |" for name in names]
    return "\n".join(rows)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("revision", nargs="?", help="a git revision to compare with")
    revision = parser.parse_args().revision
    columns = {} if revision is None else {revision: counts(of_revision(revision))}
    print(table(columns | {"checkout": counts(of_checkout())}))


if __name__ == "__main__":
    main()
