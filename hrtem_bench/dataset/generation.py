"""A recipe to a dataset's folder: parallel, resumable, the same bytes however it went."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from hrtem_bench.dataset.manifest import MANIFEST, Manifest, make_manifest, read_manifest, write_manifest
from hrtem_bench.dataset.parts import PARTS, open_parts, part_path, remove_parts
from hrtem_bench.dataset.plan import Job, make_plan
from hrtem_bench.dataset.recipe_tables import Recipe, recipe_hash
from hrtem_bench.dataset.structure import Simulate, simulate
from hrtem_bench.dataset.workers import KEPT, in_cluster, in_pool, in_process
from hrtem_bench.errors import InputError, require
from hrtem_bench.machine import cpus
from hrtem_bench.support.files import locked

Progress = Callable[[int, int], None]
GPU_WORKERS = 4
"""Processes that share a GPU by default: while one's waves are propagated, the others make specimens and images."""


def generate(
    recipe: Recipe,
    out: str | Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
    simulate: Simulate = simulate,
    waves_sha256: str = "",
) -> Manifest:
    """Make the dataset of `recipe` in the folder `out`, and return its manifest.

    workers: processes, one thread each; by default as many as CPUs, but GPU_WORKERS at most with device="cuda". The
    bytes do not depend on it. An interrupted or failed run leaves finished structures in `out`; the same call takes
    them up again, if recipe and code are the same. A finished dataset of the same recipe is left as it is. scheduler:
    address of a dask scheduler whose workers make the structures instead; they must see `out` under the same path.
    device: of the multislice engine, "cpu" or "cuda". progress: called with (structures done, in all). simulate:
    (recipe, job, device) -> Structure, a function that other processes can import. waves_sha256: of the kept exit waves
    that `simulate` reads in place of simulating, "" for none; the manifest records it, and a run goes on only with the
    same.

    With several workers, a script of one's own calls this under `if __name__ == "__main__":`, since the processes
    import it.

    Raises InputError for a folder that cannot be used, and for what makes a run stop.
    """
    from hrtem_bench.dataset.card import write_card
    from hrtem_bench.dataset.croissant import write_croissant
    from hrtem_bench.dataset.pictures import write_pictures
    from hrtem_bench.dataset.shards import assemble

    for module in ("pyarrow", "PIL"):
        require(module, "data")
    out = Path(out)
    if done := _finished(out, recipe, waves_sha256):
        remove_parts(out)
        return done
    with _explained(out):
        open_parts(out, recipe, waves_sha256)
        with locked(out / PARTS / "lock", f"another run is generating into {out}"):
            _simulate_all(recipe, out, scheduler or workers or default_workers(device), device, progress, simulate)
            manifest = make_manifest(recipe, assemble(make_plan(recipe), out), waves_sha256)
            write_pictures(out, manifest)
            write_card(out, manifest)
            write_croissant(out, manifest)
            write_manifest(out, manifest)
    remove_parts(out)
    return manifest


def _finished(out: Path, recipe: Recipe, waves_sha256: str) -> Manifest | None:
    """The manifest of a dataset of this recipe and these waves; None for a folder that is new or unfinished."""
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


def _simulate_all(
    recipe: Recipe, out: Path, where: int | str, device: str, progress: Progress | None, simulate: Simulate
) -> None:
    every = make_plan(recipe).jobs
    waiting = [job for job in every if not part_path(out, job).exists()]
    done = len(every) - len(waiting)
    if progress:
        progress(done, len(every))
    for _ in _run(recipe, out, waiting, where, device, simulate):
        done += 1
        if progress:
            progress(done, len(every))


def _run(
    recipe: Recipe, out: Path, waiting: Sequence[Job], where: int | str, device: str, simulate: Simulate
) -> Iterator[None]:
    """Make the waiting structures: where is a number of processes here, or the address of a scheduler."""
    if isinstance(where, str):
        return in_cluster(recipe, out, waiting, where, device, simulate)
    if min(where, len(waiting)) > 1:
        return in_pool(recipe, out, waiting, min(where, len(waiting)), device, simulate)
    return in_process(recipe, out, waiting, device, simulate)


@contextlib.contextmanager
def _explained(out: Path) -> Iterator[None]:
    """What the file system refuses, in one line."""
    try:
        yield
    except OSError as error:
        if isinstance(error, ImportError):
            raise
        reason = os.strerror(error.errno) if error.errno else error
        raise InputError(f"cannot write to {out}: {reason}; {KEPT} once that is mended") from error


def default_workers(device: str) -> int:
    """Processes to use where nothing is said: one for each CPU of this process, no more than a GPU can serve."""
    return min(cpus(), GPU_WORKERS) if device == "cuda" else cpus()
