"""Which code makes a dataset: one checksum over the sources and tables that shape its rows."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import hrtem_bench

SHAPING = ("conditions", "support", "physics", "specimens", "multislice", "imaging", "recipes", "generation", "dataset")
"""Modules and packages of hrtem_bench on which rows depend."""
_KINDS = (".py", ".csv", ".cu")


@functools.cache
def code_sha256() -> str:
    """SHA-256, hexadecimal, over names and content of the package's sources in `SHAPING`.

    It is computed once in a process: sources that are edited later do not run in it.
    """
    package = Path(hrtem_bench.__file__).parent
    return sha256_of_sources(package, SHAPING)


def sha256_of_sources(package: Path, parts: tuple[str, ...]) -> str:
    """SHA-256 over the names and content of the .py, .csv and .cu files in `parts` of a package's folder, sorted.

    It is the same on every system: paths are written with slashes, line ends count as line feeds.
    """
    digest = hashlib.sha256()
    files = (p for p in package.rglob("*") if p.suffix in _KINDS and p.relative_to(package).parts[0] in parts)
    for path in sorted(files, key=lambda p: p.relative_to(package).as_posix()):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.relative_to(package).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()
