"""Figures of a study: Dice by training × test, the cost of a shift, kinds of specimens, and effects with intervals.

All are `WIDTH` wide: they fill a page's column on a screen, and their words can still be read on a phone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator
from numpy.typing import NDArray

from hrtem_bench.report.figure_style import BLUE, GREY, SERIES, TRAINED, new_figure, plain_ticks, styled
from hrtem_bench.report.wording import number, plain
from hrtem_bench.scoring.estimate import Estimate
from hrtem_bench.study.comparisons import setting_of
from hrtem_bench.study.findings import Costs, Matrix

Floats = NDArray[np.float64]
WIDTH = 110.0
"""mm."""
_CELL = 6.2
"""Height of a row of a matrix, mm."""
_FEW = 12
"""Columns whose numbers are written in the larger type, and whose names need not be slanted."""
_FACTORS = (
    (1.25, [0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15, 1.2, 1.25]),
    (2.0, [0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8, 2]),
    (12.0, [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10]),
    (np.inf, [1e-3, 1e-2, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1e3]),
)
"""Where an axis whose ends are less than so many times apart is marked."""
_AXES = ("defocus (nm)", "C30 (µm)", "C12 (nm)", "focal spread (Å)", "dose (e/Å²)", "camera")
_SETTING = re.compile(r"(\w+)=([-+]?[\d.]+(?:e[-+]?\d+)?)?([^,]*)")
"""One setting in text: its name, its number, its unit or word."""


@dataclass(frozen=True)
class Names:
    """Conditions as an axis shows them: ``defocus (nm)``, and −25, −20, … for ``defocus=-25nm``, ``defocus=-20nm``, …

    Parameters
    ----------
    axis
        What the axis is called; "" where conditions are not all of one setting.
    short
        Text of a condition -> its name on the axis.
    numeric
        Whether names are numbers.
    """

    axis: str
    short: Mapping[str, str]
    numeric: bool


def short_names(texts: Sequence[str]) -> Names:
    """What an axis is called, and each condition or training set on it."""
    parts = {text: [_SETTING.fullmatch(one) for one in text.split(";")] for text in texts}
    every = [one for several in parts.values() for one in several]
    settings = [one for one in every if one]
    if len(settings) < len(every) or len({one[1] for one in settings}) > 1:
        return Names("", {text: plain(text, 24) for text in texts}, False)
    numeric = all(one[2] for one in settings) and len({one[3] for one in settings}) == 1
    shown = {one: one[2].replace("-", "−") if numeric else f"{one[2] or ''}{one[3]}" for one in settings}
    short = {text: " and ".join(shown[one] for one in several if one) for text, several in parts.items()}
    unit = f" ({settings[0][3]})" if numeric and settings[0][3] else ""
    return Names(settings[0][1] + unit, short, numeric)


@styled
def dice_figure(panels: Mapping[str, Matrix]) -> Figure:
    """Dice in percent of each training set (rows) at each test condition (columns), a panel for each kind of specimens.

    Cells where networks were trained are outlined.
    """
    rows = sum(len(one.train) for one in panels.values())
    figure = new_figure(WIDTH, 24.0 + _CELL * rows + 5.0 * len(panels))
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=[len(one.train) for one in panels.values()])
    low, high = (float(of([of(one.mean[np.isfinite(one.mean)]) for one in panels.values()])) for of in (np.min, np.max))
    for index, (ax, (name, one)) in enumerate(zip(axes[:, 0], panels.items(), strict=True)):
        columns = short_names(one.test)
        image = _heat(ax, 100 * one.mean, list(short_names(one.train).short.values()), (100 * low, 100 * high))
        last = index == len(panels) - 1
        _columns(ax, columns if last else Names("", dict.fromkeys(one.test, ""), True))
        if last:
            ax.set_xlabel(f"tested at {columns.axis}")
        ax.set_ylabel("trained at")
        if len(panels) > 1:
            ax.set_title(plain(name))
        for row, column in ((k, one.test.index(text)) for k, text in enumerate(one.train) if text in one.test):
            box = Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=TRAINED, linewidth=1.4, zorder=3)
            ax.add_patch(box)
    bar = figure.colorbar(image, ax=list(axes[:, 0]), pad=0.02, fraction=0.03, aspect=30)
    bar.outline.set_visible(False)
    bar.set_label("Dice (%)")
    return figure


@styled
def cost_figure(panels: Mapping[str, Sequence[Costs]]) -> Figure:
    """The loss at each test condition over that where trained, with intervals; a panel for each kind of specimens."""
    figure = new_figure(WIDTH, 22.0 + 44.0 * len(panels))
    axes = figure.subplots(len(panels), 1, squeeze=False, sharex=True, sharey=True)[:, 0]
    trains = list(dict.fromkeys(one.train for found in panels.values() for one in found))
    colors, names = dict(zip(trains, SERIES, strict=False)), short_names(trains)
    for ax, (name, found) in zip(axes, panels.items(), strict=True):
        for one in found:
            x, color = np.arange(len(one.test)), colors[one.train]
            value, low, high = np.exp([[_end(e, k) for e in one.cost] for k in ("value", "low", "high")])
            ax.fill_between(x, low, high, color=color, alpha=0.25, linewidth=0)
            ax.plot(x, value, color=color, marker="o", markersize=2.5, label=names.short[one.train])
            own = one.test.index(one.train)
            ax.plot(own, value[own], "D", color=color, markersize=5.5, zorder=4)
        ax.axhline(1.0, color=GREY, linewidth=0.7, zorder=1)
        _factors(ax, "y")
        ax.set_ylabel("times the loss\nwhere trained")
        if len(panels) > 1:
            ax.set_title(plain(name))
    test = short_names(found[0].test)
    _columns(axes[-1], test)
    axes[-1].set_xlabel(f"tested at {test.axis}")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, title=f"trained at {names.axis}; diamonds: tested there", frameon=False, ncols=len(labels),
        loc="outside upper left", alignment="left", columnspacing=1.2, handlelength=1.4,
    )  # fmt: skip
    return figure


@styled
def kinds_figure(means: Mapping[str, float]) -> Figure:
    """Mean Dice of each kind of specimens, highest first."""
    ranked = sorted(means, key=lambda name: -means[name])
    figure = new_figure(WIDTH, 14.0 + 5.5 * len(means))
    ax = figure.subplots()
    ax.hlines(-np.arange(len(ranked)), 0, [means[name] for name in ranked], color=GREY, alpha=0.3, linewidth=0.8)
    ax.plot([means[name] for name in ranked], -np.arange(len(ranked)), "o", color=BLUE, markersize=5)
    ax.set_yticks(-np.arange(len(ranked)), [plain(name, 44) for name in ranked])
    ax.tick_params(axis="y", length=0)
    low, high = min(means.values()), max(means.values())
    ax.set(xlabel="mean Dice", xlim=(low - 0.1 * (high - low) - 0.01, high + 0.1 * (high - low) + 0.01))
    ax.spines["left"].set_visible(False)
    return figure


def axes_known(tests: Sequence[str] | Mapping[str, float]) -> bool:
    """Whether every test condition says where it lies along the axes of `tests_figure`."""
    return all(_places(test) is not None for test in tests)


@styled
def tests_figure(dice: Mapping[str, float]) -> Figure:
    """Mean Dice of each test condition over its defocus, C30, astigmatism, focal spread and dose; by camera besides."""
    places = [place for place in map(_places, dice) if place is not None]
    figure = new_figure(WIDTH, 84.0)
    axes = figure.subplots(2, 3, sharey=True)
    for index, (ax, label) in enumerate(zip(axes.flat, _AXES, strict=True)):
        values = [place[index] for place in places]
        ax.plot(values, list(dice.values()), "o", color=BLUE, markersize=3, alpha=0.7, markeredgewidth=0)
        ax.set_xlabel(label)
        if label.startswith("dose"):
            ax.set_xscale("log")
            plain_ticks(ax.xaxis, FixedLocator([30, 100, 300, 1000]))
        if not isinstance(values[0], float):
            ax.tick_params(axis="x", rotation=60)
        ax.grid(axis="y", color=GREY, alpha=0.2)
    for ax in axes[:, 0]:
        ax.set_ylabel("mean Dice")
    return figure


@styled
def effects_figure(effects: Mapping[str, Estimate], axis: str) -> Figure:
    """Factors of the loss with their intervals, one below the other; the estimates are their logarithms."""
    figure = new_figure(WIDTH, 14.0 + 7.0 * len(effects))
    ax = figure.subplots()
    for row, one in enumerate(effects.values()):
        value, low, high = np.exp([_end(one, k) for k in ("value", "low", "high")])
        ax.plot([low, high], [-row, -row], color=BLUE, linewidth=2.4, alpha=0.45, solid_capstyle="butt")
        ax.plot(value, -row, "o", color=BLUE, markersize=5)
    ax.axvline(1.0, color=GREY, linewidth=0.7, zorder=1)
    ax.set_yticks(-np.arange(len(effects)), [plain(name, 44) for name in effects])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_ylim(0.6 - len(effects), 0.6)
    _factors(ax, "x")
    ax.set_xlabel(axis)
    return figure


def _places(text: str) -> tuple[float | str, ...] | None:
    """Where a condition lies along `_AXES`; None for one that leaves out an axis."""
    setting = setting_of(text)
    if setting is None:
        return None
    c, camera = setting
    if not c.focal_spread or not c.dose or not camera:
        return None
    return -c.C10 / 10, c.C30 / 1e4, c.aberrations.get("C12", 0.0) / 10, c.focal_spread, c.dose, camera


def _end(one: Estimate, which: str) -> float:
    """An end of an estimate's interval, or its value where it has none."""
    end = getattr(one, which)
    return one.value if end is None else float(end)


