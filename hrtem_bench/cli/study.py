"""`hrtem-bench study`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hrtem_bench.cli.printing import counted, duration, fixed, print_table, size, timed, wrote
from hrtem_bench.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hrtem_bench.study import Opened, StudyResults
    from hrtem_bench.study.law import Law


def study(
    study: Annotated[str, typer.Argument(help="A shipped study (mini, full), or a TOML file of your own.")],
    out: Annotated[Path, typer.Option(help="Folder of the study: new, or one to go on with.")],
    data: Annotated[
        str | None, typer.Option(help="Folder of the dataset, or its id on the Hub, in place of the study's own.")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes, a network each; they share the machine's cores evenly.")
    ] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a dask scheduler whose workers train and score instead.")
    ] = None,
    laws: Annotated[
        Path | None,
        typer.Option(
            help="study.json of another study, or its folder: its laws are held against this one as they are."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would make and take; make nothing.")] = False,
) -> None:
    """Train × test: many networks, what each training set loses at each condition, and what predicts it.

    Interrupted, it goes on where it was by the same command. A network that fails leaves the others be.
    """
    import msgspec

    from hrtem_bench.study import analyse, load_study, open_study, read_study, run_networks, write_study

    other = None if laws is None else read_study(laws)
    what = load_study(study)
    opened = open_study(what if data is None else msgspec.structs.replace(what, data=data))
    if dry_run:
        _announce(opened, out, workers)
        return
    with timed("networks"), counted("networks") as moved:
        failures = run_networks(
            opened.study,
            out,
            workers=workers,
            scheduler=scheduler,
            progress=moved,
            failed=lambda one: print(f"failed: {one.name}: {one.error}", file=sys.stderr),
        )
    with timed("analysis"):
        results, columns = analyse(opened, out, other=other)
        written = write_study(out, results, columns)
        from hrtem_bench.report import report_study

        written.append(report_study(results, out))
    _print(results)
    for path in written:
        wrote(path)
    if failures:
        raise InputError(f"{len(failures)} networks failed; the same command tries them again")


def _announce(opened: Opened, out: Path, workers: int) -> None:
    from hrtem_bench.study import estimate

    found = estimate(opened, out)
    if found.seconds is None:
        spent = "the time is known when the first network is finished"
    elif found.source == "card":
        spent = (
            f"training takes about {duration(found.seconds)} in one process, by the baseline's card (images as "
            "large as its own, on the machine that made it)"
        )
    else:
        spent = f"about {duration(found.seconds / workers)} more, by the {found.finished} that are finished"
    print(
        f"{opened.study.name}: {found.networks + found.finished} networks, {len(opened.study.training)} training sets "
        f"by {len(opened.study.every_seed())} seeds; {found.finished} are finished; each is scored on {found.images} "
        f"test images; {spent}; {size(found.bytes)} on disk"
    )


def _print(results: StudyResults) -> None:
    percent = f"{100 * results.confidence:g} %"
    print_table(
        f"Dice over {len(results.tests)} test conditions",
        ("trained at", "mean", percent, "worst", "behind the first", "seed SD", "mean σ"),
        [
            (
                one.name,
                fixed(one.mean.value),
                f"{fixed(one.mean.low)} to {fixed(one.mean.high)}",
                fixed(one.worst.value),
                fixed(one.behind.value),
                fixed(one.seed_sd),
                fixed(one.sigma_mean),
            )
            for one in results.ranking
        ],
    )
    _print_laws("1 − Dice of training sets left out, by laws fitted to the others", results.laws, percent)
    if results.elsewhere is not None:
        _print_laws(f"1 − Dice by laws found by the study {results.elsewhere.study}", results.elsewhere.laws, percent)
    for line in (*results.conclusions, *results.limits):
        print(line)


def _print_laws(title: str, every: Sequence[Law], percent: str) -> None:
    laws = [law for law in every if law.target == "dice"]
    if not laws:
        return
    print_table(
        title,
        ("law", "R² against the mean", percent, "mean error", "Spearman", "verdict"),
        [
            (
                law.name,
                fixed(law.skill.value, 2),
                f"{fixed(law.skill.low, 2)} to {fixed(law.skill.high, 2)}",
                fixed(law.mae.value),
                fixed(law.spearman.value, 2),
                law.verdict,
            )
            for law in laws
        ],
    )
