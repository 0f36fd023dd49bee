"""per_image.parquet: the scores of each image, as columns, and their sums by structure and condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import require
from hrtem_bench.scoring.catalogue import image_metrics
from hrtem_bench.scoring.statistics import Clusters, clusters
from hrtem_bench.support.files import aside
from hrtem_bench.support.parquet import file_errors, read_table

PER_IMAGE = "per_image.parquet"
MASK_SHA256 = "mask_sha256"
"""Column: sha256 of the predicted mask, eight pixels to a byte as `numpy.packbits` lays them."""
MOST_ROWS = 1_000_000
TEXTS = ("structure_id", "condition_id", MASK_SHA256)
MOST_NAME = 200
"""Characters of a text: as columns of NumPy all take the room of the longest."""
Columns = Mapping[str, NDArray[Any]]


class ImageScores(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of one image.

    C10: as used for it, Å. metrics: by the names of `catalogue.image_metrics`, None where one is not defined.
    mask_sha256: see MASK_SHA256.
    """

    structure_id: str
    condition_id: str
    C10: float
    mask_sha256: str
    metrics: dict[str, float | None]


def per_image_columns(images: Sequence[ImageScores]) -> dict[str, NDArray[Any]]:
    """Columns of equal length: structure_id, condition_id, C10, each metric (NaN where None), mask_sha256."""
    columns: dict[str, NDArray[Any]] = {
        "structure_id": np.array([one.structure_id for one in images], dtype=str),
        "condition_id": np.array([one.condition_id for one in images], dtype=str),
        "C10": np.array([one.C10 for one in images], dtype=np.float64),
    }
    for name in image_metrics():
        columns[name] = np.array([one.metrics.get(name) for one in images], dtype=np.float64)
    columns[MASK_SHA256] = np.array([one.mask_sha256 for one in images], dtype=str)
    return columns


def write_per_image(path: Path, columns: dict[str, NDArray[Any]]) -> None:
    """Write the columns as parquet, aside and renamed; NaN becomes null."""
    pa = require("pyarrow", "data")
    parquet = require("pyarrow.parquet", "data")
    table = pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})
    with aside(path) as temporary:
        parquet.write_table(table, temporary, compression="zstd")


def read_per_image(path: Path) -> dict[str, NDArray[Any]]:
    """The columns of a per_image.parquet, or of the one in a folder. Raises InputError if it cannot be read."""
    file = path / PER_IMAGE if path.is_dir() else path
    table = read_table(file, rows=MOST_ROWS)
    with file_errors(file):
        columns = {name: _column(name, table[name]) for name in table.column_names}
        for name in ("structure_id", "condition_id", "dice"):
            if name not in columns:
                raise ValueError(f"it has no column {name}")
        return columns


def _column(name: str, column: Any) -> NDArray[Any]:
    """As an array; ValueError for ids that are no text, and for metrics that are no numbers."""
    values = column.to_pylist()
    text = any(isinstance(value, str) for value in values)
    if text and any(not isinstance(value, str) or len(value) > MOST_NAME for value in values):
        raise ValueError(f"{name} holds something else than texts of up to {MOST_NAME} characters")
    if values and text is not (name in TEXTS) and (name in TEXTS or name in image_metrics()):
        raise ValueError(f"{name} holds {'texts' if text else 'no texts'}")
    found: NDArray[Any] = np.array(values, dtype=str if text else np.float64)
    if found.ndim != 1:
        raise ValueError(f"{name} holds lists")
    return found


def image_clusters(columns: Columns, metric: str, order: Sequence[str]) -> Clusters:
    """A metric's sums by structure and condition, with conditions in `order`; images that lack it are left out."""
    return clusters(columns["structure_id"], columns["condition_id"], columns[metric], order)


def metric_clusters(columns: Columns, order: Sequence[str]) -> dict[str, Clusters]:
    """Those of every metric that all images have, or as many as can have it."""
    known = {name: np.isfinite(columns[name]) for name in image_metrics() if name in columns}
    return {
        name: image_clusters(columns, name, order)
        for name, one in image_metrics().items()
        if name in known and (known[name].any() if one.may_lack else known[name].all())
    }
