"""What a run over many micrographs has finished, kept beside the masks, so that the same command goes on from there."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hrtem_bench.errors import InputError
from hrtem_bench.micrographs.segmentation import MicrographScore
from hrtem_bench.support.files import write_aside_bytes
from hrtem_bench.support.reading import read_json

PARTIAL = ".partial"


class FinishedFile(msgspec.Struct, frozen=True):
    """A file that was segmented.

    mark: see `mark_of`. scores: of each micrograph, where there are labels. warnings: what may be wrong with them.
    """

    mark: str
    scores: list[MicrographScore]
    warnings: list[str]


def mark_of(settings: Sequence[str], paths: Sequence[Path]) -> str:
    """What the results of a file depend on, as a hash: texts, and the files by their sizes and times of change."""
    states = [path.stat() for path in paths]
    content = [
        *settings,
        *(f"{path.name}:{one.st_size}:{one.st_mtime_ns}" for path, one in zip(paths, states, strict=True)),
    ]
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()


def finished(out: Path, name: str, mark: str) -> FinishedFile | None:
    """What an earlier run, which did not come to its end, found of the file `name`; None where it did not do it."""
    try:
        held = read_json(_place(out, name), FinishedFile, "record of what is finished")
    except InputError:
        return None
    return held if held.mark == mark else None


def keep(out: Path, name: str, found: FinishedFile) -> None:
    """Write down that a file is done."""
    (out / PARTIAL).mkdir(exist_ok=True)
    write_aside_bytes(_place(out, name), msgspec.json.encode(found))


def forget(out: Path) -> None:
    """Remove what was kept: the run has come to its end."""
    shutil.rmtree(out / PARTIAL, ignore_errors=True)


def _place(out: Path, name: str) -> Path:
    return out / PARTIAL / f"{name}.json"
