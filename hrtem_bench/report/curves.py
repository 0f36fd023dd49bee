"""Figures of a model's scores: along the track, and against what transfer is shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from hrtem_bench.report.labels import label_points
from hrtem_bench.report.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREEN,
    GREY,
    PURPLE,
    SERIES,
    TRAINED,
    new_figure,
    number,
    styled,
    wrapped,
)
from hrtem_bench.scoring.statistics import spearman

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TrackAxis:
    """The axis a curve runs along: its title, its unit ("" for named conditions), and how it is drawn."""

    title: str
    unit: str = ""
    signed: bool = False
    log: bool = False
    note: str = ""

    @property
    def label(self) -> str:
        """The axis label: title, unit and, where signs need it, what positive means."""
        return (f"{self.title} ({self.unit})" if self.unit else self.title) + self.note


@dataclass(frozen=True)
class Curve:
    """One model's scores at n conditions of one track, in the order of the axis.

    name: the model. labels: n short names of the conditions. value: (n,) places on the axis.
    trained: (n,) bool, True where the model was trained. scores: "dice" or "nll" (the mean negative
    log-likelihood per pixel, in nats) -> (3, n): mean, lower and upper limit of the interval, NaN where
    unknown. sigma, epsilon: (n,), see `hrtem_bench.sigma` and `hrtem_bench.epsilon`. band: (2, n), lower and
    upper limit of a simultaneous band of Dice. NaN, or an empty array, where unknown.
    """

    name: str
    labels: tuple[str, ...]
    value: Floats
    trained: NDArray[np.bool_]
    scores: dict[str, Floats] = field(default_factory=dict)
    sigma: Floats = field(default_factory=lambda: np.empty(0))
    epsilon: Floats = field(default_factory=lambda: np.empty(0))
    band: Floats = field(default_factory=lambda: np.empty((2, 0)))


MANY = 24
"""More conditions than this are not named one by one in a figure."""
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
    """Dice, loss and transfer along the track, one above the other, for one or more models.

    Dark bands are the intervals of each condition by itself at `confidence`, the light one is that of the whole
    curve of Dice; where the model was trained is marked. Conditions without an order (`track.unit` is "") are
    not joined. `others` (say, a baseline) must run along the same track. `width` in mm.
    """
    panels = [name for name in ("dice", "nll") if name in curve.scores and np.isfinite(curve.scores[name][0]).any()]
    transfer = np.isfinite(np.append(curve.sigma, curve.epsilon)).any()
    rows = len(panels) + int(transfer)
    figure = new_figure(width, 16.0 + 42.0 * rows)
    axes = np.atleast_1d(figure.subplots(rows, 1, sharex=True))
    models = (curve, *others)
    for ax, name in zip(axes, panels, strict=False):
        _mark_trained(ax, curve)
        if name == "dice" and _has_band(curve) and track.unit:
            ax.fill_between(curve.value, *curve.band, color=BLUE, alpha=0.12, linewidth=0)
        for index, one in enumerate(models):
            if name in one.scores:
                _draw_scores(ax, one, name, SERIES[index % len(SERIES)], joined=bool(track.unit))
        ax.set_ylabel(SCORE_LABELS[name])
    if "dice" in panels:
        axes[0].set_ylim(_floor(models, "dice"), 1.01)
    if transfer:
        colors = (BLACK, GREY) if others else (GREEN, PURPLE)  # with others, these stand for models
        _draw_transfer(axes[-1], curve, colors, joined=bool(track.unit))
    draw_axis(axes[-1], curve, track)
    if panels:
        _name_marks(figure, models, confidence, band=_has_band(curve) and bool(track.unit))
    figure.align_ylabels(list(axes))
    return figure


def _floor(models: Sequence[Curve], name: str) -> float:
    """Where a score's axis begins: a tenth below the lowest interval, so that a high curve is not drawn flat."""
    lowest = min(np.nanmin(one.scores[name]) for one in models if name in one.scores)
    return max(0.0, float(np.floor(10 * lowest - 0.5)) / 10)


