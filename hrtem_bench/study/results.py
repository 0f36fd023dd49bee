"""study.json and matrix.parquet: what a study found, in files that can be read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import require
from hrtem_bench.scoring.summary import finite
from hrtem_bench.study.law import Law
from hrtem_bench.study.networks import Network
from hrtem_bench.study.ranking import Agreement, Ranked
from hrtem_bench.study.scores import Place
from hrtem_bench.study.settings import Study
from hrtem_bench.support.files import aside, write_aside
from hrtem_bench.support.versioned_json import read_versioned

SCHEMA_VERSION = 1
RESULTS, TABLE = "study.json", "matrix.parquet"
Matrix = list[list[float | None]]
"""Rows are training sets, columns test conditions; None where there is no number."""


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """The dataset; `unit` is that of the axis of the study's track, "" where it has none."""

    name: str
    version: str
    checksum: str
    unit: str


class TestCondition(msgspec.Struct, frozen=True, kw_only=True):
    """A column of the matrices. value: its place on the track's axis."""

    track: str
    condition: str
    value: float
    epsilon: float


class Matrices(msgspec.Struct, frozen=True, kw_only=True):
    """Training set × test condition.

    dice, nll: means over seeds and structures. dice_seed_sd: standard deviation between seeds. drop: Dice of the
    in-distribution networks at the condition less that of the set, 0 for these. sigma, coverage, distance: of the
    pair, see `matrix.Physics`. trained: 1 where the set holds the condition, else 0.
    """

    dice: Matrix
    dice_seed_sd: Matrix
    nll: Matrix
    drop: Matrix
    sigma: Matrix
    coverage: Matrix
    distance: Matrix
    trained: Matrix

    @classmethod
    def of(cls, **arrays: NDArray[Any]) -> Matrices:
        """From arrays (T, C); what is not finite becomes None."""
        return cls(**{name: [[finite(v) for v in row] for row in array] for name, array in arrays.items()})

    def array(self, name: str) -> NDArray[np.float64]:
        """One of the matrices, (T, C), NaN for None."""
        return np.array(getattr(self, name), dtype=np.float64)


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """Laws found by another study, on another dataset perhaps, held against this one's losses: see `law.hold_laws`."""

    study: str
    dataset: str
    laws: list[Law]


class StudyResults(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in study.json.

    networks: finished ones. missing: names of the others. sets: names of the training sets, the rows of `matrices`;
    training_images: how many each holds; tests: the columns. laws, ranking, agreement: see `law`, `ranking`. elsewhere:
    laws of another study, where one was given. conclusions, limits: in words.
    """

    schema_version: int = SCHEMA_VERSION
    study: Study
    version: str
    dataset: Data
    networks: int
    missing: list[str]
    structures: int
    q_max: float
    confidence: float
    sets: list[str]
    training_images: list[int]
    tests: list[TestCondition]
    matrices: Matrices
    laws: list[Law]
    ranking: list[Ranked]
    agreement: list[Agreement]
    elsewhere: Elsewhere | None = None
    conclusions: list[str] = []
    limits: list[str] = []


def rows(
    networks: Sequence[Network],
    places: Sequence[Place],
    means: Mapping[str, NDArray[np.float64]],
    results: StudyResults,
) -> dict[str, list[Any]]:
    """The columns of matrix.parquet: a row for each network and test condition.

    means: metric -> (N, C).
    """
    index = np.array([results.sets.index(one.training.name) for one in networks])
    columns: dict[str, list[Any]] = {
        "training": [one.training.name for one in networks for _ in places],
        "seed": [one.seed for one in networks for _ in places],
        "track": [one.track for _ in networks for one in places],
        "condition": [one.condition for _ in networks for one in places],
        "value": [one.value for _ in networks for one in places],
    }
    columns |= {name: value.ravel().tolist() for name, value in means.items()}
    for name in ("sigma", "coverage", "distance"):
        columns[name] = results.matrices.array(name)[index].ravel().tolist()
    columns["trained"] = (results.matrices.array("trained")[index].ravel() > 0).tolist()
    columns["epsilon"] = [one.epsilon for one in results.tests] * len(networks)
    return columns


def write_study(out: Path, results: StudyResults, columns: Mapping[str, list[Any]]) -> list[Path]:
    """Write study.json and matrix.parquet into `out`, aside and renamed; returns their paths."""
    pa, parquet = require("pyarrow", "data"), require("pyarrow.parquet", "data")
    table = pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})
    with aside(out / TABLE) as temporary:
        parquet.write_table(table, temporary, compression="zstd")
    write_aside(out / RESULTS, msgspec.json.format(msgspec.json.encode(results), indent=1).decode() + "\n")
    return [out / RESULTS, out / TABLE]


def read_study(path: Path) -> StudyResults:
    """The results in a study.json, or in a folder's. Raises InputError, one line, for what does not validate."""
    return read_versioned(path / RESULTS if path.is_dir() else path, StudyResults, SCHEMA_VERSION, "study")


__all__ = [
    "RESULTS", "TABLE", "Data", "Elsewhere", "Matrices", "StudyResults", "TestCondition", "read_study", "rows",
    "write_study",
]  # fmt: skip
