"""Figures of scores: along the track, against shared transfer, of paired differences, of reliability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator
from numpy.typing import NDArray

from hrtem_bench.report.curve_data import WHERE_TRAINED, Curve, ReliabilityCurve, TrackAxis, axis_named, stand_at
from hrtem_bench.report.figure_style import (
    BLACK,
    BLUE,
    COLUMN,
    GREEN,
    GREY,
    MM,
    PURPLE,
    SERIES,
    TRAINED,
    legend_above,
    new_figure,
    plain_ticks,
    styled,
)
from hrtem_bench.report.point_labels import label_points
from hrtem_bench.report.wording import number, plain, with_unit, wrapped
from hrtem_bench.scoring.catalogue import image_metrics
from hrtem_bench.scoring.statistics import spearman

if TYPE_CHECKING:
    from hrtem_bench.comparison.compare import Comparison, Pair


MANY = 24
"""More conditions than this are not named one by one in a figure."""
BESIDE = 120.0
"""A figure wider than this, mm, has panels beside each other."""
SCORE_LABELS = {"dice": "Dice", "nll": "Loss (NLL, nats per pixel)"}
TRANSFER_LABELS = {"sigma": "σ(train, test)", "epsilon": "ε(test)"}


@styled
def curve_figure(
    curve: Curve,
    track: TrackAxis,
    *,
    others: Sequence[Curve] = (),
    confidence: float = 0.95,
    width: float = COLUMN,
) -> Figure:
    """Dice, loss and transfer along the track, for one or more models.

    They stand one above the other; in a figure of two columns Dice stands on the left and the others on the right.
    Dark bands are the intervals of each condition by itself, the light one that of the whole curve of Dice. Where the
    model was trained is marked. Conditions without an order (`track.unit` is "") are not joined.

    Parameters
    ----------
    curve
        Of the model, see `curve_of`.
    track
        Name and unit of the axis.
    others
        Curves to compare with, along the same track.
    confidence
        Of the intervals, for the legend.
    width
        Of the figure, mm.
    """
    panels = [name for name in ("dice", "nll") if name in curve.scores and _known(curve.scores[name][0])]
    transfer = _known(np.append(curve.sigma, curve.epsilon))
    joined, band = bool(track.unit), _known(curve.band) and bool(track.unit)
    expected = "nll" in panels and _known(curve.expected)
    figure, axes = _curve_panels([*panels, *(["transfer"] if transfer else [])], width)
    models = (curve, *others)
    for name in panels:
        ax = axes[name]
        _mark_trained(ax, curve)
        if name == "dice" and band:
            ax.fill_between(curve.value, *curve.band, color=BLUE, alpha=0.12, linewidth=0)
        if name == "nll" and expected:
            _draw_expected(ax, curve, joined=joined)
        for index, one in enumerate(models):
            if name in one.scores:
                _draw_scores(ax, one, name, SERIES[index % len(SERIES)], joined=joined)
        ax.set_ylabel(SCORE_LABELS[name])
        if name == "nll":
            _as_ratios(ax)
    if "dice" in panels:
        axes["dice"].set_ylim(*_range(models, "dice"))
    if transfer:
        colors = (BLACK, GREY) if others else (GREEN, PURPLE)  # with others, these stand for models
        _draw_transfer(axes["transfer"], curve, colors, joined=joined)
    for ax in axes.values():
        place = ax.get_subplotspec()
        if place is not None and place.is_last_row():
            draw_axis(ax, curve, track)
        else:
            ax.tick_params(labelbottom=False)
    if panels:
        _name_marks(figure, models, confidence, band=band, expected=expected)
    figure.align_ylabels(list(axes.values()))
    return figure


def _as_ratios(ax: Axes) -> None:
    """A logarithmic axis with plain numbers: losses differ by factors, and one far above presses none together."""
    ax.set_yscale("log")
    plain_ticks(ax.yaxis, LogLocator(subs=(1.0, 2.0, 5.0)))


def _curve_panels(names: Sequence[str], width: float) -> tuple[Figure, dict[str, Axes]]:
    """A figure with a panel for each name, and the panels: stacked, or the first beside the others if it is wide."""
    beside = width > BESIDE and len(names) > 1
    first, *rest = names
    layout: Any = [[first, name] for name in rest] if beside else [[name] for name in names]
    figure = new_figure(width, 96.0 if beside else 16.0 + 42.0 * len(names))
    return figure, figure.subplot_mosaic(layout, sharex=True)


def _range(models: Sequence[Curve], name: str) -> tuple[float, float]:
    """The range of a score's axis, filled by the intervals, and by a band; within 0 and 1 except for a margin."""
    values = [one.scores[name] for one in models if name in one.scores]
    if _known(models[0].band):
        values.append(models[0].band)
    low, high = min(np.nanmin(one) for one in values), max(np.nanmax(one) for one in values)
    margin = max(0.06 * (high - low), 0.005)
    return max(float(low) - margin, -0.01), min(float(high) + margin, 1.01)


