"""A study from its settings to trained and scored networks: parallel, resumable, each network by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

import hrtem_bench
from hrtem_bench.dataset.generation import default_workers
from hrtem_bench.errors import InputError
from hrtem_bench.models.identity import checksum
from hrtem_bench.study.networks import (
    NETWORKS,
    Network,
    Outcome,
    every_network,
    make_network,
    make_remote,
    record_of,
    study_code,
)
from hrtem_bench.study.settings import Opened, Study, differing, open_study
from hrtem_bench.support.files import locked, remove_temporaries, write_aside
from hrtem_bench.support.pool import clustered, pooled

Progress = Callable[[int, int], None]
GUARD = "guard.json"
KEPT = "finished networks are kept: run the same command again"
CONNECT_TIMEOUT = 10.0
"""Seconds to wait for a scheduler."""


def run_networks(
    study: Study,
    out: Path,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Progress | None = None,
    failed: Callable[[Outcome], None] | None = None,
) -> list[Outcome]:
    """Make every network of the study that is not finished yet in `out`; returns those that failed.

    workers: processes, which share this machine's cores evenly; with one, networks are made in this process. scheduler:
    address of a dask scheduler whose workers make them instead; they must see `out` and the data under the same paths.
    progress: called with (networks finished, in all); failed: with each that failed, as it does.

    A network depends on the study, its training set and its seed alone. The same call takes up an interrupted study;
    `out` belongs to one study, and InputError is raised for another, or another dataset or baseline of the same name.
    With several workers, a script of one's own calls this under `if __name__ == "__main__":`.
    """
    opened = open_study(study)
    out = out.resolve()
    _claim(opened, out)
    with locked(out / ".lock", f"another run is at work in {out}"):
        every = every_network(study)
        waiting = [one for one in every if record_of(out, one) is None]
        done, failures = len(every) - len(waiting), list[Outcome]()
        if progress:
            progress(done, len(every))
        for outcome in _run(_absolute(study), out, waiting, workers, scheduler):
            if outcome.error:
                failures.append(outcome)
                if failed:
                    failed(outcome)
            done += not outcome.error
            if progress:
                progress(done, len(every))
    return failures


def _run(study: Study, out: Path, waiting: Sequence[Network], workers: int, scheduler: str | None) -> Iterator[Outcome]:
    if scheduler:
        call = partial(make_remote, study, out, study_code())
        return clustered(call, waiting, scheduler, kept=KEPT, prefix=str(out), timeout=CONNECT_TIMEOUT)
    if min(workers, len(waiting)) > 1:
        threads = max(1, default_workers("cpu") // workers)
        return pooled(partial(make_network, study, out), waiting, workers, kept=KEPT, threads=threads, patient=False)
    return (make_network(study, out, one) for one in waiting)


def _absolute(study: Study) -> Study:
    """The study with folders by their whole paths, as other processes and machines must know them."""
    names = {name: getattr(study, name) for name in ("data", "baseline")}
    return msgspec.structs.replace(
        study, **{name: str(Path(one).resolve()) for name, one in names.items() if Path(one).is_dir()}
    )


def _claim(opened: Opened, out: Path) -> None:
    """Make the folder this study's, or see that it is; InputError where it is another's."""
    guard = _guard(opened)
    path = out / GUARD
    try:
        found: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    except FileNotFoundError:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise InputError(f"{out} is not empty and holds no study: choose another folder") from None
        (out / NETWORKS).mkdir(parents=True, exist_ok=True)
        write_aside(path, msgspec.json.format(msgspec.json.encode(guard), indent=1).decode() + "\n")
        return
    except (NotADirectoryError, msgspec.DecodeError):
        raise InputError(f"{out} is no folder of a study: choose another folder") from None
    changed = differing(found, guard)
    if changed:
        raise InputError(
            f"{out} holds a study that differs in {', '.join(changed)}: choose another folder or delete it"
        )
    remove_temporaries(out)


def _guard(opened: Opened) -> dict[str, Any]:
    """What every network of a study has in common; where the data lie and where it runs do not matter."""
    table: dict[str, Any] = msgspec.to_builtins(opened.study)
    kept = {key: value for key, value in table.items() if key not in ("data", "baseline", "device", "batch_size")}
    return {
        **kept,
        "seeds": opened.study.every_seed(),
        "dataset": opened.track.checksum,
        "baseline": checksum(opened.baseline),
        "version of hrtem-bench": hrtem_bench.__version__,
    }


__all__ = ["run_networks"]
