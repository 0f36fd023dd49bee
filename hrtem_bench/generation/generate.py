"""Generating a dataset's folder from a recipe: here, in processes or on a cluster, resumable, always the same bytes."""

from __future__ import annotations

import contextlib
import os
import platform
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from hrtem_bench.errors import InputError, MissingPackage, require
from hrtem_bench.generation.assembly import PARTS, assemble, log_path, open_parts, part_path, remove_parts, save_part
from hrtem_bench.generation.card import write_card
from hrtem_bench.generation.croissant import write_croissant
from hrtem_bench.generation.manifest import MANIFEST, Manifest, make_manifest, read_manifest, write_manifest
from hrtem_bench.generation.pictures import write_pictures
from hrtem_bench.generation.simulation import Simulate, make_structure, simulate
from hrtem_bench.machine import cpus
from hrtem_bench.recipes.plan import Job, dataset_plan
from hrtem_bench.recipes.tables import Recipe, recipe_hash
from hrtem_bench.support.code_hash import code_sha256
from hrtem_bench.support.files import NO_ROOM, locked
from hrtem_bench.support.pool import clustered, pooled
from hrtem_bench.support.progress import CountProgress

CONNECT_TIMEOUT = 10.0
"""Seconds to wait for a scheduler."""
KEPT = "finished structures are kept: run the same command again"
GPU_WORKERS = 4
"""Processes that share a GPU by default: while one's waves are propagated, the others make specimens and images."""


def generate(
    recipe: Recipe,
    out: str | Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    device: str = "cpu",
    progress: CountProgress | None = None,
    simulate: Simulate = simulate,
    waves_sha256: str = "",
) -> Manifest:
    """Make the dataset of a recipe in a folder; returns its manifest.

    The bytes do not depend on `workers`. After an interruption or a failure, finished structures stay in `out`, and the
    same call goes on from them if recipe and code are the same. A finished dataset of the same recipe is left as it is.
    A script calls this under `if __name__ == "__main__":`, since worker processes import the script.

    Parameters
    ----------
    recipe
        See `load_recipe`.
    out
        The folder; made if it is not there.
    workers
        Processes of one thread each; by default as many as CPUs, with device="cuda" at most GPU_WORKERS.
    scheduler
        Address of a dask scheduler whose workers make the structures instead; they must see `out` under the same path.
    device
        Of the multislice engine, "cpu" or "cuda".
    progress
        Called with (structures done, in all).
    simulate
        (recipe, job, device) -> Structure, a function that other processes can import.
    waves_sha256
        Of the kept exit waves that `simulate` reads in place of simulating, "" for none. The manifest records it.

    Raises
    ------
    InputError
        For a folder that cannot be used, and for whatever makes the run stop.
    """
    for module in ("pyarrow", "PIL"):
        require(module, "data")
    out = Path(out)
    if done := _finished(out, recipe, waves_sha256):
        remove_parts(out)
        return done
    with _explained(out):
        open_parts(out, recipe, waves_sha256)
        with locked(out / PARTS / "lock", f"another run is generating into {out}"):
            run = GenerationRun(recipe, out, device, simulate)
            _make_parts(run, scheduler or workers or default_workers(device), progress)
            manifest = make_manifest(recipe, assemble(dataset_plan(recipe), out), waves_sha256)
            write_pictures(out, manifest)
            write_card(out, manifest)
            write_croissant(out, manifest)
            write_manifest(out, manifest)
    remove_parts(out)
    return manifest


def _finished(out: Path, recipe: Recipe, waves_sha256: str) -> Manifest | None:
    """The manifest of a finished dataset of this recipe and these waves; None for a new or unfinished folder."""
    if (out / MANIFEST).exists():
        manifest = read_manifest(out)
        if manifest.recipe_sha256 != recipe_hash(recipe):
            raise InputError(
                f"{out} holds another dataset, {manifest.name} {manifest.version}: choose another folder or delete it"
            )
        if manifest.waves_sha256 != waves_sha256:
            made = "rendered from other exit waves" if manifest.waves_sha256 else "simulated"
            raise InputError(
                f"{out} holds a dataset of this recipe that was {made}: choose another folder or delete it"
            )
        return manifest
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is not a folder: choose another")
    if out.exists() and not (out / PARTS).exists() and any(out.iterdir()):
        raise InputError(f"{out} is not empty and holds no dataset: choose another folder")
    return None