def _has_band(curve: Curve) -> bool:
    return curve.band.size > 0 and bool(np.isfinite(curve.band).any())


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
    ax.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 0.98), borderaxespad=0, handlelength=2.4)


def _mark_trained(ax: Axes, curve: Curve) -> None:
    for value in curve.value[curve.trained]:
        ax.axvline(value, color=TRAINED, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)


def _name_marks(figure: Figure, models: Sequence[Curve], confidence: float, *, band: bool) -> None:
    handles: list[Any] = []
    if len(models) > 1:
        for index, one in enumerate(models):
            color = SERIES[index % len(SERIES)]
            name = wrapped(one.name, 22 if figure.get_figwidth() < 4.5 else 44)
            handles.append(Line2D([], [], color=color, marker="o", label=name))
    if any(one.trained.any() for one in models):
        handles.append(Line2D([], [], color=TRAINED, marker="D", linestyle="none", label="trained here"))
    level, color = f"{100 * confidence:g} %", BLUE if len(models) == 1 else GREY
    handles.append(Patch(color=color, alpha=0.3, label=f"{level} interval"))
    if band:
        handles.append(Patch(color=BLUE, alpha=0.12, label=f"{level} band of the curve"))
    figure.legend(
        handles=handles, frameon=False, ncols=2, loc="outside upper left", borderaxespad=0.2, handletextpad=0.5,
        columnspacing=1.2, handlelength=1.6,
    )  # fmt: skip


def draw_axis(ax: Axes, curve: Curve, track: TrackAxis) -> None:
    """Title and ticks of the axis that the curve runs along."""
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
        ax.set_xticks(
            curve.value[centre::every],
            [number(v, 0 if v == round(v) else 1) for v in curve.value[centre::every]],
        )


@styled
def shift_figure(
    curve: Curve,
    track: TrackAxis,
    *,
    against: str = "sigma",
    rho: Mapping[str, float | None] | None = None,
    width: float = COLUMN,
) -> Figure:
    """Loss and Dice against σ(train, test) or ε(test), a point per condition, and Spearman's rank correlation.

    `against`: "sigma" or "epsilon". `rho`: score -> rank correlation, where it is known; the rest are
    computed. Bars are the intervals of `curve.scores`. Each point carries its place on the track, unless there
    are more than `MANY`.
    """
    x = curve.sigma if against == "sigma" else curve.epsilon
    panels = [name for name in ("nll", "dice") if name in curve.scores and np.isfinite(curve.scores[name][0]).any()]
    figure = new_figure(width, 10.0 + 58.0 * len(panels))
    axes = np.atleast_1d(figure.subplots(len(panels), 1, sharex=True))
    for ax, name in zip(axes, panels, strict=True):
        mean, low, high = curve.scores[name]
        for index in range(len(x)):
            color = TRAINED if curve.trained[index] else BLUE
            ax.plot([x[index]] * 2, [low[index], high[index]], "-", color=color, linewidth=0.9, alpha=0.7)
            ax.plot(x[index], mean[index], "D" if curve.trained[index] else "o", color=color)
        ax.set_ylabel(SCORE_LABELS[name])
        ax.margins(0.1)
        stated = rho[name] if rho and name in rho else spearman(x, mean)
        ax.set_title(f"Spearman’s ρ = {number(stated, 2, signed=True)}", fontweight="normal")
    axes[-1].set_xlabel(TRANSFER_LABELS[against] + (": shared transfer" if against == "sigma" else ": transferred"))
    figure.align_ylabels(list(axes))
    if len(curve.labels) <= MANY:
        short = [number(v, 0 if v == round(v) else 1, signed=track.signed) for v in curve.value]
        for ax, name in zip(axes, panels, strict=True):
            label_points(ax, x, curve.scores[name], short if track.unit else list(curve.labels))
        _key(axes[0], track)
    return figure


def _key(ax: Axes, track: TrackAxis) -> None:
    words = f"numbers: {track.title.lower()} in {track.unit}" if track.unit else "names: conditions"
    ax.annotate(
        words, (1, 1), xycoords="axes fraction", xytext=(0, 4), textcoords="offset points", ha="right",
        va="bottom", color=GREY, fontsize=7,
    )  # fmt: skip
