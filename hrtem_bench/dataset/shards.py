"""Parts put together into Parquet files, the same bytes whoever made the parts and in whatever order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hrtem_bench.dataset.files import aside, sha256_of
from hrtem_bench.dataset.jobs import Job, images_per_condition, job_conditions, jobs
from hrtem_bench.dataset.manifest import Shard
from hrtem_bench.dataset.parts import load_part, part_path
from hrtem_bench.dataset.recipes import SPLITS, Recipe
from hrtem_bench.dataset.schema import COLUMNS, arrow_schema

SHARD_BYTES = 400_000_000
"""Shards are cut at about this size, between structures."""
BYTES_PER_PIXEL = 1.1
"""About what a pixel of electron counts takes as PNG."""
_PICTURES = [name for name, kind in COLUMNS.items() if kind == "image"]


def shard_jobs(recipe: Recipe, track: str, split: str) -> list[list[Job]]:
    """The jobs of each shard of a track's split, in order; at least one shard, which may be empty."""
    limit = int(SHARD_BYTES / (BYTES_PER_PIXEL * recipe.sampling.pixels**2))
    shards: list[list[Job]] = [[]]
    rows = 0
    for job in jobs(recipe):
        count = row_count(recipe, track, job) if job.split == split else 0
        if not count:
            continue
        if rows and rows + count > limit:
            shards.append([])
            rows = 0
        shards[-1].append(job)
        rows += count
    return shards


def row_count(recipe: Recipe, track: str, job: Job) -> int:
    """The rows that a job gives to a track."""
    return len(job_conditions(recipe, track, job)) * images_per_condition(recipe, track, job.split)


def shard_path(track: str, split: str, index: int, count: int) -> str:
    """Path of a shard inside the dataset's folder."""
    return f"data/{track}/{split}-{index:05d}-of-{count:05d}.parquet"


def assemble(recipe: Recipe, out: Path) -> list[Shard]:
    """Write every shard from the parts, and return them with their checksums."""
    shards = []
    for track in recipe.tracks:
        for split in SPLITS:
            groups = shard_jobs(recipe, track, split)
            for index, group in enumerate(groups):
                path = shard_path(track, split, index, len(groups))
                (out / path).parent.mkdir(parents=True, exist_ok=True)
                rows = _write_shard(out / path, (load_part(part_path(out, job), track) for job in group))
                size = (out / path).stat().st_size
                shards.append(Shard(path=path, sha256=sha256_of(out / path), rows=rows, bytes=size))
    return shards


def _write_shard(path: Path, tables: Any) -> int:
    """One row group for each structure, so that a reader holds one at a time."""
    import pyarrow.parquet as pq

    rows = 0
    dictionary = [name for name in COLUMNS if name not in _PICTURES]
    # Masks repeat at every condition of a structure; images never do.
    dictionary += ["mask.bytes", "instances.bytes"]
    with (
        aside(path) as temporary,
        pq.ParquetWriter(os.fspath(temporary), arrow_schema(), compression="zstd", use_dictionary=dictionary) as writer,
    ):
        for table in tables:
            writer.write_table(table)
            rows += table.num_rows
    return rows
