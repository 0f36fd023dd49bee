"""Sphinx configuration."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import msgspec

import hrtem_bench
from hrtem_bench.comparison.leaderboard import BoardRow, leaderboard
from hrtem_bench.comparison.report_pages import REPORT
from hrtem_bench.report import board_page, explorer_page, report
from hrtem_bench.scoring.per_image import read_per_image
from hrtem_bench.scoring.reading import read_results

sys.path.insert(0, str(Path(__file__).parent))
import draw_architecture
import draw_performance
import draw_results

project = "hrtem-bench"
author = "the hrtem-bench developers"
copyright = "the hrtem-bench developers; text and figures CC BY 4.0"
version = release = hrtem_bench.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx.ext.napoleon"]
napoleon_google_docstring = False
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

# Notebooks are kept without outputs and run when the documentation is built, each in an empty folder.
nb_execution_mode = "cache"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_merge_streams = True
nb_mime_priority_overrides = [("html", "text/html", 0)]

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_mock_imports = ["cupy"]

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_title = f"hrtem-bench {release}"

SUBMISSIONS = Path(__file__).parents[1] / "submissions"


def _plain(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are plain text with names in backticks: keep |q| and a*b from being read as markup."""
    parts = (re.split(r"(`+[^`]+`+)", line) for line in lines)
    lines[:] = [
        "".join(f"``{p.strip('`')}``" if p.startswith("`") else re.sub(r"([|*]|_(?!\w))", r"\\\1", p) for p in line)
        for line in parts
    ]


def _pictures(app: Any) -> None:
    """Pictures that follow from the sources and the results as they are now."""
    images = Path(app.srcdir) / "images"
    (images / "architecture.svg").write_text(draw_architecture.drawing(), encoding="utf-8")
    (images / "performance.png").write_bytes(draw_performance.drawing())
    (images / "results_fields.svg").write_text(draw_results.drawing(), encoding="utf-8")


def _leaderboard(app: Any, error: Exception | None) -> None:
    """The page of the leaderboard and the reports it leads to, from the entries in the checkout."""
    if error is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    boards = [
        msgspec.structs.replace(board, rows=[_with_report(row, out) for row in board.rows])
        for board in leaderboard(SUBMISSIONS, baselines=["unet_small", "unet_small-joint"])
    ]
    (out / "leaderboard.html").write_text(board_page(boards), encoding="utf-8")


def _lens(app: Any, error: Exception | None) -> None:
    """The explorer, beside the page that shows it."""
    if error is None and app.builder.format == "html":
        (Path(app.outdir) / "lens.html").write_text(explorer_page(), encoding="utf-8")


def _with_report(row: BoardRow, out: Path) -> BoardRow:
    """The row, leading to a copy of its entry's report, or to one without pictures made of the entry's numbers."""
    entry, page = SUBMISSIONS / row.path, out / "submissions" / row.path / REPORT
    page.parent.mkdir(parents=True, exist_ok=True)
    if row.report:
        shutil.copyfile(entry / REPORT, page)
    else:
        page.write_text(report(read_results(entry), read_per_image(entry), []), encoding="utf-8")
    return msgspec.structs.replace(row, report=page.relative_to(out).as_posix())


def setup(app: Any) -> None:
    app.connect("builder-inited", _pictures)
    app.connect("build-finished", _leaderboard)
    app.connect("build-finished", _lens)
    app.connect("autodoc-process-docstring", _plain, priority=400)  # before napoleon, which writes markup of its own
