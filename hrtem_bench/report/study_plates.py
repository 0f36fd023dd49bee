"""The figures of a study, each with its caption."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrtem_bench.report.plates import Plate
from hrtem_bench.report.style import BLUE, GREY, SERIES, TRAINED, new_figure, number, plain, styled
from hrtem_bench.report.transfer import matrix_figure
from hrtem_bench.study.law import Law, Score
from hrtem_bench.study.results import StudyResults

MOST_ROWS = 30
"""Training sets that a figure shows: the first in rank."""
_WIDTH = 110.0
_AGAINST = (("sigma", "1 − σ", "σ"), ("coverage", "1 − coverage", "coverage"))


_MATRICES = (
    ("dice", "Dice, measured", "Mean Dice of each training set's networks at each test condition."),
    ("sigma", "σ(train, test)", "The cosine of the amplitude spectra of training set and test condition."),
    ("coverage", "Coverage(train → test)", "How much of what the test condition transfers training has shown."),
    ("drop", "Drop of Dice", "Dice of networks trained at the test condition less that of the training set's."),
)


def study_plates(results: StudyResults) -> list[Plate]:
    """The figures of a study: ranking, matrices, and the loss against 1 − σ and 1 − coverage with their laws.

    Of the tracks tested on besides the study's own, Dice and σ alone.
    """
    order = sorted(results.sets.index(one.name) for one in results.ranking[:MOST_ROWS])
    plates = [_ranking_plate(results)]
    for index, track in enumerate([results.study.track, *results.study.test_tracks]):
        for name, title, words in _MATRICES if index == 0 else _MATRICES[:2]:
            plate = _matrix_plate(results, order, name, title, words, track)
            plates += [] if plate is None else [plate]
    plates += [_law_plate(results, *names) for names in _AGAINST]
    return plates


def _matrix_plate(
    results: StudyResults, order: Sequence[int], name: str, title: str, words: str, track: str
) -> Plate | None:
    """The columns of one track, coloured as those of all tracks; None where no number is known."""
    every = results.matrices.array(name)[order]
    columns = [index for index, one in enumerate(results.tests) if one.track == track]
    if not np.isfinite(every[:, columns]).any():
        return None
    high = float(np.nanmax(every)) if name == "drop" else 1.0
    if track != results.study.track:
        name, title = f"{name}-{track}", f"{title}, {track}"
    figure = matrix_figure(
        every[:, columns],
        [results.sets[i] for i in order],
        _short([results.tests[i].condition for i in columns]),
        title=title,
        low=float(np.nanmin(every)),
        high=high,
    )
    most = "" if len(results.sets) <= MOST_ROWS else f" The {MOST_ROWS} first in rank of {len(results.sets)}."
    return Plate(f"matrix-{name}", figure, words + most, f"Matrix of {title}: training sets by test conditions.")


def _short(conditions: Sequence[str]) -> list[str]:
    """Without what comes before "=", where that is the same for all."""
    pairs = [one.partition("=") for one in conditions]
    return [value for _, _, value in pairs] if len({pair[:2] for pair in pairs}) == 1 and pairs[0][1] else [*conditions]


def _ranking_plate(results: StudyResults) -> Plate:
    words = (
        "Mean Dice over the test conditions and Dice at the worst of them, with intervals over test structures; sets "
        "stand in the order of their mean. To the right their σ with these conditions, which “design” ranks by."
    )
    return Plate("ranking", ranking_figure(results), words, "Training sets in the order of their mean Dice.")


@styled
def ranking_figure(results: StudyResults, *, width: float = _WIDTH) -> Figure:
    """Mean and worst Dice of each training set beside mean and worst σ; `width` in mm."""
    shown = results.ranking[:MOST_ROWS]
    figure = new_figure(width, 24.0 + 6.0 * max(len(shown), 3))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[1.5, 1.0])
    place = -np.arange(len(shown))
    for name, color, shift in (("mean", TRAINED, 0.12), ("worst", BLUE, -0.12)):
        scores: list[Score] = [getattr(one, name) for one in shown]
        for y, score in zip(place + shift, scores, strict=True):
            if score.low is not None and score.high is not None:
                left.hlines(y, score.low, score.high, color=color, linewidth=1.0)
        left.plot([s.value for s in scores], place + shift, "o", color=color, label=f"{name} Dice", linestyle="none")
        said = [getattr(one, f"sigma_{name}") for one in shown]
        right.plot(said, place + shift, "o", color=color, markerfacecolor="white", linestyle="none")
    left.set_yticks(place, [plain(one.name, 24) for one in shown])
    left.set(xlabel="Dice", ylim=(-len(shown) + 0.4, 0.6))
    right.set(xlabel="σ")
    right.tick_params(axis="y", length=0)
    left.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0.2)
    return figure


def _law_plate(results: StudyResults, name: str, label: str, measure: str) -> Plate:
    law = next((one for one in results.laws if one.target == "dice" and one.name == measure), None)
    words = f"1 − Dice of each training set at each test condition against {label}; filled where it was trained."
    if law is not None:
        words += (
            f" The line is the law fitted to all: {number(law.coefficients['constant'], 3)} "
            f"{number(law.coefficients[label], 3, signed=True)} ({label}). Held out: R² {number(law.skill.value)}, "
            f"Spearman's ρ {number(law.spearman.value)}; {law.verdict}."
        )
    return Plate(f"law-{name}", law_figure(results, name, label, law), words, f"1 − Dice over {label}.")


@styled
def law_figure(results: StudyResults, name: str, label: str, law: Law | None, *, width: float = 85.0) -> Figure:
    """1 − Dice over 1 − σ or 1 − coverage, a colour for each of the first training sets; `width` in mm."""
    loss, x = 1.0 - results.matrices.array("dice"), 1.0 - results.matrices.array(name)
    trained = results.matrices.array("trained") > 0
    figure = new_figure(width, 78.0)
    ax = figure.subplots()
    named = [one.name for one in results.ranking[: len(SERIES)]] if len(results.sets) <= len(SERIES) else []
    for index, one in enumerate(results.sets):
        color = SERIES[named.index(one)] if one in named else GREY
        _points(ax, x[index], loss[index], trained[index], color, plain(one, 24) if named else "")
    if law is not None:
        ends = np.array([0.0, float(x.max())])
        ax.plot(ends, law.coefficients["constant"] + law.coefficients[label] * ends, color=TRAINED, linewidth=1.2)
    ax.set(xlabel=label, ylabel="1 − Dice")
    if named:
        ax.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0.2)
    return figure


def _points(
    ax: Axes, x: NDArray[np.float64], y: NDArray[np.float64], trained: NDArray[np.bool_], color: str, label: str
) -> None:
    ax.plot(x, y, "o", color=color, markerfacecolor="white", markersize=3.5, linestyle="none", label=label)
    ax.plot(x[trained], y[trained], "o", color=color, markersize=3.5, linestyle="none")
