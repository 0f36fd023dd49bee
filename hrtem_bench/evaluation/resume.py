"""The output folder of a run, and the scores kept in it so that the run can resume.

During a run its folder holds `.partial/`: the settings that the scores depend on, and the scores so far, in numbered
files of about KEPT images. It is removed when results.json is written, or when the run fails for a reason that running
again would not change.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.scored_images import ScoredImage
from hrtem_bench.support.files import write_aside, write_aside_bytes
from hrtem_bench.support.reading import MAX_JSON, read_bounded, read_json, read_text

PARTIAL = ".partial"
KEPT = 32
"""Images after which their scores are written."""
SAME_ANSWER = 1e-3
"""Largest mean difference of trial answers at which a model counts as the one that began the run."""


class Part(msgspec.Struct, frozen=True):
    """The content of a file of `.partial`. batch_size: as found by trying; None before it is settled."""

    images: list[ScoredImage]
    batch_size: int | None


class RunFolder:
    """The folder that a run writes to. Nothing is created before the first images are finished.

    batch_size: what the run had found before it was interrupted, None if nothing; known after `kept` was read.
    """

    def __init__(self, out: Path, key: Mapping[str, Any], trial: NDArray[np.float32]) -> None:
        """out: the folder. key: what the scores depend on. trial: the model's answers on a few images, which
        differ for models that have the same files.
        """
        self.out = out
        self.partial = out / PARTIAL
        self._key = msgspec.json.encode(dict(key)).decode()
        self._trial = trial
        self._created = _first_missing(out)
        self._parts = 0
        self.batch_size: int | None = None
        if self.partial.exists() and not self._resumes():
            shutil.rmtree(self.partial)

    def kept(self) -> Iterator[ScoredImage]:
        """The images that an earlier run with the same key scored, in order."""
        while (part := self._read(self._parts)) is not None:
            self._parts += 1
            self.batch_size = part.batch_size
            yield from part.images

    def keep(self, images: Sequence[ScoredImage], batch_size: int | None) -> None:
        """Write the next images."""
        if not self.partial.exists():
            self.partial.mkdir(parents=True)
            np.save(self.partial / "trial.npy", self._trial)
            write_aside(self.partial / "key.json", self._key)
        write_aside_bytes(self._file(self._parts), msgspec.json.encode(Part(list(images), batch_size)))
        self._parts += 1

    def finish(self) -> None:
        """Remove what was kept for resuming."""
        shutil.rmtree(self.partial, ignore_errors=True)

    def abandon(self) -> None:
        """Remove what was kept, and the folder itself if this run made it."""
        self.finish()
        if self._created is not None:
            shutil.rmtree(self._created, ignore_errors=True)

    def _file(self, part: int) -> Path:
        return self.partial / f"{part:06d}.scores.json"

    def _read(self, part: int) -> Part | None:
        """A part; None where it is missing or damaged."""
        try:
            return read_json(self._file(part), Part, "part of a run")
        except InputError:
            return None

    def _resumes(self) -> bool:
        try:
            if read_text(self.partial / "key.json", MAX_JSON) != self._key:
                return False
            trial = np.load(io.BytesIO(read_bounded(self.partial / "trial.npy", MAX_JSON)), allow_pickle=False)
        except (OSError, ValueError):
            return False
        return trial.shape == self._trial.shape and float(np.abs(trial - self._trial).mean()) < SAME_ANSWER


def check_writable(out: Path) -> None:
    """Raise InputError if `out` cannot be a folder that is written to; leaves nothing behind."""
    created = _first_missing(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise InputError(f"{out} cannot be written to: {error.strerror or error}") from None
    finally:
        if created is not None:
            shutil.rmtree(created, ignore_errors=True)


def _first_missing(path: Path) -> Path | None:
    """The outermost folder that would be created for `path`; None if `path` exists."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    return missing[-1] if missing else None
