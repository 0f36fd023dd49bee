"""One self-contained page about one model's curve: no request leaves it, no script runs in it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import msgspec

from hrtem_bench.comparison.report_pages import EMBEDDED, PAGE_START, REPORT
from hrtem_bench.report.curves import Curve
from hrtem_bench.report.gather import PerImage, condition_name, track_of
from hrtem_bench.report.images import PREDICTION, STRETCH, TRUTH, panel_figure
from hrtem_bench.report.markup import Html, element, image, join, listing, pairs, paragraph, section, text
from hrtem_bench.report.plates import Plate, example_name, make_plates
from hrtem_bench.report.style import figure_palette_png, inline_svg, number, save_figure, write_aside
from hrtem_bench.report.tables import condition_tables, entries_of, summary_entries
from hrtem_bench.report.transfer import Conditions
from hrtem_bench.report.verdict import verdict

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
    """The page as HTML text; the same input gives the same text.

    results: of one model on one track. per_image: columns, at least condition_id and dice. examples: the
    images to show, see `choose_examples`. conditions: condition_id -> condition, or the set it stands for, for
    T(q). nyquist: of the images, 1/Å. others: curves of other models on the same track.
    """
    plates = make_plates(results, examples, conditions=conditions, nyquist=nyquist, others=others)
    return _page(results, per_image, examples, plates)


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
    """Write ``out/report.html`` and each figure as ``out/figures/*.svg`` and ``*.png``; returns the page's path.

    Input as in `report`. Every file is written aside and then renamed.
    """
    plates = make_plates(results, examples, conditions=conditions, nyquist=nyquist, others=others)
    for plate in plates.values():
        save_figure(plate.figure, out / "figures" / plate.name, document=plate.svg)
    path = out / REPORT
    write_aside(path, _page(results, per_image, examples, plates).encode())
    return path


def _page(results: Results, per_image: PerImage, examples: Sequence[Example], plates: Mapping[str, Plate]) -> str:
    sections = {
        "verdict": ("Verdict", _verdict(results)),
        "curve": ("The curve", _plates(plates, "curve")),
        "shift": ("Against the physics", _shift(plates)),
        "transfer": ("Contrast transfer", _plates(plates, "transfer")),
        "examples": ("Examples", _examples(results, examples)),
        "reliability": ("Reliability", _plates(plates, "reliability")),
        "scores": ("Scores", _scores(results, per_image)),
        "provenance": ("Settings and provenance", _provenance(results)),
        "cite": ("How to cite", _cite(results)),
        "definitions": ("Definitions", Html(_asset("definitions.html"))),
    }
    return page(
        f"{results.model.name}: {track_of(results).title.lower()} track – hrtem-bench report",
        _header(results),
        sections,
        "Made by hrtem-bench. Where it was made, its figures lie beside it in figures/, as SVG and PNG.",
    )


def page(title: str, header: Html, sections: Mapping[str, tuple[str, Html]], footer: str, rules: str = "") -> str:
    """A whole page. sections: key -> (heading, content), in order; those without content are left out.

    rules: further style rules.
    """
    shown = {key: (heading, body) for key, (heading, body) in sections.items() if body}
    links = (element("li", element("a", text(heading), href=f"#{key}")) for key, (heading, _) in shown.items())
    first, (heading, _) = next(iter(shown.items()))
    return Template(_asset("page.html")).substitute(
        start=PAGE_START,
        title=text(title),
        css=_asset("page.css") + rules,
        skip=element("a", text(f"Skip to: {heading}"), class_="skip", href=f"#{first}"),
        header=header,
        contents=element("ul", join(links)),
        main=join(section(key, heading, body) for key, (heading, body) in shown.items()),
        footer=paragraph(footer),
    )


def _asset(name: str) -> str:
    return (files("hrtem_bench.report") / "assets" / name).read_text(encoding="utf-8")


def _header(results: Results) -> Html:
    data = results.dataset
    facts = f"{track_of(results).title} track of {data.name} {data.version}, {data.split} split"
    parts = [
        element("p", text("hrtem-bench report"), class_="kicker"),
        element("h1", text(results.model.name)),
        element("p", text(facts), class_="facts"),
    ]
    if not results.settings.official:
        parts.append(element("p", element("span", text("unofficial run"), class_="unofficial")))
    return join(parts)


def _verdict(results: Results) -> Html:
    said = verdict(results)
    parts = [
        element("p", text(said.lead), class_="lead"),
        element("div", pairs(_tiles(results)), class_="tiles"),
        listing(said.findings),
    ]
    if results.warnings:
        parts += [element("h3", text("Noticed while running")), listing(results.warnings)]
    return join([*parts, element("h3", text("What cannot be concluded")), listing(said.limits)])


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


def _plates(plates: Mapping[str, Plate], *names: str) -> Html:
    return join(plate_element(plates[name]) for name in names if name in plates)


def plate_element(plate: Plate) -> Html:
    """A figure with its caption, within a page."""
    drawing = Html(inline_svg(plate.svg, plate.name, plate.description))
    return element("figure", drawing, element("figcaption", text(plate.caption)), class_="plate")


def _shift(plates: Mapping[str, Plate]) -> Html:
    body = _plates(plates, "sigma", "epsilon")
    return element("div", body, class_="plates") if body else body


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
    ny, nx = example.image.shape
    drawn = []
    for panel, caption, alt in panels:
        figure = panel_figure(example, panel, threshold=threshold)
        png = figure_palette_png(figure, _PANEL_PIXELS / figure.get_figwidth())
        shown = image(png, alt, _PANEL_PIXELS, round(_PANEL_PIXELS * ny / nx))
        drawn.append(element("figure", shown, element("figcaption", text(caption))))
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
    data = base64.b64encode(msgspec.json.encode(results)).decode()
    link = element("a", text("results.json"), href=f"{EMBEDDED}{data}", download="results.json")
    words = text("All numbers of this page, for programs, kept inside it: ")
    return join([
        element("div", *blocks, class_="pairs"),
        element("p", words, link, class_="screen"),
    ])  # fmt: skip


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
