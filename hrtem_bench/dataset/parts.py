"""Finished structures waiting to be put together: one Arrow file each, in a folder that survives interruptions."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

import hrtem_bench
from hrtem_bench.dataset.files import aside, remove_temporaries, write_aside
from hrtem_bench.dataset.plan import Job
from hrtem_bench.dataset.recipes import Recipe, recipe_hash
from hrtem_bench.dataset.schema import COLUMNS, arrow_schema
from hrtem_bench.errors import InputError

PARTS = ".parts"
_TRACK = "track"
_GUARD = "recipe.json"


def part_path(out: Path, job: Job) -> Path:
    """Where the rows of a job wait."""
    return out / PARTS / f"{job.name}.arrow"


def open_parts(out: Path, recipe: Recipe) -> None:
    """Make or reopen the folder of parts; InputError if those there are another recipe's or another version's."""
    folder = out / PARTS
    guard = {"recipe": recipe_hash(recipe), "code_version": hrtem_bench.__version__}
    with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
        found = msgspec.json.decode((folder / _GUARD).read_bytes())
        if found != guard:
            what = "another recipe" if found.get("recipe") != guard["recipe"] else "another version of hrtem-bench"
            raise InputError(f"{out} holds an unfinished dataset of {what}: choose another folder or delete it")
    folder.mkdir(parents=True, exist_ok=True)
    remove_temporaries(folder)
    write_aside(folder / _GUARD, msgspec.json.encode(guard).decode())


@contextlib.contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold the folder of parts against a second run; InputError if one holds it already."""
    try:
        import fcntl
    except ImportError:  # no such locks on Windows: two runs there waste work, and still end with the same bytes
        yield
        return
    with (out / PARTS / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"another run is generating into {out}: wait for it or choose another folder") from None
        yield


def save_part(path: Path, tracks: dict[str, list[dict[str, Any]]]) -> None:
    """Write the rows of a job: track -> rows."""
    import pyarrow as pa

    rows = [row | {_TRACK: track} for track, group in tracks.items() for row in group]
    schema = arrow_schema({**COLUMNS, _TRACK: "string"})
    with aside(path) as temporary, pa.OSFile(os.fspath(temporary), "wb") as sink:
        table = pa.Table.from_pylist(rows, schema=schema)
        with pa.ipc.new_file(sink, schema) as writer:
            writer.write_table(table)


def load_part(path: Path, track: str) -> Any:
    """The rows of one track in a job's part, a pyarrow Table with the columns of a dataset."""
    import pyarrow as pa
    import pyarrow.compute as pc

    with pa.memory_map(os.fspath(path)) as source:
        table = pa.ipc.open_file(source).read_all()
        chosen = table.filter(pc.equal(table[_TRACK], track)).drop_columns([_TRACK])
    return chosen.cast(arrow_schema())


def remove_parts(out: Path) -> None:
    """Remove the folder of parts."""
    shutil.rmtree(out / PARTS, ignore_errors=True)
