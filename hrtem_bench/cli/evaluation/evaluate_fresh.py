"""`hrtem-bench evaluate-fresh`: a model on a test set that nobody has seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.output_files import write_json
from hrtem_bench.cli.printing import counting, fixed, limits, print_table, timed, wrote
from hrtem_bench.cli.running import default_data, evaluated, print_curve, reported, slug

if TYPE_CHECKING:
    from hrtem_bench.comparison.fresh_shift import FreshShift


@options.with_option_groups
def evaluate_fresh(
    context: typer.Context,
    given: options.ChosenModel,
    scoring: options.ScoringOptions,
    fresh_seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the new test set.")],
    where: options.TrackOptions,
    public: Annotated[
        Path | None,
        typer.Option(help="The model's results on the public test set; if not given, they are made in OUT/public."),
    ] = None,
) -> None:
    """Score a model on a test set made now from a seed, and say how far it lies from the public one.

    The new structures come from the dataset's own recipe. The result is no official one, and says so.
    """
    from hrtem_bench.comparison.fresh_shift import FRESH, fresh_shift
    from hrtem_bench.dataset import open_dataset
    from hrtem_bench.evaluation.fresh import fresh_track
    from hrtem_bench.scoring.run import Run, read_run

    track, folder = where.track, where.out or Path("results") / f"{slug(given.model)}-fresh"
    chosen = scoring.with_model(given)
    opened = open_dataset(where.data or default_data(), track)
    before = None if public is None else read_run(public)
    with timed("fresh test set"), counting("structures") as moved:
        new = fresh_track(opened.manifest, track, fresh_seed, progress=moved)
    with timed("evaluated"):
        evaluation = evaluated(given.model, new, track, folder, chosen, context.obj)
        if before is None:
            other = evaluated(given.model, opened, track, folder / "public", chosen, context.obj)
            before = Run(other.results, other.per_image)
    shift = fresh_shift(before, Run(evaluation.results, evaluation.per_image), fresh_seed)
    write_json(folder / FRESH, shift)
    print_curve(evaluation)
    _print_shift(shift, fresh_seed)
    wrote(reported(evaluation, folder))


def _print_shift(shift: FreshShift, seed: int) -> None:
    print_table(
        f"Dice on new structures less that on public ones, seed {seed}",
        ("condition", "public", "fresh", "difference", f"{100 * shift.confidence:g} %"),
        [
            (
                one.condition or "mean of all",
                fixed(one.public),
                fixed(one.fresh),
                f"{one.difference.value:+.3f}",
                limits(one.difference),
            )
            for one in (*shift.conditions, shift.mean)
        ],
    )
    from hrtem_bench.report import fresh_sentence

    print(fresh_sentence(shift))