def _heat(ax: Axes, values: Floats, rows: Sequence[str], limits: tuple[float, float]) -> AxesImage:
    """Coloured cells with their numbers."""
    low, high = limits
    image = ax.imshow(values, cmap="cividis", vmin=low, vmax=high, aspect="auto")
    ax.set_yticks(np.arange(len(rows)), rows)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    size = 7.5 if values.shape[1] <= _FEW else 5.5
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            color = "white" if value - low < 0.55 * (high - low) else "black"
            ax.text(column, row, number(float(value), 0), ha="center", va="center", fontsize=size, color=color)
    return image


def _columns(ax: Axes, names: Names) -> None:
    """Names below the columns, slanted where they are words or many."""
    words = list(names.short.values())
    if names.numeric and len(words) <= _FEW:
        ax.set_xticks(np.arange(len(words)), words)
    else:
        ax.set_xticks(np.arange(len(words)), words, rotation=60, ha="right", rotation_mode="anchor")


def _factors(ax: Axes, which: str) -> None:
    """A logarithmic axis of factors, marked at round ones."""
    getattr(ax, f"set_{which}scale")("log")
    axis = ax.yaxis if which == "y" else ax.xaxis
    low, high = axis.get_view_interval()
    plain_ticks(axis, FixedLocator(next(few for most, few in _FACTORS if high / low < most)))
    ax.grid(axis=which, color=GREY, alpha=0.2)  # type: ignore[arg-type]
