"""One self-contained page about one model's curve: it sends no request and runs no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hrtem_bench.comparison.report_pages import REPORT
from hrtem_bench.conditions import Conditions, ConditionSet
from hrtem_bench.evaluation.evaluate import Evaluation
from hrtem_bench.evaluation.examples import Choice, make_examples
from hrtem_bench.report.captioned_figures import Plate, example_name, make_plates, picture, plate_element
from hrtem_bench.report.curve_data import Curve, PerImage, condition_name, curve_of, track_of
from hrtem_bench.report.figure_style import save_figure
from hrtem_bench.report.html_elements import (
    Html,
    asset,
    element,
    embedded,
    join,
    listing,
    masthead,
    page,
    pairs,
    paragraph,
    table,
    text,
)
from hrtem_bench.report.image_figures import PREDICTION, STRETCH, TRUTH, panel_figure
from hrtem_bench.report.model_verdict import verdict
from hrtem_bench.report.score_tables import condition_tables, entries_of, summary_entries, with_interval
from hrtem_bench.report.wording import number
from hrtem_bench.scoring.estimate import Estimate
from hrtem_bench.scoring.results import RESULTS
from hrtem_bench.support.files import write_aside

if TYPE_CHECKING:
    from hrtem_bench.evaluation.examples import Example
    from hrtem_bench.scoring.results import Results


_PANEL_PIXELS = 420
PAPER = "https://arxiv.org/abs/2512.09067"


def report(
    results: Results,
    per_image: PerImage,
    examples: Sequence[Example],
    *,
    conditions: Mapping[str, Conditions] | None = None,
    nyquist: float | None = None,
    others: Sequence[Curve] = (),
) -> str:
    """The page about a model on a track, as HTML text with its figures inside. The same input gives the same text.

    Parameters
    ----------
    results
        Of one model on one track.
    per_image
        Columns of scores, at least condition_id and dice.
    examples
        The images to show, see `choose_examples`.
    conditions
        Condition id -> condition, or the set it stands for; for the figure of T(q).
    nyquist
        Of the images, 1/Å.
    others
        Curves of other models on the same track.
    """
    plates = make_plates(results, examples, conditions=conditions, nyquist=nyquist, others=others)
    return _page(results, per_image, examples, plates, others)


def write_report(
    results: Results,
    per_image: PerImage,
    examples: Sequence[Example],
    out: Path,
    *,
    conditions: Mapping[str, Conditions] | None = None,
    nyquist: float | None = None,
    others: Sequence[Curve] = (),
) -> Path:
    """Write ``report.html``, and each figure as ``figures/*.svg`` and ``*.png``.

    Every file is written aside and then renamed. Arguments as in `report`.

    Parameters
    ----------
    results, per_image, examples, conditions, nyquist, others
        See `report`.
    out
        The folder.

    Returns
    -------
    Path
        The page's.
    """
    plates = make_plates(results, examples, conditions=conditions, nyquist=nyquist, others=others)
    for plate in plates.values():
        save_figure(plate.figure, out / "figures" / plate.name, document=plate.svg)
        if plate.wide is not None:
            save_figure(plate.wide, out / "figures" / f"{plate.name}_two_columns")
    path = out / REPORT
    out.mkdir(parents=True, exist_ok=True)
    write_aside(path, _page(results, per_image, examples, plates, others))
    return path


def _page(
    results: Results, per_image: PerImage, examples: Sequence[Example], plates: Mapping[str, Plate],
    others: Sequence[Curve],
) -> str:  # fmt: skip
    sections = {
        "verdict": ("Verdict", _verdict(results)),
        "curve": ("The curve", join([_plates_named(plates, "curve"), _beside(results, others)])),
        "shift": ("Against the physics", _side_by_side(plates, "sigma", "epsilon")),
        "transfer": (_transfer_title(plates), _side_by_side(plates, "transfer", "reliability")),
        "examples": ("Examples", _examples(results, examples)),
        "scores": ("Scores", _scores(results, per_image)),
        "provenance": ("Settings and provenance", _provenance(results)),
        "cite": ("How to cite", _cite(results)),
        "definitions": ("Definitions", Html(asset("definitions.html"))),
    }
    return page(
        f"{results.model.name}: {track_of(results).title.lower()} track – hrtem-bench report",
        _header(results),
        sections,
        "Made by hrtem-bench. Where it was made, its figures lie beside it in figures/, as SVG and PNG.",
    )


def _beside(results: Results, others: Sequence[Curve]) -> Html:
    """The mean Dice of several models, a column each, if others are given."""
    if not others:
        return Html("")
    models = (curve_of(results), *others)
    rows = [
        [label, *(with_interval(Estimate(*map(float, one.scores["dice"][:, place]))) for one in models)]
        for place, label in enumerate(models[0].labels)
    ]
    marks = ["marked" if own else "" for own in models[0].trained]
    caption = f"Mean Dice of each model, with {100 * results.settings.confidence:g} % intervals"
    return table(caption, ["Condition", *(one.name for one in models)], rows, classes=marks)


def _header(results: Results) -> Html:
    data = results.dataset
    facts = f"{track_of(results).title} track of {data.name} {data.version}, {data.split} split"
    head = masthead("hrtem-bench report", results.model.name, facts)
    if results.settings.official:
        return head
    return join([head, element("p", element("span", text("unofficial run"), class_="unofficial"))])


def _verdict(results: Results) -> Html:
    said = verdict(results)
    found = [element("h3", text("What was found")), listing(said.findings)] if said.findings else []
    if results.warnings:
        found += [element("h3", text("Noticed while running")), listing(results.warnings)]
    limits = [element("h3", text("What cannot be concluded")), listing(said.limits)]
    return join(
        [
            element("p", text(said.lead), class_="lead"),
            element("div", pairs(_tiles(results)), class_="tiles"),
            element("div", *(element("div", *half) for half in (found, limits) if half), class_="halves"),
        ]
    )


def _tiles(results: Results) -> list[tuple[str, str]]:
    summary, track = results.summary, track_of(results)
    own, others, rho = (summary.value(name) for name in ("id_dice", "ood_dice", "spearman_sigma_nll"))
    tiles = []
    if own is not None:
        tiles.append(("Dice where trained", number(own)))
    if others is not None:
        tiles.append(("Dice elsewhere, mean" if own is not None else "Dice, mean", number(others)))
    worst = next((p for p in results.curve if p.condition == summary.worst_condition), None)
    if worst is not None:
        tiles.append((f"Dice at worst, {condition_name(worst, track)}", number(worst.dice.value)))
    if rho is not None:
        tiles.append(("ρ of σ and loss", number(rho, signed=True)))
    return tiles


def _plates_named(plates: Mapping[str, Plate], *names: str) -> Html:
    return join(plate_element(plates[name]) for name in names if name in plates)


def _side_by_side(plates: Mapping[str, Plate], *names: str) -> Html:
    body = _plates_named(plates, *names)
    return element("div", body, class_="plates") if body else body


def _transfer_title(plates: Mapping[str, Plate]) -> str:
    titles = {"transfer": "Contrast transfer", "reliability": "Reliability"}
    return " and ".join(title for name, title in titles.items() if name in plates).capitalize()


def _examples(results: Results, examples: Sequence[Example]) -> Html:
    if not examples:
        return Html("")
    threshold = results.settings.threshold
    words = (
        f"Grey levels run from percentile {STRETCH[0]:g} (black) to {STRETCH[1]:g} (white) of each image. "
        f"Outlines: the true mask, and where the predicted probability is above {number(threshold)}. "
        "In the probability map, dark blue is 0 and yellow is 1."
    )
    key = element("p", _stroke("truth", TRUTH, "none"), _stroke("prediction", PREDICTION, "5 3"), class_="key")
    return join([paragraph(words), key, *(_example(results, one, threshold) for one in examples)])


def _stroke(name: str, color: str, dashes: str) -> Html:
    under = '<line x1="0" x2="35" y1="5" y2="5" stroke="#000" stroke-width="5"/>'
    line = f'<line x1="1" x2="34" y1="5" y2="5" stroke="{color}" stroke-width="3" stroke-dasharray="{dashes}"/>'
    return element("span", Html(f'<svg viewBox="0 0 35 10" aria-hidden="true">{under}{line}</svg>'), text(name))


def _example(results: Results, example: Example, threshold: float) -> Html:
    name, dice = example_name(results, example), number(example.dice)
    mean = number(float(example.probability.mean()))
    panels = (
        ("image", "Image", f"Image of structure {example.structure_id} at {name}."),
        ("outlines", "Truth and prediction", f"Outlines of the true and the predicted mask; Dice {dice}."),
        ("probability", "Probability of particle", f"Map of the predicted probability; mean {mean}."),
    )
    drawn = [
        picture(panel_figure(example, panel, threshold=threshold), caption, alt, _PANEL_PIXELS)
        for panel, caption, alt in panels
    ]
    heading = element("h3", text(f"{name}: {example.title}" if example.title else name))
    words = paragraph(f"Structure {example.structure_id}. Dice {dice}.")
    return element("div", heading, words, element("div", *drawn, class_="panels"), class_="example")


def _scores(results: Results, per_image: PerImage) -> Html:
    summary = element("div", pairs(summary_entries(results)), class_="pairs")
    return join([condition_tables(results, per_image), element("h3", text("Of the whole curve")), summary])


def _provenance(results: Results) -> Html:
    parts = {
        "Model": entries_of(results.model),
        "Trained at": entries_of(results.train),
        "Data": entries_of(results.dataset),
        "Settings": entries_of(results.settings),
        "Made with": entries_of(results.provenance),
    }
    blocks = [element("div", element("h3", text(title)), pairs(entries)) for title, entries in parts.items() if entries]
    words = text("All numbers of this page, for programs, kept inside it: ")
    link = element("p", words, embedded(RESULTS, results), class_="screen")
    return join([element("div", *blocks, class_="pairs"), link])


def _cite(results: Results) -> Html:
    version = results.provenance.versions.get("hrtem-bench", "")
    data = results.dataset
    words = (
        f"Please cite hrtem-bench {version}, the dataset {data.name} {data.version} with its checksum, and, for the "
        "idea of measuring a shift of conditions by the transfer of information, "
    )
    entry = "\n".join((
        "@software{hrtem_bench,",
        "  title   = {hrtem-bench: out-of-distribution curves for segmentation in HRTEM},",
        "  author  = {{The hrtem-bench developers}},",
        f"  version = {{{version}}},",
        f"  note    = {{Dataset {data.name} {data.version}, checksum {data.checksum}}}",
        "}",
    ))  # fmt: skip
    paper = element("a", text("arXiv:2512.09067"), href=PAPER)
    return element("div", element("p", text(words), paper, text(".")), element("pre", text(entry)), class_="cite")


def report_evaluation(evaluation: Evaluation, out: Path, *, others: Sequence[Curve] = ()) -> Path:
    """Write the report of an evaluation, see `write_report`. The model runs once for each example image.

    Parameters
    ----------
    evaluation
        The finished run.
    out
        The folder.
    others
        Curves of other models on the same track.

    Returns
    -------
    Path
        The page's.
    """
    return write_report(out=out, others=others, **_contents(evaluation))


def evaluation_page(evaluation: Evaluation, *, others: Sequence[Curve] = ()) -> str:
    """The report of an evaluation as HTML text, see `report`. The model runs once for each example image.

    Parameters
    ----------
    evaluation
        The finished run.
    others
        Curves of other models on the same track.
    """
    return report(others=others, **_contents(evaluation))


def _contents(evaluation: Evaluation) -> dict[str, Any]:
    results, track = evaluation.results, evaluation.track
    return {
        "results": results,
        "per_image": evaluation.per_image,
        "examples": make_examples(evaluation, choose_examples(results, evaluation.per_image)),
        "conditions": {one.condition_id: ConditionSet.about(one.condition, one.spread) for one in track.conditions},
        "nyquist": 0.5 / track.pixel_size,
    }


def choose_examples(results: Results, per_image: PerImage) -> list[Choice]:
    """Which images to show: one structure at the best, the middle and the worst condition, and the worst image of all.

    The structure is the one whose Dice is nearest the medians of the three conditions, so that these rows differ
    by the condition alone.

    Parameters
    ----------
    results
        Of one model on one track.
    per_image
        Columns structure_id, condition_id and dice.

    Returns
    -------
    list of Choice
        Where each image is, and why it is shown.
    """
    order = [point.condition for point in sorted(results.curve, key=lambda p: (-p.dice.value, p.condition))]
    if not order:
        return []
    places = {"best condition": 0, "middle condition": len(order) // 2, "worst condition": len(order) - 1}
    chosen: dict[str, str] = {}
    for title, place in places.items():
        if order[place] not in chosen.values():
            chosen[title] = order[place]
    scores = _scores_of_images(per_image)
    structure = _typical(scores, list(chosen.values()))
    choices = [Choice(title, condition, structure) for title, condition in chosen.items()]
    worst = min(scores, key=lambda key: (scores[key], key))
    if worst not in [(choice.condition_id, choice.structure_id) for choice in choices]:
        choices.append(Choice("worst image of all", *worst))
    return choices


def _scores_of_images(per_image: PerImage) -> dict[tuple[str, str], float]:
    columns = (per_image["condition_id"], per_image["structure_id"], per_image["dice"])
    return {(str(c), str(s)): float(d) for c, s, d in zip(*columns, strict=True)}


def _typical(scores: Mapping[tuple[str, str], float], conditions: list[str]) -> str:
    """The structure, among those seen at every one of the conditions, nearest to their median scores."""
    medians = {c: float(np.median([d for (name, _), d in scores.items() if name == c])) for c in conditions}
    structures = sorted({s for c, s in scores if c in medians})
    everywhere = [s for s in structures if all((c, s) in scores for c in conditions)]

    def distance(structure: str) -> float:
        return sum(abs(scores[c, structure] - medians[c]) for c in conditions if (c, structure) in scores)

    return min(everywhere or structures, key=lambda s: (distance(s), s))
