"""The page that compares models, and the figures of results alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from matplotlib.text import Annotation

from hrtem_bench.cli import run
from hrtem_bench.comparison.compare import compare
from hrtem_bench.comparison.report_pages import PAGE_START
from hrtem_bench.errors import InputError
from hrtem_bench.report import comparison_page, comparison_sentences, curve_figure, curve_of, journal_figures
from hrtem_bench.report.curve_data import track_of
from hrtem_bench.report.figure_style import MM
from hrtem_bench.report.point_labels import label_points
from hrtem_bench.report.score_figures import new_figure
from hrtem_bench.scoring.per_image import write_per_image
from hrtem_bench.scoring.results import Results, write_results
from hrtem_bench.scoring.run import Run

Make = Callable[..., Results]
Columns = dict[str, np.ndarray]


def test_the_page_says_and_shows_what_was_compared(make_results: Make, per_image: Columns, hostile: str) -> None:
    results = [make_results("A"), make_results(hostile)]
    runs = [Run(one, per_image | {"dice": per_image["dice"] - 0.1 * i}) for i, one in enumerate(results)]
    comparison = compare(runs)
    page = comparison_page(comparison, results)
    assert page.startswith(PAGE_START) and page == comparison_page(comparison, results)
    assert hostile not in page  # it is escaped
    assert "A is better than" in page and comparison_sentences(comparison, comparison.pairs[0])[0].startswith("Over")
    assert page.count("<td>+0.1000</td>") == len(results[0].curve) + 1
    assert 'class="narrow"' in page and 'class="wide"' in page


@pytest.mark.parametrize("width", [85.0, 170.0])
def test_figures_have_the_width_of_a_journals_column_or_page(width: float, make_results: Make) -> None:
    made = journal_figures(make_results(), [make_results("B")], width=width)
    assert set(made) == {"curve", "sigma", "epsilon", "reliability"}
    for figure in made.values():
        assert figure.get_figwidth() == pytest.approx(width * MM)
        assert figure.get_figheight() < 170 * MM
    assert "B" in [text.get_text() for text in made["curve"].legends[0].get_texts()]


def test_a_width_that_no_journal_has(results: Results) -> None:
    for width in (0.0, 59.0, 301.0, float("nan")):
        with pytest.raises(InputError, match="60 to 300 mm wide"):
            journal_figures(results, width=width)


def test_a_wide_curve_has_its_panels_beside_each_other(results: Results) -> None:
    figure = curve_figure(curve_of(results), track_of(results), width=170.0)
    dice, loss, transfer = figure.axes
    figure.draw_without_rendering()
    boxes = [ax.get_position() for ax in (dice, loss, transfer)]
    assert boxes[0].x1 < boxes[1].x0 and boxes[1].y0 > boxes[2].y1
    assert [ax.get_xlabel() for ax in (dice, loss, transfer)] == [track_of(results).label, "", track_of(results).label]


def test_points_that_cover_each_other_share_a_label() -> None:
    figure = new_figure(85.0, 60.0)
    ax = figure.subplots()
    x = np.array([0.0, 1.0, 1.001, 2.0, 2.001, 2.002, 2.001])
    ax.plot(x, x, "o")
    assert label_points(ax, x, np.stack([x, x, x]), list("abcdefg")) == 0
    written = [text.get_text() for text in ax.texts if isinstance(text, Annotation)]
    assert sorted(written) == ["4 conditions", "a", "b, c"]


def written(folder: Path, results: Results, columns: Columns) -> Path:
    folder.mkdir(parents=True)
    write_results(folder / "results.json", results)
    curve = {point.condition: point.dice.value for point in results.curve}
    names = columns["condition_id"]
    due = np.array([curve[name] for name in names])
    centred = columns["dice"] - np.array([columns["dice"][names == name].mean() for name in names])
    write_per_image(folder / "per_image.parquet", columns | {"dice": due + centred})
    return folder


def test_the_commands(
    make_results: Make, per_image: Columns, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = (str(written(tmp_path / name, make_results(name), per_image)) for name in ("a", "b"))
    assert run(["figures", one, two, "--width", "170", "--out", str(tmp_path / "figures")]) == 0
    assert (tmp_path / "figures" / "curve_170mm.svg").stat().st_size > 10_000
    assert run(["compare", one, two, "--out", str(tmp_path / "pair.html")]) == 0
    assert "The curves" in (tmp_path / "pair.html").read_text("utf-8")
    assert run(["leaderboard", one, "--baseline", "x", "--out", str(tmp_path / "board.html")]) == 2
    assert "no baseline 'x' in" in (said := capsys.readouterr().err) and said.strip().endswith("its results are a")
    other = make_results("c", dataset={"checksum": "f" * 64})
    capsys.readouterr()
    other_folder = str(written(tmp_path / "c", msgspec.convert(msgspec.to_builtins(other), Results), per_image))
    assert run(["figures", one, other_folder, "--out", str(tmp_path / "none")]) == 2
    assert "was scored on other images than a" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
