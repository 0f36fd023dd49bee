"""Where structures are made: here, in a pool of processes, or on a dask cluster."""

from __future__ import annotations

import os
import platform
import signal
import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from hrtem_bench.dataset.code import code_sha256
from hrtem_bench.dataset.parts import PARTS, part_path, save_part
from hrtem_bench.dataset.plan import Job
from hrtem_bench.dataset.recipes import Recipe
from hrtem_bench.dataset.structure import Simulate, make_structure
from hrtem_bench.errors import InputError, MissingPackage, require

CONNECT_TIMEOUT = 10.0
"""Seconds to wait for a scheduler."""


def run_job(recipe: Recipe, out: Path, job: Job, device: str, simulate: Simulate) -> str:
    """Make one structure, on one thread, and save its part; returns the job's name."""
    try:
        save_part(part_path(out, job), make_structure(recipe, job, simulate, device))
    except MissingPackage:
        raise
    except MemoryError:
        raise InputError(
            f"{job.name}: out of memory; finished structures are kept: run the same command again, with fewer workers"
        ) from None
    except InputError as error:
        raise InputError(f"{job.name}: {error}") from None
    except Exception as error:
        error.add_note(f"while making {job.name} of the recipe {recipe.name}")
        raise
    return job.name


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
    """Make the structures in `workers` processes, in any order. InputError if one of them dies.

    On interruption, structures under way are finished and kept, and no more are begun.
    """
    import multiprocessing
    from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
    try:
        queue = iter(waiting)
        running: set[Future[str]] = set()
        while True:
            # No more than there are workers: what the pool has queued, an interruption would have to wait for.
            for job in islice(queue, workers - len(running)):
                running.add(pool.submit(run_job, recipe, out, job, device, simulate))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
                yield
    except BrokenProcessPool:
        raise InputError(
            "a worker died, killed or out of memory; finished structures are kept: "
            "run the same command again, with fewer workers if memory is short"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def in_cluster(
    recipe: Recipe, out: Path, waiting: Sequence[Job], scheduler: str, device: str, simulate: Simulate
) -> Iterator[None]:
    """Make the structures on the workers of a dask scheduler.

    The workers write to `out` as it is named here. A worker that is lost has its structure made by another.
    InputError if no scheduler answers, if one structure brings down several workers, if a worker does not see the
    folder or has another version of the code.
    """
    distributed = require("distributed", "dask")
    try:
        client = distributed.Client(scheduler, timeout=CONNECT_TIMEOUT)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"no dask scheduler answers at {scheduler} ({reason}): start one with `dask scheduler`"
        ) from None
    with client:
        futures = [
            client.submit(
                run_remote, recipe, out.resolve(), job, device, simulate, code_sha256(), key=f"{out}-{job.name}"
            )
            for job in waiting
        ]
        try:
            for future in distributed.as_completed(futures):
                future.result()
                yield
        except distributed.KilledWorker as error:
            raise InputError(
                f"structure after structure, workers died ({error.task}): finished structures are kept; "
                "run the same command again, on workers with more memory"
            ) from None
        finally:
            client.cancel(futures, force=True)


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


def _start_worker() -> None:
    """One thread; deaf to Ctrl-C, which is the parent's to hear; gone when the parent is."""
    import multiprocessing

    from threadpoolctl import threadpool_limits

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threadpool_limits(1)
    threading.Thread(target=_leave_with, args=(multiprocessing.parent_process(),), daemon=True).start()


def _leave_with(parent: Any) -> None:
    parent.join()
    os._exit(1)
