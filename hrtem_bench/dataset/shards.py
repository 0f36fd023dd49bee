"""Parts put together into Parquet files, the same bytes whoever made the parts and in whatever order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hrtem_bench.dataset.manifest import Shard
from hrtem_bench.dataset.parts import load_part, part_path
from hrtem_bench.dataset.plan import Plan, place_of
from hrtem_bench.dataset.schema import arrow_schema, columns_of
from hrtem_bench.support.files import aside, sha256_of


def assemble(plan: Plan, out: Path) -> list[Shard]:
    """Write every shard from the parts, and return them with their checksums."""
    shards = []
    for path, jobs in plan.shards.items():
        config, _ = place_of(path)
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
