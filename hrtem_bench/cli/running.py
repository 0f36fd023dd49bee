"""Running an evaluation from the command line: where its data are, its progress, what is printed of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hrtem_bench.cli.printing import fixed, limits, print_table
from hrtem_bench.errors import InputError

if TYPE_CHECKING:
    from hrtem_bench.dataset import Track
    from hrtem_bench.evaluation.evaluate import Evaluation
    from hrtem_bench.scoring.options import Options
    from hrtem_bench.scoring.results import Results

PLACES = ("mini", "quickstart/data")
"""Folders in which a dataset is looked for where none is named."""


def default_data() -> str:
    """The dataset meant where none is named."""
    for place in PLACES:
        if (Path(place) / "manifest.json").is_file():
            return place
    raise InputError(f"no dataset: give --data, or make one with `hrtem-bench generate mini --out {PLACES[0]}`")


def slug(model: str) -> str:
    """A model's name as a folder's: the last part of its path, with _ for everything but letters and digits."""
    return re.sub(r"[^\w-]+", "_", Path(model).name).strip("_") or "model"


def evaluated(
    model: str, data: str | Path | Track, track: str, out: Path, options: Options, command: str
) -> Evaluation:
    """`hrtem_bench.evaluation.evaluate` behind a progress bar."""
    from hrtem_bench.evaluation.evaluate import evaluate as score
    from hrtem_bench.support.progress import progress_bar

    with progress_bar() as progress:
        return score(model, data, track, out, options=options, command=command, progress=progress)


def reported(evaluation: Evaluation, out: Path, others: Sequence[Results] = ()) -> Path:
    """Write the page about an evaluation into `out`, with the curves of others beside its own; returns its path."""
    from hrtem_bench.report import curve_of, report_evaluation

    return report_evaluation(evaluation, out, others=[curve_of(other) for other in others])


def print_curve(evaluation: Evaluation) -> None:
    """The curve as a table, and the summary."""
    from hrtem_bench.report import transfer_note

    results = evaluation.results
    data = results.dataset
    print_table(
        f"{results.model.name} on the {data.track} track of {data.name} {data.version}",
        ("condition", "ε", "σ", "Dice", "95 %" if results.settings.confidence == 0.95 else "interval", "IoU", "NLL"),
        [
            (
                f"{point.condition}{' (trained)' if point.in_distribution else ''}",
                *(fixed(value) for value in (point.epsilon, point.sigma, point.dice)),
                limits(point.dice),
                fixed(point.scores.get("iou")),
                fixed(point.scores.get("nll")),
            )
            for point in results.curve
        ],
    )
    print(transfer_note(results))
    summary = results.summary
    if "id_dice" in summary.scores and "ood_dice" in summary.scores:
        own, others = summary.scores["id_dice"].value, summary.scores["ood_dice"].value
        print(f"Dice where trained {own:.3f}, elsewhere {others:.3f}")
    for warning in results.warnings:
        print(f"note: {warning}")
