"""Parquet files that somebody else may have made: what a small file unpacks to is known before it is unpacked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hrtem_bench.errors import InputError
from hrtem_bench.support import parquet
from hrtem_bench.support.parquet import MOST_GROUP, open_parquet, read_table

MANY = 50_000
LONG = "x" * 100_000
"""Repeated MANY times it takes 4.7 GiB; a file that holds it so takes 5 kB."""


def repeated(values: pa.Array) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array([0] * MANY, pa.int32()), values)


def written(path: Path, column: Any, **how: Any) -> Path:
    pq.write_table(pa.table({"a": column}), path, **how)
    return path


def refused(call: Any, *given: Any, **named: Any) -> str:
    with pytest.raises(InputError) as caught:
        call(*given, **named)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "column",
    [
        lambda: repeated(pa.array([LONG])),
        lambda: pa.StructArray.from_arrays([repeated(pa.array([LONG.encode()]))], ["bytes"]),
        lambda: pa.ListArray.from_arrays(pa.array([0, MANY], pa.int32()), repeated(pa.array([LONG]))),
    ],
    ids=["text", "bytes in a struct", "text in a list"],
)
def test_what_repeats_is_refused_before_it_is_unpacked(column: Any, tmp_path: Path) -> None:
    path = written(tmp_path / "x.parquet", column())
    assert path.stat().st_size < 10_000
    for call in (open_parquet, read_table):
        message = refused(call, path)
        assert message.startswith(str(path)) and "row group of 4768 MiB" in message


def test_columns_of_repeated_texts_add_up_by_their_longest_and_not_by_all_that_is_stored(tmp_path: Path) -> None:
    texts = pa.array([f"{number:0400d}" for number in range(80)])
    rows = 20_000
    table = pa.table({f"column {k}": texts.take(pa.array([*range(80)] * (rows // 80))) for k in range(4)})
    pq.write_table(table, tmp_path / "x.parquet")
    stored = pq.ParquetFile(tmp_path / "x.parquet").metadata.row_group(0).column(0).total_uncompressed_size
    assert stored * rows < MOST_GROUP < 4 * stored * rows
    assert read_table(tmp_path / "x.parquet") == table  # 31 MiB
    few = table.select(["column 0"])
    with pq.ParquetWriter(tmp_path / "y.parquet", few.schema) as writer:
        for _ in range(2):
            writer.write_table(few)
    assert read_table(tmp_path / "y.parquet").num_rows == 2 * rows


def test_nothing_is_read_to_open_groups_of_which_each_is_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unread(*_: object) -> int:
        raise AssertionError("values were read to open the file")

    texts = pa.array([f"{number:0400d}" for number in range(80)])
    half = pa.table({"a": texts.take(pa.array([*range(80)] * 250))})
    with pq.ParquetWriter(tmp_path / "x.parquet", half.schema) as writer:
        for _ in range(2):
            writer.write_table(half)
    monkeypatch.setattr(parquet, "_longest", unread)
    assert open_parquet(tmp_path / "x.parquet").num_row_groups == 2


def test_many_numbers_are_counted_and_not_read(tmp_path: Path) -> None:
    column = pa.ListArray.from_arrays(
        pa.array([0, 10_000_000], pa.int32()), pa.array([0.5]).take(pa.array([0] * 10_000_000))
    )
    path = written(tmp_path / "x.parquet", column)
    assert path.stat().st_size < 20_000
    assert open_parquet(path).metadata.num_rows == 1  # 153 MiB
    pq.write_table(pa.concat_tables([pq.read_table(path)] * 8), path)
    assert "MiB" in refused(open_parquet, path)


def test_several_groups_count_together_in_a_table(tmp_path: Path) -> None:
    half = pa.table({"a": repeated(pa.array(["x" * (MOST_GROUP // MANY // 2)]))})
    with pq.ParquetWriter(tmp_path / "x.parquet", half.schema) as writer:
        for _ in range(3):
            writer.write_table(half)
    assert open_parquet(tmp_path / "x.parquet").num_row_groups == 3
    assert "unpacks to" in refused(read_table, tmp_path / "x.parquet")


def test_an_encoding_in_which_text_grows_is_refused(tmp_path: Path) -> None:
    how = {"use_dictionary": False, "column_encoding": {"a": "DELTA_BYTE_ARRAY"}}
    assert "DELTA_BYTE_ARRAY" in refused(open_parquet, written(tmp_path / "x.parquet", pa.array(["x"]), **how))


def test_rows_columns_and_kinds_of_file(tmp_path: Path) -> None:
    path = written(tmp_path / "x.parquet", pa.array(range(11)))
    assert "unpacks to 11 rows: at most 10" in refused(open_parquet, path, rows=10)
    assert refused(open_parquet, path, ["b", "a"], hint="make it anew") == f"{path} has no column b: make it anew"
    assert "no regular file" in refused(open_parquet, tmp_path)
    assert "No such file" in refused(open_parquet, tmp_path / "absent")
    os.mkfifo(tmp_path / "pipe")
    assert "no regular file" in refused(read_table, tmp_path / "pipe")
    for content in (b"", b"PAR1", path.read_bytes()[:-20]):
        path.write_bytes(content)
        assert refused(read_table, path).startswith(f"{path} cannot be read: ")


def test_distinct_texts_are_read(tmp_path: Path) -> None:
    """Rows times the bytes of all of them is above the bound; rows times the longest is far below."""
    names = [f"structure-{index:06d}" for index in range(60_000)]
    path = written(tmp_path / "x.parquet", pa.array(names))
    assert read_table(path, ["a"])["a"].to_pylist() == names
