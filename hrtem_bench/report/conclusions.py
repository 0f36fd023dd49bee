"""What several results show, and what a plan is for, in plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hrtem_bench.planning.choices import varying
from hrtem_bench.planning.design import ENOUGH
from hrtem_bench.report.wording import counted, estimated, listed, number
from hrtem_bench.scoring.catalogue import image_metrics

if TYPE_CHECKING:
    from hrtem_bench.comparison.compare import Comparison, Pair
    from hrtem_bench.comparison.fresh_shift import FreshShift
    from hrtem_bench.comparison.seed_spread import SeedSpread
    from hrtem_bench.planning.choices import Choices
    from hrtem_bench.planning.plan import Plan, Step

PLAN_LIMITS = (
    "The plan compares what conditions transfer. It does not know noise (dose), the specimen, or how a network learns: "
    "train on the plan and on evenly spaced conditions, and compare."
)


def comparison_sentences(comparison: Comparison, pair: Pair) -> list[str]:
    """What the differences between two models allow to be said.

    Parameters
    ----------
    comparison : Comparison
        Of `hrtem_bench.comparison.compare`: it has the metric and the level of the intervals.
    pair : Pair
        One of its pairs.

    Returns
    -------
    list of str
        Two to four sentences: over the track; for each model the conditions at which it is better; the rest.
    """
    level = 1 - comparison.confidence
    sign = image_metrics()[comparison.metric].direction
    better: tuple[list[str], list[str]] = ([], [])
    for one in pair.conditions:
        if one.p_holm <= level and one.difference.value:
            better[0 if sign * one.difference.value > 0 else 1].append(str(one.condition))
    count = len(pair.conditions)
    undecided = count - len(better[0]) - len(better[1])
    said = [_over_the_track(comparison, pair)]
    for name, other, places in zip((pair.first, pair.second), (pair.second, pair.first), better, strict=True):
        if places:
            where = "all conditions" if len(places) == count else f"{len(places)} of {count} conditions"
            named = "" if len(places) == count else f" ({', '.join(places)})"
            said.append(f"{name} is better than {other} at {where}{named}, after Holm’s correction at {number(level)}.")
    if undecided == count:
        said.append("At no single condition can the two be told apart.")
    elif undecided:
        said.append(f"At the other {counted(undecided, 'condition')} the two cannot be told apart.")
    return said


def _over_the_track(comparison: Comparison, pair: Pair) -> str:
    metric = image_metrics()[comparison.metric]
    value, low, high = pair.mean.difference.value, pair.mean.difference.low, pair.mean.difference.high
    if low is None or high is None:
        return (
            f"The mean {metric.label} differs by {number(abs(value), 3)}; one structure gives no interval, so nothing "
            "can be concluded."
        )
    if pair.mean.p_holm <= 1 - comparison.confidence and low * high > 0:
        names = (pair.first, pair.second)
        ahead, behind = names if metric.direction * value > 0 else names[::-1]
        ends = sorted((abs(low), abs(high)))
        return (
            f"Over the track {ahead} is better than {behind} by {number(abs(value), 3)} in mean {metric.label} "
            f"({number(ends[0], 3)} to {number(ends[1], 3)})."
        )
    shown = estimated(pair.mean.difference, digits=3, signed=True)
    return (
        f"Over the track {pair.first} and {pair.second} cannot be told apart: the difference in mean {metric.label} is "
        f"{shown}."
    )


def fresh_sentence(shift: FreshShift) -> str:
    """Mean Dice on newly made structures and on the public ones, their difference with its interval, what follows."""
    mean = shift.mean
    start = (
        f"On new structures {shift.model} has a mean Dice of {number(mean.fresh, 3)}, on the public ones "
        f"{number(mean.public, 3)}"
    )
    low, high = mean.difference.low, mean.difference.high
    if low is None or high is None:
        return f"{start}; with fewer than two structures nothing can be concluded."
    span = f"{start}: {estimated(mean.difference, digits=3, signed=True)}"
    if high < 0:
        return f"{span}. The public scores are too good: the model does worse on structures that nobody could tune to."
    if low > 0:
        return f"{span}. The new structures are easier for it."
    return f"{span}. The choice of structures explains a difference of this size."


def seeds_sentence(spread: SeedSpread) -> str:
    """How far training again moves the mean Dice (standard deviation), and what the intervals are for."""
    return (
        f"Training again moves the mean Dice by {number(spread.mean.seed_sd, 3)} (standard deviation). The "
        f"{100 * spread.confidence:g} % intervals are for a new training and new structures."
    )


def step_reason(step: Step) -> str:
    """Why a condition is in a plan; without a subject, so that it follows the condition's name.

    Named are the bands of q, in 1/Å, in which it transfers what the conditions before it lack, and the score before and
    with it.
    """
    where = listed([f"{a:.2f}–{b:.2f}" for a, b in step.bands]) if step.bands else ""
    if step.moved is None:
        return f"transfers {where} 1/Å" if where else "transfers nothing that the targets do"
    before, after = step.moved
    change = f"{f'at {step.at}' if step.at else 'on average'} from {number(before, 3)} to {number(after, 3)}"
    if after < before - 1e-4:
        return f"lowers the score {change} by itself, and raises it together with the conditions after it"
    if not where:
        return f"changes the score little {change}"
    return f"adds {where} 1/Å and moves the score {change}"


def plan_advice(plan: Plan, choices: Choices) -> list[str]:
    """What to know beside the tables of a plan.

    Parameters
    ----------
    plan : Plan
        Of `hrtem_bench.planning.design`.
    choices : Choices
        What it was made from.

    Returns
    -------
    list of str
        A sentence each: how many conditions are enough, what was left out, what the plan cannot know; last the command
        that trains on it, where a dataset was named.
    """
    said = _about_size(plan)
    if plan.unreachable:
        said.append(f"Left out, since nothing is transferred there: {', '.join(plan.unreachable)}.")
    if len(choices.targets) > 1 and not varying(list(choices.targets.values())):
        said.append("The targets do not differ in what they transfer, so nothing here can choose between conditions.")
    if len({one.dose for one in (*choices.targets.values(), *choices.candidates.values())}) > 1:
        said.append("Doses differ. Dose leaves T(q) unchanged, so the plan says nothing about noise.")
    said.append(PLAN_LIMITS)
    if choices.data:
        named = " ".join(f"--conditions {name}" for name in plan.conditions)
        said.append(f"hrtem-bench train BASELINE --data {choices.data} --track {choices.track} {named} --out DIR")
    return said


def _about_size(plan: Plan) -> list[str]:
    best, worst = plan.steps[-1].score, plan.over == "worst"
    of = {one.score.size: one.score.worst if worst else one.score.mean for one in plan.sizes}
    reached, last = best.worst if worst else best.mean, plan.sizes[-1].score.size
    said = []
    if best.size < last:
        said.append(
            f"{counted(best.size, 'condition')} {'does' if best.size == 1 else 'do'} better than {last} "
            f"({number(reached, 3)} and {number(of[last], 3)}): each further condition takes weight from the others."
        )
    if plan.enough < best.size:
        said.append(
            f"{counted(plan.enough, 'condition')} {'is' if plan.enough == 1 else 'are'} enough: "
            f"{number(of[plan.enough], 3)}, within {ENOUGH:g} of the {number(reached, 3)} of {best.size} conditions."
        )
    return said
