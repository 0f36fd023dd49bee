"""Independent jobs in a pool of processes on this machine, or on a dask cluster, in any order."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol, TypeVar

from hrtem_bench.errors import InputError, require

MOST_WORKERS = 256
"""Processes on one machine: a number beyond is a slip, and would take all its memory."""


class Named(Protocol):
    """A job that can be sent to other processes."""

    @property
    def name(self) -> str:
        """What errors call it; different for every job of a run."""


J = TypeVar("J", bound=Named)
T = TypeVar("T")


def pooled(
    call: Callable[[J], T], jobs: Sequence[J], workers: int, *, kept: str, threads: int = 1, patient: bool = True
) -> Iterator[T]:
    """Run a function for each job in `workers` processes, and yield what it returns as it comes.

    After an interruption or an error no more jobs are begun.

    Parameters
    ----------
    call
        A function that other processes can import, or a partial of one.
    jobs
        Its arguments.
    workers, threads
        Processes, at most MOST_WORKERS and no more than jobs, and threads of each.
    kept
        For the error about a worker that died: what is said of the finished jobs.
    patient
        Whether jobs under way are finished after an interruption or an error; otherwise their processes are ended.
    """
    import multiprocessing
    from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    if not 1 <= workers <= MOST_WORKERS:
        raise InputError(f"{workers} workers are too many for one machine: give 1 to {MOST_WORKERS}")
    workers = min(workers, max(1, len(jobs)))
    before = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(threads, os.getcwd()))
    running: dict[Future[T], J] = {}
    try:
        queue = iter(jobs)
        while True:
            # No more than there are workers: what the pool has queued, an interruption would have to wait for.
            for job in islice(queue, workers - len(running)):
                running[pool.submit(call, job)] = job
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                result = future.result()
                del running[future]
                yield result
    except BrokenProcessPool:
        names = ", ".join(sorted(job.name for job in running.values()))
        raise InputError(
            f"a worker died, killed or out of memory, with {names} under way; {kept}, "
            "with fewer workers if memory is short"
        ) from None
    finally:
        if running and not patient:
            for process in set(multiprocessing.active_children()) - before:
                process.terminate()
        pool.shutdown(cancel_futures=True)


def clustered(
    call: Callable[[J], T], jobs: Sequence[J], scheduler: str, *, kept: str, prefix: str, timeout: float
) -> Iterator[T]:
    """Run a function for each job on the workers of a dask scheduler, and yield what it returns as it comes.

    If a worker is lost, another does its job.

    Parameters
    ----------
    call, jobs, kept
        As in `pooled`.
    scheduler
        Its address.
    prefix
        Of the names of the jobs in the scheduler.
    timeout
        Seconds to wait for the scheduler.

    Raises
    ------
    InputError
        If no scheduler answers or it is lost, if one job brings down several workers, or if the workers cannot import
        `call`.
    """
    from concurrent.futures import CancelledError

    distributed = require("distributed", "dask")
    try:
        client = distributed.Client(scheduler, timeout=timeout)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"no dask scheduler answers at {scheduler} ({reason}): start one with `dask scheduler`"
        ) from None
    with client:
        futures: dict[Any, J] = {client.submit(call, job, key=f"{prefix}-{job.name}"): job for job in jobs}
        try:
            for future in distributed.as_completed(futures):
                yield future.result()
        except distributed.KilledWorker:
            raise InputError(
                f"{futures[future].name}: one worker after another died on it; {kept}, on workers with more memory"
            ) from None
        except CancelledError:
            raise InputError(f"the scheduler at {scheduler} was lost; {kept} once it is back") from None
        except (RuntimeError, ModuleNotFoundError) as error:  # what dask cannot unpack
            reason = str(error.__cause__ or error).splitlines()[0]
            raise InputError(
                f"the cluster at {scheduler} cannot read the work ({reason}): install the same hrtem-bench with its "
                "scheduler and workers, and run the same command again"
            ) from None
        finally:
            client.cancel(futures, force=True)


def _start_worker(threads: int, folder: str) -> None:
    """Set up a worker: its threads; no Ctrl-C, which the parent handles; it ends when the parent does.

    folder: the parent's own, from which paths count. Python would give the one that multiprocessing was imported in.
    """
    import multiprocessing

    from threadpoolctl import threadpool_limits

    os.chdir(folder)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = str(threads)  # for libraries that this process has yet to load
    threadpool_limits(threads)
    threading.Thread(target=_leave_with, args=(multiprocessing.parent_process(),), daemon=True).start()


def _leave_with(parent: Any) -> None:
    parent.join()
    os._exit(1)
