"""Files that are never half-written: written aside, then renamed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from hrtem_bench.errors import InputError

TEMPORARY = ".tmp"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What writing fails with where there is no room: disk, quota, size of a file."""


@contextlib.contextmanager
def aside(path: Path) -> Iterator[Path]:
    """A temporary path in the same folder, renamed to `path` at the end of the block; removed if the block fails."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())  # else a power cut after the rename could leave an empty file
        temporary.replace(path)
    except OSError as error:
        # The system names the file that it cannot open, which is the temporary one, and none where writing fails.
        if error.errno is None or not (
            str(error.filename) == str(temporary) or (error.filename is None and error.errno in NO_ROOM)
        ):
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_aside(path: Path, text: str) -> None:
    """Write text to `path`, UTF-8, with line feeds everywhere."""
    write_aside_bytes(path, text.encode())


def write_aside_bytes(path: Path, data: bytes) -> None:
    """Write bytes to `path`."""
    with aside(path) as temporary:
        temporary.write_bytes(data)


@contextlib.contextmanager
def locked(file: Path, busy: str) -> Iterator[None]:
    """Hold a lock on a file, which is created; InputError that begins with `busy` if another process holds it."""
    try:
        import fcntl
    except ImportError:  # no such locks on Windows: two runs there waste work, and still end with the same bytes
        yield
        return
    with file.open("w") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{busy}: wait for it or choose another folder") from None
        yield


def remove_temporaries(folder: Path) -> None:
    """Remove what a killed run left half-written under `folder`."""
    for path in folder.rglob(f".*{TEMPORARY}"):
        path.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
