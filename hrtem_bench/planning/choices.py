"""What a plan chooses from and for, as asked for in words or as a dataset has it, and what to say with the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hrtem_bench.conditions import Condition, ConditionSet, Spread
from hrtem_bench.dataset import Track, open_dataset
from hrtem_bench.errors import InputError
from hrtem_bench.planning.design import ENOUGH
from hrtem_bench.planning.plan import Plan
from hrtem_bench.planning.regions import candidates_about, counted_off, evenly, parse_spread, regions, varying

Sets = Mapping[str, ConditionSet]
Q_MAX = 2.5
LIMITS = (
    "this compares what conditions transfer; it does not see noise (dose), the specimen, or how a network learns: "
    "train on the plan and on an even spacing, and compare"
)


@dataclass(frozen=True)
class Choices:
    """targets, candidates: nominal conditions by name. *_sets: with their spread.

    compared: other training sets, by name. spread: of settings about each condition, as a recipe's track has it. q_max:
    1/Å.
    data, track: of the dataset that the candidates are conditions of, "" where they are made up.
    """

    targets: Mapping[str, Condition]
    candidates: Mapping[str, Condition]
    target_sets: Sets
    candidate_sets: Sets
    compared: Mapping[str, Sequence[ConditionSet]]
    spread: Mapping[str, Any]
    q_max: float
    data: str
    track: str

    def advice(self, plan: Plan) -> list[str]:
        """What to know beside the tables, a sentence each: where more stops paying, what to do, what it cannot know."""
        said = [*_about_size(plan)]
        if plan.unreachable:
            said.append(f"left out, since nothing is transferred there: {', '.join(plan.unreachable)}")
        if len(self.targets) > 1 and not varying(list(self.targets.values())):
            said.append(
                "the targets do not differ in what they transfer, so nothing here can choose between conditions"
            )
        if len({one.dose for one in (*self.targets.values(), *self.candidates.values())}) > 1:
            said.append("doses differ: no measure of transfer sees that, so the plan says nothing about noise")
        said.append(LIMITS)
        if self.data:
            named = " ".join(f"--conditions {name}" for name in plan.conditions)
            said.append(f"hrtem-bench train BASELINE --data {self.data} --track {self.track} {named} --out DIR")
        return said


def choices(
    target: Sequence[str],
    candidates: Sequence[str],
    budget: int,
    *,
    data: str | None = None,
    track: str = "defocus",
    spread: str | None = None,
    q_max: float | None = None,
) -> Choices:
    """Targets and candidates from text, or of a dataset's track; see `regions` for the text.

    data: a folder or Hub id, whose track's training conditions are the candidates and, where no target is given, all of
    whose conditions are the targets; what a target leaves out is then as in the dataset's imaging. spread: standard
    deviations as text; by default the track's, else none. q_max: by default the dataset's Nyquist frequency, or 2.5.
    """
    deviations = None if spread is None else parse_spread(spread)
    if data is not None:
        if candidates:
            raise InputError("give --candidates or --data: a dataset's candidates are its track's training conditions")
        return _of_track(open_dataset(data, track), data, target, budget, deviations, q_max)
    if not target:
        raise InputError('give --target, as in --target "C10=-400:400:50,focal_spread=10", or --data')
    wanted = regions(target)
    offered = regions(candidates, option="--candidates") if candidates else candidates_about(list(wanted.values()))
    return _choices(wanted, offered, evenly(wanted, budget), deviations or {}, q_max or Q_MAX)


def _of_track(
    opened: Track,
    data: str,
    target: Sequence[str],
    budget: int,
    deviations: Mapping[str, float | Spread] | None,
    q_max: float | None,
) -> Choices:
    base = opened.manifest.recipe["imaging"]
    wanted = regions(target, base) if target else {one.condition_id: one.condition for one in opened.conditions}
    offered = {one.condition_id: one.condition for one in opened.conditions if one.train}
    if not offered:
        raise InputError(f"the track {opened.name} has no condition with training images")
    recorded = opened.manifest.recipe["tracks"][opened.name].get("spread", {}) if deviations is None else deviations
    deviations = opened.conditions[0].spread if deviations is None else deviations
    band = q_max or 0.5 / opened.pixel_size
    even = counted_off(offered, budget)
    found = _choices(wanted, offered, even, deviations, band, data, opened.name)
    return replace(found, spread=recorded)


def _choices(
    targets: Mapping[str, Condition],
    candidates: Mapping[str, Condition],
    even: Mapping[str, Condition],
    deviations: Mapping[str, float | Spread],
    q_max: float,
    data: str = "",
    track: str = "",
) -> Choices:
    sets = [
        {name: ConditionSet.about(one, deviations) for name, one in group.items()}
        for group in (targets, candidates, even)
    ]
    return Choices(
        targets=targets,
        candidates=candidates,
        target_sets=sets[0],
        candidate_sets=sets[1],
        compared={"evenly spaced": list(sets[2].values())},
        spread=deviations,
        q_max=q_max,
        data=data,
        track=track,
    )


def _about_size(plan: Plan) -> list[str]:
    best, worst = plan.steps[-1].score, plan.over == "worst"
    of = {one.score.size: one.score.worst if worst else one.score.mean for one in plan.sizes}
    reached = best.worst if worst else best.mean
    said = []
    if best.size < plan.sizes[-1].score.size:
        last = plan.sizes[-1].score.size
        said.append(
            f"{_conditions(best.size)} better than {last} ({reached:.3f} and {of[last]:.3f}): each more takes weight "
            "from the others"
        )
    if plan.enough < best.size:
        said.append(
            f"{plan.enough} {'is' if plan.enough == 1 else 'are'} enough: {of[plan.enough]:.3f}, within {ENOUGH:g} of "
            f"the {reached:.3f} of {best.size}; beyond it more conditions hardly pay"
        )
    return said


def _conditions(count: int) -> str:
    return "1 condition does" if count == 1 else f"{count} conditions do"


__all__ = ["Choices", "choices"]
