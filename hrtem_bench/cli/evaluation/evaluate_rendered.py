"""`hrtem-bench evaluate-rendered`: a model at conditions that no track holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.printing import timed, wrote
from hrtem_bench.cli.running import default_data, evaluated, print_curve, reported, slug
from hrtem_bench.errors import InputError


@options.with_option_groups
def evaluate_rendered(
    context: typer.Context,
    model: options.Model,
    given: options.ModelOptions,
    scoring: options.ScoringOptions,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            help='Every condition of a grid: "C10=-400:400:25", "defocus=-40nm:40nm:5nm" or "dose=100,200"; '
            "repeat it to combine."
        ),
    ] = None,
    conditions_file: Annotated[
        Path | None, typer.Option(help="A .toml file of conditions, a table [[condition]] each.")
    ] = None,
    data: options.Data = None,
    track: Annotated[str, typer.Option(help="Track whose conditions --train-conditions may name.")] = "defocus",
    out: options.Out = None,
    train_conditions: Annotated[
        list[str] | None,
        typer.Option(
            help="What the model was trained at, where it does not say so itself: a condition of --track, or settings "
            'such as "C10=100,focal_spread=10"; repeatable.'
        ),
    ] = None,
    seed: options.BootstrapSeed = 0,
) -> None:
    """Score a model at conditions of your own, rendered from the exit waves that a dataset keeps.

    What is not given is as in the imaging of the dataset. The result is no official one, and says so.
    """
    from hrtem_bench.evaluation.rendered import file_track, grid_track, trained_at

    if bool(grid) == (conditions_file is not None):
        raise InputError("say which conditions: give either --grid or --conditions-file")
    source = data or default_data()
    folder = out or Path("results") / f"{slug(model)}-rendered"
    rendered = file_track(source, conditions_file) if conditions_file is not None else grid_track(source, grid or ())
    if train_conditions:
        rendered = trained_at(rendered, source, track, train_conditions)
    with timed("evaluated"):
        chosen = scoring.with_model(given, train_conditions=train_conditions, seed=seed)
        evaluation = evaluated(model, rendered, track, folder, chosen, context.obj)
    print_curve(evaluation)
    wrote(reported(evaluation, folder))
