"""`hrtem-bench seeds`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrtem_bench.cli.output_files import check_ending, write_json
from hrtem_bench.cli.printing import fixed, limits, print_table


def seeds(
    results: Annotated[list[Path], typer.Argument(help="Folders that `evaluate` wrote for several trainings.")],
    out: Annotated[Path | None, typer.Option(help="Also write it: a .json file.")] = None,
) -> None:
    """One model trained several times: how far the training moves its Dice, apart from the choice of structures."""
    from hrtem_bench.comparison.seed_spread import seed_spread
    from hrtem_bench.report import seeds_sentence
    from hrtem_bench.scoring.run import read_run

    check_ending(out, (".json",))
    spread = seed_spread([read_run(path) for path in results])
    percent = f"{100 * spread.confidence:g} %"
    print_table(
        f"{spread.trainings} trainings on {spread.structures} structures, standard deviations between them",
        ("condition", "mean Dice", percent, "trainings", "structures"),
        [
            (
                one.condition or "mean of all",
                fixed(one.mean),
                limits(one.mean),
                fixed(one.seed_sd),
                fixed(one.structure_sd),
            )
            for one in (*spread.conditions, spread.mean)
        ],
    )
    print(seeds_sentence(spread))
    if out is not None:
        write_json(out, spread)
