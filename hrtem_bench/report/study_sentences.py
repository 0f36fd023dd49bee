"""What the rows of a study say, in sentences: each an effect as a factor of the loss, with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hrtem_bench.report.study_figures import short_names
from hrtem_bench.report.wording import counted, estimated, listed, number, plain
from hrtem_bench.scoring.estimate import Estimate
from hrtem_bench.study.findings import Costs, Matrix, SeedShare

Rows = Sequence[Mapping[str, Any]]
TEN = 10.0
"""A factor from which one digit after the point is enough."""
FILMS = {
    "below": "with the film below the particles",
    "above": "with the film above the particles",
    "none": "without a film",
}


def times(one: Estimate) -> str:
    """A difference of ln(loss) as a factor of the loss, with its interval: ``1.28 (1.22 to 1.35)``."""
    low, high = (None if end is None else float(np.exp(end)) for end in (one.low, one.high))
    value = float(np.exp(one.value))
    return estimated(Estimate(value, low, high), digits=2 if value < TEN else 1)


def told(one: Estimate) -> bool:
    """Whether the interval of a difference leaves out zero."""
    return one.low is not None and one.high is not None and (one.low > 0 or one.high < 0)


def size_sentence(rows: Rows, planned: int | None) -> str:
    """How many networks there are, of how many, and whether their training ended."""
    converged = {row["name"]: row["converged"] for row in rows}
    count, ended = len(converged), sum(converged.values())
    of = f" of the {planned:,} planned" if planned and planned > count else ""
    training = "all trained until nothing more was gained" if ended == count else f"{ended:,} of them had converged"
    return f"{counted(count, 'network')}{of}; {training}."


def sides_sentence(found: Mapping[str, Estimate]) -> str:
    """Which side of focus to train at; `found`: film -> how much more networks of underfocus lose, ln(loss)."""
    parts = []
    for film, one in sorted(
        found.items(), key=lambda item: list(FILMS).index(item[0]) if item[0] in FILMS else len(FILMS)
    ):
        says = ("they lose more" if one.value > 0 else "they lose less") if told(one) else "the two are not told apart"
        parts.append(f"{FILMS.get(film, film)} {says}, {times(one)} times the loss")
    return f"Networks trained at underfocus beside those trained as far at overfocus: {'; '.join(parts)}."


def cost_sentence(found: Mapping[str, Sequence[Costs]], overlaps: Mapping[str, Matrix]) -> str:
    """What testing elsewhere costs on average and at worst, over kinds of specimens, and the Dice of the worst."""
    elsewhere = [
        (e, kind, one.train, test)
        for kind, several in found.items()
        for one in several
        for test, e in zip(one.test, one.cost, strict=True)
        if test != one.train
    ]
    mean = float(np.exp(np.mean([e.value for e, *_ in elsewhere])))
    worst, kind, train, test = max(elsewhere, key=lambda one: one[0].value)
    overlap = overlaps[kind]
    own, there = (overlap.mean[overlap.train.index(train), overlap.test.index(place)] for place in (train, test))
    which = f" ({kind})" if len(found) > 1 else ""
    place = f"trained at {_named(train)} and tested at {_named(test)}{which}"
    return (
        f"Elsewhere a network's loss is {number(mean)} times that where it was trained, by the geometric mean. At "
        f"worst it is {times(worst)} times that, {place}: a Dice of {number(there)} in place of {number(own)}."
    )


def axes_sentence(found: Mapping[str, Estimate]) -> str:
    """Which shift costs most and which less, and along which axis the loss falls; differences of ln(loss) by axis."""
    ranked = sorted((name for name in found if told(found[name])), key=lambda name: -found[name].value)
    costs, gains = ([name for name in ranked if (found[name].value > 0) == above] for above in (True, False))
    if not ranked:
        return "No axis along which a shift costs anything is told from the others."
    sentences = []
    if costs:
        sentences.append(f"A shift costs most along {costs[0]}: {times(found[costs[0]])} times the loss.")
    if len(costs) > 1:
        sentences.append("Then " + listed([f"{name}, {times(found[name])}" for name in costs[1:]]) + ".")
    if gains:
        less = listed([f"{name}, {times(found[name])}" for name in gains])
        sentences.append(f"The loss is less after a shift along {less}.")
    rest = [name for name in found if name not in ranked]
    return " ".join(sentences) + (f" Not told from nothing: {listed(rest)}." if rest else "")


def mixtures_sentence(found: Mapping[int, Estimate]) -> str:
    """What training at several conditions changes."""
    parts = [
        f"at {size} conditions lose {times(one)} times as much" + ("" if told(one) else " (not told from 1)")
        for size, one in found.items()
    ]
    return (
        f"Beside networks trained at one condition, those trained {listed(parts)}, by the same schedule on the same "
        "structures."
    )


def kinds_sentence(means: Mapping[str, float], sets: int) -> str:
    """The easiest and the hardest of some kinds of specimens, by mean Dice over so many training sets."""
    low, high = min(means, key=lambda k: means[k]), max(means, key=lambda k: means[k])
    return (
        f"By specimens, the mean Dice goes from {number(means[low])} ({low}) to {number(means[high])} ({high}), over "
        f"{counted(sets, 'training set')}."
    )


def networks_sentence(found: Mapping[str, tuple[Estimate, Estimate]]) -> str:
    """How other networks compare: pair of blocks -> (where trained, elsewhere)."""
    parts = [
        f"{pair}, {times(own)} times the loss where trained and {times(away)} elsewhere"
        for pair, (own, away) in found.items()
    ]
    return f"Networks of {'; '.join(parts)}."


def seeds_sentence(share: SeedShare) -> str:
    """How much of the spread of the losses is the seed's luck."""
    if np.isnan(share.seed_sd):
        return "One seed each, so that the luck of the seed is not known."
    return (
        f"ln(loss) has a standard deviation of {number(share.total_sd)} over all and of {number(share.seed_sd)} "
        f"between seeds, which is {number(100 * share.share, 0)} % of the variance."
    )


def _named(text: str) -> str:
    """A condition in a sentence: −25 nm for defocus=-25nm."""
    names = short_names([text])
    unit = names.axis.partition("(")[2].rstrip(")")
    return f"{names.short[text]} {unit}".strip() if names.numeric else plain(text, 60)
