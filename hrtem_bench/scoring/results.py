"""results.json: what a run found, in a file that can be read back, checked and compared."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hrtem_bench.models.contract import InputContract
from hrtem_bench.scoring.estimate import Estimate
from hrtem_bench.scoring.objects import MATCH, MIN_AREA
from hrtem_bench.scoring.outlines import TOLERANCE
from hrtem_bench.support.files import write_aside
from hrtem_bench.support.versioned_json import json_text

SCHEMA_VERSION = 2
RESULTS = "results.json"


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model: its kind of submission, the path as the user gave it, and a checksum.

    checksum: SHA-256 over the files that are loaded of the model; for a function, its module's files and its answers to
    two trial images. Data that code reads from elsewhere, and installed packages, are not covered; see
    docs/how-to/models.md.
    """

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
    """Ids of the conditions of this track that the model was trained at; empty if not known, or of another track."""

    conditions: list[str] = []


class Reliability(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pixels in bins of predicted probability.

    Parameters
    ----------
    confidence
        Mean probability of each bin; None for an empty one.
    accuracy
        Share that is particle; None for an empty bin.
    count
        Number of pixels.
    """

    confidence: list[float | None]
    accuracy: list[float | None]
    count: list[int]


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The results at one condition.

    Parameters
    ----------
    C10
        The nominal value, Å.
    value
        Place on the axis, in its unit.
    epsilon, sigma, coverage
        Of the condition with its spread, `ConditionSet.about`; sigma and coverage are None where the training is not
        known.
    scores
        Metric -> mean over the condition's images, with the interval of a bootstrap over structures. Metrics of
        probabilities are absent for a model that returns classes; "dice" is always there.
    dice_band
        The mean Dice with the band that holds the whole curve at once.
    reliability
        None for a model that returns classes.
    expected
        Cross-entropy, nats per pixel, that the model observer expects of networks trained where the model was, with the
        interval of its law; the law's offset is not the model's own. None where it expects nothing.
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
    scores: dict[str, Estimate]
    dice_band: Estimate
    reliability: Reliability | None = None
    expected: Estimate | None = None

    @property
    def dice(self) -> Estimate:
        """The mean Dice, which every condition has."""
        return self.scores["dice"]


class Summary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Scores of the whole curve.

    Parameters
    ----------
    scores
        By the names of `summary.CURVE_SCORES`; those that are not defined are absent.
    censored
        Names of scores that the axis cuts off: the number is the end of the axis.
    worst_condition, best_condition
        Ids.
    span
        First and last value of the axis, over which area_dice is a mean; None where the axis has no unit.
    """

    scores: dict[str, Estimate]
    worst_condition: str
    best_condition: str
    censored: list[str] = []
    span: tuple[float, float] | None = None

    def value(self, name: str) -> float | None:
        """The number of a score, None where it has no meaning."""
        return self.scores[name].value if name in self.scores else None


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings that the scores depend on.

    Parameters
    ----------
    q_max
        Band of ε, σ and coverage, 1/Å.
    bootstrap_samples, confidence, seed
        Of the bootstrap.
    batch_size
        As given; None where it was found by trying.
    threshold
        A pixel is particle above it.
    breakdown_dice
        See `summarise`.
    limit
        Images for each condition; None for all.
    device, bf16
        Where the model ran, and whether under bfloat16 autocast.
    official
        Whether the whole test split was scored at every condition of a published track.
    input
        The contract that the model was run under.
    surface_tolerance
        Distance, Å, at which two outlines agree, see `outlines`.
    object_min_area
        Å²; smaller pieces are no objects.
    object_match
        IoU above which two objects match.
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


def write_results(path: Path, results: Results) -> None:
    """Write results as JSON, aside and renamed."""
    write_aside(path, json_text(results))
