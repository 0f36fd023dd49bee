"""`hrtem-bench train` and `evaluate`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hrtem_bench.cli.printing import fixed, print_table, timed, wrote
from hrtem_bench.errors import InputError

if TYPE_CHECKING:
    from hrtem_bench.harness import Evaluation, InputContract, Options

Normalisation = Literal["standardised", "counts", "minmax", "own"]
Output = Literal["probabilities", "logits", "classes"]
PLACES = ("mini", "quickstart/data")
"""Folders in which a dataset is looked for where none is named."""


def train(
    baseline: Annotated[str, typer.Argument(help="Name of a shipped baseline, or a folder with card.toml.")],
    data: Annotated[str, typer.Option(help="Folder of a dataset, or its id on the Hugging Face Hub.")],
    conditions: Annotated[list[str], typer.Option(help="Condition to train at, as in defocus=-10nm; repeatable.")],
    out: Annotated[Path, typer.Option(help="New folder for the trained model.")],
    track: Annotated[str, typer.Option(help="Track of the dataset.")] = "defocus",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the weights and of the order of images.")] = 0,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the images; the baseline's own if not given.")
    ] = None,
) -> None:
    """Train a baseline on chosen conditions; the folder written is a model that `evaluate` takes.

    Interrupted, it goes on after its last epoch when the same command is given again.
    """
    from hrtem_bench.harness import baseline_folder, baseline_names, load_trainer

    folder = Path(baseline) if Path(baseline).is_dir() else baseline_folder(baseline)
    if folder is None:
        raise InputError(f"there is no baseline {baseline!r}: shipped are {', '.join(baseline_names())}")
    with timed("trained"):
        load_trainer(folder)(data, track, conditions, out, seed=seed, epochs=epochs)
    wrote(out)


def evaluate(
    context: typer.Context,
    model: Annotated[
        str,
        typer.Argument(
            help="A shipped baseline (unet_small, otsu), a folder with card.toml, module:function or path.py:function."
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(help=f"Folder of a dataset, or its id on the Hub; if not given, {' or '.join(PLACES)}."),
    ] = None,
    track: Annotated[str, typer.Option(help="Track of the dataset.")] = "defocus",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for results.json, per_image.parquet and report.html; if not given, results/MODEL."),
    ] = None,
    conditions: Annotated[list[str] | None, typer.Option(help="Score at this condition only; repeatable.")] = None,
    train_conditions: Annotated[
        list[str] | None,
        typer.Option(help="Condition the model was trained at, where it does not say so itself; repeatable."),
    ] = None,
    normalisation: Annotated[
        Normalisation | None, typer.Option(help="What the model is given; this and the next three replace its card.")
    ] = None,
    output: Annotated[Output | None, typer.Option(help="What the model returns.")] = None,
    pixel_size: Annotated[float | None, typer.Option(help="Pixel size the model was made for, Å.")] = None,
    threshold: Annotated[float | None, typer.Option(help="Probability above which a pixel is particle.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Images at once; no score depends on it.")] = 8,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Images per condition; the result is then unofficial.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 0,
) -> None:
    """Score a model at every condition of a track, and write its curve as data and as a page.

    The model is a function of images float32 (N, ny, nx), each with mean 0 and variance 1, that returns the
    probability of the particle class at every pixel. Interrupted, it goes on where it was.
    """
    from hrtem_bench.harness import Options

    options = Options(
        conditions=conditions,
        train_conditions=train_conditions,
        limit=limit,
        contract=contract(normalisation=normalisation, output=output, pixel_size=pixel_size, threshold=threshold),
        batch_size=batch_size,
        seed=seed,
    )
    folder = out or Path("results") / slug(model)
    with timed("evaluated"):
        evaluation = evaluated(model, data or default_data(), track, folder, options, context.obj)
    print_curve(evaluation)
    wrote(reported(evaluation, folder))


def contract(**given: str | float | None) -> InputContract | None:
    """The input contract that the options make; None if none was given."""
    from hrtem_bench.harness import InputContract

    named = {name: value for name, value in given.items() if value is not None}
    try:
        return InputContract(**named) if named else None  # type: ignore[arg-type]
    except ValueError as error:
        raise InputError(str(error)) from None


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
