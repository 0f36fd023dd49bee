"""An expected loss for readers: the sentence that explains it, and the figure."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hrtem_bench.report.figure_style import BLUE, PAGE, TRAINED, new_figure, styled
from hrtem_bench.report.wording import plain

if TYPE_CHECKING:
    from hrtem_bench.observer import Foretold

NOTABLE = 1.05
"""Ratio of the loss to that of training at the test condition from which training elsewhere is called the reason."""
MOST = 12
"""Test conditions in a figure at most."""


def reason(one: Foretold, edges: Sequence[float]) -> str:
    """A sentence: does the condition itself cause the expected loss or training elsewhere, and in which way most.

    Parameters
    ----------
    one
        The expected loss at a condition.
    edges
        Limits of the rings of frequency, 1/Å.
    """
    rings = [f"{low:g} to {high:g} 1/Å" for low, high in itertools.pairwise(edges)]
    ratio = one.loss.value / one.matched.value
    if ratio < NOTABLE:
        most = int(np.argmax(one.terms.information))
        return (
            "hardness: training at this condition would not do much better; "
            f"most of what tells particle from film lies at {rings[most]}"
        )
    cause = max(one.costs, key=one.costs.__getitem__)
    return f"{cause}: {ratio:.2f} times the loss of training at this condition; {_why(cause, one, rings)}"


def _why(cause: str, one: Foretold, rings: Sequence[str]) -> str:
    """What a cause of `Foretold.costs` means."""
    if cause == "harder":
        return "it was trained on harder images, and a network is nowhere much better than where it was trained"
    if cause == "easier":
        return "it was trained on easier images than these"
    if cause == "texture":
        return "film stands out of the noise more than in training, and is taken for particle"
    change = np.abs(one.terms.shares - one.terms.own_shares)
    return f"the evidence is weighted wrongly most at {[*rings, 'the low-pass channel'][int(np.argmax(change))]}"


@styled
def expected_loss_figure(found: Mapping[str, Foretold], edges: Sequence[float]) -> Figure:
    """For each test condition a row: what each ring holds, what two observers read there, and the expected loss.

    Parameters
    ----------
    found
        Test condition as text -> what is expected there; at most `MOST` are drawn.
    edges
        Of the rings, 1/Å.
    """
    shown = dict(list(found.items())[:MOST])
    figure = new_figure(PAGE, 22.0 + 34.0 * len(shown))
    axes = figure.subplots(len(shown), 3, squeeze=False, width_ratios=[1, 1.15, 0.9], sharex="col")
    names = [f"{low:g}–{high:g}" for low, high in itertools.pairwise(edges)]
    for row, (text, one) in zip(axes, shown.items(), strict=True):
        _information(row[0], one, names, text)
        _shares(row[1], one, [*names, "low"])
        _loss(row[2], one)
    for ax, title in zip(axes[0], ("information density", "evidence in each channel", "expected loss"), strict=True):
        ax.set_title(title)
    figure.legend(*axes[0, 1].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    for ax in axes[-1, :2]:
        ax.set_xlabel("spatial frequency (1/Å)")
        ax.tick_params(axis="x", rotation=45)
    axes[-1, 2].set_xlabel("cross-entropy (nats)")
    axes[-1, 2].set_xlim(0, 1.05 * max(one.loss.high for one in shown.values()))  # shared by all rows
    return figure


def _information(ax: Axes, one: Foretold, names: Sequence[str], text: str) -> None:
    ax.bar(names, one.terms.information, color=BLUE)
    settings = plain(text, 60).replace(",", ",\n")  # a line each: a row is no higher than some of them are long
    ax.set_ylabel(f"{settings}\nnats per Å²")


def _shares(ax: Axes, one: Foretold, names: Sequence[str]) -> None:
    places = np.arange(len(names))
    ax.bar(places - 0.2, one.terms.shares, 0.4, color=TRAINED, label="trained as given")
    ax.bar(places + 0.2, one.terms.own_shares, 0.4, color=BLUE, label="trained here")
    ax.axhline(0, color="0.4", linewidth=0.6)
    ax.set_xticks(places, names)
    ax.set_ylabel("nats")


def _loss(ax: Axes, one: Foretold) -> None:
    rows = (("trained here", one.matched, BLUE), ("trained as given", one.loss, TRAINED))
    for place, (_, loss, color) in enumerate(rows):
        ax.plot([loss.low, loss.high], [place, place], color=color)
        ax.plot(loss.value, place, "o", color=color)
    ax.set_yticks(range(len(rows)), [name for name, *_ in rows])
    ax.set_ylim(-0.6, len(rows) - 0.4)
