"""The figures of results: alone, at a journal's width, and for a page, with captions and words for screen readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from hrtem_bench.conditions import Condition, Conditions
from hrtem_bench.errors import InputError
from hrtem_bench.report.curve_data import (
    Curve,
    ReliabilityCurve,
    TrackAxis,
    condition_name,
    correlations,
    curve_of,
    in_order,
    reliability_of,
    track_of,
)
from hrtem_bench.report.figure_style import COLUMN, PAGE, figure_palette_png, figure_svg, inline_svg
from hrtem_bench.report.html_elements import Html, element, image, text
from hrtem_bench.report.image_figures import STRETCH, evenly_chosen, examples_figure
from hrtem_bench.report.model_verdict import SAME
from hrtem_bench.report.score_figures import curve_figure, reliability_figure, shift_figure
from hrtem_bench.report.transfer_figures import as_set, family_figure, limit_in_band
from hrtem_bench.report.wording import number

if TYPE_CHECKING:
    from hrtem_bench.evaluation.examples import Example
    from hrtem_bench.scoring.results import CurvePoint, Results


ROWS = 16
"""The most conditions whose T(q) a figure shows."""
NARROWEST, WIDEST = 60.0, 300.0
"""Of a journal's figures, mm."""


@dataclass(frozen=True)
class Plate:
    """A figure in a report.

    Parameters
    ----------
    name
        Its file name and id.
    figure
        Of one column.
    caption, description
        Plain text, to read and to hear.
    wide
        The same over two columns, for a wide screen and for paper; None where one column will do.
    """

    name: str
    figure: Figure
    caption: str
    description: str
    wide: Figure | None = None

    @cached_property
    def svg(self) -> str:
        """The figure as an SVG document."""
        return figure_svg(self.figure)


def plate_element(plate: Plate) -> Html:
    """A figure with its caption under it, within a page; of two drawings the page shows the one that fits."""
    narrow = Html(inline_svg(plate.svg, plate.name, plate.description))
    caption = element("figcaption", text(plate.caption))
    if plate.wide is None:
        return element("figure", narrow, caption, class_="plate")
    wide = Html(inline_svg(figure_svg(plate.wide), f"{plate.name}-wide", plate.description))
    drawings = (element("div", narrow, class_="narrow"), element("div", wide, class_="wide"))
    return element("figure", *drawings, caption, class_="plate")


def picture(figure: Figure, caption: str, alt: str, side: int, *, dots: int = 1, kind: str = "") -> Html:
    """A figure of noise as a PNG within a page, `side` CSS pixels wide, `dots` dots to a pixel, with its caption."""
    width, height = figure.get_size_inches()
    drawn = image(figure_palette_png(figure, dots * side / width), alt, side, round(side * height / width))
    return element("figure", drawn, element("figcaption", text(caption)), **({"class_": kind} if kind else {}))


def curves_plate(name: str, curves: Sequence[Curve], track: TrackAxis, caption: str, confidence: float = 0.95) -> Plate:
    """The curves of several models together; the first is the one whose σ and ε are drawn."""
    narrow, wide = _curves(curves, track, confidence)
    described = f"Curves of {', '.join(one.name for one in curves)} over {track.title.lower()}."
    return Plate(name, narrow, f"{caption} σ and ε are those of {curves[0].name}.", described, wide)


def _curves(curves: Sequence[Curve], track: TrackAxis, confidence: float) -> tuple[Figure, ...]:
    """The same figure over one column and over two."""
    first, *others = curves
    return tuple(curve_figure(first, track, others=others, confidence=confidence, width=w) for w in (COLUMN, PAGE))


def journal_figures(results: Results, others: Sequence[Results] = (), *, width: float = COLUMN) -> dict[str, Figure]:
    """The figures that results alone allow, by name: curve, sigma, epsilon, reliability.

    Parameters
    ----------
    results
        Of one model on one track.
    others
        Of other models on the same images, whose curves are drawn too.
    width
        Of each figure, mm: journals have columns of 85 and pages of 170.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        Without those for which the results lack numbers.

    Raises
    ------
    InputError
        For a width below NARROWEST or above WIDEST.
    """
    if not NARROWEST <= width <= WIDEST:
        raise InputError(f"figures are {NARROWEST:g} to {WIDEST:g} mm wide, not {width:g}: columns have 85, pages 170")
    curve, track, beside = curve_of(results), track_of(results), [curve_of(one) for one in others]
    level = results.settings.confidence
    made = {"curve": curve_figure(curve, track, others=beside, confidence=level, width=width)}
    for name in _varying(curve):
        made[name] = shift_figure(curve, track, against=name, rho=correlations(results, name), width=width)
    if reliability := reliability_of(results):
        made["reliability"] = reliability_figure(reliability, width=width)
    return made


def _varying(curve: Curve) -> list[str]:
    """Which of σ and ε differ between conditions, so that scores can be drawn against them."""
    both = {"sigma": curve.sigma, "epsilon": curve.epsilon}
    return [name for name, one in both.items() if np.isfinite(one).sum() > 1 and np.nanmax(one) - np.nanmin(one) > SAME]


def make_plates(
    results: Results, examples: Sequence[Example], *, conditions: Mapping[str, Conditions] | None = None,
    nyquist: float | None = None, others: Sequence[Curve] = (),
) -> dict[str, Plate]:  # fmt: skip
    """Every figure that these results allow, by name: curve, sigma, epsilon, transfer, examples, reliability."""
    curve, track = curve_of(results), track_of(results)
    plates = [_curve(results, curve, track, others)]
    plates += [_shift(curve, track, against, correlations(results, against)) for against in _varying(curve)]
    if conditions:
        plates.append(_transfer(results, conditions, nyquist))
    if examples:
        plates.append(_examples(results, examples))
    reliability = reliability_of(results)
    if reliability:
        plates.append(_reliability(reliability))
    return {plate.name: plate for plate in plates}


