"""Where structures are made: here, in a pool of processes, or on a dask cluster."""

from __future__ import annotations

import os
import platform
import traceback
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from hrtem_bench.dataset.parts import PARTS, log_path, part_path, save_part
from hrtem_bench.dataset.plan import Job
from hrtem_bench.dataset.recipe_tables import Recipe
from hrtem_bench.dataset.structure import Simulate, make_structure
from hrtem_bench.errors import InputError, MissingPackage
from hrtem_bench.support.code_hash import code_sha256
from hrtem_bench.support.files import NO_ROOM
from hrtem_bench.support.pool import clustered, pooled

CONNECT_TIMEOUT = 10.0
"""Seconds to wait for a scheduler."""
KEPT = "finished structures are kept: run the same command again"


def run_job(recipe: Recipe, out: Path, job: Job, device: str, simulate: Simulate) -> str:
    """Make one structure, on one thread, and save its part; returns the job's name.

    Whatever goes wrong is an InputError that names the structure, in one line. Of what nobody foresaw, the traceback is
    in the log beside the parts.
    """
    log = log_path(out, job)
    try:
        save_part(part_path(out, job), make_structure(recipe, job, simulate, device))
        log.unlink(missing_ok=True)
    except MissingPackage:
        raise
    except MemoryError:
        raise InputError(f"{job.name}: out of memory; {KEPT}, with fewer workers") from None
    except InputError as error:
        raise InputError(f"{job.name}: {error}") from None
    except OSError as error:
        if error.errno is None or error.errno not in NO_ROOM:
            raise _unforeseen(error, job, log) from None
        raise InputError(
            f"{job.name}: cannot write to {out}: {os.strerror(error.errno)}; {KEPT} once there is room"
        ) from None
    except Exception as error:
        raise _unforeseen(error, job, log) from None
    return job.name


def _unforeseen(error: Exception, job: Job, log: Path) -> InputError:
    """What an exception that nobody foresaw comes to: its traceback in the log, and one line that says where."""
    text = "".join(traceback.format_exception(error))
    try:
        log.write_text(text, encoding="utf-8")
        where = f"its traceback is in {log}"
    except OSError:
        where = f"its traceback could not be written to {log}"
    words = " ".join(str(error).split())
    return InputError(
        f"{job.name}: {type(error).__name__}{words and ': ' + words}; {where}; {KEPT} once that is mended"
    )


def in_process(recipe: Recipe, out: Path, waiting: Sequence[Job], device: str, simulate: Simulate) -> Iterator[None]:
    """Make the structures here, one after the other."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        for job in waiting:
            run_job(recipe, out, job, device, simulate)
            yield


def in_pool(
    recipe: Recipe, out: Path, waiting: Sequence[Job], workers: int, device: str, simulate: Simulate
) -> Iterator[None]:
    """Make the structures in `workers` processes, in any order. InputError if one of them dies or fails.

    On interruption, structures under way are finished and kept, and no more are begun.
    """
    call = partial(run_job, recipe, out, device=device, simulate=simulate)
    for _ in pooled(call, waiting, workers, kept=KEPT):
        yield


def in_cluster(
    recipe: Recipe, out: Path, waiting: Sequence[Job], scheduler: str, device: str, simulate: Simulate
) -> Iterator[None]:
    """Make the structures on the workers of a dask scheduler.

    The workers write to `out` as it is named here. InputError as `clustered` has it, and if a worker does not see the
    folder or has another version of the code.
    """
    call = partial(run_remote, recipe, out.resolve(), device=device, simulate=simulate, code=code_sha256())
    for _ in clustered(call, waiting, scheduler, kept=KEPT, prefix=str(out), timeout=CONNECT_TIMEOUT):
        yield


def run_remote(recipe: Recipe, out: Path, job: Job, device: str, simulate: Simulate, code: str) -> str:
    """`run_job` on a machine of a cluster; InputError if it does not see `out`, or if its code is not `code`."""
    from threadpoolctl import threadpool_limits

    if code_sha256() != code:
        raise InputError(
            f"{job.name}: the worker on {platform.node()} has another hrtem-bench than this one: "
            "install the same on both, and run the same command again"
        )
    if not (out / PARTS).is_dir():
        raise InputError(f"{job.name}: the worker on {platform.node()} does not see {out}: all machines must share it")
    with threadpool_limits(1):
        return run_job(recipe, out, job, device, simulate)
