"""`hrtem-bench transfer`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from hrtem_bench.cli import options
from hrtem_bench.cli.output_files import FIGURES, check_ending, write_figure
from hrtem_bench.cli.printing import print_table

WeightName = Literal["area", "radial"]


def transfer(
    train: options.Train,
    test: options.Test,
    q_max: Annotated[float, typer.Option(help="Edge of the band, 1/Å: 1/(2 pixel size) is Nyquist's.")] = 2.5,
    weight: Annotated[WeightName, typer.Option(help="Weight of the band: area (q dq) or radial (dq).")] = "area",
    signed: Annotated[bool, typer.Option("--signed", help="Let contrast reversal lower σ.")] = False,
    out: options.Drawing = None,
) -> None:
    """How much information conditions transfer (ε), and how much of it they share (σ, coverage).

    A condition reads name=value,name=value, lengths in Å or with a unit: "C10=-100,C30=1.2mm,focal_spread=10".
    C10 > 0 is overfocus; focal_spread is a standard deviation.
    """
    from hrtem_bench.conditions import parse_condition
    from hrtem_bench.physics import epsilon, transfer_table

    check_ending(out, FIGURES)
    trained = [parse_condition(text) for text in train]
    tests = [parse_condition(text) for text in test]
    rows = transfer_table(trained, tests, q_max=q_max, weight=weight, signed=signed)
    print_table(
        f"|q| ≤ {q_max:g} 1/Å, weight {weight}; ε of training: {epsilon(trained, q_max, weight):.4f}",
        ("tested at", "ε", "σ", "coverage"),
        [
            (text, *(f"{row[name]:.4f}" for name in ("epsilon", "sigma", "coverage")))
            for text, row in zip(test, rows, strict=True)
        ],
    )
    if out is not None:
        from hrtem_bench.report import transfer_figure

        write_figure(out, transfer_figure(trained, dict(zip(test, tests, strict=True)), q_max=q_max, weight=weight))
