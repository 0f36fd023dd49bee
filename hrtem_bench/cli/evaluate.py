"""`hrtem-bench evaluate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.fresh import evaluate_fresh
from hrtem_bench.cli.micrographs import evaluate_micrographs, expectation
from hrtem_bench.cli.printing import timed, wrote
from hrtem_bench.cli.running import PLACES, default_data, evaluated, print_curve, reported, slug
from hrtem_bench.errors import InputError

if TYPE_CHECKING:
    from hrtem_bench.evaluation.rendered import RenderedTrack

Data = Annotated[
    str | None,
    typer.Option(help=f"Folder of a dataset, or its id on the Hub; if not given, {' or '.join(PLACES)}."),
]
Track = Annotated[str, typer.Option(help="Track of the dataset.")]
Out = Annotated[
    Path | None,
    typer.Option(help="Folder for results.json, per_image.parquet and report.html; if not given, results/MODEL."),
]
Conditions = Annotated[
    list[str] | None,
    typer.Option(
        help="Score at this condition of the track only; repeatable. Or a .toml file of conditions of your own, "
        "rendered from the dataset's exit waves."
    ),
]
Grid = Annotated[
    list[str] | None,
    typer.Option(
        help='Score at every condition of a grid, rendered from exit waves: "C10=-400:400:25" or "dose=100,200"; '
        "repeat it to combine."
    ),
]
Fresh = Annotated[
    int | None,
    typer.Option(
        min=0, help="Score on a test set made now from this seed, and say how far it lies from the public one."
    ),
]
TrainConditions = Annotated[
    list[str] | None,
    typer.Option(
        help="Condition of the track that the model was trained at, where it does not say so itself; repeatable. "
        'For conditions of your own, also settings: "C10=100,focal_spread=10".'
    ),
]
Images = Annotated[Path | None, typer.Option(help="Score on your own micrographs instead: their folder, or one file.")]
Labels = Annotated[Path | None, typer.Option(help="Folder of their labels, by the same names.")]
LabelName = Annotated[
    str | None,
    typer.Option(help='How names of labels differ from those of images: "image_*=label_*" or "*=*_mask".'),
]
Limit = Annotated[int | None, typer.Option(min=1, help="Images per condition; the result is then unofficial.")]


def evaluate(
    context: typer.Context,
    model: options.Model,
    data: Data = None,
    track: Track = "defocus",
    out: Out = None,
    conditions: Conditions = None,
    train_conditions: TrainConditions = None,
    grid: Grid = None,
    fresh: Fresh = None,
    images: Images = None,
    labels: Labels = None,
    label_name: LabelName = None,
    pixel_size: options.PixelSize = None,
    condition: options.OwnCondition = None,
    results: options.OwnResults = None,
    normalisation: options.Normalisation = None,
    output: options.Output = None,
    model_pixel_size: options.ModelPixelSize = None,
    threshold: options.Threshold = None,
    window: options.Window = None,
    device: options.Device = "cpu",
    bf16: options.Bf16 = False,
    allow_code: options.AllowCode = False,
    batch_size: options.BatchSize = None,
    limit: Limit = None,
    seed: options.Seed = 0,
) -> None:
    """Score a model at every condition of a track, and write its curve as data and as a page.

    The model is a function of images float32 (N, ny, nx), each with mean 0 and variance 1, that returns the
    probability of the particle class at every pixel. Interrupted, it goes on where it was.

    With --images and --labels, score it on your own micrographs instead. What --grid, a file of conditions or
    --fresh give is no official result, and says so.
    """
    from hrtem_bench.models.runtime import Runtime
    from hrtem_bench.models.submission import load_submission
    from hrtem_bench.scoring.options import Options

    given = options.contract(
        normalisation=normalisation, output=output, pixel_size=model_pixel_size, threshold=threshold, window=window
    )
    folder = out or Path("results") / slug(model)
    if images is not None:
        _refuse_with_images({
            "--data": data, "--grid": grid, "--fresh": fresh, "--conditions": conditions, "--limit": limit,
            "--train-conditions": train_conditions, "--batch-size": batch_size,
        })  # fmt: skip
        submission = load_submission(model, given, runtime=Runtime(device, bf16), allow_code=allow_code)
        expected = expectation(submission, condition, results)
        evaluate_micrographs(submission, images, labels, folder, context.obj, pixel_size, expected, seed, label_name)
        return
    own = {"--labels": labels, "--label-name": label_name, "--pixel-size": pixel_size, "--condition": condition}
    _refuse(own if fresh is not None else own | {"--results": results})
    source = data or default_data()
    rendered = _rendered(source, conditions, grid, fresh, track, train_conditions or ())
    chosen = Options(
        conditions=None if rendered else conditions, train_conditions=train_conditions, limit=limit, contract=given,
        batch_size=batch_size, seed=seed, device=device, bf16=bf16, allow_code=allow_code,
    )  # fmt: skip
    if fresh is not None:
        evaluate_fresh(model, source, track, folder, chosen, context.obj, seed=fresh, public=results)
        return
    with timed("evaluated"):
        evaluation = evaluated(model, rendered or source, track, folder, chosen, context.obj)
    print_curve(evaluation)
    wrote(reported(evaluation, folder))


def _refuse(options: Mapping[str, object]) -> None:
    """Say of options that are given what they belong to."""
    for name, value in options.items():
        if value is not None:
            hint = "; the model's own is --model-pixel-size" if name == "--pixel-size" else ""
            raise InputError(f"{name} belongs to micrographs: give their folder as --images{hint}")


def _refuse_with_images(options: Mapping[str, object]) -> None:
    """Say of options that are given that they belong to a dataset's tracks."""
    name = next((name for name, value in options.items() if value is not None), None)
    if name is not None:
        raise InputError(f"{name} belongs to the tracks of a dataset, and --images to your own micrographs: give one")


def _rendered(
    source: str,
    conditions: list[str] | None,
    grid: list[str] | None,
    fresh: int | None,
    track: str,
    train_conditions: Sequence[str],
) -> RenderedTrack | None:
    """The track to render, where a grid or a file of conditions is given; None for the dataset's own."""
    files = [name for name in conditions or () if name.endswith(".toml")]
    if not grid and not files:
        return None
    if len(conditions or ()) + bool(grid) > 1 or fresh is not None:
        raise InputError("give one of --grid, a single file of --conditions, or --fresh: they exclude each other")
    from hrtem_bench.evaluation.rendered import file_track, grid_track, trained_at

    rendered = grid_track(source, grid) if grid else file_track(source, Path(files[0]))
    return trained_at(rendered, source, track, train_conditions) if train_conditions else rendered
