"""Parquet files that somebody else may have made, opened with bounds on what they unpack to.

A kilobyte of Parquet may stand for a terabyte: rows that repeat cost nothing, in the file.
"""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from hrtem_bench.errors import InputError, one_line, require

MOST_ROWS = 10_000_000
MOST_GROUP = 1 << 30
"""Bytes of a row group once unpacked: readers hold one at a time."""
_WIDEST = 16
"""Bytes of the widest type of fixed width, but for FIXED_LEN_BYTE_ARRAY."""


@contextlib.contextmanager
def file_errors(path: Path, hint: str = "") -> Iterator[None]:
    """Whatever is wrong with the content of a file, as an InputError of one line that names the file.

    Parameters
    ----------
    path
        The file.
    hint
        What follows the reason, after a semicolon.
    """
    import pyarrow as pa

    try:
        yield
    except InputError as error:
        raise error if str(path) in str(error) else _unreadable(path, error, hint) from None
    except (pa.ArrowException, OSError, SyntaxError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise _unreadable(path, error, hint) from None


def _unreadable(path: Path, error: Exception, hint: str) -> InputError:
    reason = getattr(error, "strerror", None) or one_line(error)[:200].rstrip(".")
    return InputError(f"{path} cannot be read: {reason}{hint and f'; {hint}'}")


def open_parquet(path: Path, columns: Collection[str] = (), *, rows: int = MOST_ROWS, hint: str = "") -> Any:
    """A Parquet file whose columns and row groups may be read.

    Parameters
    ----------
    path
        Of a regular file.
    columns
        Those that are wanted, as "image.bytes" where one lies in another; all where none is named.
    rows
        Of the file, at most.
    hint
        As of `file_errors`.

    Returns
    -------
    pyarrow.parquet.ParquetFile

    Raises
    ------
    InputError
        In one line, for a file that is none, lacks a column, or unpacks to more rows, or to a larger row group, than
        is read.
    """
    parquet = require("pyarrow.parquet", "data")
    with file_errors(path, hint):
        if not stat.S_ISREG(path.stat().st_mode):  # to open a pipe would wait for a writer
            raise InputError(f"{path} is no regular file")
        file = parquet.ParquetFile(path)
        missing = sorted({name.partition(".")[0] for name in columns} - set(file.schema_arrow.names))
        if missing:
            raise InputError(f"{path} has no column {', '.join(missing)}{hint and f': {hint}'}")
        if file.metadata.num_rows > rows:
            raise InputError(f"{path} unpacks to {file.metadata.num_rows} rows: at most {rows} are read")
        for group in range(file.num_row_groups):
            size = _unpacked(path, file, group, columns)
            if size > MOST_GROUP:
                raise InputError(f"{path} holds a row group of {size >> 20} MiB: write it with smaller row groups")
    return file


def read_table(path: Path, columns: Collection[str] = (), *, rows: int = MOST_ROWS, hint: str = "") -> Any:
    """The columns of a whole file, or all, as a pyarrow Table; arguments and errors as of `open_parquet`."""
    with open_parquet(path, columns, rows=rows, hint=hint) as file, file_errors(path, hint):
        room = MOST_GROUP // max(file.num_row_groups, 1)
        size = sum(_unpacked(path, file, group, columns, room) for group in range(file.num_row_groups))
        if size > MOST_GROUP:
            raise InputError(f"{path} unpacks to {size >> 20} MiB: at most {MOST_GROUP >> 20} MiB are read")
        return file.read(columns=list(columns) or None, use_threads=False)


def _unpacked(path: Path, file: Any, group: int, columns: Collection[str], room: int = MOST_GROUP) -> int:
    """Bytes that the columns of a row group take at most, by what the file says of them.

    Values of a dictionary are taken to be as long as all that is stored, which costs nothing to know, unless the
    columns then take more than `room`; to be as long as the longest of them, which is read for this, if they do.
    """
    held, repeated, total = file.metadata.row_group(group), [], 0
    for index in range(held.num_columns):
        one = held.column(index)
        if columns and not any(f"{one.path_in_schema}.".startswith(f"{name}.") for name in columns):
            continue
        if one.physical_type != "BYTE_ARRAY":
            total += one.num_values * max(_WIDEST, file.schema.column(index).length or 0)
        elif "DELTA_BYTE_ARRAY" in one.encodings:
            raise InputError(f"{path} holds {one.path_in_schema} in the encoding DELTA_BYTE_ARRAY: write it without")
        elif any("DICTIONARY" in name for name in one.encodings):
            repeated.append(one)
        else:
            total += one.total_uncompressed_size
    most = total + sum(one.num_values * one.total_uncompressed_size for one in repeated)
    if most <= room:
        return most
    return total + sum(one.num_values * _longest(path, group, one.path_in_schema) for one in repeated)


def _longest(path: Path, group: int, column: str) -> int:
    """Bytes of the longest text of a column; what it repeats is held once, so that the file bounds what is read."""
    pa, pc = require("pyarrow", "data"), require("pyarrow.compute", "data")
    with require("pyarrow.parquet", "data").ParquetFile(path, read_dictionary=[column]) as file:
        values = file.read_row_group(group, columns=[column], use_threads=False).column(0)
    longest = 0
    for chunk in values.chunks:
        inner = chunk
        while not pa.types.is_dictionary(inner.type):
            inner = inner.flatten()[0] if pa.types.is_struct(inner.type) else inner.flatten()
        longest = max(longest, pc.max(pc.binary_length(inner.dictionary)).as_py() or 0)
    return longest
