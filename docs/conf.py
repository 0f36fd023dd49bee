"""Sphinx configuration."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import hrtem_bench
from hrtem_bench.harness import leaderboard
from hrtem_bench.report import board_page

project = "hrtem-bench"
author = "the hrtem-bench developers"
copyright = "the hrtem-bench developers; text and figures CC BY 4.0"
version = release = hrtem_bench.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_mock_imports = ["cupy"]

html_theme = "furo"
html_title = f"hrtem-bench {release}"


def _plain(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are plain text with names in backticks: keep |q| and a*b from being read as markup."""
    parts = (re.split(r"(`+[^`]+`+)", line) for line in lines)
    lines[:] = [
        "".join(f"``{p.strip('`')}``" if p.startswith("`") else re.sub(r"([|*_])", r"\\\1", p) for p in line)
        for line in parts
    ]


def _leaderboard(app: Any, error: Exception | None) -> None:
    """The page of the leaderboard and the reports it leads to, from the entries in the checkout."""
    if error is not None or app.builder.format != "html":
        return
    root, out = Path(__file__).parents[1], Path(app.outdir)
    boards = leaderboard(root / "submissions", baselines=["unet_small"], here=root)
    (out / "leaderboard.html").write_text(board_page(boards), encoding="utf-8")
    for report in {row.report for board in boards for row in board.rows if row.report}:
        (out / report).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / report, out / report)


def setup(app: Any) -> None:
    app.connect("build-finished", _leaderboard)
    app.connect("autodoc-process-docstring", _plain)
