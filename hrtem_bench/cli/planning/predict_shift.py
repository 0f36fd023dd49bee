"""`hrtem-bench predict-shift`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.output_files import FIGURES, check_ending, write_figure
from hrtem_bench.cli.printing import print_table
from hrtem_bench.errors import InputError

if TYPE_CHECKING:
    from hrtem_bench.observer import Frozen, Predicted, RingPowers


def predict_shift(
    train: options.Train,
    test: options.Test,
    data: Annotated[
        str | None, typer.Option(help="Dataset that keeps exit waves, or shipped specimens by name; CdSe on carbon.")
    ] = None,
    results: Annotated[
        Path | None, typer.Option(help="Folder of your network's results on --data: its offset replaces the law's.")
    ] = None,
    out: options.Drawing = None,
) -> None:
    """What a network is expected to lose at a condition it was not trained at, and why, without running any.

    A condition reads name=value,name=value, lengths in Å or with a unit: "defocus=-10nm,dose=400e/A2"; it may name a
    camera, "camera=k3-300kV". What it leaves out is as in the dataset's own imaging.
    """
    from hrtem_bench.observer import RingPowers, foretold, loaded, parse_exposure, specimens_of
    from hrtem_bench.report.expected_loss import MOST, expected_loss_figure, reason

    check_ending(out, FIGURES)
    if out is not None and len(test) > MOST:
        raise InputError(f"--out draws at most {MOST} test conditions, not {len(test)}: draw them in parts")
    frozen = loaded()
    specimens = specimens_of(data)
    kept = None if data is None or not Path(data).is_dir() else Path(f"{Path(data).resolve()}.spectra.npz")
    powers = RingPowers(specimens, frozen.settings, kept)
    trained = parse_exposure(";".join(train), specimens)
    tests = {text: parse_exposure(text, specimens) for text in test}
    powers.prepare(one for exposure in (trained, *tests.values()) for one in exposure.conditions)
    law = frozen if results is None else _with_own_offset(results, frozen, powers, data)
    found = {text: foretold(trained, one, powers, law) for text, one in tests.items()}
    print_table(
        f"expected of networks trained at {'; '.join(train)}, on {specimens.name}",
        ("tested at", "loss", "95 %", "Dice", "95 %", "loss if trained there"),
        [(text, *_cells(one.loss), *_cells(one.dice), f"{one.matched.value:.3f}") for text, one in found.items()],
    )
    for text, one in found.items():
        print(f"{text}: {reason(one, frozen.settings.edges)}")
    print(f"law of {frozen.date}, from {frozen.fitted_on}; loss in nats per pixel, intervals for single pairs")
    if out is not None:
        write_figure(out, expected_loss_figure(found, frozen.settings.edges))


def _cells(one: Predicted) -> tuple[str, str]:
    return f"{one.value:.3f}", f"{one.low:.3f} to {one.high:.3f}"


def _with_own_offset(folder: Path, frozen: Frozen, powers: RingPowers, data: str | None) -> Frozen:
    """The law with the offset of a network's results: from its losses where it was tested, on the same specimens."""
    from hrtem_bench.dataset import open_dataset
    from hrtem_bench.observer import recalibrated, setups_of_track
    from hrtem_bench.scoring.reading import read_results

    found: Any = read_results(folder)
    if data is None:
        raise InputError(f"--results needs --data: the dataset that {folder} was scored on")
    if not found.train.conditions:
        raise InputError(f"{folder} does not say what its model was trained at, which the offset needs: leave it out")
    rows = [
        {
            "specimens": "own", "train": ";".join(found.train.conditions), "test": point.condition, "converged": True,
            "nll": point.scores["nll"].value, "dice": point.scores["dice"].value,
        }
        for point in found.curve
        if "nll" in point.scores and point.scores["nll"].value is not None
    ]  # fmt: skip
    if not rows:
        raise InputError(f"{folder} has no losses, only classes: leave --results out")
    return recalibrated(rows, frozen, setups_of_track(open_dataset(data, found.dataset.track), "own", powers))
