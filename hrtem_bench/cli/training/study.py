"""`hrtem-bench study`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hrtem_bench.cli.options import with_option_groups
from hrtem_bench.cli.printing import counting, duration, print_table, wrote
from hrtem_bench.errors import InputError

if TYPE_CHECKING:
    from hrtem_bench.study import NetworkDone, Study


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What a run goes on from, what it may use, and when it stops."""

    rows: Annotated[
        list[Path] | None,
        typer.Option(help="Table of an earlier run, whose networks are not trained again; repeatable."),
    ] = None
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one for each CPU if not given.")] = None
    device: Annotated[str, typer.Option(help="Where networks are trained: cpu, cuda, cuda:1, … or mps.")] = "cpu"
    together: Annotated[
        int, typer.Option(min=1, help="Networks trained in the same passes, on a GPU: as many as its memory takes.")
    ] = 1
    scheduler: Annotated[str | None, typer.Option(help="Address of a dask scheduler whose workers do it instead.")] = (
        None
    )
    most: Annotated[int | None, typer.Option(min=1, help="Stop after so many networks.")] = None


@with_option_groups
def study(
    settings: Annotated[str, typer.Argument(help="Name of a shipped study, or the path of a STUDY.toml.")],
    out: Annotated[Path, typer.Option(help="Folder of the study; a study that is there goes on.")],
    how: RunOptions,
    findings: Annotated[
        Path | None, typer.Option(help="Folder for findings.md and its figures, made of the rows.")
    ] = None,
    check: Annotated[
        int | None,
        typer.Option(
            min=1, help="Train so many of its networks with a new seed, and say whether they are like the rows."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what there is to do and how long it takes.")] = False,
) -> None:
    """Train and test many networks: a row in one table for each network and test condition.

    Interrupted or enlarged, it goes on with the networks that have no rows yet; the table is enough to go on from.
    """
    from hrtem_bench.study import load_study, run_study
    from hrtem_bench.study.table import TABLE

    chosen = load_study(settings)
    rows = how.rows or ()
    if check is not None:
        if dry_run or findings or how.scheduler or how.most or how.device != "cpu" or how.together > 1:
            raise InputError("--check trains and compares a few networks here: it goes with --rows and --workers alone")
        _check(chosen, out, rows, check, how.workers)
        return
    if dry_run:
        _dry_run(chosen, out, rows, how.workers)
        return
    table = _run(partial(run_study, chosen, out, **{**vars(how), "rows": rows}))
    wrote(out / TABLE)
    if findings is not None:
        from hrtem_bench.report import write_findings
        from hrtem_bench.study.networks import networks

        title = f"What the study {chosen.name} found"
        wrote(write_findings(table, findings, title, len(networks(chosen)))[-1])


def _dry_run(study: Study, out: Path, rows: Sequence[Path], workers: int | None) -> None:
    from hrtem_bench.machine import cpus
    from hrtem_bench.study import waiting
    from hrtem_bench.study.cost import seconds_of
    from hrtem_bench.study.networks import networks

    left, count = waiting(study, out, rows), workers or cpus()
    _print_plan(study, len(networks(study)), Counter(one.block for one in left))
    seconds = seconds_of(study, left, out) / count
    print(f"about {duration(seconds)} with {count} processes, once the specimens are made")


def _run(start: Callable[..., Any]) -> Any:
    """Run the study behind a progress bar, and print how it went; returns its table."""
    began, done, failed = time.perf_counter(), 0, 0
    with counting("networks") as moved:

        def finished(one: NetworkDone) -> None:
            nonlocal done, failed
            done, failed = done + 1, failed + bool(one.failed)
            if one.failed and moved is None:
                print(f"{one.name} failed: {one.failed}")

        table = start(progress=moved, finished=finished)
    if done:
        rate = 3600 * done / (time.perf_counter() - began)
        print(
            f"{done} networks, {rate:.0f} an hour" + (f"; {failed} failed, see the column `failed`" if failed else "")
        )
    print(f"{table.num_rows} rows of {len(set(table['name'].to_pylist()))} networks")
    return table


def _print_plan(study: Study, total: int, left: Counter[str]) -> None:
    print_table(
        f"{study.name}: {total} networks, {sum(left.values())} to train",
        ("block", "specimens", "training sets", "seeds", "to train"),
        [
            (
                block.name,
                ", ".join(block.specimens),
                str(len(block.train) + (block.draw_train.count if block.draw_train else 0)),
                str(block.seeds),
                str(left[block.name]),
            )
            for block in study.blocks
        ],
    )


def _check(study: Study, out: Path, rows: Sequence[Path], count: int, workers: int | None) -> None:
    """Print how networks trained afresh compare; exit status 1 where one is unlike those of the rows."""
    from hrtem_bench.study.check import check_study

    unlike = 0
    for one in check_study(study, out, rows, count, workers):
        unlike += not one.like
        name = f"{one.network.block}, {one.network.train_id}, seed {one.network.seed}"
        verdict = "like the rows" if one.like else "UNLIKE the rows"
        print(f"{name}: mean ln(loss) {one.loss:.3f}, expected {one.low:.3f} to {one.high:.3f}: {verdict}")
    if unlike:
        raise typer.Exit(1)
