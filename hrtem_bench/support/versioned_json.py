"""JSON files that say the version of their schema."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from hrtem_bench.errors import InputError, one_line


class _Versioned(Protocol):
    @property
    def schema_version(self) -> int: ...


Versioned = TypeVar("Versioned", bound=_Versioned)


def read_versioned(file: Path, kind: type[Versioned], version: int, what: str) -> Versioned:
    """A JSON file of a kind that has a schema_version, which must be this one; InputError, one line, for another."""
    try:
        found = msgspec.json.decode(file.read_bytes(), type=kind)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise InputError(f"{file} is no valid {what}: {one_line(error)}") from None
    if found.schema_version != version:
        raise InputError(
            f"{file} has schema_version {found.schema_version}; this version of hrtem-bench reads {version}"
        )
    return found