def _known(values: NDArray[np.float64]) -> bool:
    """Whether any of the numbers is known."""
    return bool(np.isfinite(values).any())


def _draw_expected(ax: Axes, curve: Curve, *, joined: bool) -> None:
    """The model observer's expectation under the measured loss, as a band; bars where conditions have no order."""
    middle, low, high = curve.expected
    if joined:
        ax.fill_between(curve.value, low, high, color=GREY, alpha=0.18, linewidth=0, zorder=0)
        ax.plot(curve.value, middle, color=GREY, linestyle=(0, (1, 1.2)), zorder=2)
    else:
        ax.vlines(curve.value, low, high, color=GREY, linewidth=5, alpha=0.25, zorder=0)
        ax.plot(curve.value, middle, "_", color=GREY, markersize=9, zorder=2)


def _draw_scores(ax: Axes, curve: Curve, name: str, color: str, *, joined: bool) -> None:
    mean, low, high = curve.scores[name]
    if joined:
        ax.fill_between(curve.value, low, high, color=color, alpha=0.22, linewidth=0)
        ax.plot(curve.value, mean, color=color, zorder=3)
    else:
        ax.vlines(curve.value, low, high, color=color, linewidth=1.0, alpha=0.7)
    ax.plot(curve.value[~curve.trained], mean[~curve.trained], "o", color=color, zorder=4)
    ax.plot(
        curve.value[curve.trained], mean[curve.trained], "D", color=TRAINED, markeredgecolor="white",
        markersize=5.5, markeredgewidth=0.6, zorder=5,
    )  # fmt: skip


def _draw_transfer(ax: Axes, curve: Curve, colors: tuple[str, str], *, joined: bool) -> None:
    _mark_trained(ax, curve)
    series = (("sigma", curve.sigma, colors[0], "-", "s"), ("epsilon", curve.epsilon, colors[1], "--", "^"))
    for name, values, color, line, marker in series:
        if np.isfinite(values).any():
            style = line if joined else "none"
            ax.plot(curve.value, values, linestyle=style, marker=marker, color=color, label=TRANSFER_LABELS[name])
    ax.set_ylim(0, 1.05)
    ax.set_ylabel("Transfer (0 to 1)")
    ax.legend(ncols=2, loc="lower left", bbox_to_anchor=(0, 0.98), borderaxespad=0, handlelength=2.4)


def _mark_trained(ax: Axes, curve: Curve) -> None:
    for value in curve.value[curve.trained]:
        ax.axvline(value, color=TRAINED, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)


def _name_marks(figure: Figure, models: Sequence[Curve], confidence: float, *, band: bool, expected: bool) -> None:
    handles: list[Any] = []
    wide = figure.get_figwidth() > BESIDE * MM
    if len(models) > 1:
        for index, one in enumerate(models):
            color = SERIES[index % len(SERIES)]
            name = wrapped(one.name, 30 if wide else 22)
            handles.append(Line2D([], [], color=color, marker="o", label=name))
    if any(one.trained.any() for one in models):
        handles.append(Line2D([], [], color=TRAINED, marker="D", linestyle="none", label="trained here"))
    level, color = f"{100 * confidence:g} %", BLUE if len(models) == 1 else GREY
    handles.append(Patch(color=color, alpha=0.3, label=f"{level} interval"))
    if band:
        handles.append(Patch(color=BLUE, alpha=0.12, label=f"{level} band of the curve"))
    if expected:
        handles.append(Patch(color=GREY, alpha=0.18, label="loss that physics expects"))
    figure.legend(
        handles=handles, ncols=3 if wide else 2, loc="outside upper left", borderaxespad=0.2,
        handletextpad=0.5, columnspacing=1.2, handlelength=1.6,
    )  # fmt: skip


def draw_axis(ax: Axes, curve: Curve, track: TrackAxis) -> None:
    """Title and ticks of the curve's axis."""
    ax.set_xlabel(track.label)
    if not track.unit and len(curve.labels) > MANY:
        ax.set_xlabel(f"{track.label}, in the order of the track")
        ax.set_xticks([])
        return
    if not track.unit:
        ax.set_xticks(curve.value, curve.labels, rotation=30, ha="right", rotation_mode="anchor")
        return
    if track.log:
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:g}")  # the default would need mathtext
        ax.minorticks_off()
    if len(curve.value) <= 13:
        every = 2 if len(curve.value) > 8 else 1
        centre = int(np.argmin(np.abs(curve.value))) % every
        ax.set_xticks(curve.value[centre::every], [_short(v) for v in curve.value[centre::every]])


def _short(value: float, *, signed: bool = False) -> str:
    return number(value, 0 if value == round(value) else 1, signed=signed)


