"""Figures of the contrast transfer function: families of T(q), what train and test share, matrices, plans."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from hrtem_bench.conditions import UNITS, Condition, Conditions, as_condition_set
from hrtem_bench.physics import epsilon, information_limit, mean_transfer, transfer_spectrum, transfer_table
from hrtem_bench.report.figure_style import BLUE, COLUMN, GREY, PAGE, TRAINED, legend_above, new_figure, styled
from hrtem_bench.report.wording import number, plain

if TYPE_CHECKING:
    from hrtem_bench.planning import Plan


Floats = NDArray[np.float64]

_SAMPLES = 1200
_AZIMUTHS = 72
_COLUMNS = (("ε", "epsilon"), ("σ", "sigma"), ("coverage", "coverage"))
_LINE = 3.6
"""Height of a line of a label, mm."""
_MOST_LINES_OF_LABEL = 12
Q_LABEL = "Frequency q (1/Å)"


def transfer_line(conditions: Conditions, q: Floats) -> Floats:
    """T(q) along the x axis, its mean over a set; q (n,) in 1/Å -> (n,), −1 to 1."""
    return np.asarray(mean_transfer(q, np.zeros_like(q), conditions), dtype=float)


def transfer_amplitude(conditions: Conditions, q: Floats) -> Floats:
    """√P(q), P the mean of T² over a set of conditions and over azimuth; q (n,) in 1/Å -> (n,), 0 to 1."""
    round_ = not any(one.aberrations for one in as_set(conditions))
    azimuth = np.zeros(1) if round_ else np.linspace(0, 2 * np.pi, _AZIMUTHS, endpoint=False)
    power = transfer_spectrum(q[:, None] * np.cos(azimuth), q[:, None] * np.sin(azimuth), conditions)
    return np.sqrt(np.mean(power, axis=1))


def as_set(conditions: Conditions) -> tuple[Condition, ...]:
    """The conditions of a set, without their weights."""
    return as_condition_set(conditions).conditions


@styled
def family_figure(
    conditions: Mapping[str, Conditions], *, trained: Collection[str] = (), q_max: float,
    nyquist: float | None = None, width: float = COLUMN,
) -> Figure:  # fmt: skip
    """T(q) of each condition in a row of its own, in the order given; those trained on are highlighted.

    For a set, the line is the mean of T and the shade its root mean square, √P. Where T is not round, the line is the
    cut along x. A short bar marks each information limit.

    Parameters
    ----------
    conditions
        Label -> condition, or the set it stands for.
    trained
        Labels of those trained on.
    q_max
        Of the band of ε and σ, 1/Å.
    nyquist
        The Nyquist frequency of the pixels, 1/Å.
    width
        Of the figure, mm.
    """
    q = np.linspace(0, q_max, _SAMPLES)
    figure = new_figure(width, 22.0 + 9.0 * max(len(conditions), 2))
    ax = figure.subplots()
    for row, (label, members) in enumerate(conditions.items()):
        color = TRAINED if label in trained else BLUE
        line = 0.45 * transfer_line(members, q)
        ax.axhline(-row, color="0.85", linewidth=0.6, zorder=1)
        if len(as_set(members)) > 1:
            reach = 0.45 * transfer_amplitude(members, q)
            ax.fill_between(q, -reach - row, reach - row, color=color, alpha=0.18, linewidth=0)
        else:
            ax.fill_between(q, -row, line - row, color=color, alpha=0.18, linewidth=0)
        ax.plot(q, line - row, color=color, linewidth=1.3 if label in trained else 0.9)
        limit = limit_in_band(members, q_max)
        if limit is not None:
            ax.plot([limit] * 2, [-row - 0.3, -row + 0.3], color="black", linewidth=1.0)
    _row_axis(ax, list(conditions), trained, q_max)
    ax.set_ylabel("T(q), each row from −1 to 1" if len(conditions) > 5 else "T(q)")
    _mark_nyquist(ax, nyquist, q_max)
    marks: list[Line2D] = []
    if trained:
        marks.append(Line2D([], [], color=TRAINED, label="trained here"))
    if any(limit_in_band(members, q_max) is not None for members in conditions.values()):
        bar = Line2D([], [], color="black", marker="|", markersize=7, linestyle="none", label="information limit")
        marks.append(bar)
    _legend(ax, marks)
    return figure


def limit_in_band(conditions: Conditions, q_max: float) -> float | None:
    """The information limit, 1/Å, if it lies within the band; of a set, that of its middle condition."""
    members = as_set(conditions)
    spacing = information_limit(members[len(members) // 2])
    return 1 / spacing if spacing > 0 and 1 / spacing <= q_max else None


def _mark_nyquist(ax: Axes, nyquist: float | None, q_max: float) -> None:
    if nyquist is None:
        return
    if nyquist < q_max:
        ax.axvline(nyquist, color=GREY, linewidth=0.8, linestyle=(0, (4, 2)))
    ax.set_xlabel(f"{Q_LABEL}, Nyquist at {number(nyquist)}")


def _row_axis(ax: Axes, labels: Sequence[str], trained: Collection[str], q_max: float) -> None:
    ax.set_yticks(-np.arange(len(labels)), [_wrapped(label) for label in labels])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    for text, label in zip(ax.get_yticklabels(), labels, strict=True):
        if label in trained:
            text.set(color=TRAINED, fontweight="bold")
    ax.set(xlim=(0, q_max), ylim=(-len(labels) + 0.4, 0.6), xlabel=Q_LABEL)


def _wrapped(label: str) -> str:
    """A label whole, on lines broken after commas: conditions come as C10=-100,focal_spread=10."""
    lines = textwrap.wrap(plain(label).replace(",", ", "), 26, max_lines=_MOST_LINES_OF_LABEL, placeholder=" …")
    return "\n".join(line.replace(", ", ",") for line in lines)


def _legend(ax: Axes, handles: Sequence[Line2D | Patch]) -> None:
    ax.legend(
        handles=list(handles), ncols=len(handles), loc="lower left", bbox_to_anchor=(0, 1.0),
        borderaxespad=0.2, handletextpad=0.5, columnspacing=1.4, handlelength=1.6,
    )  # fmt: skip


@styled
def transfer_figure(
    train: Conditions,
    test: Mapping[str, Conditions],
    *,
    q_max: float,
    weight: str = "area",
    width: float = PAGE,
) -> Figure:
    """What each test condition transfers, how much of it training transferred too, and ε, σ and coverage in numbers.

    A row for each test shows √P(q) of training (line), of the test (line) and what both have (filled), all from 0 to 1.
    With one test and single conditions, T(q) with its sign stands above.

    Parameters
    ----------
    train
        A condition, or the set that training images were drawn from.
    test
        Label -> the same.
    q_max
        1/Å.
    weight
        Of the band, see `physics.information`.
    width
        Of the figure, mm.
    """
    lines = max(_wrapped(label).count("\n") + 2 for label in test)
    single = len(test) == 1 and all(len(as_set(one)) == 1 for one in (train, *test.values()))
    figure = new_figure(width, 24.0 + max(12.0, _LINE * lines) * max(len(test), 2) + (42.0 if single else 0.0))
    if single:
        top, ax = figure.subplots(2, 1, sharex=True, height_ratios=[40.0, 36.0])
        _signed(top, train, next(iter(test.values())), q_max)
    else:
        ax = figure.subplots()
    q = np.linspace(0, q_max, _SAMPLES)
    known = transfer_amplitude(train, q)
    for row, one in enumerate(test.values()):
        wanted = transfer_amplitude(one, q)
        ax.fill_between(q, -row, 0.85 * np.minimum(known, wanted) - row, color=BLUE, alpha=0.25, linewidth=0)
        ax.plot(q, 0.85 * known - row, color=TRAINED, linewidth=0.9)
        ax.plot(q, 0.85 * wanted - row, color=BLUE, linewidth=1.1)
        ax.axhline(-row, color="0.75", linewidth=0.6, zorder=1)
    _row_axis(ax, list(test), (), q_max)
    ax.set_ylim(-len(test) + 0.8, 1.0)
    ax.set_ylabel("√P(q), each row from 0 to 1" if len(test) > 4 else "√P(q)")
    _numbers(ax, train, test, q_max, weight)
    own = number(float(epsilon(train, q_max=q_max, weight=weight)), 3)
    _legend(ax, [
        Line2D([], [], color=TRAINED, label=f"train (ε = {own})"), Line2D([], [], color=BLUE, label="test"),
        Patch(color=BLUE, alpha=0.25, label="in both"),
    ])  # fmt: skip
    return figure


def _signed(ax: Axes, train: Conditions, test: Conditions, q_max: float) -> None:
    q = np.linspace(0, q_max, _SAMPLES)
    ax.axhline(0, color="0.75", linewidth=0.6)
    ax.plot(q, transfer_line(train, q), color=TRAINED)
    ax.plot(q, transfer_line(test, q), color=BLUE)
    ax.set(ylim=(-1.05, 1.05), ylabel="T(q)")


def _numbers(ax: Axes, train: Conditions, test: Mapping[str, Conditions], q_max: float, weight: str) -> None:
    """Columns of numbers to the right of the rows."""
    table = transfer_table(train, list(test.values()), q_max=q_max, weight=weight)
    columns = {name: [row[key] for row in table] for name, key in _COLUMNS}
    place = ax.get_yaxis_transform()
    for x, (name, values) in zip((38, 76, 126), columns.items(), strict=True):  # points from the axes
        cells = [(1.0, "bottom", name, "bold")]
        cells += [(0.35 - row, "center", number(value, 3), "normal") for row, value in enumerate(values)]
        for y, va, words, boldness in cells:
            ax.annotate(
                words, (1, y), xycoords=place, xytext=(x, 0), textcoords="offset points", ha="right", va=va,
                fontweight=boldness, annotation_clip=False,
            )  # fmt: skip


_PLAN_SAMPLES = 600
_MOST_LINES = 40
_MOST_NAMES = 24
_FAINT = 0.01
_NAMED = re.compile(r"(\w+)=([-+]?[\d.]+(?:e[-+]?\d+)?)([^\d,]*)")
"""A condition named by one setting: its name, value and unit."""


@styled
def design_figure(
    plan: Plan, candidates: Mapping[str, Conditions], targets: Mapping[str, Conditions], *, width: float = PAGE
) -> Figure:
    """√P(q) of the plan and of the targets; the criterion at each target; the best score by number of conditions.

    Parameters
    ----------
    plan
        Of `hrtem_bench.planning.design`.
    candidates, targets
        Name -> condition, or the set it stands for.
    width
        Of the figure, mm.
    """
    figure = new_figure(width, 128.0)
    axes = figure.subplot_mosaic("SSS\nRRN", height_ratios=[1.0, 1.15])
    _spectra(axes["S"], plan, candidates, targets)
    _reached(axes["R"], plan)
    _by_size(axes["N"], plan)
    return figure


def _spectra(ax: Axes, plan: Plan, candidates: Mapping[str, Conditions], targets: Mapping[str, Conditions]) -> None:
    q = np.linspace(0, plan.q_max, _PLAN_SAMPLES)
    shown = list(targets.values())[:: -(-len(targets) // _MOST_LINES)]
    lines = [transfer_amplitude(one, q) for one in shown]
    for index, line in enumerate(lines):
        ax.plot(q, line, color=BLUE, linewidth=0.6, alpha=0.35, label="" if index else "each target")
    members = [transfer_amplitude(candidates[name], q) for name in plan.conditions]
    together = np.sqrt(np.mean(np.square(members), axis=0))
    ax.plot(q, together, color=TRAINED, linewidth=1.6, label=f"the plan, {len(members)} conditions together")
    strong = np.flatnonzero(np.max([together, *lines], axis=0) > _FAINT)
    end = q[min(strong[-1] + 10, len(q) - 1)] if len(strong) else plan.q_max
    ax.set(xlim=(0, end), ylim=(0, 1.02), xlabel=Q_LABEL, ylabel="√P(q)")
    legend_above(ax, 2)


def _reached(ax: Axes, plan: Plan) -> None:
    """The criterion at each target, over the setting that varies, or else in the targets' order."""
    names = [one.name for one in plan.targets]
    found = [_NAMED.fullmatch(name) for name in names]
    axes = {(one[1], one[3]) for one in found if one}
    numbers = len(axes) == 1 and all(found)
    place = np.array([float(one[2]) for one in found if one]) if numbers else np.arange(len(names), dtype=float)
    order = np.argsort(place, kind="stable")
    whole = np.array([one.coverage if plan.criterion == "coverage" else one.sigma for one in plan.targets])
    first = np.array([one.first for one in plan.targets])
    style = "o-" if numbers else "o"
    ax.plot(
        place[order], first[order], style, color=GREY, linewidth=0.8, label=f"{plain(plan.conditions[0], 28)} alone"
    )
    ax.plot(place[order], whole[order], style, color=TRAINED, label="the plan")
    if numbers:
        ((axis, suffix),) = axes
        unit = suffix or UNITS.get(axis, "")
        ax.set_xlabel(f"Target, {axis} ({unit})" if unit else f"Target, {axis}")
    elif len(names) <= _MOST_NAMES:
        ax.set_xticks(place, [plain(name, 24) for name in names], rotation=45, ha="right", rotation_mode="anchor")
    else:
        ax.set_xlabel("Targets, in their order")
    ax.set_ylabel(_measure(plan))
    legend_above(ax, 2)


def _by_size(ax: Axes, plan: Plan) -> None:
    size = [one.score.size for one in plan.sizes]
    mean, worst = [one.score.mean for one in plan.sizes], [one.score.worst for one in plan.sizes]
    ax.plot(size, mean, "o-", color=BLUE, label="mean of the targets")
    ax.plot(size, worst, "o-", color=TRAINED, label="worst target")
    for one, dashes in zip(plan.compared, ((4, 2), (1, 2)), strict=False):
        value = one.worst if plan.over == "worst" else one.mean
        words = f"{plain(one.name, 34)}, {plan.over}"
        ax.axhline(value, color=GREY, linewidth=1.0, linestyle=(0, dashes), label=words)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="Conditions trained at", ylabel=_measure(plan))
    legend_above(ax, 1)


def _measure(plan: Plan) -> str:
    return "Coverage" if plan.criterion == "coverage" else "σ"
