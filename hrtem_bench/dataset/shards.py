"""Parts put together into Parquet files, the same bytes whoever made the parts and in whatever order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hrtem_bench.dataset.files import aside, sha256_of
from hrtem_bench.dataset.manifest import Shard
from hrtem_bench.dataset.parts import load_part, part_path
from hrtem_bench.dataset.plan import Plan, place_of
from hrtem_bench.dataset.schema import COLUMNS, arrow_schema

_PICTURES = [name for name, kind in COLUMNS.items() if kind == "image"]


def assemble(plan: Plan, out: Path) -> list[Shard]:
    """Write every shard from the parts, and return them with their checksums."""
    shards = []
    for path, jobs in plan.shards.items():
        track, _ = place_of(path)
        file = out / path
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = _write_shard(file, (load_part(part_path(out, job), track) for job in jobs))
        shards.append(Shard(path=path, sha256=sha256_of(file), rows=rows, bytes=file.stat().st_size))
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
