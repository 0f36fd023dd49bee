"""`hrtem-bench design`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.output_files import FIGURES, check_ending, write_figure, write_text
from hrtem_bench.cli.planning.aims import Aim, Measure
from hrtem_bench.cli.printing import fixed, print_table
from hrtem_bench.errors import InputError

if TYPE_CHECKING:
    from hrtem_bench.planning import Plan
    from hrtem_bench.planning.choices import Choices


@options.with_option_groups
def design(
    budget: Annotated[int, typer.Option(min=1, help="Conditions to train at, at most.")],
    aim: Aim,
    measure: Measure,
    out: options.Drawing = None,
    plan: Annotated[Path | None, typer.Option(help="Also write it: a .toml file with a track for a recipe.")] = None,
) -> None:
    """Which conditions to train on, so that a model holds up at the targets: by what they transfer, nothing is trained.

    Lengths are in Å or have a unit, and C10 > 0 is overfocus, as in `transfer`. Equal parts of the training data are
    meant for each.
    """
    from hrtem_bench.cli.planning.design_by_observer import print_observer_plan
    from hrtem_bench.planning import design as choose
    from hrtem_bench.planning import plan_by_observer, plan_toml
    from hrtem_bench.planning.choices import choices

    if measure.criterion == "observer":
        if out is not None or plan is not None:
            raise InputError("--criterion observer prints its plan: leave --out and --plan out")
        if measure.q_max is not None or (aim.track, measure.weight) != ("defocus", "area"):
            raise InputError("--criterion observer goes by images alone: leave --track, --q-max and --weight out")
        print_observer_plan(
            plan_by_observer(
                aim.target or (), aim.candidates or (), budget, data=aim.data, spread=aim.spread, over=measure.over
            )
        )
        return
    check_ending(out, FIGURES)
    check_ending(plan, (".toml",), "--plan")
    given = choices(
        aim.target or (),
        aim.candidates or (),
        budget,
        data=aim.data,
        track=aim.track,
        spread=aim.spread,
        q_max=measure.q_max,
    )
    found = choose(
        given.target_sets,
        given.candidate_sets,
        budget,
        criterion=measure.criterion,
        over=measure.over,
        q_max=given.q_max,
        weight=measure.weight,
        compared=given.compared,
    )
    _print(found, given, measure.weight)
    if plan is not None:
        from hrtem_bench.report import step_reason

        notes = [f"{step.condition}: {step_reason(step)}" for step in found.steps]
        write_text(plan, plan_toml(found, given.candidates, given.targets, given.spread, notes))
    if out is not None:
        from hrtem_bench.report import design_figure

        write_figure(out, design_figure(found, given.candidate_sets, given.target_sets))


def _print(plan: Plan, given: Choices, weight: str) -> None:
    from hrtem_bench.report import plan_advice, step_reason

    measure = "coverage" if plan.criterion == "coverage" else "σ"
    print(f"{len(plan.targets)} targets, {len(given.candidates)} candidates; |q| ≤ {plan.q_max:g} 1/Å, weight {weight}")
    print_table(
        f"{measure}, {plan.over} of the targets",
        ("train at", "mean", "worst", "where worst"),
        [
            (f"{i}. {step.condition}", fixed(step.score.mean), fixed(step.score.worst), step.score.worst_at)
            for i, step in enumerate(plan.steps, 1)
        ],
    )
    for i, step in enumerate(plan.steps, 1):
        same = f"; {' or '.join(step.alike)} transfers the same" if step.alike else ""
        print(f"{i}. {step.condition} {step_reason(step)}{same}")
    print_table(
        "beside other choices",
        ("train at", "conditions", "mean", "worst"),
        [
            (name, str(one.size), fixed(one.mean), fixed(one.worst))
            for name, one in [
                ("this plan", plan.steps[-1].score),
                (f"the best alone: {plan.sizes[0].score.name}", plan.sizes[0].score),
                *((one.name, one) for one in plan.compared),
            ]
        ],
    )
    print_table(
        "the best sets by size",
        ("conditions", "mean", "worst", "found by"),
        [
            (
                str(one.score.size),
                fixed(one.score.mean),
                fixed(one.score.worst),
                f"all {one.tried} sets" if one.exhaustive else f"exchanges, {one.tried} sets tried",
            )
            for one in plan.sizes
        ],
    )
    for line in plan_advice(plan, given):
        print(line)
