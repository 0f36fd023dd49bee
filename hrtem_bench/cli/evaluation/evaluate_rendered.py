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
    given: options.ChosenModel,
    scoring: options.SeededScoringOptions,
    where: options.TrackOptions,
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
) -> None:
    """Score a model at conditions of your own, rendered from the exit waves that a dataset keeps.

    What is not given is as in the imaging of the dataset. The result is no official one, and says so.
    --train-conditions takes conditions of --track, and settings such as "C10=100,focal_spread=10".
    """
    from hrtem_bench.evaluation.rendered import file_track, grid_track, trained_at

    if bool(grid) == (conditions_file is not None):
        raise InputError("say which conditions: give either --grid or --conditions-file")
    source = where.data or default_data()
    folder = where.out or Path("results") / f"{slug(given.model)}-rendered"
    rendered = file_track(source, conditions_file) if conditions_file is not None else grid_track(source, grid or ())
    if scoring.train_conditions:
        rendered = trained_at(rendered, source, where.track, scoring.train_conditions)
    with timed("evaluated"):
        evaluation = evaluated(given.model, rendered, where.track, folder, scoring.with_model(given), context.obj)
    print_curve(evaluation)
    wrote(reported(evaluation, folder))
