"""results.json and per_image.parquet: what a run found, in files that can be read back, checked and compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError, one_line, require
from hrtem_bench.models.contract import InputContract
from hrtem_bench.scoring.objects import MATCH, MIN_AREA, TOLERANCE
from hrtem_bench.support.files import aside, write_aside
from hrtem_bench.support.versioned_json import read_versioned

SCHEMA_VERSION = 1
RESULTS = "results.json"
PER_IMAGE = "per_image.parquet"

MASK_SHA256 = "mask_sha256"
"""Column of per_image.parquet: sha256 of the predicted mask, eight pixels to a byte as `numpy.packbits` lays them."""
METRICS = ("dice", "iou", "nll", "brier", "surface_dice", "precision", "recall", "f1", "panoptic_quality")
"""The scores of an image; `CurvePoint` has the mean and the interval of each."""


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model: its kind of submission, the path as the user gave it, and sha256 over its files."""

    name: str
    kind: str
    path: str
    checksum: str
    parameters: int | None = None


class DatasetInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The data scored on; `unit` is that of the track's axis, "" where it has none."""

    name: str
    version: str
    checksum: str
    track: str
    axis: str
    unit: str
    split: str


class TrainInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditions of this track that the model was trained at, by id; empty where unknown or of another track."""

    conditions: list[str] = []


class Reliability(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pixels by bins of predicted probability.

    confidence: its mean; accuracy: the share that is particle (both None in an empty bin); count: the number
    of pixels.
    """

    confidence: list[float | None]
    accuracy: list[float | None]
    count: list[int]


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One condition: means over its images, each with the interval of a bootstrap over structures.

    C10: nominal, Å. value: place on the axis, in its unit. epsilon, sigma, coverage: of the condition with its
    spread between images, `ConditionSet.about`; sigma and coverage are None where the training is unknown. An
    interval is None where there is but one structure. nll, brier, calibration_error (expected, 15 bins) and
    reliability are None for a model that returns classes. precision, recall, f1 and panoptic_quality are
    those of objects. dice_band: the simultaneous band that holds the whole curve of Dice.
    """

    condition: str
    C10: float
    value: float
    in_distribution: bool
    n_images: int
    n_structures: int
    epsilon: float | None = None
    sigma: float | None = None
    coverage: float | None = None
    dice: float
    dice_low: float | None = None
    dice_high: float | None = None
    iou: float
    iou_low: float | None = None
    iou_high: float | None = None
    nll: float | None = None
    nll_low: float | None = None
    nll_high: float | None = None
    brier: float | None = None
    brier_low: float | None = None
    brier_high: float | None = None
    surface_dice: float | None = None
    surface_dice_low: float | None = None
    surface_dice_high: float | None = None
    precision: float | None = None
    precision_low: float | None = None
    precision_high: float | None = None
    recall: float | None = None
    recall_low: float | None = None
    recall_high: float | None = None
    f1: float | None = None
    f1_low: float | None = None
    f1_high: float | None = None
    panoptic_quality: float | None = None
    panoptic_quality_low: float | None = None
    panoptic_quality_high: float | None = None
    dice_band_low: float | None = None
    dice_band_high: float | None = None
    calibration_error: float | None = None
    reliability: Reliability | None = None


class Summary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Scores of the whole curve.

    id_dice, ood_dice: mean over the conditions trained at, and over the others, of their mean Dice, every
    condition counted alike; id_ood_gap: id_dice - ood_dice. All three are None where the training is unknown.
    spearman_*: rank correlation over conditions of σ(train, test) with the mean score. slope_sigma_dice:
    slope of the least-squares line of mean Dice against σ. worst_dice: lowest mean over the conditions. On an
    axis with a unit, with straight lines between conditions: area_dice, mean height of the Dice curve from
    area_from to area_to; width_95, width of the range about the trained conditions that keeps 95 % of
    id_dice; breakdown_below and _above, where the lower simultaneous band, walked outwards from the trained
    conditions, falls below settings.breakdown_dice. Censored: the axis ends before that happens, and the
    number is as far as was tested.
    """

    id_dice: float | None = None
    id_dice_low: float | None = None
    id_dice_high: float | None = None
    ood_dice: float | None = None
    ood_dice_low: float | None = None
    ood_dice_high: float | None = None
    id_ood_gap: float | None = None
    id_ood_gap_low: float | None = None
    id_ood_gap_high: float | None = None
    spearman_sigma_nll: float | None = None
    spearman_sigma_dice: float | None = None
    worst_condition: str | None = None
    best_condition: str | None = None
    worst_dice: float | None = None
    worst_dice_low: float | None = None
    worst_dice_high: float | None = None
    slope_sigma_dice: float | None = None
    slope_sigma_dice_low: float | None = None
    slope_sigma_dice_high: float | None = None
    area_dice: float | None = None
    area_dice_low: float | None = None
    area_dice_high: float | None = None
    area_from: float | None = None
    area_to: float | None = None
    width_95: float | None = None
    width_95_low: float | None = None
    width_95_high: float | None = None
    width_95_censored: bool | None = None
    breakdown_below: float | None = None
    breakdown_below_censored: bool | None = None
    breakdown_above: float | None = None
    breakdown_above_censored: bool | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What shaped the numbers.

    q_max: band of ε, σ and coverage, 1/Å. seed: of the bootstrap. batch_size: as told, None where it was found by
    trying. threshold: a pixel is particle above it. limit: images per condition, None for all. official: the whole test
    split at every condition was scored. device, bf16: where the model ran, and whether under bfloat16 autocast. input:
    the contract it was run under. breakdown_dice: see `Summary`. surface_tolerance (Å), object_min_area (Å²),
    object_match (IoU): see `objects`.
    """

    q_max: float
    bootstrap_samples: int
    confidence: float
    seed: int
    batch_size: int | None
    threshold: float
    breakdown_dice: float = 0.7
    surface_tolerance: float = TOLERANCE
    object_min_area: float = MIN_AREA
    object_match: float = MATCH
    limit: int | None
    device: str = "cpu"
    bf16: bool = False
    official: bool
    input: InputContract = InputContract()


class Provenance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Versions of the packages used, the command, the date (UTC, ISO 8601), and the batch size, told or found."""

    versions: dict[str, str]
    command: str
    date: str
    batch_size: int | None = None


