"""One self-contained page about one model's curve: no request leaves it, no script runs in it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import msgspec

from hrtem_bench.conditions import Condition
from hrtem_bench.report.curves import Curve
from hrtem_bench.report.gather import PerImage, condition_name, track_of
from hrtem_bench.report.images import PREDICTION, STRETCH, TRUTH, Example, panel_figure
from hrtem_bench.report.markup import Html, element, image, join, listing, pairs, paragraph, section, text
from hrtem_bench.report.plates import Plate, Reliability, example_name, make_plates
from hrtem_bench.report.style import figure_palette_png, inline_svg, number, save_figure, write_aside
from hrtem_bench.report.tables import condition_table, entries_of, summary_entries
from hrtem_bench.report.verdict import verdict

if TYPE_CHECKING:
    from hrtem_bench.harness.results import Results

PAPER = "https://arxiv.org/abs/2512.09067"
_PANEL_PIXELS = 440

DEFINITIONS = (
    ("Dice", "2|A∩B| / (|A| + |B|) of the predicted and the true particle pixels of an image; 1 if both are empty, 0 if one is."),
    ("IoU", "|A∩B| / |A∪B|, with the same rule for empty masks."),
    ("Loss (NLL)", "Negative log-likelihood of the true mask under the predicted probabilities, in nats, averaged over pixels."),
    ("T(q)", "Contrast transfer function: what an image keeps, with its sign, of a weak phase object at spatial frequency q."),
    ("P(q)", "Transfer spectrum: the mean of T(q)² over a condition’s or a training set’s settings."),
    ("ε", "∫ P w dq / ∫ w dq up to q_max: the share of the band that a condition transfers, 0 to 1."),
    ("σ(train, test)", "∫ √(P_train P_test) w dq / √(∫ P_train w dq · ∫ P_test w dq): how alike two transfer spectra are, 0 to 1. "
     "It compares magnitudes, so reversed contrast alone does not lower it."),
    ("Coverage", "∫ min(√P_train, √P_test) w dq / ∫ √P_test w dq: how much of what a test condition transfers was transferred in training."),
    ("In and out of distribution", "In distribution (ID): the conditions that the model was trained at. Out of distribution (OOD): the others."),
    ("Interval", "Percentiles of the mean over bootstrap samples in which whole structures are drawn, with all their images."),
)  # fmt: skip


def report(
    results: Results, per_image: PerImage, examples: Sequence[Example], *,
    conditions: Mapping[str, Condition] | None = None, nyquist: float | None = None, others: Sequence[Curve] = (),
    reliability: Reliability | None = None,
) -> str:  # fmt: skip
    """The page as HTML text; the same input gives the same text.

    results: of one model on one track. per_image: columns, at least condition_id and dice. examples: the images to
    show, see `choose_examples`. conditions: condition_id -> nominal condition, for T(q). nyquist: of the images, 1/Å.
    others: curves of other models on the same track. reliability: for the reliability curve.
    """
    plates = make_plates(
        results, examples, conditions=conditions, nyquist=nyquist, others=others, reliability=reliability
    )
    return _page(results, per_image, examples, plates)


def write_report(
    results: Results, per_image: PerImage, examples: Sequence[Example], out: Path, *,
    conditions: Mapping[str, Condition] | None = None, nyquist: float | None = None, others: Sequence[Curve] = (),
    reliability: Reliability | None = None,
) -> Path:  # fmt: skip
    """Write ``out/report.html`` and ``out/figures/*.svg`` and ``*.png``; returns the page's path. Input as in `report`."""
    plates = make_plates(
        results, examples, conditions=conditions, nyquist=nyquist, others=others, reliability=reliability
    )
    for plate in plates.values():
        save_figure(plate.figure, out / "figures" / plate.name)
    page = out / "report.html"
    write_aside(page, _page(results, per_image, examples, plates).encode())
    return page


def _page(
    results: Results, per_image: PerImage, examples: Sequence[Example], plates: Mapping[str, Plate]
) -> str:
    sections = {
        "verdict": ("Verdict", _verdict(results)),
        "curve": ("The curve", _plates(plates, "curve")),
        "shift": ("Against the physics", _shift(plates)),
        "transfer": ("Contrast transfer", _plates(plates, "transfer")),
        "examples": ("Examples", _examples(results, examples)),
        "reliability": ("Reliability", _plates(plates, "reliability")),
        "conditions": ("Scores", _scores(results, per_image)),
        "provenance": ("Settings and provenance", _provenance(results)),
        "cite": ("How to cite", _cite(results)),
        "definitions": ("Definitions", _definitions()),
    }
    shown = {key: (title, body) for key, (title, body) in sections.items() if body}
    links = (element("li", element("a", text(title), href=f"#{key}")) for key, (title, _) in shown.items())
    assets = files("hrtem_bench.report") / "assets"
    return Template((assets / "page.html").read_text(encoding="utf-8")).substitute(
        title=text(f"{results.model.name}: {track_of(results).title.lower()} track – hrtem-bench report"),
        css=(assets / "page.css").read_text(encoding="utf-8"),
        header=_header(results),
        contents=element("ul", join(links)),
        main=join(section(key, title, body) for key, (title, body) in shown.items()),
        footer=paragraph("Made by hrtem-bench. Figures are also in the folder figures/, as SVG and PNG."),
    )


def _header(results: Results) -> Html:
    data = results.dataset
    facts = f"{track_of(results).title} track of {data.name} {data.version}, {data.split} split"
    parts = [
        element("p", text("hrtem-bench report"), class_="kicker"),
        element("h1", text(results.model.name)),
    ]
    if not results.settings.official:
        parts.append(element("p", element("span", text("unofficial run"), class_="unofficial")))
    return join([*parts, element("p", text(facts), class_="facts")])


def _verdict(results: Results) -> Html:
    said = verdict(results)
    return join([
        element("p", text(said.lead), class_="lead"),
        element("div", pairs(_tiles(results)), class_="tiles"),
        listing(said.findings),
        element("h3", text("What cannot be concluded")),
        listing(said.limits),
    ])  # fmt: skip


def _tiles(results: Results) -> list[tuple[str, str]]:
    summary, track = results.summary, track_of(results)
    tiles = []
    if summary.id_dice is not None:
        tiles.append(("Dice where trained", number(summary.id_dice)))
    if summary.ood_dice is not None:
        tiles.append(("Dice elsewhere, mean", number(summary.ood_dice)))
    worst = next((p for p in results.curve if p.condition == summary.worst_condition), None)
    if worst is not None:
        tiles.append((f"Dice at worst, {condition_name(worst, track)}", number(worst.dice)))
    if summary.spearman_sigma_nll is not None:
        tiles.append(("Rank correlation of σ and loss", number(summary.spearman_sigma_nll, signed=True)))
    return tiles


def _plates(plates: Mapping[str, Plate], *names: str) -> Html:
    return join(_plate(plates[name]) for name in names if name in plates)


def _plate(plate: Plate) -> Html:
    drawing = Html(inline_svg(plate.figure, plate.name, plate.description))
    return element("figure", drawing, element("figcaption", text(plate.caption)), class_="plate")


def _shift(plates: Mapping[str, Plate]) -> Html:
    body = _plates(plates, "sigma", "epsilon")
    return element("div", body, class_="plates") if body else body


def _examples(results: Results, examples: Sequence[Example]) -> Html:
    if not examples:
        return Html("")
    threshold = results.settings.threshold
    words = (
        f"Grey levels run from percentile {STRETCH[0]:g} (black) to {STRETCH[1]:g} (white) of each image. Outlines mark the true mask "
        f"and where the predicted probability is at least {number(threshold)}. In the probability map, dark blue is 0 and yellow is 1."
    )
    key = element("p", _stroke(TRUTH, ""), _stroke(PREDICTION, "5 3"), class_="key")
    return join([paragraph(words), key, *(_example(results, one, threshold) for one in examples)])


def _stroke(color: str, dashes: str) -> Html:
    line = f'<line x1="1" x2="34" y1="5" y2="5" stroke="{color}" stroke-width="3" stroke-dasharray="{dashes or "none"}"/>'
    under = '<line x1="0" x2="35" y1="5" y2="5" stroke="#000" stroke-width="5"/>'
    name = "prediction" if dashes else "truth"
    return element(
        "span", Html(f'<svg viewBox="0 0 35 10" aria-hidden="true">{under}{line}</svg>'), text(name)
    )


def _example(results: Results, example: Example, threshold: float) -> Html:
    name = example_name(results, example)
    heading = f"{name}: {example.title}" if example.title else name
    alts = {
        "image": ("Image", f"Simulated micrograph of structure {example.structure_id} at {name}."),
        "outlines": ("Truth and prediction", f"The same with outlines of the true and predicted masks; Dice {number(example.dice)}."),
        "probability": ("Probability of particle", f"Map of predicted probability; mean {number(float(example.probability.mean()))}."),
    }  # fmt: skip
    ny, nx = example.image.shape
    panels = []
    for panel, (caption, alt) in alts.items():
        figure = panel_figure(example, panel, threshold=threshold)
        png = figure_palette_png(figure, _PANEL_PIXELS / figure.get_figwidth())
        shown = image(png, alt, _PANEL_PIXELS, round(_PANEL_PIXELS * ny / nx))
        panels.append(element("figure", shown, element("figcaption", text(caption))))
    return element(
        "div", element("h3", text(heading)), paragraph(f"Structure {example.structure_id}. Dice {number(example.dice)}."),
        element("div", *panels, class_="panels"), class_="example",
    )  # fmt: skip


def _scores(results: Results, per_image: PerImage) -> Html:
    summary = element("div", pairs(summary_entries(results)), class_="pairs")
    return join([condition_table(results, per_image), element("h3", text("Of the whole curve")), summary])


def _provenance(results: Results) -> Html:
    parts = (
        ("Model", entries_of(results.model)),
        ("Trained at", entries_of(results.train)),
        ("Data", entries_of(results.dataset)),
        ("Settings", entries_of(results.settings)),
        ("Made with", entries_of(results.provenance)),
    )
    blocks = [
        element("div", element("h3", text(title)), pairs(entries)) for title, entries in parts if entries
    ]
    data = base64.b64encode(msgspec.json.encode(results)).decode()
    link = element(
        "a", text("results.json"), href=f"data:application/json;base64,{data}", download="results.json"
    )
    saved = element(
        "p",
        text("All numbers of this page, for programs: "),
        link,
        text(" (kept inside the page)."),
        class_="screen",
    )
    return join([element("div", *blocks, class_="pairs"), saved])


def _cite(results: Results) -> Html:
    version = results.provenance.versions.get("hrtem-bench", "")
    data = results.dataset
    words = (
        f"Please cite hrtem-bench {version}, the dataset {data.name} {data.version} by its checksum, and, for the idea of "
        "measuring a shift of conditions by information transfer, the paper "
    )
    entry = (
        "@software{hrtem_bench,\n  title   = {hrtem-bench: out-of-distribution curves for segmentation in HRTEM},\n"
        f"  author  = {{{{The hrtem-bench developers}}}},\n  version = {{{version}}},\n"
        f"  note    = {{Dataset {data.name} {data.version}, checksum {data.checksum}}}\n}}"
    )
    paper = element("a", text("arXiv:2512.09067"), href=PAPER)
    return element(
        "div", element("p", text(words), paper, text(".")), element("pre", text(entry)), class_="cite"
    )


def _definitions() -> Html:
    entries = (element("dt", text(term)) + element("dd", text(words)) for term, words in DEFINITIONS)
    origin = (
        "ε and σ are this project’s own closed forms, after the idea of arXiv:2512.09067; that paper’s own formulas may differ. "
        "w = q weighs the band by area. Defocus is −C10: positive is underfocus. Every width is a standard deviation."
    )
    return join([element("dl", *(Html(entry) for entry in entries), class_="defs"), paragraph(origin)])
