"""`hrtem-bench design`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hrtem_bench.cli.output_files import FIGURES, check_ending, write_figure, write_text
from hrtem_bench.cli.planning.transfer import WeightName
from hrtem_bench.cli.printing import fixed, print_table
from hrtem_bench.errors import InputError

if TYPE_CHECKING:
    from hrtem_bench.planning import Plan
    from hrtem_bench.planning.choices import Choices
    from hrtem_bench.planning.plan import Over


def design(
    budget: Annotated[int, typer.Option(min=1, help="Conditions to train at, at most.")],
    target: Annotated[
        list[str] | None,
        typer.Option(help='Where the model will be used: "C10=-400:400:50,focal_spread=10"; repeatable.'),
    ] = None,
    candidates: Annotated[
        list[str] | None,
        typer.Option(
            help="What can be simulated, written alike; if not given, the targets' ranges and a quarter more."
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Choose among the training conditions of this dataset's track instead.")
    ] = None,
    track: Annotated[str, typer.Option(help="The track; without --target, all of it is the target.")] = "defocus",
    criterion: Annotated[
        Literal["sigma", "coverage", "observer"],
        typer.Option(help="What is made large between plan and targets; observer: the expected loss, made small."),
    ] = "sigma",
    worst: Annotated[
        bool, typer.Option("--worst/--mean", help="Its lowest value over the targets, or its mean.")
    ] = True,
    spread: Annotated[
        str | None,
        typer.Option(help='Standard deviations about every condition: "C10=15"; if not given, those of the track.'),
    ] = None,
    q_max: Annotated[
        float | None, typer.Option(help="Edge of the band, 1/Å; if not given, the dataset's Nyquist frequency, or 2.5.")
    ] = None,
    weight: Annotated[WeightName, typer.Option(help="Weight of the band: area (q dq) or radial (dq).")] = "area",
    out: Annotated[Path | None, typer.Option(help="Also draw it: a file ending in .svg or .png.")] = None,
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

    over: Over = "worst" if worst else "mean"
    if criterion == "observer":
        if out is not None or plan is not None:
            raise InputError("--criterion observer prints its plan: leave --out and --plan out")
        if q_max is not None or (track, weight) != ("defocus", "area"):
            raise InputError("--criterion observer goes by images alone: leave --track, --q-max and --weight out")
        expected = plan_by_observer(target or (), candidates or (), budget, data=data, spread=spread, over=over)
        print_observer_plan(expected)
        return
    check_ending(out, FIGURES)
    check_ending(plan, (".toml",), "--plan")
    given = choices(target or (), candidates or (), budget, data=data, track=track, spread=spread, q_max=q_max)
    found = choose(
        given.target_sets,
        given.candidate_sets,
        budget,
        criterion=criterion,
        over=over,
        q_max=given.q_max,
        weight=weight,
        compared=given.compared,
    )
    _print(found, given, weight)
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