def _curve(results: Results, curve: Curve, track: TrackAxis, others: Sequence[Curve]) -> Plate:
    level = f"{100 * results.settings.confidence:g} %"
    dice = curve.scores["dice"]
    caption = f"Mean Dice and loss along the track, with {level} intervals from a bootstrap over structures."
    if curve.trained.any() or any(other.trained.any() for other in others):
        caption += " Diamonds: where a model was trained."
    shared = "σ, what each condition shares with training, and " if np.isfinite(curve.sigma).any() else ""
    caption += f" Transfer: {shared}ε, what it transfers."
    if np.isfinite(curve.band).any() and track.unit:
        caption += f" The light band holds the whole curve of Dice at once with {level} confidence."
    if others:
        caption += f" Compared with {', '.join(one.name for one in others)}."
    values = "; ".join(f"{label}: {number(score)}" for label, score in zip(curve.labels, dice[0], strict=True))
    description = f"Line plot of Dice against {track.title.lower()}. {values}."
    narrow, wide = _curves([curve, *others], track, results.settings.confidence)
    return Plate("curve", narrow, caption, description, wide)


def _shift(curve: Curve, track: TrackAxis, against: str, rho: Mapping[str, float | None]) -> Plate:
    symbol, values, what = {
        "sigma": ("σ", curve.sigma, "σ(train, test), the transfer shared with training"),
        "epsilon": ("ε", curve.epsilon, "ε, the transfer of the condition"),
    }[against]
    loss, dice = (number(rho[name], signed=True) for name in ("nll", "dice"))
    marked = ", in vermilion where trained" if curve.trained.any() else ""
    caption = (
        f"Loss and Dice against {what}; a point per condition with its interval{marked}. "
        f"Spearman’s ρ is {loss} with the loss and {dice} with the Dice."
    )
    points = zip(curve.labels, values, curve.scores["dice"][0], strict=True)
    listed = "; ".join(f"{label}: {number(x)}, Dice {number(y)}" for label, x, y in points)
    figure = shift_figure(curve, track, against=against, rho=rho)
    return Plate(against, figure, caption, f"Scatter plot over {symbol}. {listed}.")


def _transfer(results: Results, conditions: Mapping[str, Conditions], nyquist: float | None) -> Plate:
    track, q_max = track_of(results), results.settings.q_max
    points = _told_apart([point for point in in_order(results.curve) if point.condition in conditions], conditions)
    named = {condition_name(point, track): conditions[point.condition] for point in points}
    trained = [condition_name(point, track) for point in points if point.in_distribution]
    if len(points) == len(results.curve):
        whose = "each condition"
    else:
        whose = f"{len(points)} of the {len(results.curve)} conditions; the others lie between or transfer alike"
    caption = (
        f"Contrast transfer function T(q) of {whose}, to the edge of the band that ε and σ are taken over "
        f"(q_max = {number(q_max)} 1/Å)."
    )
    if any(limit_in_band(one, q_max) is not None for one in named.values()):
        caption += " Short bars: information limit."
    if any(not isinstance(one, Condition) for one in named.values()):
        caption += " Lines: mean over the spread of settings between images; shades: root mean square, √P."
    if nyquist is not None:
        caption += f" Nyquist frequency of the images: {number(nyquist)} 1/Å."
    description = f"T(q) from 0 to {number(q_max)} 1/Å for {', '.join(named)}."
    figure = family_figure(named, trained=trained, q_max=q_max, nyquist=nyquist)
    return Plate("transfer", figure, caption, description)


def _told_apart(points: Sequence[CurvePoint], conditions: Mapping[str, Conditions]) -> list[CurvePoint]:
    """Points whose T(q) differ (dose does not enter it), evenly thinned to `ROWS`."""
    first: dict[tuple[Condition, ...], CurvePoint] = {}
    for point in sorted(points, key=lambda point: not point.in_distribution):
        members = as_set(conditions[point.condition])
        first.setdefault(tuple(one.replace(dose=None) for one in members), point)
    kept = [point for point in points if point in first.values()]
    return evenly_chosen(kept, ROWS)


def example_name(results: Results, example: Example) -> str:
    """The condition of an example for readers."""
    track = track_of(results)
    names = {point.condition: condition_name(point, track) for point in results.curve}
    return names.get(example.condition_id, example.condition_id)


def _examples(results: Results, examples: Sequence[Example]) -> Plate:
    names = [example_name(results, example) for example in examples]
    titles = [
        f"{name}, {example.title}" if example.title else name for name, example in zip(names, examples, strict=True)
    ]
    figure = examples_figure(examples, titles=titles, threshold=results.settings.threshold)
    caption = (
        f"Contrast stretched from percentile {STRETCH[0]:g} to {STRETCH[1]:g} of each image. "
        f"Solid blue: true outline; dashed orange: probability above {number(results.settings.threshold)}."
    )
    return Plate("examples", figure, caption, f"Example images at {', '.join(names)}.")


def _reliability(curves: Mapping[str, ReliabilityCurve]) -> Plate:
    caption = (
        "Reliability: the share of pixels that are particle, by the probability they were given, over all images of "
        "the conditions. On the dashed line both are equal; under it, the probabilities are too high. Below: "
        "the share of pixels given each."
    )
    listed = []
    for name, one in curves.items():
        filled = one.count > 0
        pairs = zip(one.confidence[filled], one.accuracy[filled], strict=True)
        listed.append(f"{name}: " + "; ".join(f"given {number(p)}, found {number(a)}" for p, a in pairs))
    return Plate("reliability", reliability_figure(curves), caption, f"Reliability curves. {'. '.join(listed)}.")
