"""docs/reference/api.md names what is public, all of it, and nothing else."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import hrtem_bench

API = Path(__file__).parents[1] / "docs" / "reference" / "api.md"
INTERNAL = {"support", "recipes", "generation"}
"""Packages without public names: what layers share; `dataset` shows what is public of recipes and generation."""
PACKAGES = sorted({one.name for one in pkgutil.iter_modules(hrtem_bench.__path__) if one.ispkg} - INTERNAL)


@functools.cache
def directives() -> tuple[tuple[str, str, str, tuple[str, ...]], ...]:
    """(module, kind, name, members) of every directive of autodoc; the name of an `automodule` is "*"."""
    found, module = [], ""
    for line in API.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"\.\. currentmodule:: (\S+)", line):
            module = match[1]
        elif match := re.match(r"\.\. automodule:: (\S+)", line):
            found.append([match[1], "module", "*", ()])
        elif match := re.match(r"\.\. auto(\w+):: (\S+)", line):
            found.append([module, match[1], match[2], ()])
        elif match := re.match(r"\s+:members: (.+)", line):
            found[-1][3] = tuple(match[1].split(", "))
    return tuple((module, kind, name, members) for module, kind, name, members in found)


def sections() -> Mapping[str, str]:
    """The text of each section under the name of its package: "physics"."""
    _, *parts = re.split(r"^## hrtem_bench\.?(\w*)$", API.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def public(module: str) -> set[str]:
    return set(importlib.import_module(module).__all__)


def documented(package: str) -> set[str]:
    """Names of a package that a directive documents, here or in another package, or that its section has in text."""
    home = importlib.import_module(f"hrtem_bench.{package}")
    found = set(re.findall(r"`(\w+)`", sections().get(package, "")))
    found |= set(re.findall(rf"`{package}\.(\w+)`", API.read_text(encoding="utf-8")))
    for module, _, name, _ in directives():
        if name == "*":
            found |= public(module) if module == home.__name__ else set()
        elif hasattr(home, name) and getattr(importlib.import_module(module), name) is getattr(home, name):
            found.add(name)
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_in_the_reference(package: str) -> None:
    assert public(f"hrtem_bench.{package}") - documented(package) == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_has_a_section(package: str) -> None:
    assert package in sections()


@pytest.mark.parametrize("package", sorted(INTERNAL))
def test_a_package_without_public_names_says_so(package: str) -> None:
    assert not hasattr(importlib.import_module(f"hrtem_bench.{package}"), "__all__")


@pytest.mark.parametrize(("module", "kind", "name", "members"), [d for d in directives() if d[2] != "*"], ids=str)
def test_every_name_in_the_reference_is_public(module: str, kind: str, name: str, members: tuple[str, ...]) -> None:
    home = importlib.import_module(module)
    thing = getattr(home, name)
    assert name in home.__all__
    assert isinstance(thing, type) == (kind in ("class", "exception"))
    assert [member for member in members if not _has(thing, member)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_function_and_class_says_what_it_is(package: str) -> None:
    home = importlib.import_module(f"hrtem_bench.{package}")
    things = {name: getattr(home, name) for name in home.__all__}
    assert [name for name, thing in things.items() if callable(thing) and not _own_docstring(thing)] == []


def functions(package: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public function of a package, and every public method of its public classes."""
    home = importlib.import_module(f"hrtem_bench.{package}")
    for name in home.__all__:
        thing = getattr(home, name)
        if inspect.isfunction(thing):
            yield name, thing
        elif inspect.isclass(thing):
            for key, held in vars(thing).items():
                member = getattr(held, "__func__", held)
                if inspect.isfunction(member) and not key.startswith("_"):
                    yield f"{name}.{key}", member


@pytest.mark.parametrize("package", PACKAGES)
def test_arguments_are_explained_in_a_section(package: str) -> None:
    lacking = []
    for name, function in functions(package):
        arguments = [one for one in inspect.signature(function).parameters if one not in ("self", "cls")]
        section = re.search(r"^Parameters\n-+\n(.*?)(?:\n\n\S|\Z)", inspect.getdoc(function) or "", re.M | re.S)
        explained = re.findall(r"^\*{0,2}([\w, ]+?)(?: :.*)?$", section[1] if section else "", re.M)
        named = {one.strip() for line in explained for one in line.split(",")}
        if len(arguments) > 1 and not set(arguments) <= named:
            lacking.append((name, sorted(set(arguments) - named)))
    assert lacking == []


def _has(kind: Any, member: str) -> bool:
    return hasattr(kind, member) or member in getattr(kind, "__annotations__", {})


def _own_docstring(thing: Any) -> bool:
    """Whether there is a docstring that a person wrote: dataclasses make one of their fields."""
    text = getattr(thing, "__doc__", None) or ""
    return bool(text) and not text.startswith(f"{getattr(thing, '__name__', '')}(")
