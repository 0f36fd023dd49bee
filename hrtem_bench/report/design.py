"""The figure of a plan: what it transfers beside its targets, what it reaches at each, and what more would bring."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hrtem_bench.conditions import UNITS
from hrtem_bench.report.style import BLUE, GREY, PAGE, TRAINED, new_figure, plain, styled
from hrtem_bench.report.transfer import Q_LABEL, Conditions, transfer_amplitude

if TYPE_CHECKING:
    from hrtem_bench.planning import Plan

_SAMPLES = 600
_MOST_LINES = 40
_MOST_NAMES = 24
_FAINT = 0.01
_NAMED = re.compile(r"(\w+)=([-+]?[\d.]+(?:e[-+]?\d+)?)([^\d,]*)")
"""A condition named by one setting: its name, value and unit."""


@styled
def design_figure(
    plan: Plan, candidates: Mapping[str, Conditions], targets: Mapping[str, Conditions], *, width: float = PAGE
) -> Figure:
    """√P(q) of the plan over those of the targets; the criterion at each target; and the best by number of conditions.

    candidates, targets: name -> condition, or the set it stands for. width in mm.
    """
    figure = new_figure(width, 128.0)
    axes = figure.subplot_mosaic("SSS\nRRN", height_ratios=[1.0, 1.15])
    _spectra(axes["S"], plan, candidates, targets)
    _reached(axes["R"], plan)
    _sizes(axes["N"], plan)
    return figure


def _spectra(ax: Axes, plan: Plan, candidates: Mapping[str, Conditions], targets: Mapping[str, Conditions]) -> None:
    q = np.linspace(0, plan.q_max, _SAMPLES)
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
    _legend(ax, 2)


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
    _legend(ax, 2)


def _sizes(ax: Axes, plan: Plan) -> None:
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
    _legend(ax, 1)


def _legend(ax: Axes, columns: int) -> None:
    ax.legend(frameon=False, ncols=columns, loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0.2)


def _measure(plan: Plan) -> str:
    return "Coverage" if plan.criterion == "coverage" else "σ"
