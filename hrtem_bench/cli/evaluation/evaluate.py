"""`hrtem-bench evaluate`: a model on a track as it is published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.printing import timed, wrote
from hrtem_bench.cli.running import default_data, evaluated, print_curve, reported, slug
from hrtem_bench.errors import InputError

MOVED = {
    "--grid": "evaluate-rendered MODEL --grid …",
    "--fresh": "evaluate-fresh MODEL --seed …",
    "--results": "evaluate-fresh MODEL --public …",
    **dict.fromkeys(
        ("--images", "--labels", "--label-name", "--condition"), "evaluate-images MODEL --images … --labels …"
    ),
    "--pixel-size": "evaluate-images MODEL --pixel-size … (the model's own pixel size is --model-pixel-size)",
}
"""Options that `evaluate` had once, and the command that has them now."""


@options.with_option_groups
def evaluate(
    context: typer.Context,
    given: options.ChosenModel,
    scoring: options.SeededScoringOptions,
    where: options.TrackOptions,
    conditions: Annotated[
        list[str] | None,
        typer.Option(help="Score at this condition of the track only, as in defocus=-10nm; repeatable."),
    ] = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder of another model's results, to be shown beside; repeatable. If not given, the best of those "
            "in the folders next to --out that are of the same images."
        ),
    ] = None,
) -> None:
    """Score a model at every condition of a track, and write its curve as data and as a page.

    The model is a function of images float32 (N, ny, nx), each with mean 0 and variance 1, that returns the
    probability of the particle class at every pixel. Interrupted, it goes on where it was.

    Other conditions: evaluate-rendered. A test set that nobody has seen: evaluate-fresh. Your own micrographs:
    evaluate-images.
    """
    file = next((name for name in conditions or () if name.endswith(".toml")), None)
    if file is not None:
        raise InputError(
            f"--conditions names conditions of the track; those of a file: hrtem-bench evaluate-rendered MODEL "
            f"--conditions-file {file}"
        )
    from hrtem_bench.comparison.companions import companions
    from hrtem_bench.scoring.reading import read_results

    for path in beside or ():
        read_results(path)  # before the model runs
    folder = where.out or Path("results") / slug(given.model)
    chosen = scoring.with_model(given, conditions=conditions)
    with timed("evaluated"):
        evaluation = evaluated(given.model, where.data or default_data(), where.track, folder, chosen, context.obj)
    print_curve(evaluation)
    wrote(reported(evaluation, folder, companions(evaluation.results, folder, beside or ())))
