"""The page about a study: matrices measured and computed, laws, and which data to train on."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hrtem_bench.comparison.report_pages import EMBEDDED, REPORT
from hrtem_bench.report.html import page, plate_element
from hrtem_bench.report.markup import Html, element, join, listing, pairs, paragraph, table, text
from hrtem_bench.report.plates import Plate
from hrtem_bench.report.study_plates import study_plates
from hrtem_bench.report.style import number, save_figure, write_aside
from hrtem_bench.study.findings import LOSSES, MEASURES
from hrtem_bench.study.law import BASELINES, Law, Score
from hrtem_bench.study.results import StudyResults


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
    "stands in the shaded rows: the mean, the distance to the nearest trained condition on the axis, the mean of the "
    "other sets at the same test condition, and, where doses differ, the shot noise of the test condition."
)


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
            _interval(one.mean),
            _interval(one.worst),
            one.worst_at,
            _interval(one.behind) if place else "–",
            f"{one.p_holm:.2g}" if place else "–",
            number(one.seed_sd, 3),
        ]
        for place, one in enumerate(results.ranking)
    ]
    images = dict(zip(results.sets, results.training_images, strict=True))
    said = [
        [
            one.name,
            *(number(v, 3) for v in (one.coverage_mean, one.coverage_worst, one.sigma_mean, one.sigma_worst)),
            str(images[one.name]),
        ]
        for one in results.ranking
    ]
    agreed = [[f"{one.dice} Dice", MEASURES[one.by], _interval(one.spearman, 2)] for one in results.agreement]
    percent = f"{100 * results.confidence:g} %"
    head = ["Training set", "Mean Dice", "Worst Dice", "at", "Behind the first", "p, Holm", "Seed SD"]
    beside = ["Training set", "Coverage, mean", "Coverage, worst", "σ, mean", "σ, worst", "Images"]
    return join([
        table(f"Measured, by mean Dice; brackets are {percent} intervals over structures", head, measured),
        table("By transfer alone, in the same order", beside, said),
        table("Rank correlation over training sets", ["Measured", "Transfer alone", "Spearman's ρ"], agreed),
    ])  # fmt: skip


def _law_tables(results: StudyResults) -> list[Html]:
    tables = _tables_of(results.laws, "Laws for {}", "R² held out", "Fit to all")
    other = results.elsewhere
    if other is not None:
        title = f"Laws for {{}}, found by the study {other.study} on {other.dataset}"
        tables += _tables_of(other.laws, title, "R² here", "Coefficients found there")
    return tables or [paragraph("Two training sets or more are needed.")]


def _tables_of(every: Sequence[Law], title: str, skill: str, fit: str) -> list[Html]:
    tables = []
    for target, words in LOSSES.items():
        laws = [law for law in every if law.target == target]
        if laws:
            head = ["Law in", "Verdict", skill, "Less error than distance", "Spearman's ρ", "Mean error", fit]
            marks = ["marked" if law.name in BASELINES else "" for law in laws]
            tables.append(
                table(title.format(words), head, [_law_row(law) for law in laws], classes=marks, folding=True)
            )
    return tables


def _law_row(law: Law) -> list[str]:
    fit = ", ".join(f"{name} {_digits(value)}" for name, value in law.coefficients.items())
    return [
        law.name,
        law.verdict,
        _interval(law.skill, 2) if law.name != "mean" else "0",
        "–" if law.over_distance is None or law.name in BASELINES else _interval(law.over_distance, 2),
        _interval(law.spearman, 2),
        number(law.mae.value, 3),
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
        ("Training", _training(results)),
        *((one.name, ", ".join(one.conditions)) for one in study.training if one.conditions != [one.name]),
        ("Band of σ, coverage and ε", f"|q| ≤ {results.q_max:g} 1/Å"),
        ("Test structures", str(results.structures)),
        ("hrtem-bench", results.version),
    ]
    data = base64.b64encode(msgspec.json.encode(results)).decode()
    link = element("a", text("study.json"), href=f"{EMBEDDED}{data}", download="study.json")
    words = text("All numbers of this page, for programs, kept inside it: ")
    return join([element("div", pairs(entries), class_="pairs"), element("p", words, link, class_="screen")])


def _training(results: StudyResults) -> str:
    study = results.study
    if study.images_shown is not None:
        return f"about {study.images_shown} images shown to each network"
    return "epochs of the baseline's own" if study.epochs is None else f"{study.epochs} epochs"


def _interval(score: Score, digits: int = 3) -> str:
    if score.low is None or score.high is None:
        return number(score.value, digits)
    return f"{number(score.value, digits)} ({number(score.low, digits)} to {number(score.high, digits)})"


def _digits(value: float) -> str:
    """Three significant digits."""
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    return number(value, digits, signed=True)