@dataclass(frozen=True)
class GenerationRun:
    """What all jobs of a dataset under way share; `simulate` as `generate` has it."""

    recipe: Recipe
    out: Path
    device: str
    simulate: Simulate


def _make_parts(run: GenerationRun, where: int | str, progress: CountProgress | None) -> None:
    """Make the structures that are not there. where: a number of processes here, or the address of a scheduler."""
    every = dataset_plan(run.recipe).jobs
    waiting = [job for job in every if not part_path(run.out, job).exists()]
    if isinstance(where, str):
        made = in_cluster(run, waiting, where)
    elif min(where, len(waiting)) > 1:
        made = in_pool(run, waiting, where)
    else:
        made = in_process(run, waiting)
    there = len(every) - len(waiting)
    if progress:
        progress(there, len(every))
    for done, _ in enumerate(made, start=there + 1):
        if progress:
            progress(done, len(every))


@contextlib.contextmanager
def _explained(out: Path) -> Iterator[None]:
    """Errors of the file system, as InputError in one line."""
    try:
        yield
    except OSError as error:
        if isinstance(error, ImportError):
            raise
        reason = os.strerror(error.errno) if error.errno else error
        raise InputError(f"cannot write to {out}: {reason}; {KEPT} once that is mended") from error


def default_workers(device: str) -> int:
    """Processes by default: one for each CPU of this process, and no more than a GPU can serve."""
    return min(cpus(), GPU_WORKERS) if device == "cuda" else cpus()


def run_job(run: GenerationRun, job: Job) -> str:
    """Make one structure on one thread, and save its part; returns the job's name.

    Every error becomes an InputError, one line, that names the structure. For an unexpected one, the traceback is
    written to the log beside the parts.
    """
    log = log_path(run.out, job)
    try:
        save_part(part_path(run.out, job), make_structure(run.recipe, job, run.simulate, run.device))
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
            f"{job.name}: cannot write to {run.out}: {os.strerror(error.errno)}; {KEPT} once there is room"
        ) from None
    except Exception as error:
        raise _unforeseen(error, job, log) from None
    return job.name


def _unforeseen(error: Exception, job: Job, log: Path) -> InputError:
    """An unexpected exception as one line; its traceback goes to the log that the line names."""
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


def in_process(run: GenerationRun, waiting: Sequence[Job]) -> Iterator[None]:
    """Make the structures in this process, one after the other."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        for job in waiting:
            run_job(run, job)
            yield


def in_pool(run: GenerationRun, waiting: Sequence[Job], workers: int) -> Iterator[None]:
    """Make the structures in `workers` processes, in any order. InputError if one of them dies or fails.

    After an interruption, structures under way are finished and kept, and no more are begun.
    """
    for _ in pooled(partial(run_job, run), waiting, workers, kept=KEPT):
        yield


def in_cluster(run: GenerationRun, waiting: Sequence[Job], scheduler: str) -> Iterator[None]:
    """Make the structures on the workers of a dask scheduler, which write to the folder under the same path.

    Raises InputError as `clustered` does, and if a worker does not see the folder or has another version of the code.
    """
    call = partial(run_remote, replace(run, out=run.out.resolve()), code=code_sha256())
    for _ in clustered(call, waiting, scheduler, kept=KEPT, prefix=str(run.out), timeout=CONNECT_TIMEOUT):
        yield


def run_remote(run: GenerationRun, job: Job, code: str) -> str:
    """`run_job` on another machine; InputError if it does not see the folder, or if its code is not `code`."""
    from threadpoolctl import threadpool_limits

    if code_sha256() != code:
        raise InputError(
            f"{job.name}: the worker on {platform.node()} has another hrtem-bench than this one: "
            "install the same on both, and run the same command again"
        )
    if not (run.out / PARTS).is_dir():
        raise InputError(
            f"{job.name}: the worker on {platform.node()} does not see {run.out}: all machines must share it"
        )
    with threadpool_limits(1):
        return run_job(run, job)
