"""The pages of the documentation: their code runs, their commands parse, their links lead somewhere."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import json
import re
import shlex
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

import hrtem_bench as hb
from hrtem_bench.cli import application
from hrtem_bench.dataset import load_recipe

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "data_cards/*.md", "baselines/*/*.md")
    for path in ROOT.glob(pattern)
    if "_build" not in path.parts
)
TEMPLATES = "data_cards/"
"""Sources of cards, with names to be filled in: their links are looked at; docs/mini/card.md is made of them."""
TEXT = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in PAGES}
MADE_BY_THE_BUILD = {
    "leaderboard.html",
    "lens.html",
    "images/architecture.svg",
    "images/performance.png",
    "images/results_fields.svg",
}
"""Below docs/, and there only once the documentation is built."""
ELSEWHERE = {"docs/how-to/models.md": "tests/models/test_models_page.py"}
"""Pages whose Python is run by a test of its own."""
NEEDS_A_CLUSTER = {"docs/how-to/recipes.md"}
"""Their Python needs a batch system: it is compiled and not run."""


def blocks(page: str, *languages: str) -> list[str]:
    """The fenced blocks of a page in one of these languages, without the indentation of a list."""
    if page.startswith(TEMPLATES):
        return []
    found = re.findall(r"^( *)```(\w+)[^\n]*\n(.*?)^\1```", TEXT[page], flags=re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(body) for _, language, body in found if language in languages]


def pages_with(*languages: str) -> list[str]:
    return [page for page in TEXT if blocks(page, *languages)]


def plain_python(page: str) -> list[str]:
    return [block for block in blocks(page, "python") if not block.startswith(">>>")]


# --- Python


@pytest.fixture
def here(tmp_path: Path, toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the toy dataset under the names that pages give theirs, and results of a baseline on it."""
    (tmp_path / "data").mkdir()
    for name in ("mini", "data/mini", "tiny"):
        (tmp_path / name).symlink_to(toy_folder)
    monkeypatch.chdir(tmp_path)
    # What pages generate is there already; only the recipe's name is looked up.
    monkeypatch.setattr(hb, "generate", lambda recipe, out: load_recipe(recipe), raising=False)
    return tmp_path


def given(page: str) -> dict[str, Any]:
    """What a page's Python takes for granted, by name."""
    names: dict[str, Any] = {"__name__": "page", "hb": hb}
    if page == "README.md":
        from ase import Atoms
        from torch import nn

        names["network"] = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.Sigmoid())
        names["atoms"] = Atoms("Au2", [(6.4, 6.4, 2), (3, 3, 2)], cell=(12.8, 12.8, 4))
    if page == "docs/how-to/micrographs.md":
        names["image"] = np.random.default_rng(0).poisson(100, (256, 256)).astype(float)
    if page == "docs/reference/results.md":
        hb.evaluate("otsu", "mini", limit=1, progress=False).save("results/mine")
    return names


@pytest.mark.parametrize("page", [page for page in TEXT if plain_python(page) and page not in ELSEWHERE])
def test_python_runs(page: str, here: Path) -> None:
    for package in ("torch", "datasets", "ase", "numba"):
        pytest.importorskip(package)
    names = {} if page in NEEDS_A_CLUSTER else given(page)
    for block in plain_python(page):
        code = compile(block, page, "exec")
        if page not in NEEDS_A_CLUSTER:
            exec(code, names)
    assert page in NEEDS_A_CLUSTER or len(names) > 3


@pytest.mark.parametrize("page", [page for page in pages_with("python") if ">>> " in TEXT[page]])
def test_python_prints_what_the_page_says(page: str, here: Path) -> None:
    result = doctest.testfile(str(ROOT / page), module_relative=False, encoding="utf-8")
    assert result.attempted > 0
    assert result.failed == 0


def test_the_signature_of_train_is_the_one_there_is() -> None:
    from hrtem_bench.training import train

    (block,) = blocks("docs/how-to/training.md", "text")
    written = ast.parse(f"def {block.strip()}: ...").body[0]
    assert isinstance(written, ast.FunctionDef)
    parameters = inspect.signature(train).parameters.values()
    assert [one.arg for one in written.args.args] == [
        one.name for one in parameters if one.kind == one.POSITIONAL_OR_KEYWORD
    ]
    assert [one.arg for one in written.args.kwonlyargs] == [
        one.name for one in parameters if one.kind == one.KEYWORD_ONLY
    ]
    defaults = [ast.literal_eval(one) for one in (*written.args.defaults, *written.args.kw_defaults) if one is not None]
    assert defaults == [one.default for one in parameters if one.default is not one.empty]


@pytest.mark.parametrize("page", ELSEWHERE)
def test_python_of_other_pages_is_run_by_their_test(page: str) -> None:
    assert Path(page).name in (ROOT / ELSEWHERE[page]).read_text("utf-8")


@pytest.mark.parametrize("page", pages_with("toml"))
def test_toml_can_be_read(page: str) -> None:
    assert all(tomllib.loads(block) for block in blocks(page, "toml"))


# --- shell


def commands(page: str) -> Iterator[str]:
    """The command lines of a page's shell blocks, without prompt and comment."""
    for block in blocks(page, "sh", "console"):
        lines = block.replace("\\\n", " ").splitlines()
        if any(line.startswith("$ ") for line in lines):
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        yield from (line for line in lines if line.strip() and not line.startswith("#"))


