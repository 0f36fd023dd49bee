"""Figures of several models on the same images: their paired differences, condition by condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrtem_bench.comparison.compare import metric_name
from hrtem_bench.report.curves import Curve, draw_axis
from hrtem_bench.report.gather import axis_named
from hrtem_bench.report.style import BLUE, COLUMN, GREY, new_figure, number, plain, quantity, styled, wrapped

if TYPE_CHECKING:
    from hrtem_bench.comparison.compare import Comparison, Pair


@styled
def comparison_figure(comparison: Comparison, *, width: float = COLUMN) -> Figure:
    """The paired differences of each pair of models along the track, a panel each; `width` in mm.

    A point is the mean difference at a condition, its bar the interval at `comparison.confidence`. Filled points differ
    from zero after Holm's correction. The band about the dotted line is the interval of the mean over all conditions.
    """
    pairs = comparison.pairs
    figure = new_figure(width, 22.0 + 48.0 * len(pairs))
    axes = np.atleast_1d(figure.subplots(len(pairs), 1, sharex=True))
    axis = _axis(comparison)
    metric, percent = metric_name(comparison.metric), f"{100 * comparison.confidence:g} %"
    for ax, pair in zip(axes, pairs, strict=True):
        _draw_pair(ax, pair, axis.value, 1 - comparison.confidence)
        ax.set_ylabel(f"Difference in {metric}")
        ax.set_title(_title(pair, int(0.5 * width)), fontweight="normal")
    draw_axis(axes[-1], axis, axis_named(comparison.axis, comparison.unit))
    words = (
        f"bars: {percent} intervals; dotted, band: mean over the track\n"
        f"filled: not 0 after Holm’s correction at {number(1 - comparison.confidence)}"
    )
    figure.supxlabel(words, fontsize=7, color=GREY)
    figure.align_ylabels(list(axes))
    return figure


def _title(pair: Pair, width: int) -> str:
    """ "The two names with a minus sign, on a line each where one of `width` characters does not hold both."""
    whole = plain(f"{pair.first} − {pair.second}")
    return whole if len(whole) <= width else f"{wrapped(pair.first, width)}\n− {wrapped(pair.second, width - 2)}"


def _axis(comparison: Comparison) -> Curve:
    """The conditions' names and places: their values where the axis has a unit and they differ, else their order."""
    conditions, track = comparison.pairs[0].conditions, axis_named(comparison.axis, comparison.unit)
    values = np.array([np.nan if one.value is None else one.value for one in conditions], dtype=float)
    if not track.unit or not np.isfinite(values).all() or len(set(values)) < len(values):
        values = np.arange(len(values), dtype=float)
        names = [str(one.condition) for one in conditions]
    else:
        names = [quantity(value, track.unit, signed=track.signed) for value in values]
    return Curve("", tuple(plain(name, 24) for name in names), values, np.zeros(len(values), dtype=bool))


def _draw_pair(ax: Axes, pair: Pair, places: NDArray[np.float64], level: float) -> None:
    ax.axhline(0, color=GREY, linewidth=0.8)
    mean = pair.mean.difference
    if mean.low is not None and mean.high is not None:
        ax.axhspan(mean.low, mean.high, color=BLUE, alpha=0.12, linewidth=0)
    ax.axhline(mean.value, color=BLUE, linewidth=0.8, linestyle="dotted")
    for place, one in zip(places, pair.conditions, strict=True):
        own = one.difference
        if own.low is not None and own.high is not None:
            ax.vlines(place, own.low, own.high, color=BLUE, linewidth=1.0)
        decided = one.p_holm <= level
        ax.plot(place, own.value, "o", color=BLUE, markerfacecolor=BLUE if decided else "white", zorder=4)
