"""`hrtem-bench train`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hrtem_bench.cli.options import with_option_groups
from hrtem_bench.cli.printing import timed, wrote
from hrtem_bench.errors import InputError

if TYPE_CHECKING:
    from hrtem_bench.training import TrainingSettings

AUGMENTATIONS = "gradient=0.5,blur=1,noise=0.3,contrast=0.2"


@dataclass(frozen=True, kw_only=True)
class TrainedAt:
    """What to train at."""

    data: Annotated[str, typer.Option(help="Folder of a dataset, or its id on the Hugging Face Hub.")]
    track: Annotated[str, typer.Option(help="Track of the dataset.")] = "defocus"
    conditions: Annotated[
        list[str] | None, typer.Option(help="Condition to train at, as in defocus=-10nm; repeatable.")
    ] = None
    all_conditions: Annotated[
        bool, typer.Option("--all-conditions", help="Train at every condition that has training images.")
    ] = False
    settings: Annotated[
        list[str] | None,
        typer.Option(
            help='In place of --conditions: settings such as "defocus=-7nm,dose=200,camera=k3-300kV", at which images '
            "are rendered from the exit waves that the dataset keeps; repeatable."
        ),
    ] = None

    def check(self) -> None:
        """Raise InputError unless one of the three ways to name conditions is used."""
        if bool(self.conditions) + self.all_conditions + bool(self.settings) != 1:
            raise InputError(
                "say what to train at: --conditions one by one, --all-conditions, or --settings; one of them"
            )


@dataclass(frozen=True, kw_only=True)
class HowTrained:
    """The schedule, and where it runs."""

    seed: Annotated[int, typer.Option(min=0, help="Seed of the weights and of the order of images.")] = 0
    steps: Annotated[int | None, typer.Option(min=1, help="Steps of a cycle; the default schedule's if not given.")] = (
        None
    )
    augment: Annotated[
        str | None,
        typer.Option(help=f"Largest changes made to training images, none by default: {AUGMENTATIONS}."),
    ] = None
    device: Annotated[str, typer.Option(help="Where to train: cpu, cuda, cuda:1, … or mps.")] = "cpu"

    def schedule(self) -> TrainingSettings:
        """The default schedule with these changes."""
        import msgspec

        from hrtem_bench.training import TrainingSettings

        changes: dict[str, Any] = {"seed": self.seed, "augmentations": _augmentations(self.augment)}
        if self.steps is not None:
            changes["steps"] = self.steps
        return msgspec.structs.replace(TrainingSettings(), **changes)


@with_option_groups
def train(
    context: typer.Context,
    baseline: Annotated[
        str, typer.Argument(help="Name of a shipped baseline, or a folder whose card.toml names a network.")
    ],
    at: TrainedAt,
    how: HowTrained,
    out: Annotated[Path, typer.Option(help="New folder for the trained model.")],
    name: Annotated[
        str | None, typer.Option(help="What to call the trained model; the baseline's name if not given.")
    ] = None,
) -> None:
    """Train a network on chosen conditions, until its validation loss falls no more.

    The folder written is a model that `evaluate` takes. Interrupted, it goes on after its last cycle when the same
    command is given again.
    """
    from hrtem_bench.support.progress import progress_bar
    from hrtem_bench.training import train as fit
    from hrtem_bench.training.loop import best_row

    at.check()
    schedule = how.schedule()
    with timed("trained"), progress_bar() as progress:
        done = fit(
            baseline,
            at.data,
            out,
            track=at.track,
            conditions=at.conditions,
            at_settings=at.settings,
            settings=schedule,
            device=how.device,
            name=name,
            command=context.obj,
            progress=progress,
        )
    best = best_row(done.log)
    print(f"validation: loss {best['validation_loss']:.4f}, Dice {best['validation_dice']:.4f}")
    if not done.ended:
        print(f"note: the validation loss was still falling after {len(done.log)} cycles: give more --steps")
    wrote(out)


def _augmentations(text: str | None) -> object:
    """Augmentations from text such as "blur=1,noise=0.3"."""
    import msgspec

    from hrtem_bench.training import Augmentations

    known = Augmentations.__struct_fields__
    values = {}
    for part in filter(None, (text or "").split(",")):
        name, _, number = (piece.strip() for piece in part.partition("="))
        try:
            values[name] = float(number)
        except ValueError:
            raise InputError(f"--augment {part}: write NAME=NUMBER; names are {', '.join(known)}") from None
    try:
        return msgspec.convert(values, Augmentations)
    except msgspec.ValidationError as error:
        raise InputError(f"--augment {text}: {error}; names are {', '.join(known)}") from None