def in_prose(page: str) -> Iterator[list[str]]:
    """The words of each command of the program that stands in a sentence or a table."""
    if page.startswith(TEMPLATES):
        return
    prose = re.sub(r"^( *)```.*?^\1```", "", TEXT[page], flags=re.DOTALL | re.MULTILINE)
    for inline in re.findall(r"`hrtem-bench ([^`]*)`", prose):
        yield inline.split()


def command_of(line: str) -> tuple[Any, Any, list[str]]:
    """(context of the program, command, words after its name) of a command line."""
    program = typer.main.get_command(application())
    context = program.make_context("hrtem-bench", shlex.split(line, comments=True)[1:], obj=line)
    name, command, rest = program.resolve_command(context, [*context._protected_args, *context.args])
    assert command is not None, f"there is no command {name}"
    return context, command, rest


def check_command(line: str) -> None:
    """Every name, value and option of a command line is one that there is; nothing is run."""
    words = shlex.split(line, comments=True)
    if words[:2] == ["hrtem-bench", "--help"]:
        return
    if words[0] == "hrtem-bench":
        context, command, rest = command_of(line)
        command.make_context(command.name, rest, parent=context)
    elif words[0] == "make":
        assert f"\n{words[1]}:" in (ROOT / "Makefile").read_text("utf-8"), line
    elif words[0] == "python" and words[1].endswith(".py"):
        source = (ROOT / words[1]).read_text("utf-8")
        assert all(word.partition("=")[0] in source for word in words[2:] if word.startswith("--")), line
    elif words[:2] == ["python", "-c"]:
        compile(words[2], line, "exec")
    else:
        assert words[0] in ("pip", "git", "hf", "twine", "export"), f"{line}: what is it?"


@pytest.mark.parametrize("page", [page for page in TEXT if next(commands(page), None)])
def test_commands_parse(page: str) -> None:
    wrong = {}
    for line in commands(page):
        try:
            check_command(line)
        except Exception as error:  # click's own, by whichever name typer has it
            wrong[line] = str(error) or type(error).__name__
    assert wrong == {}


@pytest.mark.parametrize("page", [page for page in TEXT if next(in_prose(page), None)])
def test_commands_in_prose_have_their_options(page: str) -> None:
    for words in in_prose(page):
        _, command, rest = command_of(shlex.join(["hrtem-bench", words[0]]))
        known = {option for one in command.params for option in one.opts} | {"--help"}
        assert {word.partition("=")[0] for word in [*words[1:], *rest] if word.startswith("--")} <= known, words


def test_a_wrong_option_is_seen() -> None:
    with pytest.raises(Exception, match="--tracks"):
        check_command("hrtem-bench evaluate unet_small --data mini --tracks defocus")


# --- links and names


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as the documentation and code hosts make them."""
    outside = re.sub(r"^( *)```.*?^\1```", "", text, flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#{1,6} +(.+)$", outside, flags=re.MULTILINE)
    bare = [re.sub(r"\[([^]]*)\]\([^)]*\)|[`*]", r"\1", title).strip().lower() for title in titles]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in bare}


def prose_of(notebook: Path) -> str:
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def broken(page: str, text: str) -> list[str]:
    """Addresses of links and pictures within a page that lead nowhere."""
    home = (ROOT / page).parent
    text = re.sub(r"^( *)```(?!\{).*?^\1```|`[^`\n]*`", "", text, flags=re.DOTALL | re.MULTILINE)
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:href|src)="([^"]+)"', text)
    wrong = []
    for target in targets:
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (home / name).resolve() if name else ROOT / page
        built = path.is_relative_to(DOCS) and path.relative_to(DOCS).as_posix() in MADE_BY_THE_BUILD
        made = page == "data_cards/dataset.md" and name.startswith("pictures/")  # beside the card of a dataset
        there = built or made or path.exists()
        if not there or (anchor and path.suffix == ".md" and anchor not in anchors(path.read_text("utf-8"))):
            wrong.append(target)
    return wrong


@pytest.mark.parametrize("page", TEXT)
def test_links_lead_somewhere(page: str) -> None:
    assert broken(page, TEXT[page]) == []


@pytest.mark.parametrize("notebook", sorted(DOCS.glob("*/*.ipynb")), ids=lambda path: path.stem)
def test_links_of_notebooks_lead_somewhere(notebook: Path) -> None:
    assert broken(notebook.relative_to(ROOT).as_posix(), prose_of(notebook)) == []


def test_a_broken_link_is_seen() -> None:
    text = "[a](reference/api.md) [b](reference/nothing.md) [c](reference/conventions.md#nowhere) `[d](e)`"
    assert broken("docs/index.md", text) == ["reference/nothing.md", "reference/conventions.md#nowhere"]


@pytest.mark.parametrize("page", [page for page in TEXT if "{py:" in TEXT[page]])
def test_python_names_are_there(page: str) -> None:
    for name in re.findall(r"\{py:\w+\}`([\w.]+)`", TEXT[page]):
        module, _, thing = name.rpartition(".")
        assert hasattr(importlib.import_module(module), thing), name


def test_every_page_is_reached_from_the_start_page() -> None:
    listed = set(re.findall(r"^([\w/-]+)$", TEXT["docs/index.md"], flags=re.MULTILINE))
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in PAGES if path.is_relative_to(DOCS)}
    assert pages - {"index"} <= listed


def test_pages_named_in_the_sources_are_there() -> None:
    named = {
        (path.relative_to(ROOT).as_posix(), name)
        for folder in ("hrtem_bench", "benchmarks", "baselines", "examples", "tests")
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"(?<![\w/])docs/[\w/.-]+?\.(?:md|json)", path.read_text("utf-8"))
    }
    assert [one for one in sorted(named) if not (ROOT / one[1]).exists()] == []
