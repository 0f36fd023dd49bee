"""Options of `design`: where a model will be used, what can be simulated, and what is made large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import typer

from hrtem_bench.cli.planning.transfer import WeightName


@dataclass(frozen=True)
class Aim:
    """Where the model will be used, and what can be simulated."""

    target: Annotated[
        list[str] | None,
        typer.Option(help='Where the model will be used: "C10=-400:400:50,focal_spread=10"; repeatable.'),
    ] = None
    candidates: Annotated[
        list[str] | None,
        typer.Option(
            help="What can be simulated, written alike; if not given, the targets' ranges and a quarter more."
        ),
    ] = None
    data: Annotated[
        str | None, typer.Option(help="Choose among the training conditions of this dataset's track instead.")
    ] = None
    track: Annotated[str, typer.Option(help="The track; without --target, all of it is the target.")] = "defocus"
    spread: Annotated[
        str | None,
        typer.Option(help='Standard deviations about every condition: "C10=15"; if not given, those of the track.'),
    ] = None


@dataclass(frozen=True)
class Measure:
    """What is made large, or small, by the choice."""

    criterion: Annotated[
        Literal["sigma", "coverage", "observer"],
        typer.Option(help="What is made large between plan and targets; observer: the expected loss, made small."),
    ] = "sigma"
    worst: Annotated[bool, typer.Option("--worst/--mean", help="Its lowest value over the targets, or its mean.")] = (
        True
    )
    q_max: Annotated[
        float | None, typer.Option(help="Edge of the band, 1/Å; if not given, the dataset's Nyquist frequency, or 2.5.")
    ] = None
    weight: Annotated[WeightName, typer.Option(help="Weight of the band: area (q dq) or radial (dq).")] = "area"

    @property
    def over(self) -> Literal["worst", "mean"]:
        """Of the targets."""
        return "worst" if self.worst else "mean"
