"""Where a result came from: the model, the data, the versions, the command and the date."""

from __future__ import annotations

import platform
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import hrtem_bench
from hrtem_bench.models.submission import Submission
from hrtem_bench.scoring.results import DatasetInfo, ModelInfo, Provenance
from hrtem_bench.support.plain_text import plain_line

if TYPE_CHECKING:
    from hrtem_bench.dataset import Track

PACKAGES = ("numpy", "scipy", "torch", "onnxruntime")


def provenance(command: str, *, batch_size: int | None = None) -> Provenance:
    """Versions of what is loaded now, the command, the time in UTC, and the batch size as used."""
    versions = {"hrtem-bench": hrtem_bench.__version__, "python": platform.python_version()}
    versions |= {name: str(sys.modules[name].__version__) for name in PACKAGES if name in sys.modules}
    return Provenance(
        versions=versions,
        command=plain_line(command),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        batch_size=batch_size,
    )


def model_info(submission: Submission) -> ModelInfo:
    """The model as results name it."""
    return ModelInfo(
        name=submission.name,
        kind=submission.kind,
        path=plain_line(submission.path),
        checksum=submission.checksum,
        parameters=submission.parameters,
    )


def dataset_info(track: Track, split: str) -> DatasetInfo:
    """The data as results name them."""
    return DatasetInfo(
        name=track.dataset,
        version=track.version,
        checksum=track.checksum,
        track=track.name,
        axis=track.axis,
        unit=track.unit,
        split=split,
    )
