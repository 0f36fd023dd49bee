"""`hrtem-bench evaluate`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.printing import fixed, print_table, timed, wrote
from hrtem_bench.errors import InputError

if TYPE_CHECKING:
    from hrtem_bench.harness import Evaluation, InputContract, Options

PLACES = ("mini", "quickstart/data")
"""Folders in which a dataset is looked for where none is named."""
Data = Annotated[
    str | None,
    typer.Option(help=f"Folder of a dataset, or its id on the Hub; if not given, {' or '.join(PLACES)}."),
]
Track = Annotated[str, typer.Option(help="Track of the dataset.")]
Out = Annotated[
    Path | None,
    typer.Option(help="Folder for results.json, per_image.parquet and report.html; if not given, results/MODEL."),
]
Conditions = Annotated[list[str] | None, typer.Option(help="Score at this condition only; repeatable.")]
TrainConditions = Annotated[
    list[str] | None,
    typer.Option(help="Condition the model was trained at, where it does not say so itself; repeatable."),
]
Images = Annotated[Path | None, typer.Option(help="Score on your own micrographs instead: their folder, or one file.")]
Labels = Annotated[Path | None, typer.Option(help="Folder of their labels, by the same names.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Images per condition; the result is then unofficial.")]


def evaluate(
    context: typer.Context,
    model: options.Model,
    data: Data = None,
    track: Track = "defocus",
    out: Out = None,
    conditions: Conditions = None,
    train_conditions: TrainConditions = None,
    images: Images = None,
    labels: Labels = None,
    pixel_size: options.PixelSize = None,
    condition: options.OwnCondition = None,
    results: options.OwnResults = None,
    normalisation: options.Normalisation = None,
    output: options.Output = None,
    model_pixel_size: options.ModelPixelSize = None,
    threshold: options.Threshold = None,
    window: options.Window = None,
    batch_size: options.BatchSize = 8,
    limit: Limit = None,
    seed: options.Seed = 0,
) -> None:
    """Score a model at every condition of a track, and write its curve as data and as a page.

    The model is a function of images float32 (N, ny, nx), each with mean 0 and variance 1, that returns the
    probability of the particle class at every pixel. Interrupted, it goes on where it was.

    With --images and --labels, score it on your own micrographs instead.
    """
    from hrtem_bench.harness import Options

    given = options.contract(
        normalisation=normalisation, output=output, pixel_size=model_pixel_size, threshold=threshold, window=window
    )
    folder = out or Path("results") / slug(model)
    own = {"--labels": labels, "--pixel-size": pixel_size, "--condition": condition, "--results": results}
    if images is not None:
        _on_micrographs(model, given, images, labels, folder, context.obj, pixel_size, condition, results, seed)
        return
    for name, value in own.items():
        if value is not None:
            hint = "; the model's own is --model-pixel-size" if name == "--pixel-size" else ""
            raise InputError(f"{name} belongs to micrographs: give their folder as --images{hint}")
    chosen = Options(
        conditions=conditions,
        train_conditions=train_conditions,
        limit=limit,
        contract=given,
        batch_size=batch_size,
        seed=seed,
    )
    with timed("evaluated"):
        evaluation = evaluated(model, data or default_data(), track, folder, chosen, context.obj)
    print_curve(evaluation)
    wrote(reported(evaluation, folder))


def _on_micrographs(
    model: str,
    given: InputContract | None,
    images: Path,
    labels: Path | None,
    out: Path,
    command: str,
    pixel_size: float | None,
    condition: str | None,
    results: Path | None,
    seed: int,
) -> None:
    from hrtem_bench.cli.micrographs import evaluate_micrographs, expectation
    from hrtem_bench.harness import load_submission

    if labels is None:
        raise InputError("scores need labels: give their folder as --labels, or use `hrtem-bench predict`")
    submission = load_submission(model, given)
    expected = expectation(submission, condition, results)
    evaluate_micrographs(submission, images, labels, out, command, pixel_size=pixel_size, expected=expected, seed=seed)


def default_data() -> str:
    """The dataset meant where none is named."""
    for place in PLACES:
        if (Path(place) / "manifest.json").is_file():
            return place
    raise InputError(f"no dataset: give --data, or make one with `hrtem-bench generate mini --out {PLACES[0]}`")


def slug(model: str) -> str:
    """A model's name as a folder's: the last part of its path, and what in it is not a letter or digit as _."""
    return re.sub(r"[^\w-]+", "_", Path(model).name).strip("_") or "model"


def evaluated(model: str, data: str | Path, track: str, out: Path, options: Options, command: str) -> Evaluation:
    """`hrtem_bench.harness.evaluate` behind a progress bar."""
    from hrtem_bench.harness import evaluate as score
    from hrtem_bench.harness import progress_bar

    with progress_bar() as progress:
        return score(model, data, track, out, options=options, command=command, progress=progress)


def reported(evaluation: Evaluation, out: Path, others: Sequence[Evaluation] = ()) -> Path:
    """Write the page about an evaluation into `out`, with the curves of others beside its own; returns its path."""
    from hrtem_bench.report import curve_of, report_evaluation

    return report_evaluation(evaluation, out, others=[curve_of(other.results) for other in others])


def print_curve(evaluation: Evaluation) -> None:
    """The curve as a table, and the summary."""
    results = evaluation.results
    data = results.dataset
    print_table(
        f"{results.model.name} on the {data.track} track of {data.name} {data.version}",
        ("condition", "ε", "σ", "Dice", "95 %" if results.settings.confidence == 0.95 else "interval", "IoU", "NLL"),
        [
            (
                f"{point.condition}{' (trained)' if point.in_distribution else ''}",
                *(fixed(value) for value in (point.epsilon, point.sigma, point.dice)),
                f"{fixed(point.dice_low)} to {fixed(point.dice_high)}",
                fixed(point.iou),
                fixed(point.nll),
            )
            for point in results.curve
        ],
    )
    summary = results.summary
    if summary.id_dice is not None and summary.ood_dice is not None:
        print(f"Dice where trained {summary.id_dice:.3f}, elsewhere {summary.ood_dice:.3f}")
    for warning in results.warnings:
        print(f"note: {warning}")
