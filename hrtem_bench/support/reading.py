"""Reading files from others, with limits on their kind, size and depth."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hrtem_bench.errors import InputError, one_line

T = TypeVar("T")
MIB = 1 << 20
MAX_TOML = 4 * MIB
"""Bytes. The card of a network trained on ten thousand images takes a third of it."""
MAX_JSON = 256 * MIB
"""Bytes. A manifest takes about a kilobyte for each structure."""
MAX_DEPTH = 32
"""Levels of tables and lists inside each other; the deepest file of this project has six."""
_LONG_KEY = re.compile(rf"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{MAX_DEPTH}}}""")
"""A dotted key of more parts than MAX_DEPTH, on which tomllib would spend time that grows with their square."""


def read_bounded(path: Path, most: int) -> bytes:
    """The content of a regular file of at most `most` bytes.

    Raises
    ------
    InputError
        In one line, for what is missing, no regular file (a folder, a device, a pipe), too large, or not readable.
    """
    try:
        status = path.stat()  # before it is opened: opening a pipe would wait for a writer
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path} is no regular file")
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # a null character in the name
        raise InputError(f"{str(path)!r} cannot be read: {error}") from None
    if len(content) > most:
        raise InputError(f"{path} is larger than {_size(most)}, the most that is read of such a file")
    return content


def read_text(path: Path, most: int) -> str:
    """The content of a regular file as UTF-8 text; errors as in `read_bounded`."""
    try:
        return read_bounded(path, most).decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text") from None


def read_toml(path: Path, most: int = MAX_TOML) -> dict[str, Any]:
    """The tables of a TOML file; errors as in `read_text` and `parse_toml`."""
    return parse_toml(read_text(path, most), str(path))


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """The tables of TOML text.

    Raises
    ------
    InputError
        One line that begins with `where`, for text that is not TOML or is nested deeper than MAX_DEPTH.
    """
    if _LONG_KEY.search(text):
        raise InputError(f"{where} is nested too deep: a key of more than {MAX_DEPTH} parts")
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        raise InputError(f"{where} is nested too deep: more than {MAX_DEPTH} levels") from None
    except ValueError as error:  # TOMLDecodeError, and numbers of too many digits
        raise InputError(f"{where} is not TOML: {one_line(error)}") from None
    check_depth(tables, where)
    return tables


def read_json(path: Path, kind: type[T], what: str, most: int = MAX_JSON) -> T:
    """A JSON file as a `kind` for msgspec. what: the kind of file, for errors, which are as in `read_bounded`."""
    return parse_json(read_bounded(path, most), kind, f"{path} is no valid {what}")


def parse_json(content: bytes | str, kind: type[T], fault: str) -> T:
    """JSON as a `kind` for msgspec; InputError, one line that begins with `fault`, for anything else."""
    try:
        return msgspec.json.decode(content, type=kind)
    except RecursionError:
        raise InputError(f"{fault}: it is nested too deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{fault}: {one_line(error)}") from None


def check_depth(value: Any, where: str) -> None:
    """Raise InputError, beginning with `where`, for tables and lists nested deeper than MAX_DEPTH."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return
    raise InputError(f"{where} is nested too deep: more than {MAX_DEPTH} levels")


def _inside(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [one for one in inner if isinstance(one, Mapping | list | tuple)]


def _size(count: int) -> str:
    return f"{count // MIB} MiB" if count >= MIB else f"{count // 1024} KiB" if count >= 1024 else f"{count} bytes"
