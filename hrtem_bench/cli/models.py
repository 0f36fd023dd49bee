"""`hrtem-bench train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrtem_bench.cli.printing import timed, wrote


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
    device: Annotated[
        str, typer.Option(help="Where to train: cpu, cuda, cuda:1, … or mps, if the baseline's trainer takes a device.")
    ] = "cpu",
    name: Annotated[
        str | None, typer.Option(help="What to call the trained model; the baseline's name if not given.")
    ] = None,
) -> None:
    """Train a baseline on chosen conditions; the folder written is a model that `evaluate` takes.

    Interrupted, it goes on after its last epoch when the same command is given again.
    """
    from hrtem_bench.models.card import check_name, rename
    from hrtem_bench.models.runtime import Runtime, on_device
    from hrtem_bench.models.shipped_baselines import baseline_at
    from hrtem_bench.models.submission import load_trainer

    if name is not None:
        check_name(name)  # before the training, not after it
    trainer = load_trainer(baseline_at(baseline))
    where = on_device(trainer, Runtime(device), f"the trainer of {baseline}")
    with timed("trained"):
        trainer(data, track, conditions, out, seed=seed, epochs=epochs, **where)
    if name is not None:
        rename(out, name)
    wrote(out)
