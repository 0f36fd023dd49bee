"""Which code makes a dataset: one checksum over the sources that shape its rows."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import hrtem_bench

SHAPING = ("conditions.py", "physics", "specimens", "multislice", "imaging", "dataset")
"""Modules and packages of hrtem_bench on which rows depend."""


@functools.cache
def code_sha256() -> str:
    """SHA-256, hexadecimal, over names and content of the package's sources in `SHAPING`.

    Taken once in a process, as the code itself is: what is edited afterwards does not run there.
    """
    package = Path(hrtem_bench.__file__).parent
    return sha256_of_sources(package, SHAPING)


def sha256_of_sources(package: Path, parts: tuple[str, ...]) -> str:
    """SHA-256 over the .py files among and below `parts` of a package's folder, with their names, in sorted order."""
    digest = hashlib.sha256()
    for path in sorted(p for p in package.rglob("*.py") if p.relative_to(package).parts[0] in parts):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.relative_to(package).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()
