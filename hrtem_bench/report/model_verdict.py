"""What the results of one model show, in plain sentences: the verdict at the top of a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from hrtem_bench.report.curve_data import (
    Curve,
    TrackAxis,
    condition_name,
    correlations,
    curve_of,
    in_order,
    place,
    track_of,
)
from hrtem_bench.report.wording import counted, estimated, listed, number
from hrtem_bench.scoring.estimate import Estimate

if TYPE_CHECKING:
    from hrtem_bench.scoring.results import Results


KEPT = 0.95
"""The share of the in-distribution score that counts as holding up."""
NAMED = 6
"""More conditions without an order than this are counted, not named."""
SAME = 1e-9
UNMOVED: Mapping[str, str] = MappingProxyType(
    {"dose": "dose", "structure": "the specimen", "film": "the film", "camera": "counting alone"}
)
"""What moves along the axes that leave T(q) unchanged."""
FEW = 10
"""With fewer structures than this, an interval over structures is rough."""


@dataclass(frozen=True)
class Verdict:
    """What follows from the results of a model, as plain text.

    Parameters
    ----------
    lead
        Two sentences.
    findings, limits
        One sentence or two each.
    """

    lead: str
    findings: tuple[str, ...]
    limits: tuple[str, ...]


def verdict(results: Results) -> Verdict:
    """What follows from a results file, in sentences, and what cannot be concluded from it."""
    curve, track = curve_of(results), track_of(results)
    return Verdict(
        lead=" ".join(filter(None, (_lead(results, curve), _reach(curve, track)))),
        findings=tuple(
            filter(None, (_breakdown(results, curve, track), _extremes(results), _predicted(results, curve)))
        ),
        limits=tuple(_limits(results, curve)),
    )


def _lead(results: Results, curve: Curve) -> str:
    dice = curve.scores["dice"]
    name, summary = results.model.name, results.summary
    own_mean, others, gap = (summary.scores.get(key) for key in ("id_dice", "ood_dice", "id_ood_gap"))
    if not curve.trained.any() or own_mean is None:
        worst, best = int(np.argmin(dice[0])), int(np.argmax(dice[0]))
        known = any(point.sigma is not None for point in results.curve)
        training = (
            f"{name} was trained at none of these conditions" if known else f"Where {name} was trained is not known"
        )
        return (
            f"{training}; its mean Dice runs from {_score(dice, worst)} "
            f"at {curve.labels[worst]} to {_score(dice, best)} at {curve.labels[best]}."
        )
    trained = [label for label, own in zip(curve.labels, curve.trained, strict=True) if own]
    where = f"at {listed(trained)}, where it was trained"
    own = _score(dice, int(np.flatnonzero(curve.trained)[0])) if len(trained) == 1 else number(own_mean.value)
    if others is None or gap is None:
        return f"{name} reaches a Dice of {own} {where}; no other condition was tested."
    return (
        f"{name} reaches a Dice of {own} {where}, and {number(others.value)} on average at the other "
        f"{counted(int((~curve.trained).sum()), 'condition')} of the track: a gap of {estimated(gap)}."
    )


def _reach(curve: Curve, track: TrackAxis) -> str:
    """Where the mean Dice keeps `KEPT` of its value at training, and where it does not."""
    dice = curve.scores["dice"][0]
    if not curve.trained.any() or curve.trained.all():
        return ""
    kept = dice >= KEPT * dice[curve.trained].mean()
    share = f"{100 * KEPT:g} % of that Dice"
    if kept.all():
        return f"It keeps {share} at every tested condition."
    if not (kept & ~curve.trained).any():
        return f"It keeps {share} at no other tested condition."
    return f"It keeps {share} {_ranges(curve, kept, track)}, and falls below it {_ranges(curve, ~kept, track)}."


def _ranges(curve: Curve, chosen: np.ndarray, track: TrackAxis) -> str:
    """Conditions in words: ``from −25 nm to −5 nm and at +5 nm`` on an axis with a unit, else their names or number."""
    if not track.unit:
        names = [label for label, one in zip(curve.labels, chosen, strict=True) if one]
        return f"at {listed(names)}" if len(names) <= NAMED else f"at {len(names)} of {len(chosen)} conditions"
    runs = np.split(np.flatnonzero(chosen), np.flatnonzero(np.diff(np.flatnonzero(chosen)) > 1) + 1)
    ends = [(curve.labels[run[0]], curve.labels[run[-1]]) for run in runs]
    return listed([f"at {a}" if a == b else f"from {a} to {b}" for a, b in ends])


def transfer_note(results: Results) -> str:
    """What ε and σ can say of this track: why they are constant or unknown where they are, and what they do not know.

    One to three sentences, shown wherever the numbers are.
    """
    said = []
    points = results.curve
    if not any(point.sigma is not None for point in points):
        said.append(
            "σ and coverage are “–” because where the model was trained is not known: say so with --train-conditions."
        )
    epsilon = [point.epsilon for point in points if point.epsilon is not None]
    if len(epsilon) > 1 and np.ptp(epsilon) < SAME:
        cause = UNMOVED.get(results.dataset.axis, "what this track changes")
        which = "ε and σ are" if any(point.sigma is not None for point in points) else "ε is"
        said.append(f"{which} the same at every condition, since {cause} leaves T(q) unchanged.")
    said.append(
        "ε and σ know the phase contrast of a thin object alone: not dose, noise, thickness, or the sign of contrast."
    )
    return " ".join(said)


def _breakdown(results: Results, curve: Curve, track: TrackAxis) -> str:
    """Where the simultaneous band falls below the Dice that counts as working, on both sides of training."""
    summary = results.summary
    sides = {name: one.value for name, one in summary.scores.items() if name.startswith("breakdown_")}
    reached = [f"at {place(value, track)}" for name, value in sides.items() if name not in summary.censored]
    reached = list(dict.fromkeys(reached))  # one place where the band is below already at training
    ends = [place(value, track) for name, value in sides.items() if name in summary.censored]
    level, least = f"{100 * results.settings.confidence:g} %", number(results.settings.breakdown_dice)
    start = f"Where it breaks down: going out from training, the {level} band of the whole curve"
    if reached:
        rest = f"; it does not as far as {listed(ends)}, where the track ends" if ends else ""
        return f"{start} falls below a Dice of {least} {listed(reached)}{rest}.{_regained(results, curve, track)}"
    return f"{start} does not fall below a Dice of {least} before the track ends." if ends else ""


def _regained(results: Results, curve: Curve, track: TrackAxis) -> str:
    """Where the band is above again beyond the place where it fell below: not all of that range is lost."""
    scores, least = results.summary.scores, results.settings.breakdown_dice
    beyond = np.zeros_like(curve.trained)
    for name, outside in (("breakdown_below", np.less), ("breakdown_above", np.greater)):
        if name in scores and name not in results.summary.censored:
            beyond |= outside(curve.value, scores[name].value)
    again = beyond & (curve.band[0] >= least)
    return f" Beyond, it is above again {_ranges(curve, again, track)}." if again.any() else ""


def _extremes(results: Results) -> str:
    points, track = in_order(results.curve), track_of(results)
    if len(points) < 2:
        return ""
    worst = min(points, key=lambda point: point.dice.value)
    text = f"The worst condition is {condition_name(worst, track)}: Dice {estimated(worst.dice)}"
    measures = (("epsilon", "transfers least (ε"), ("sigma", "shares least with training (σ"))
    notes = []
    for name, words in measures:
        if any(getattr(point, name) is None for point in points):
            continue
        lowest = min(points, key=lambda point: getattr(point, name))
        value = number(getattr(lowest, name))
        if lowest is worst:
            notes.append(f"it is also the one that {words} = {value})")
        else:
            notes.append(f"{condition_name(lowest, track)} is the one that {words} = {value})")
    return text + "".join(f"; {note}" for note in notes) + "."


def _predicted(results: Results, curve: Curve) -> str:
    known = int(np.isfinite(curve.sigma).sum())
    if not known:
        return "Where the model was trained is not known, so σ cannot predict its scores: give --train-conditions."
    if known < 4:
        return "Too few conditions have a σ to say whether the transfer function predicted the scores."
    rho = correlations(results, "sigma")
    named = (("nll", "the loss", -1.0), ("dice", "the Dice", 1.0))
    stated = {words: (value, sign * value) for name, words, sign in named if (value := rho[name]) is not None}
    if not stated:
        return "σ or the score is the same at every condition, so neither can predict the other here."
    listed = " and ".join(f"{number(value, signed=True)} with {words}" for words, (value, _) in stated.items())
    strength = min(agreement for _, agreement in stated.values())
    if max(agreement for _, agreement in stated.values()) < 0:
        said = "ordered the conditions the wrong way round"
    elif strength >= 0.8:
        said = "predicted the order of the conditions well: less shared transfer, worse scores"
    else:
        said = f"{'predicted' if strength >= 0.5 else 'hardly predicted'} the order of the conditions"
        said += " in part" if strength >= 0.5 else ""
    return f"σ(train, test) {said} (Spearman’s ρ over {known} conditions is {listed})."


def _limits(results: Results, curve: Curve) -> list[str]:
    points = in_order(results.curve)
    limits = []
    if not results.settings.official:
        limit = f" (limit {results.settings.limit})" if results.settings.limit is not None else ""
        limits.append(
            f"This run is unofficial{limit}: it does not score a whole published test set and is not comparable."
        )
    structures = min((point.n_structures for point in points), default=0)
    images = sum(point.n_images for point in points)
    rest = f"The curve rests on {counted(structures, 'test structure')} ({counted(images, 'image')} in all)"
    if structures < FEW:
        limits.append(f"{rest}. With fewer than {FEW}, the intervals are rough and likely too narrow.")
    else:
        limits.append(f"{rest}; differences smaller than the intervals are not established.")
    limits += [
        "One set of weights was scored. The intervals cover the choice of structures, not that of training "
        "seed: training again may move the whole curve.",
        "Each interval holds for its own condition, not for the curve as a whole"
        + ("; the light band in the figure does." if np.isfinite(curve.band).any() else "."),
        "The images are simulated. How the model does on a microscope’s own images does not follow from this page.",
    ]
    if curve.trained.any():
        limits.append(
            "A rank correlation over a few neighbouring conditions describes this curve. It does not show that "
            "shared transfer is the cause, and σ ignores contrast reversal."
        )
    return limits


def _score(scores: np.ndarray, index: int) -> str:
    mean, low, high = (float(part) for part in scores[:, index])
    return number(mean) if low == high == mean else estimated(Estimate(mean, low, high))
