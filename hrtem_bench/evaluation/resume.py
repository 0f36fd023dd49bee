"""The output folder of a run: what is finished, kept aside so that a run can resume.

While a run is under way its folder holds `.partial/`, with the settings the scores depend on and the scores of the
images done so far, in numbered files of KEPT images or some more. It goes when results.json is written, or when the run
fails for a reason that running again would not mend.
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
    """What a file of `.partial` holds. batch_size: what was found by trying, None while it is not settled."""

    images: list[ScoredImage]
    batch_size: int | None


class RunFolder:
    """Where a run writes. Creates nothing until the first images are finished.

    batch_size: what the run found by trying before it was interrupted, None if nothing; known once `kept` was read.
    """

    def __init__(self, out: Path, key: Mapping[str, Any], trial: NDArray[np.float32]) -> None:
        """out: the folder. key: what the scores depend on. trial: the model's answers on a few images, which
        tell models apart whose files do not."""
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
        """The images that an earlier run of the same key scored, in their order."""
        while (part := self._read(self._parts)) is not None:
            self._parts += 1
            self.batch_size = part.batch_size
            yield from part.images

    def keep(self, images: Sequence[ScoredImage], batch_size: int | None) -> None:
        """Write the images that come next."""
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
    """The outermost folder that making `path` would create; None where `path` is there."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    return missing[-1] if missing else None
