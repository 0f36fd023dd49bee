"""Finished structures, one Arrow file each, assembled into the Parquet files of a dataset.

The bytes do not depend on who made the structures, nor in which order.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

import hrtem_bench
from hrtem_bench.errors import InputError
from hrtem_bench.generation.manifest import Shard
from hrtem_bench.recipes.plan import DatasetPlan, Job, place_of
from hrtem_bench.recipes.schema import COLUMNS, EXIT_WAVES, WAVE_COLUMNS, arrow_schema, columns_of
from hrtem_bench.recipes.tables import Recipe, recipe_hash
from hrtem_bench.support.code_hash import code_sha256
from hrtem_bench.support.files import aside, remove_temporaries, sha256_of, write_aside

PARTS = ".parts"
_TRACK = "track"
_GUARD = "recipe.json"


def part_path(out: Path, job: Job) -> Path:
    """The file with the rows of a job, until the dataset is assembled."""
    return out / PARTS / f"{job.name}.arrow"


def log_path(out: Path, job: Job) -> Path:
    """The file with the traceback of a job that failed, until it succeeds."""
    return out / PARTS / f"{job.name}.log"


def open_parts(out: Path, recipe: Recipe, waves_sha256: str = "") -> None:
    """Create or reopen the folder of parts; InputError if it holds parts of another recipe, code or exit waves.

    waves_sha256: checksum of the exit waves that are read in place of simulating.
    """
    folder = out / PARTS
    guard = {
        "recipe": recipe_hash(recipe),
        "waves": waves_sha256,
        "code_version": hrtem_bench.__version__,
        "code_sha256": code_sha256(),
    }
    with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
        found = msgspec.json.decode((folder / _GUARD).read_bytes())
        if found != guard:
            raise InputError(
                f"{out} holds an unfinished dataset of {_difference(found, guard)}: choose another folder or delete it"
            )
    folder.mkdir(parents=True, exist_ok=True)
    remove_temporaries(folder)
    write_aside(folder / _GUARD, msgspec.json.encode(guard).decode())


def _difference(found: dict[str, Any], guard: dict[str, Any]) -> str:
    """What the parts in the folder were made with, in words."""
    if found.get("recipe") != guard["recipe"]:
        return "another recipe"
    if found.get("code_version") != guard["code_version"]:
        return f"another version of hrtem-bench, {found.get('code_version')}"
    if found.get("code_sha256") == guard["code_sha256"]:
        return "other exit waves"
    return "hrtem-bench with other sources than these, and images of the two would not be one dataset"


def save_part(path: Path, configs: dict[str, list[dict[str, Any]]]) -> None:
    """Write the rows of a job: config -> rows. The file of the tracks comes last, and shows that the job is done."""
    if waves := configs.get(EXIT_WAVES):
        _write(_waves_path(path), waves, arrow_schema(WAVE_COLUMNS))
    rows = [row | {_TRACK: name} for name, group in configs.items() if name != EXIT_WAVES for row in group]
    _write(path, rows, arrow_schema({**COLUMNS, _TRACK: "string"}))


def load_part(path: Path, config: str) -> Any:
    """The rows of one config in a job's part, a pyarrow Table with the columns of a dataset."""
    import pyarrow.compute as pc

    if config == EXIT_WAVES:
        return _read(_waves_path(path))
    table = _read(path)
    return table.filter(pc.equal(table[_TRACK], config)).drop_columns([_TRACK]).cast(arrow_schema())


def _waves_path(path: Path) -> Path:
    return path.with_suffix(".waves")


def _write(path: Path, rows: list[dict[str, Any]], schema: Any) -> None:
    import pyarrow as pa

    with aside(path) as temporary, pa.OSFile(os.fspath(temporary), "wb") as sink, pa.ipc.new_file(sink, schema) as file:
        file.write_table(pa.Table.from_pylist(rows, schema=schema))


def _read(path: Path) -> Any:
    import pyarrow as pa

    with pa.memory_map(os.fspath(path)) as source:
        return pa.ipc.open_file(source).read_all()


def remove_parts(out: Path) -> None:
    """Remove the folder of parts."""
    shutil.rmtree(out / PARTS, ignore_errors=True)


def assemble(plan: DatasetPlan, out: Path) -> list[Shard]:
    """Write every shard from the parts; returns them with their checksums."""
    shards = []
    for path, jobs in plan.shards.items():
        config = place_of(path).config
        file = out / path
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = _write_shard(file, columns_of(config), (load_part(part_path(out, job), config) for job in jobs))
        shards.append(Shard(path=path, sha256=sha256_of(file), rows=rows, bytes=file.stat().st_size))
    return shards


def _write_shard(path: Path, columns: Mapping[str, str], tables: Iterable[Any]) -> int:
    """One row group for each structure, so that a reader holds one at a time."""
    import pyarrow.parquet as pq

    rows = 0
    # Masks repeat at every condition of a structure; images and waves never do.
    dictionary = [name for name, kind in columns.items() if kind not in ("image", "binary")]
    dictionary += ["mask.bytes", "instances.bytes"]
    schema = arrow_schema(columns)
    with (
        aside(path) as temporary,
        pq.ParquetWriter(os.fspath(temporary), schema, compression="zstd", use_dictionary=dictionary) as writer,
    ):
        for table in tables:
            writer.write_table(table)
            rows += table.num_rows
    return rows
