"""The figure of paired differences and the leaderboard's page, on artificial results."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from hrtem_bench.comparison.compare import compare
from hrtem_bench.comparison.leaderboard import Board, BoardRow, leaderboard
from hrtem_bench.comparison.report_pages import PAGE_START
from hrtem_bench.report import board_page, comparison_figure, figure_svg
from hrtem_bench.scoring.per_image import write_per_image
from hrtem_bench.scoring.results import Results, write_results
from hrtem_bench.scoring.run import Run

Make = Callable[..., Results]
Columns = dict[str, np.ndarray]


def run(results: Results, columns: Columns, shift: float = 0.0, seed: int = 0) -> Run:
    """A run whose scores per image are those given, moved by `shift`, with noise of its own."""
    noise = 0.01 * np.random.default_rng(seed).standard_normal(len(columns["dice"]))
    return Run(results, columns | {"dice": columns["dice"] + shift + noise})


def test_every_pair_has_a_panel_and_its_decided_points_are_filled(make_results: Make, per_image: Columns) -> None:
    shifts = {"A": 0.0, "B": 0.1, "C": 0.1}
    comparison = compare([run(make_results(name), per_image, shifts[name], i) for i, name in enumerate(shifts)])
    figure = comparison_figure(comparison)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["A − B", "A − C", "B − C"]
    for ax, pair in zip(figure.axes, comparison.pairs, strict=True):
        points = [line for line in ax.lines if line.get_marker() == "o"]
        assert [line.get_xdata()[0] for line in points] == [one.value for one in pair.conditions]
        assert [line.get_ydata()[0] for line in points] == [one.difference.value for one in pair.conditions]
        filled = [line.get_markerfacecolor() != "white" for line in points]
        assert filled == [one.p_holm <= 0.05 for one in pair.conditions]
    assert all(one.p_holm <= 0.05 for one in comparison.pairs[0].conditions)
    assert "Defocus (nm)" in figure_svg(figure)


def test_long_names_are_whole(make_results: Make, per_image: Columns) -> None:
    names = ["U-Net, small", "Local variance and Otsu's threshold"]
    figure = comparison_figure(
        compare([run(make_results(name), per_image, seed=i) for i, name in enumerate(names)]),
    )
    figure.draw_without_rendering()
    (ax,) = figure.axes
    title = ax._left_title
    assert title.get_text().split("\n") == [names[0], f"− {names[1]}"]
    assert figure.bbox.contains(*title.get_window_extent().p1)


def test_conditions_without_values_are_named(make_results: Make, per_image: Columns) -> None:
    results = make_results("A", dataset={"unit": "", "axis": "structure"})
    figure = comparison_figure(compare([run(results, per_image), run(results, per_image, 0.0, 1)]))
    assert next(label.get_text() for label in figure.axes[0].get_xticklabels()) == "defocus=-25nm"


@pytest.fixture
def boards(make_results: Make, per_image: Columns, tmp_path: Path, hostile: str) -> list[Board]:
    for name, version in (("U-Net", "1.0"), (hostile.replace("\x07", ""), "1.0"), ("U-Net", "2.0")):
        checksum = {"1.0": "ab" * 32, "2.0": "ef" * 32}[version]
        folder = tmp_path / f"{len(name)}-{version}"
        folder.mkdir()
        write_results(folder / "results.json", make_results(name, dataset={"version": version, "checksum": checksum}))
        write_per_image(folder / "per_image.parquet", per_image)
    return leaderboard(tmp_path)


def linked(row: BoardRow) -> BoardRow:
    return msgspec.structs.replace(row, report="5-1.0/report.html")


def test_the_page_keeps_versions_apart_and_links_reports(boards: list[Board]) -> None:
    page = board_page([boards[0], msgspec.structs.replace(boards[1], rows=[linked(boards[1].rows[0])])])
    headings = re.findall(r'<h2 id="board-\d-title">([^<]*)', page)
    assert headings == ["Defocus: artificial 1.0", "Defocus: artificial 2.0"]
    assert page.count('href="5-1.0/report.html"') == 1
    assert "<script" not in page
    assert page.startswith(PAGE_START)
    assert "http" not in page.removeprefix(PAGE_START).replace("http://www.w3.org", "")
    first, second = page.split('<section id="board-2"')
    assert "alert" in first
    assert "alert" not in second


def test_the_page_is_the_same_every_time(boards: list[Board]) -> None:
    assert board_page(boards) == board_page(boards)