class Results(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything in results.json. `warnings`: what the trial run noticed, a sentence each."""

    schema_version: int = SCHEMA_VERSION
    model: ModelInfo
    dataset: DatasetInfo
    train: TrainInfo
    curve: list[CurvePoint]
    summary: Summary
    settings: Settings
    provenance: Provenance
    warnings: list[str] = []


class ImageScores(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of one image: C10 as used for it, Å; metrics by the names in METRICS; mask_sha256, see MASK_SHA256."""

    structure_id: str
    condition_id: str
    C10: float
    mask_sha256: str
    metrics: dict[str, float | None]


def write_results(path: Path, results: Results) -> None:
    """Write results as JSON, aside and renamed."""
    write_aside(path, msgspec.json.format(msgspec.json.encode(results), indent=1).decode() + "\n")


def read_results(path: Path) -> Results:
    """The results in a file, or in a folder's results.json. Raises InputError, one line, for what does not validate."""
    return read_versioned(path / RESULTS if path.is_dir() else path, Results, SCHEMA_VERSION, "results file")


def results_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of results.json."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Results)}


def write_schema(path: Path) -> None:
    """Write `results_schema` as JSON, aside and renamed."""
    write_aside(path, json.dumps(results_schema(), indent=1) + "\n")


def per_image_columns(images: Sequence[ImageScores]) -> dict[str, NDArray[Any]]:
    """Columns of equal length: structure_id, condition_id, C10, each metric (NaN where None), mask_sha256."""
    columns: dict[str, NDArray[Any]] = {
        "structure_id": np.array([one.structure_id for one in images], dtype=str),
        "condition_id": np.array([one.condition_id for one in images], dtype=str),
        "C10": np.array([one.C10 for one in images], dtype=np.float64),
    }
    for name in METRICS:
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
    parquet = require("pyarrow.parquet", "data")
    file = path / PER_IMAGE if path.is_dir() else path
    try:
        table = parquet.read_table(file)
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read: {one_line(error)}") from None
    return {name: _column(table[name]) for name in table.column_names}


def _column(column: Any) -> NDArray[Any]:
    values = column.to_pylist()
    if any(isinstance(value, str) for value in values):
        return np.array(values, dtype=str)
    return np.array(values, dtype=np.float64)
