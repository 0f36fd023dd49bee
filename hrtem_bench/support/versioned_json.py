"""JSON files that say the version of their schema."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, TypeVar

from hrtem_bench.errors import InputError
from hrtem_bench.support.reading import MAX_JSON, read_json


class _Versioned(Protocol):
    @property
    def schema_version(self) -> int: ...


Versioned = TypeVar("Versioned", bound=_Versioned)


def read_versioned(file: Path, kind: type[Versioned], version: int, what: str, most: int = MAX_JSON) -> Versioned:
    """A JSON file of a kind that has a schema_version, which must be this one; InputError, one line, for another."""
    found = read_json(file, kind, what, most)
    if found.schema_version != version:
        raise InputError(
            f"{file} has schema_version {found.schema_version}; this version of hrtem-bench reads {version}"
        )
    return found
