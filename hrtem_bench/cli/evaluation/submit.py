"""`hrtem-bench submit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hrtem_bench.cli.printing import fixed, wrote


def submit(
    results: Annotated[Path | None, typer.Argument(help="Folder that `evaluate` wrote; with --check, none.")] = None,
    card: Annotated[Path | None, typer.Option(help="The model's card.toml.")] = None,
    out: Annotated[Path | None, typer.Option(help="The entry to make: submissions/NAME.")] = None,
    check: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="Check an entry that is there; repeat it for more.")
    ] = None,
) -> None:
    """An entry for the public leaderboard, made of results and a card, or checked, without running the model."""
    from hrtem_bench.comparison.entries import check_entry, write_entry
    from hrtem_bench.errors import InputError

    if check:
        if results is not None or card is not None or out is not None:
            raise InputError("--check stands alone: results, --card and --out are for making an entry")
        for folder in check:
            run = check_entry(folder)
            print(f"{folder} is sound: {run.results.model.name}, {_scored(run.results.dataset)}")
        return
    if results is None or card is None or out is None:
        raise InputError("an entry is made of results, --card CARD and --out submissions/NAME; --check DIR checks one")
    run = write_entry(results, card, out)
    wrote(out)
    print(
        f"mean Dice {fixed(sum(p.dice.value for p in run.results.curve) / len(run.results.curve))}: open a pull request"
    )


def _scored(data: object) -> str:
    return " ".join(str(getattr(data, name)) for name in ("track", "name", "version"))