@styled
def shift_figure(
    curve: Curve,
    track: TrackAxis,
    *,
    against: str = "sigma",
    rho: Mapping[str, float | None] | None = None,
    width: float = COLUMN,
) -> Figure:
    """Loss and Dice against σ(train, test) or ε(test), a point for each condition, with Spearman's rank correlation.

    Bars are the intervals of `curve.scores`. Each point is labelled with its place on the track, unless there are more
    than `MANY`.

    Parameters
    ----------
    curve
        Of the model, see `curve_of`.
    track
        Name and unit of the axis.
    against
        "sigma" or "epsilon".
    rho
        Score -> rank correlation, where it is known; the others are computed.
    width
        Of the figure, mm.
    """
    x = curve.sigma if against == "sigma" else curve.epsilon
    panels = [name for name in ("nll", "dice") if name in curve.scores and _known(curve.scores[name][0])]
    beside = width > BESIDE
    figure = new_figure(width, 14.0 + 58.0 * (1 if beside else len(panels)))
    axes = np.atleast_1d(figure.subplots(1, len(panels)) if beside else figure.subplots(len(panels), 1, sharex=True))
    for ax, name in zip(axes, panels, strict=True):
        mean = curve.scores[name][0]
        for place, trained, (middle, low, high) in zip(x, curve.trained, curve.scores[name].T, strict=True):
            color = TRAINED if trained else BLUE
            ax.plot([place] * 2, [low, high], "-", color=color, linewidth=0.9, alpha=0.7)
            ax.plot(place, middle, "D" if trained else "o", color=color)
        ax.set_ylabel(SCORE_LABELS[name])
        ax.margins(0.1)
        stated = rho[name] if rho and name in rho else spearman(x, mean)
        ax.set_title(f"Spearman’s ρ = {number(stated, 2, signed=True)}", fontweight="normal")
    for ax in axes if beside else axes[-1:]:
        ax.set_xlabel(TRANSFER_LABELS[against] + (": shared transfer" if against == "sigma" else ": transferred"))
    figure.align_ylabels(list(axes))
    if len(curve.labels) <= MANY:
        words = f"numbers: {track.title.lower()} in {track.unit}" if track.unit else "names: conditions"
        key = figure.supxlabel(words, fontsize=7, color=GREY)
        names = [_short(v, signed=track.signed) for v in curve.value] if track.unit else list(curve.labels)
        unnamed = sum(label_points(ax, x, curve.scores[name], names) for ax, name in zip(axes, panels, strict=True))
        if unnamed:
            key.set_text(f"{words}; {unnamed} left out")
    return figure


@styled
def reliability_figure(curves: Mapping[str, ReliabilityCurve], *, width: float = COLUMN) -> Figure:
    """How often pixels that are given a probability belong to a particle, and how many pixels are given it.

    Parameters
    ----------
    curves
        Name -> curve; the one named `WHERE_TRAINED` has the colour of training.
    width
        Of the figure, mm.
    """
    figure = new_figure(width, min(1.15 * width, 110.0))
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    top.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (4, 2)))
    others = iter(SERIES)
    for name, one in curves.items():
        color = TRAINED if name == WHERE_TRAINED else next(others)
        filled = one.count > 0
        marker = "D" if name == WHERE_TRAINED else "o"
        top.plot(one.confidence[filled], one.accuracy[filled], "-", marker=marker, color=color, label=plain(name, 30))
        edges = np.linspace(0, 1, len(one.count) + 1)
        bottom.stairs(one.count / max(one.count.sum(), 1), edges, color=color, linewidth=1.2)
    top.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel="Share of particle pixels")
    legend_above(top, 2)
    bottom.set(ylabel="Share of pixels", xlabel="Predicted probability of particle", ylim=(0, 1))
    return figure


@styled
def comparison_figure(comparison: Comparison, *, width: float = COLUMN) -> Figure:
    """The paired differences of each pair of models along the track, a panel each.

    A point is the mean difference at a condition, its bar the interval. Filled points differ from zero after Holm's
    correction. The band about the dotted line is the interval of the mean over all conditions.

    Parameters
    ----------
    comparison
        Of `hrtem_bench.comparison.compare`; its `confidence` is that of the intervals.
    width
        Of the figure, mm.
    """
    pairs = comparison.pairs
    figure = new_figure(width, 22.0 + 48.0 * len(pairs))
    axes = np.atleast_1d(figure.subplots(len(pairs), 1, sharex=True))
    axis = _comparison_axis(comparison)
    metric, percent = image_metrics()[comparison.metric].label, f"{100 * comparison.confidence:g} %"
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
    """The two names with a minus sign, on one line if `width` characters hold both, else on two."""
    whole = plain(f"{pair.first} − {pair.second}")
    return whole if len(whole) <= width else f"{wrapped(pair.first, width)}\n− {wrapped(pair.second, width - 2)}"


def _comparison_axis(comparison: Comparison) -> Curve:
    """The conditions' names and places: their values if the axis has a unit and they differ, else their order."""
    conditions, track = comparison.pairs[0].conditions, axis_named(comparison.axis, comparison.unit)
    values = np.array([one.value for one in conditions], dtype=float)
    if stand_at(values, track):
        names = [with_unit(value, track.unit, signed=track.signed) for value in values]
    else:
        values, names = np.arange(len(values), dtype=float), [str(one.condition) for one in conditions]
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
