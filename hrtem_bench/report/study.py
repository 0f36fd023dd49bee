"""The page about a study: matrices measured and computed, laws, and which data to train on."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hrtem_bench.harness.pages import EMBEDDED, REPORT
from hrtem_bench.report.html import page, plate_element
from hrtem_bench.report.markup import Html, element, join, listing, pairs, paragraph, table, text
from hrtem_bench.report.plates import Plate
from hrtem_bench.report.style import (
    BLUE,
    GREY,
    SERIES,
    TRAINED,
    new_figure,
    number,
    plain,
    save_figure,
    styled,
    write_aside,
)
from hrtem_bench.report.transfer import matrix_figure
from hrtem_bench.study.findings import LOSSES, MEASURES
from hrtem_bench.study.law import BASELINES, Law, Score
from hrtem_bench.study.results import StudyResults

MOST_ROWS = 30
"""Training sets that a matrix shows: the first in rank."""
_WIDTH = 110.0
_AGAINST = (("sigma", "1 − σ", "σ"), ("coverage", "1 − coverage", "coverage"))


def report_study(results: StudyResults, out: Path) -> Path:
    """Write ``out/report.html`` and each figure as ``out/figures/*.svg`` and ``*.png``; returns the page's path."""
    plates = study_plates(results)
    for plate in plates:
        save_figure(plate.figure, out / "figures" / plate.name, document=plate.svg)
    path = out / REPORT
    write_aside(path, study_page(results, plates).encode())
    return path


def study_page(results: StudyResults, plates: Sequence[Plate]) -> str:
    """The page as HTML text; the same input gives the same text."""
    by_name = {plate.name: plate for plate in plates}
    matrices = element("div", *(plate_element(p) for p in plates if p.name.startswith("matrix")), class_="plates")
    scatter = element("div", *(plate_element(p) for p in plates if p.name.startswith("law")), class_="plates")
    sections = {
        "findings": ("What it says", _findings(results)),
        "data": ("Which data to train on", join([plate_element(by_name["ranking"]), _ranking(results)])),
        "matrices": ("Train × test", matrices),
        "laws": ("What predicts the loss", join([scatter, paragraph(_RULE), *_law_tables(results)])),
        "settings": ("The study", _settings(results)),
    }
    facts = (
        f"{results.networks} networks, {len(results.sets)} training sets, {len(results.tests)} test conditions of "
        f"{results.dataset.name} {results.dataset.version}"
    )
    header = join([
        element("p", text("hrtem-bench study"), class_="kicker"),
        element("h1", text(results.study.description or results.study.name)),
        element("p", text(facts), class_="facts"),
    ])  # fmt: skip
    return page(
        f"{results.study.name} – hrtem-bench study",
        header,
        sections,
        "Made by hrtem-bench. Where it was made, its figures lie beside it in figures/, as SVG and PNG.",
    )


_RULE = (
    "Each training set is predicted by laws fitted to all others. R² is against the mean of the others: above 0 a law "
    "beats it. Brackets are intervals of a bootstrap over structures, seeds and training sets. What has to be beaten "
    "stands in the shaded rows: the mean, the distance to the nearest trained condition on the axis, and the mean of "
    "the other sets at the same test condition."
)


def study_plates(results: StudyResults) -> list[Plate]:
    """The figures of a study: ranking, matrices, and the loss against 1 − σ and 1 − coverage with their laws."""
    order = [results.sets.index(one.name) for one in results.ranking[:MOST_ROWS]]
    order = sorted(order)
    most = "" if len(results.sets) <= MOST_ROWS else f" The {MOST_ROWS} first in rank of {len(results.sets)}."
    plates = [_ranking_plate(results)]
    for name, title, words in (
        ("dice", "Dice, measured", "Mean Dice of each training set's networks at each test condition."),
        ("sigma", "σ(train, test)", "The cosine of the amplitude spectra of training set and test condition."),
        ("coverage", "Coverage(train → test)", "How much of what the test condition transfers training has shown."),
        ("drop", "Drop of Dice", "Dice of networks trained at the test condition less that of the training set's."),
    ):
        values = results.matrices.array(name)[order]
        if np.isfinite(values).any():
            plates.append(_matrix_plate(results, order, name, title, words + most))
    plates += [_law_plate(results, *names) for names in _AGAINST]
    return plates


def _matrix_plate(results: StudyResults, order: Sequence[int], name: str, title: str, words: str) -> Plate:
    values = results.matrices.array(name)[order]
    tests, tracks = results.tests, {one.track for one in results.tests}
    columns = [
        one.condition if len(tracks) == 1 or "=" in one.condition else f"{one.track}: {one.condition}" for one in tests
    ]
    high = float(np.nanmax(values)) if name == "drop" else 1.0
    figure = matrix_figure(values, [results.sets[i] for i in order], columns, title=title, high=high)
    return Plate(f"matrix-{name}", figure, words, f"Matrix of {title}: training sets by test conditions.")


def _ranking_plate(results: StudyResults) -> Plate:
    words = (
        "Mean Dice over the test conditions and Dice at the worst of them, with intervals over test structures; sets "
        "stand in the order of their mean. To the right the same by coverage alone, which “design” ranks by."
    )
    return Plate("ranking", ranking_figure(results), words, "Training sets in the order of their mean Dice.")


@styled
def ranking_figure(results: StudyResults, *, width: float = _WIDTH) -> Figure:
    """Mean and worst Dice of each training set beside mean and worst coverage; `width` in mm."""
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
        said = [getattr(one, f"design_{name}") for one in shown]
        right.plot(said, place + shift, "o", color=color, markerfacecolor="white", linestyle="none")
    left.set_yticks(place, [plain(one.name, 24) for one in shown])
    left.set(xlabel="Dice", ylim=(-len(shown) + 0.4, 0.6))
    right.set(xlabel="Coverage")
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


def _points(ax: Axes, x: np.ndarray, y: np.ndarray, trained: np.ndarray, color: str, label: str) -> None:
    ax.plot(x, y, "o", color=color, markerfacecolor="white", markersize=3.5, linestyle="none", label=label)
    ax.plot(x[trained], y[trained], "o", color=color, markersize=3.5, linestyle="none")


def _findings(results: StudyResults) -> Html:
    lead, *others = results.conclusions
    return join([
        element("p", text(lead), class_="lead"),
        listing(others),
        element("h3", text("What it leaves open")),
        listing(results.limits),
    ])  # fmt: skip


def _ranking(results: StudyResults) -> Html:
    measured = [
        [
            one.name,
            str(one.networks),
            _interval(one.mean),
            _interval(one.worst),
            one.worst_at,
            _interval(one.behind) if place else "–",
            f"{one.p_holm:.2g}" if place else "–",
            number(one.seed_sd, 3),
        ]
        for place, one in enumerate(results.ranking)
    ]
    said = [
        [
            one.name,
            *(number(v, 3) for v in (one.design_mean, one.design_worst, one.sigma_mean, one.sigma_worst)),
            ", ".join(one.conditions),
        ]
        for one in results.ranking
    ]
    agreed = [[f"{one.dice} Dice", MEASURES[one.by], _interval(one.spearman, 2)] for one in results.agreement]
    percent = f"{100 * results.confidence:g} %"
    head = ["Training set", "Networks", "Mean Dice", "Worst Dice", "at", "Behind the first", "p, Holm", "Seed SD"]
    beside = ["Training set", "Coverage, mean", "Coverage, worst", "σ, mean", "σ, worst", "Trained at"]
    return join([
        table(f"Measured, by mean Dice; brackets are {percent} intervals over structures", head, measured),
        table("By transfer alone, in the same order", beside, said),
        table("Rank correlation over training sets", ["Measured", "Transfer alone", "Spearman's ρ"], agreed),
    ])  # fmt: skip


def _law_tables(results: StudyResults) -> list[Html]:
    tables = []
    for target, words in LOSSES.items():
        laws = [law for law in results.laws if law.target == target]
        if laws:
            head = [
                "Law in",
                "R² held out",
                "Less error than distance",
                "Mean error",
                "Spearman's ρ",
                "Verdict",
                "Fit to all",
            ]
            tables.append(
                table(
                    f"Laws for {words}",
                    head,
                    [_law_row(law) for law in laws],
                    classes=["marked" if law.name in BASELINES else "" for law in laws],
                )
            )
    return tables or [paragraph("Two training sets or more are needed.")]


def _law_row(law: Law) -> list[str]:
    fit = ", ".join(f"{name} {_digits(value)}" for name, value in law.coefficients.items())
    return [
        law.name,
        _interval(law.skill, 2) if law.name != "mean" else "0",
        "–" if law.over_distance is None or law.name in BASELINES else _interval(law.over_distance, 2),
        _interval(law.mae),
        _interval(law.spearman, 2),
        law.verdict,
        fit or "–",
    ]


def _settings(results: StudyResults) -> Html:
    study = results.study
    entries = [
        ("Data", f"{results.dataset.name} {results.dataset.version}"),
        ("Checksum", results.dataset.checksum),
        ("Track", ", ".join([study.track, *study.test_tracks])),
        ("Baseline", study.baseline),
        ("Seeds", ", ".join(map(str, study.every_seed()[:20])) + (" …" if len(study.every_seed()) > 20 else "")),
        ("Epochs", "the baseline's own" if study.epochs is None else str(study.epochs)),
        ("Band of σ, coverage and ε", f"|q| ≤ {results.q_max:g} 1/Å"),
        ("Test structures", str(results.structures)),
        ("hrtem-bench", results.version),
    ]
    data = base64.b64encode(msgspec.json.encode(results)).decode()
    link = element("a", text("study.json"), href=f"{EMBEDDED}{data}", download="study.json")
    words = text("All numbers of this page, for programs, kept inside it: ")
    return join([element("div", pairs(entries), class_="pairs"), element("p", words, link, class_="screen")])


def _interval(score: Score, digits: int = 3) -> str:
    if score.low is None or score.high is None:
        return number(score.value, digits)
    return f"{number(score.value, digits)} ({number(score.low, digits)} to {number(score.high, digits)})"


def _digits(value: float) -> str:
    """Three significant digits."""
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    return number(value, digits, signed=True)
