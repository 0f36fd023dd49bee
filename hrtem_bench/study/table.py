"""The rows of a study, network × test condition, in one Parquet file that is enough to go on from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hrtem_bench.errors import require
from hrtem_bench.support.files import aside
from hrtem_bench.support.parquet import file_errors, read_table

TABLE = "networks.parquet"
PARTS = "parts"
COLUMNS: tuple[tuple[str, str], ...] = (
    ("block", "string"), ("specimens", "string"), ("material", "string"), ("film", "string"), ("train", "string"),
    ("test", "string"), ("seed", "int32"), ("network", "string"), ("parameters", "int32"), ("converged", "bool"),
    ("failed", "string"), ("cycles", "int32"), ("id_loss", "float32"), ("nll", "float32"), ("nll_se", "float32"),
    ("double_softmax_ce", "float32"), ("double_softmax_ce_se", "float32"), ("dice", "float32"), ("dice_se", "float32"),
    ("images", "int32"), ("confidence", "float32"), ("seconds", "float32"), ("key", "string"), ("name", "string"),
)  # fmt: skip
"""Columns and their Arrow types.

One row for each network and test condition: where it was trained and tested (conditions as text, those of a training
set joined by semicolons); whether training ended (converged); why it failed ("" where it did not); the validation loss
at its own conditions (id_loss, nats per pixel); means over test images with standard errors over structures (_se); the
mean over pixels of max(p, 1 - p) (confidence); seconds of training and testing; what identifies the network.
"""


def schema() -> Any:
    """The Arrow schema of the rows."""
    pa = require("pyarrow", "data")
    types = {"string": pa.string(), "int32": pa.int32(), "float32": pa.float32(), "bool": pa.bool_()}
    return pa.schema([(name, types[kind]) for name, kind in COLUMNS])


def write_part(folder: Path, name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Keep the rows of one network, aside and renamed."""
    path = folder / PARTS / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_rows(path, require("pyarrow", "data").Table.from_pylist(list(rows), schema=schema()))


def write_rows(path: Path, table: Any) -> None:
    """Write a table of rows, aside and renamed."""
    parquet = require("pyarrow.parquet", "data")
    with aside(path) as temporary:
        parquet.write_table(table, temporary, compression="zstd", compression_level=9)


def read_rows(path: Path) -> Any:
    """The rows in a file, a pyarrow Table; InputError for a file that is none."""
    table = read_table(path, [name for name, _ in COLUMNS], hint="it holds no rows of a study of this version")
    with file_errors(path):
        return table.cast(schema())


def all_rows(folder: Path, more: Iterable[Path] = ()) -> Any:
    """All rows of a study's folder and of other files, each network once, sorted by network and test condition."""
    return _once([read_rows(path) for path in (*_files(folder), *more)])


def gathered(folder: Path, more: Iterable[Path] = ()) -> Any:
    """The same, written to the folder's table; the parts that the table then holds are removed."""
    parts = _parts(folder)
    table = all_rows(folder, more)
    if table.num_rows:
        write_rows(folder / TABLE, table)
    for path in parts:
        path.unlink(missing_ok=True)
    return table


def _files(folder: Path) -> list[Path]:
    return [path for path in (folder / TABLE, *_parts(folder)) if path.exists()]


def _parts(folder: Path) -> list[Path]:
    return sorted((folder / PARTS).glob("*.parquet"))


def _once(tables: Sequence[Any]) -> Any:
    seen = {(row["name"], row["test"]): row for table in tables for row in table.to_pylist()}
    return require("pyarrow", "data").Table.from_pylist([seen[key] for key in sorted(seen)], schema=schema())
