"""Figures of scores: what is drawn is what was given, and labels do not collide."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from scipy.stats import spearmanr

from hrtem_bench.report import ReliabilityCurve, curve_figure, curve_of, reliability_figure, shift_figure
from hrtem_bench.report.curve_data import reliability_of, track_of
from hrtem_bench.scoring.results import Results


def line_data(figure: Figure, panel: int) -> list[np.ndarray]:
    return [np.asarray(line.get_xydata()) for line in figure.axes[panel].lines]


def test_the_curve_is_sorted_and_drawn_as_given(make_results: Callable[..., Results]) -> None:
    results = make_results()
    shuffled = make_results(curve=results.curve[::-1])
    curve = curve_of(shuffled)
    assert list(curve.value) == sorted(point.value for point in results.curve)
    figure = curve_figure(curve, track_of(shuffled))
    wanted = np.array([[point.value, point.dice.value] for point in results.curve])
    assert any(np.array_equal(data, wanted) for data in line_data(figure, 0))
    assert figure.axes[-1].get_xlabel() == "Defocus (nm), underfocus > 0"
    assert [ax.get_ylabel() for ax in figure.axes] == ["Dice", "Loss (NLL, nats per pixel)", "Transfer (0 to 1)"]


def test_bands_are_the_intervals_and_trained_conditions_are_marked(results: Results) -> None:
    curve = curve_of(results)
    figure = curve_figure(curve, track_of(results), confidence=0.9)
    for drawn, kind in zip(figure.axes[0].collections, ("dice_band", "dice"), strict=True):
        heights = np.asarray(drawn.get_paths()[0].vertices)[:, 1]
        assert heights.min() == pytest.approx(min(getattr(point, kind).low for point in results.curve))
        assert heights.max() == pytest.approx(max(getattr(point, kind).high for point in results.curve))
    trained = [data for data in line_data(figure, 0) if len(data) == 2 and np.all(data[:, 0] == -10)]
    assert trained
    (legend,) = figure.legends
    marks = [text.get_text() for text in legend.get_texts()]
    assert marks == ["trained here", "90 % interval", "90 % band of the curve"]


def test_other_models_are_named(make_results: Callable[..., Results], hostile: str) -> None:
    one, two = make_results(), make_results(hostile)
    figure = curve_figure(curve_of(one), track_of(one), others=[curve_of(two)])
    FigureCanvasAgg(figure).draw()  # a dollar sign in a name is no formula
    (legend,) = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names[0] == one.model.name
    assert "<script>" in names[1].replace("\n", "") and names[1].count("\n") == 1


def test_a_long_name_is_whole_in_a_narrow_figure(make_results: Callable[..., Results]) -> None:
    name = "Local variance and Otsu's threshold"
    one, two = make_results(), make_results(name)
    figure = curve_figure(curve_of(one), track_of(one), others=[curve_of(two)])
    (legend,) = figure.legends
    shown = legend.get_texts()[1]
    assert " ".join(shown.get_text().split()) == name
    FigureCanvasAgg(figure).draw()
    assert figure.bbox.contains(*legend.get_window_extent().p1)


@pytest.mark.parametrize("against", ["sigma", "epsilon"])
def test_rank_correlation_is_stated_and_every_point_named(results: Results, against: str) -> None:
    curve = curve_of(results)
    figure = shift_figure(curve, track_of(results), against=against)
    for ax, name in zip(figure.axes, ("nll", "dice"), strict=True):
        rho = spearmanr(getattr(curve, against), curve.scores[name][0]).statistic
        assert ax.get_title(loc="left") == f"Spearman’s ρ = {rho:+.2f}".replace("-", "−")
        written = {text.get_text() for text in ax.texts}
        assert {"−25", "−10", "0", "+5", "+25"} <= written


def test_stated_correlation_wins(results: Results) -> None:
    figure = shift_figure(curve_of(results), track_of(results), rho={"nll": -0.123, "dice": None})
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["Spearman’s ρ = −0.12", "Spearman’s ρ = –"]


def test_labels_do_not_cover_each_other(results: Results) -> None:
    figure = shift_figure(curve_of(results), track_of(results))
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    for ax in figure.axes:
        boxes = [t.get_window_extent(renderer) for t in ax.texts if isinstance(t, Annotation)]
        for index, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[index + 1 :])
            assert box.x0 >= 0 and box.x1 <= figure.bbox.x1


def test_a_model_without_probabilities_has_no_loss_panel(make_results: Callable[..., Results]) -> None:
    results = make_results()
    bare = [msgspec.structs.replace(p, scores={"dice": p.dice}) for p in results.curve]
    figure = curve_figure(curve_of(make_results(curve=bare)), track_of(results))
    assert [ax.get_ylabel() for ax in figure.axes] == ["Dice", "Transfer (0 to 1)"]


def test_tracks_without_numbers_show_names(make_results: Callable[..., Results]) -> None:
    results = make_results(dataset={"track": "structure", "axis": "structure", "unit": ""})
    figure = curve_figure(curve_of(results), track_of(results))
    figure.draw_without_rendering()
    ticks = [text.get_text() for text in figure.axes[-1].get_xticklabels()]
    assert ticks == [point.condition for point in results.curve]


def test_dose_is_drawn_on_a_logarithmic_axis(make_results: Callable[..., Results]) -> None:
    results = make_results()
    points = [{**{f: getattr(p, f) for f in p.__struct_fields__}, "value": dose}
              for p, dose in zip(results.curve, (30, 75, 150, 300, 600), strict=False)]  # fmt: skip
    dosed = make_results(curve=points, dataset={"track": "dose", "axis": "dose", "unit": "e/Å²"})
    figure = curve_figure(curve_of(dosed), track_of(dosed))
    figure.draw_without_rendering()
    ax = figure.axes[-1]
    assert ax.get_xscale() == "log" and ax.get_xlabel() == "Dose (e/Å²)"
    assert [text.get_text() for text in ax.get_xticklabels()] == ["30", "75", "150", "300", "600"]


def test_reliability_leaves_empty_bins_out() -> None:
    one = ReliabilityCurve(np.array([0.1, 0.5, 0.9]), np.array([0.2, 0.0, 0.8]), np.array([30.0, 0.0, 10.0]))
    figure = reliability_figure({"elsewhere": one})
    assert line_data(figure, 0)[1].tolist() == [[0.1, 0.2], [0.9, 0.8]]
    (steps,) = figure.axes[1].patches
    assert np.asarray(steps.get_data().values) == pytest.approx([0.75, 0.0, 0.25])  # type: ignore[attr-defined]


def test_reliability_is_pooled_over_pixels(make_results: Callable[..., Results]) -> None:
    points = msgspec.to_builtins(make_results().curve[:3])
    few = {"confidence": [0.1, None], "accuracy": [0.3, None], "count": [100, 0]}
    many = {"confidence": [0.2, 0.9], "accuracy": [0.1, 0.7], "count": [300, 50]}
    for point, reliability in zip(points, (few, many, None), strict=True):
        point |= {"reliability": reliability, "in_distribution": False}
    pooled = reliability_of(make_results(curve=points))
    assert list(pooled) == ["all conditions"]
    assert pooled["all conditions"].confidence == pytest.approx([0.175, 0.9])  # (100 · 0.1 + 300 · 0.2) / 400
    assert pooled["all conditions"].accuracy == pytest.approx([0.15, 0.7])
    assert pooled["all conditions"].count.tolist() == [400, 50]
