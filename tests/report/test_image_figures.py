"""Example images and contact sheets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from hrtem_bench.evaluation.examples import Example
from hrtem_bench.report import contact_sheet, examples_figure, figure_png
from hrtem_bench.report.image_figures import draw_outline, draw_scale_bar, panel_figure, scale_bar_length, stretch


@given(st.floats(0.01, 1e5))
def test_scale_bars_are_round_and_about_a_fifth(width: float) -> None:
    length = scale_bar_length(width)
    mantissa = length / 10 ** np.floor(np.log10(length) + 1e-9)
    assert min(abs(mantissa - step) for step in (1, 2, 5)) < 1e-6
    assert 0.08 * width <= length <= 0.2 * width * (1 + 1e-6)


def test_scale_bar_spans_its_length_in_pixels() -> None:
    ax = Figure().subplots()
    draw_scale_bar(ax, columns=320, pixel_size=0.4)  # 12.8 nm across
    ends = np.asarray(ax.lines[0].get_xdata(), dtype=float)
    assert ax.texts[0].get_text() == "2 nm"
    assert (ends[1] - ends[0]) * 320 * 0.4 == pytest.approx(20.0)  # Å


def test_stretch_ignores_what_is_not_finite_and_survives_constants() -> None:
    image = np.arange(101.0)
    assert stretch(image, (1, 99)) == (1.0, 99.0)
    assert stretch(np.append(image, [np.nan, np.inf]), (1, 99)) == (1.0, 99.0)
    for flat in (np.full((4, 4), 3.0), np.full((4, 4), np.nan)):
        low, high = stretch(flat)
        assert low < high


def test_outlines_follow_the_edge_of_a_square() -> None:
    region = np.zeros((20, 20), dtype=bool)
    region[5:15, 8:12] = True
    ax = Figure().subplots()
    draw_outline(ax, region, "red", "solid", 1.0)
    vertices = np.concatenate([path.vertices for path in ax.collections[0].get_paths()])
    assert vertices.min(axis=0).tolist() == [7.5, 4.5]
    assert vertices.max(axis=0).tolist() == [11.5, 14.5]


def test_empty_and_full_masks_have_no_outline() -> None:
    ax = Figure().subplots()
    for region in (np.zeros((8, 8), bool), np.ones((8, 8), bool)):
        draw_outline(ax, region, "red", "solid", 1.0)
    assert not ax.collections


def test_each_example_has_a_row_of_three(examples: list[Example]) -> None:
    figure = examples_figure(examples, titles=["a & b", "$"])
    images = [ax for ax in figure.axes if ax.images and ax.get_label() != "<colorbar>"]
    assert len(images) == 3 * len(examples)
    assert images[0].get_title(loc="left") == "a & b"
    assert images[1].get_title(loc="left") == f"Dice {examples[0].dice:.2f}"
    assert np.array_equal(images[2].images[0].get_array(), examples[0].probability)


def test_a_panel_is_the_image_and_nothing_around_it(examples: list[Example]) -> None:
    png = figure_png(panel_figure(examples[0], "probability"), dpi=25.4)
    assert int.from_bytes(png[16:20]) == int.from_bytes(png[20:24]) == 60


def test_contact_sheet_is_structure_by_condition() -> None:
    rng = np.random.default_rng(0)
    images = [[rng.poisson(20, (32, 48)).astype(float) for _ in range(4)] for _ in range(2)]
    masks = [[np.pad(np.ones((8, 8), np.uint8), ((12, 12), (20, 20))) for _ in range(4)] for _ in range(2)]
    sheet = contact_sheet(images, masks, rows=["s0", "s1"], columns=list("abcd"), pixel_size=0.4, title="t")
    assert len(sheet.axes) == 8
    assert [ax.get_title() for ax in sheet.axes[:4]] == list("abcd")
    assert np.array_equal(sheet.axes[5].images[0].get_array(), images[1][1])
    assert sum(bool(ax.texts) for ax in sheet.axes) == 1  # one scale bar
    assert all(ax.collections for ax in sheet.axes)
    bare = contact_sheet(images, masks, rows=["s0", "s1"], columns=list("abcd"), pixel_size=0.4, outlined=False)
    assert not any(ax.collections for ax in bare.axes)
