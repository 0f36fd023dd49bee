"""Draws which part of a curve each field of results.json is, on the results of a shipped baseline.

    python docs/draw_results.py results_fields.svg

Building the documentation draws it anew.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hrtem_bench.report.figure_style import BLUE, GREY, PAGE, TRAINED, figure_svg, new_figure, styled
from hrtem_bench.scoring import read_results
from hrtem_bench.scoring.results import Results

RESULTS = Path(__file__).parents[1] / "submissions" / "unet_small"
ARROW = {"arrowstyle": "-", "color": GREY, "linewidth": 0.7}
SPAN = {"arrowstyle": "<->", "color": TRAINED, "linewidth": 1.0, "shrinkA": 0, "shrinkB": 0}


@styled
def results_figure(results: Results) -> Figure:
    """The curve of Dice above, transfer below, each field named where it is to be seen."""
    figure = new_figure(PAGE, 135.0)
    dice, transfer = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1.0])
    _curve(dice, results)
    _summary(dice, results)
    _transfer(transfer, results)
    return figure


def _curve(ax: Axes, results: Results) -> None:
    points = sorted(results.curve, key=lambda point: point.value)
    x = np.array([point.value for point in points])
    mean, low, high = (np.array([getattr(p.scores["dice"], end) for p in points]) for end in ("value", "low", "high"))
    band = np.array([(point.dice_band.low, point.dice_band.high) for point in points], dtype=float).T
    ax.fill_between(x, *band, color=BLUE, alpha=0.12, linewidth=0)
    ax.errorbar(x, mean, [mean - low, high - mean], color=BLUE, marker="o", capsize=3)
    own = np.array([point.in_distribution for point in points])
    ax.plot(x[own], mean[own], "D", color=TRAINED, markersize=7, zorder=5)
    ax.set(ylim=(-0.12, 1.28), xlim=(x[0] - 5, x[-1] + 9), ylabel="scores.dice", yticks=np.arange(0, 1.01, 0.2))
    at = len(x) - 2
    _named(ax, "value", (x[at], mean[at]), (x[at] + 4.5, 0.62))
    _named(ax, "high", (x[at], high[at]), (x[at] + 4.5, 1.06))
    _named(ax, "low", (x[at], low[at]), (x[at] + 4.5, 0.5))
    _named(ax, "dice_band", (-1.5, float(np.interp(-1.5, x, band[0]))), (-12.0, 0.14))
    _named(ax, "in_distribution", (x[own][0], mean[own][0]), (-24.0, 0.56))


def _summary(ax: Axes, results: Results) -> None:
    scores, summary = results.summary.scores, results.summary
    least = results.settings.breakdown_dice
    inside, outside = scores["id_dice"].value, scores["ood_dice"].value
    trained = next(point.value for point in results.curve if point.in_distribution)
    left, right = ax.get_xlim()
    ax.plot([left, right], [outside] * 2, color=GREY, linewidth=0.8, linestyle=(0, (4, 2)))
    _named(ax, "id_dice", (trained, inside), (-12.5, 0.5))
    _named(ax, "ood_dice", (right - 1, outside), (right - 6.5, 0.74))
    _named(ax, "worst_dice, at worst_condition", (0.0, scores["worst_dice"].value), (5.0, 0.34))
    ax.axhline(least, color=GREY, linewidth=0.8, linestyle=(0, (1, 2)))
    ax.text(left + 0.3, least + 0.015, "settings.breakdown_dice", color=GREY)
    place = scores["breakdown_above"].value
    ax.plot([place], [least], "x", color=TRAINED, markersize=7)
    _named(ax, "breakdown_above", (place, least), (-14.0, 0.3))
    assert summary.span is not None
    low, high = _kept(results, 0.95 * inside)
    ax.annotate("", (low, 1.1), (high, 1.1), arrowprops=SPAN)
    ax.text((low + high) / 2, 1.12, "width_95", color=TRAINED, ha="center")
    ax.annotate("", (summary.span[0], -0.05), (summary.span[1], -0.05), arrowprops={**SPAN, "color": GREY})
    ax.text(0, -0.03, "span; area_dice is the mean height over it", color=GREY, ha="center")


def _kept(results: Results, least: float) -> tuple[float, float]:
    """The range about training whose width is width_95: from the track's end, or from where the curve crosses."""
    points = sorted(results.curve, key=lambda point: point.value)
    x, mean = np.array([p.value for p in points]), np.array([p.dice.value for p in points])
    width = results.summary.scores["width_95"].value
    start = next(index for index, point in enumerate(points) if point.in_distribution)
    first = next((k for k in range(start, -1, -1) if mean[k] < least), None)
    low = x[0] if first is None else float(np.interp(least, mean[first : first + 2], x[first : first + 2]))
    return float(low), float(low + width)


def _transfer(ax: Axes, results: Results) -> None:
    points = sorted(results.curve, key=lambda point: point.value)
    x = [point.value for point in points]
    for name, color, marker in (("sigma", "black", "s"), ("coverage", TRAINED, "v"), ("epsilon", GREY, "^")):
        values = np.array([getattr(point, name) for point in points], dtype=float)
        ax.plot(x, values, color=color, marker=marker, markersize=3, linewidth=0.9)
        ax.text(x[-1] + 0.8, values[-1], name, color=color, va="top" if name == "coverage" else "center")
    ax.set(ylim=(0, 1.1), ylabel="0 to 1", xlabel=f"value: {results.dataset.axis} ({results.dataset.unit})")


def _named(ax: Axes, name: str, at: tuple[float, float], words: tuple[float, float]) -> None:
    ax.annotate(name, at, words, arrowprops=ARROW, va="center")


def drawing() -> str:
    """The picture as an SVG document."""
    return figure_svg(results_figure(read_results(RESULTS)))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(drawing(), encoding="utf-8")
