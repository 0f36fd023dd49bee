"""What a study allows to be said, and what not, in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hrtem_bench.study.law import BASELINES, PREDICTS, UNDECIDED, Law, Score
from hrtem_bench.study.ranking import Agreement
from hrtem_bench.study.results import Elsewhere, StudyResults

LOSSES = {
    "dice": "1 − Dice",
    "nll": "the loss (NLL)",
    "drop": "the drop of Dice below the in-distribution networks",
}
"""What laws are fitted to, in words."""
MEASURES = {
    "sigma_mean": "mean σ",
    "sigma_worst": "worst σ",
    "coverage_mean": "mean coverage",
    "coverage_worst": "worst coverage",
}
_FEW_SETS, _FEW_STRUCTURES = 5, 12


def conclusions(results: StudyResults) -> list[str]:
    """Which training set is best, whether any law predicts, whether σ earns its place, whether the plan agrees."""
    said = [_best(results)]
    for target, words in LOSSES.items():
        laws = [law for law in results.laws if law.target == target]
        if laws:
            said.append(_about_laws(laws, words))
    if not results.laws:
        said.append("Two training sets or more are needed to hold a law against one that it was not fitted to.")
    said += [_about_agreement(one) for one in results.agreement]
    if results.elsewhere is not None:
        said.append(_about_elsewhere(results.elsewhere))
    return said


def limits(results: StudyResults) -> list[str]:
    """What the numbers leave open."""
    said = []
    if results.missing:
        said.append(f"{len(results.missing)} networks of the study are not finished; what is said is of the others.")
    few = min(one.networks for one in results.ranking)
    if few < 2:
        said.append(
            "A training set has one network, so how far training again moves its scores is not known; no interval "
            "holds it."
        )
    else:
        said.append(
            "The intervals of the ranking are over structures; the standard deviation between seeds stands apart."
        )
    if len(set(results.training_images)) > 1:
        more = "" if results.study.epochs is None else ", and at the same number of epochs in more steps,"
        said.append(
            f"Training sets hold from {min(results.training_images)} to {max(results.training_images)} images: what "
            f"more conditions bring they bring with more images{more} and the two are not told apart."
        )
    if len(results.sets) < _FEW_SETS:
        said.append(
            f"With {len(results.sets)} training sets, each law is judged on so many cases that were left out: its "
            "intervals are wide and rough, and none is called predictive on fewer than four."
        )
    if results.structures < _FEW_STRUCTURES:
        said.append(f"{results.structures} test structures are few: their intervals are rough.")
    if results.study.limit is not None:
        said.append(f"At most {results.study.limit} images of each test condition were scored.")
    if results.laws:
        said.append("Several laws are tried on the same scores, and their intervals are not corrected for that.")
    said.append(
        "σ, coverage and ε see what a condition transfers; specimen, and how a network learns, are in no law. "
        "A law that holds here is of this data, network and schedule."
    )
    return said


def _best(results: StudyResults) -> str:
    first = results.ranking[0]
    alike = [one.name for one in results.ranking[1:] if one.p_holm > 1 - results.confidence]
    words = f"{first.name} has the highest mean Dice over the test conditions, {_with_interval(first.mean)}"
    worst = max(results.ranking, key=lambda one: one.worst.value or 0.0)
    words += (
        f"; {worst.name} the highest at its worst, {_with_interval(worst.worst)} at {worst.worst_at}"
        if worst is not first
        else f", and the highest at its worst, {_with_interval(first.worst)} at {first.worst_at}"
    )
    if len(results.ranking) == 1:
        return f"{words}."
    return words + (
        f". On these structures it is not told apart from {_listed(alike)}."
        if alike
        else ". It is ahead of every other on these structures, after Holm's correction."
    )


def _about_laws(laws: Sequence[Law], loss: str) -> str:
    own = [law for law in laws if law.name not in BASELINES and not law.name.startswith("condition")]
    good = sorted((law for law in own if law.verdict == PREDICTS), key=lambda law: -(law.skill.value or 0.0))
    if not good:
        open_ = [f"“{law.name}”" for law in own if law.verdict == UNDECIDED]
        words = f"No law in σ, coverage, ε and noise is shown to predict {loss} of sets left out better than their mean"
        return f"{words}{f' (undecided: {_listed(open_)})' if open_ else ''}.{_beside_condition(laws)}"
    best, others = good[0], [f"“{law.name}”" for law in good[1:]]
    words = (
        f"“{best.name}” predicts {loss} of training sets left out: held-out R² against their mean is "
        f"{_with_interval(best.skill)}, Spearman's ρ {_number(best.spearman.value)}"
    )
    words += f"; so, less well, {_listed(others)}." if others else "."
    alone = next((law for law in own if law.name == "σ"), None)
    if alone is not None and alone not in good:
        words += f" σ by itself is not shown to: {_with_interval(alone.skill)}."
    return f"{words} {_over_distance(best)}{_beside_condition(laws)}"


def _about_elsewhere(other: Elsewhere) -> str:
    laws = [law for law in other.laws if law.target == "dice" and law.name not in BASELINES]
    where = f"with the coefficients found by the study {other.study} on {other.dataset}"
    good = sorted((law for law in laws if law.verdict == PREDICTS), key=lambda law: -(law.skill.value or 0.0))
    if good:
        held = f"“{good[0].name}” predicts 1 − Dice here {where}: R² {_with_interval(good[0].skill)}"
        return f"{held}, Spearman's ρ {_number(good[0].spearman.value)}."
    best = max(laws, key=lambda law: law.skill.value if law.skill.value is not None else -math.inf, default=None)
    words = f"No law in σ, coverage, ε and noise is shown to predict 1 − Dice here {where}"
    if best is None:
        return f"{words}: none can be worked out."
    rank = _number(best.spearman.value)
    return f"{words}; the nearest is “{best.name}”, R² {_with_interval(best.skill)}, Spearman's ρ {rank}."


def _over_distance(law: Law) -> str:
    score = law.over_distance
    if score is None or score.value is None:
        return "Distance on the axis is not defined for all pairs."
    if score.low is not None and score.low > 0:
        return f"It has less squared error than the distance on the axis, by a share of {_with_interval(score)}."
    return f"It is not shown to have less squared error than the distance on the axis: {_with_interval(score)}."


def _beside_condition(laws: Sequence[Law]) -> str:
    """Whether σ adds to knowing how hard each test condition is."""
    by_name = {law.name: law for law in laws}
    base, more = by_name.get("condition"), by_name.get("condition and σ")
    if base is None or more is None or base.skill.value is None or more.skill.value is None:
        return ""
    return (
        f" Knowing the mean of the other sets at each test condition gives {_number(base.skill.value)}, and with σ "
        f"besides {_number(more.skill.value)}."
    )


def _about_agreement(one: Agreement) -> str:
    words = f"the rank of training sets by {one.dice} Dice and by {MEASURES[one.by]}, as “design” may rank them"
    if one.spearman.value is None:
        return f"Three training sets or more, not all alike, are needed to compare {words}."
    return f"Between {words}, Spearman's ρ is {_with_interval(one.spearman)}."


def _with_interval(score: Score) -> str:
    if score.low is None or score.high is None:
        return _number(score.value)
    return f"{_number(score.value)} ({_number(score.low)} to {_number(score.high)})"


def _number(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.3f}".replace("-", "−")


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


__all__ = ["LOSSES", "MEASURES", "conclusions", "limits"]
