"""`design`: which conditions to train on, with a plan to look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hrtem_bench.errors import InputError
from hrtem_bench.interactive.table import Table, table_of
from hrtem_bench.physics.band import Weight
from hrtem_bench.planning import ObserverPlan, Plan, plan_by_observer, plan_toml
from hrtem_bench.planning import design as choose
from hrtem_bench.planning.choices import Choices, Region, choices
from hrtem_bench.planning.plan import Criterion, Over

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Planned:
    """A plan of training conditions; a notebook shows its steps and the advice.

    Parameters
    ----------
    plan
        What `hrtem_bench.planning.design` returned.
    choices
        What was chosen from, and for.
    """

    plan: Plan
    choices: Choices

    @property
    def conditions(self) -> list[str]:
        """The conditions to train at, by name, in the order in which they were chosen."""
        return list(self.plan.conditions)

    @property
    def advice(self) -> list[str]:
        """What to know besides the table, a sentence each."""
        from hrtem_bench.report import plan_advice

        return plan_advice(self.plan, self.choices)

    def table(self) -> Table:
        """A row for each condition added: condition, mean and worst score so far, where it is worst, and the reason."""
        from hrtem_bench.report import step_reason

        return table_of(
            {
                "condition": step.condition,
                "mean": step.score.mean,
                "worst": step.score.worst,
                "worst_at": step.score.worst_at,
                "reason": step_reason(step),
            }
            for step in self.plan.steps
        )

    def plot(self) -> Figure:
        """What the plan transfers and what the targets transfer, as a matplotlib Figure."""
        from hrtem_bench.report import design_figure

        return design_figure(self.plan, self.choices.candidate_sets, self.choices.target_sets)

    def save(self, path: str | Path) -> Path:
        """Write the plan as a .toml file with a track for a recipe; returns its path."""
        from hrtem_bench.support.files import write_aside

        out = Path(path)
        if out.suffix != ".toml":
            raise InputError(f"{path}: the name of a plan must end in .toml")
        given = self.choices
        write_aside(out, plan_toml(self.plan, given.candidates, given.targets, given.spread))
        return out

    def __repr__(self) -> str:
        return f"<train at {', '.join(self.conditions)}>"

    def _repr_html_(self) -> str:
        from hrtem_bench.report.html_elements import listing

        return self.table()._repr_html_() + str(listing(self.advice))


@dataclass(frozen=True, repr=False)
class PlannedByObserver:
    """A plan of training conditions by the expected loss; a notebook shows what each target is to lose.

    Parameters
    ----------
    plan
        What `hrtem_bench.planning.plan_by_observer` returned.
    """

    plan: ObserverPlan

    @property
    def conditions(self) -> list[str]:
        """The conditions to train at, by name."""
        return list(self.plan.best.conditions)

    def table(self) -> Table:
        """A row for each target: the loss to expect of the plan, and of networks trained there, nats per pixel."""
        return table_of(
            {"target": name, "this plan": own, "if trained there": matched}
            for name, (own, matched) in self.plan.targets.items()
        )

    def __repr__(self) -> str:
        return f"<train at {', '.join(self.conditions)}>"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def design(
    target: Region | Sequence[Region] = (),
    budget: int = 4,
    *,
    candidates: Region | Sequence[Region] = (),
    data: str | None = None,
    track: str = "defocus",
    spread: str | None = None,
    criterion: Criterion | Literal["observer"] = "sigma",
    over: Over = "worst",
    q_max: float | None = None,
    weight: Weight = "area",
) -> Planned | PlannedByObserver:
    """Choose conditions to train on, so that a model holds up at the targets; nothing is trained.

    Parameters
    ----------
    target
        Where the model will be used: text, "C10=-400:400:50,focal_spread=10", in Å or with units; a Condition; a
        ConditionSet, which is one target with the spread that it has; or several of these.
    budget
        Conditions to train at, at most.
    candidates
        What can be simulated, given alike; by default the targets' ranges and a quarter more, where a set stands at its
        member of largest weight. By the observer the targets themselves.
    data, track
        A dataset, whose track's training conditions are the candidates and, without a target, whose conditions are the
        targets. By the observer a dataset that keeps exit waves, or a shipped kind, whose specimens are meant.
    spread
        Standard deviations about every condition but those of a ConditionSet, "C10=15"; by default those of the track.
    criterion
        "sigma" or "coverage": what is made large between the plan and the targets. "observer": the loss that the model
        observer expects is made small; dose and camera count, text may end in "camera=NAME,NAME".
    over
        "worst" or "mean" of the targets.
    q_max
        Edge of the band, 1/Å; by default the dataset's Nyquist frequency, or 2.5. Not for the observer.
    weight
        "area" (q dq) or "radial" (dq). Not for the observer.

    Raises
    ------
    InputError
        For no target, what cannot be read, and what the observer does not use.
    """
    wanted, offered = _several(target), _several(candidates)
    if criterion == "observer":
        if q_max is not None or (track, weight) != ("defocus", "area"):
            raise InputError("the observer goes by images alone: leave track, q_max and weight out")
        return PlannedByObserver(plan_by_observer(wanted, offered, budget, data=data, spread=spread, over=over))
    given = choices(wanted, offered, budget, data=data, track=track, spread=spread, q_max=q_max)
    plan = choose(
        given.target_sets,
        given.candidate_sets,
        budget,
        criterion=criterion,
        over=over,
        q_max=given.q_max,
        weight=weight,
        compared=given.compared,
    )
    return Planned(plan, given)


def _several(one: Region | Sequence[Region]) -> Sequence[Region]:
    return list(one) if isinstance(one, Iterable) and not isinstance(one, str) else [one]
