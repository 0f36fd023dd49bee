"""JSON files for people to read, and those that say the version of their schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hrtem_bench.errors import InputError
from hrtem_bench.support.reading import MAX_JSON, parse_json, read_bounded

T = TypeVar("T")


def json_text(value: Any) -> str:
    """Records as JSON, indented."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode() + "\n"


class _Version(msgspec.Struct):
    """What a file of any version has."""

    schema_version: int | None = None


def read_versioned(file: Path, kind: type[T], version: int, what: str, *, remake: str = "", most: int = MAX_JSON) -> T:
    """A JSON file with a schema_version, which must be this one.

    The version is checked before the form. For another version, InputError, one line, ends in `remake`, which says how
    to make such a file again.
    """
    content = read_bounded(file, most)
    fault = f"{file} is no valid {what}"
    found = parse_json(content, _Version, fault).schema_version
    if found is not None and found != version:
        hint = f": {remake}" if remake else ""
        raise InputError(f"{file} has schema_version {found}; this version of hrtem-bench reads {version}{hint}")
    return parse_json(content, kind, fault)
