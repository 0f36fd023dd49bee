"""Several models on the same images as one self-contained page: what may be said, their curves, their differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hrtem_bench.report.captioned_figures import Plate, curves_plate, plate_element
from hrtem_bench.report.conclusions import comparison_sentences
from hrtem_bench.report.curve_data import curve_of, track_of
from hrtem_bench.report.figure_style import COLUMN, PAGE
from hrtem_bench.report.html_elements import Html, element, listing, masthead, page, table, text
from hrtem_bench.report.score_figures import comparison_figure
from hrtem_bench.report.wording import number
from hrtem_bench.scoring.catalogue import image_metrics

if TYPE_CHECKING:
    from hrtem_bench.comparison.compare import Comparison, Pair
    from hrtem_bench.scoring.results import Results


def comparison_page(comparison: Comparison, results: Sequence[Results]) -> str:
    """The page as HTML text. The same input gives the same text.

    Parameters
    ----------
    comparison
        Of these results, see `hrtem_bench.comparison.compare`.
    results
        Of two or more models, in the order compared.
    """
    said = [" ".join(comparison_sentences(comparison, pair)) for pair in comparison.pairs]
    names = [one.model.name for one in results]
    first = results[0]
    facts = (
        f"{track_of(first).title} track of {first.dataset.name} {first.dataset.version}, {first.dataset.split} split"
    )
    header = masthead("hrtem-bench comparison", "; ".join(names), facts)
    tables = [_pair_table(comparison, pair) for pair in comparison.pairs]
    sections = {
        "verdict": ("Verdict", element("p", text(said[0]), class_="lead") if len(said) == 1 else listing(said)),
        "curves": ("The curves", plate_element(_curves(results))),
        "differences": ("Differences", plate_element(_differences(comparison))),
        "numbers": ("Numbers", element("div", *tables, class_="plates")),
    }
    return page(f"{'; '.join(names)} – hrtem-bench comparison", header, sections, "Made by hrtem-bench.")


def _curves(results: Sequence[Results]) -> Plate:
    level = results[0].settings.confidence
    caption = (
        f"Mean Dice and loss along the track, with {100 * level:g} % intervals of each condition. Diamonds: where a "
        "model was trained."
    )
    return curves_plate("curves-drawn", [curve_of(one) for one in results], track_of(results[0]), caption, level)


def _differences(comparison: Comparison) -> Plate:
    narrow, wide = (comparison_figure(comparison, width=width) for width in (COLUMN, PAGE))
    label = image_metrics()[comparison.metric].label
    caption = (
        f"Paired differences in {label}, first model less second, of the same images. A filled point differs from zero "
        "after Holm’s correction over all conditions and pairs."
    )
    listed = "; ".join(
        f"{pair.first} less {pair.second}: {number(pair.mean.difference.value, 3, signed=True)} over the track"
        for pair in comparison.pairs
    )
    return Plate("differences-drawn", narrow, caption, f"Differences by condition. {listed}.", wide)


def _pair_table(comparison: Comparison, pair: Pair) -> Html:
    label, percent = image_metrics()[comparison.metric].label, f"{100 * comparison.confidence:g} %"
    rows = []
    for one in (*pair.conditions, pair.mean):
        own = one.difference
        value, low, high = (number(each, 4, signed=True) for each in (own.value, own.low, own.high))
        limits = number(None) if own.low is None else f"{low} to {high}"
        rows.append([one.condition or "mean of all", value, limits, f"{one.p_holm:.2g}"])
    caption = f"{label} of {pair.first} less that of {pair.second}"
    marks = ["marked" if one.p_holm <= 1 - comparison.confidence else "" for one in (*pair.conditions, pair.mean)]
    return table(caption, ["Condition", "Difference", percent, "p, Holm"], rows, classes=marks)
