"""The scores of a study's networks as one table: network × structure × test condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.dataset import Track
from hrtem_bench.errors import InputError, one_line, require
from hrtem_bench.scoring.results import PER_IMAGE
from hrtem_bench.study.networks import Network, folder_of

Floats = NDArray[np.float64]
METRICS = ("dice", "nll")


@dataclass(frozen=True)
class Place:
    """A test condition: its track, id, and place on the track's axis."""

    track: str
    condition: str
    value: float


@dataclass(frozen=True)
class Scores:
    """Mean scores of each network on each structure at each test condition.

    networks: (N,). structures: (S,) names. places: (C,). scores: metric -> (N, S, C), NaN where a structure is not in a
    track, and all NaN for "nll" of a model that returns classes.
    """

    networks: tuple[Network, ...]
    structures: tuple[str, ...]
    places: tuple[Place, ...]
    scores: Mapping[str, Floats]


def read_scores(out: Path, networks: Sequence[Network], tracks: Sequence[Track]) -> Scores:
    """The scores of finished networks in the folder of a study.

    Raises InputError for a file that is damaged, or of other images than the first network's.
    """
    firsts = [_read(out, networks[0], track) for track in tracks]
    names = sorted({name for table in firsts for name in np.unique(table["structure_id"]).tolist()})
    places = tuple(Place(t.name, one.condition_id, one.value) for t in tracks for one in t.conditions)
    column = {(one.track, one.condition): index for index, one in enumerate(places)}
    shape = (len(names), len(places))
    scores = {metric: np.full((len(networks), *shape), np.nan) for metric in METRICS}
    for track, first in zip(tracks, firsts, strict=True):
        rows = np.searchsorted(names, first["structure_id"])
        columns = np.array([column[track.name, name] for name in first["condition_id"].tolist()], dtype=np.intp)
        cells, place = np.unique(rows * shape[1] + columns, return_inverse=True)
        count = np.bincount(place)
        for index, network in enumerate(networks):
            table = _read(out, network, track)
            if not all(np.array_equal(table[name], first[name]) for name in ("structure_id", "condition_id")):
                raise InputError(f"{folder_of(out, network)} was scored on other images of the track {track.name}")
            for metric in METRICS:
                scores[metric][index].flat[cells] = np.bincount(place, weights=table[metric]) / count
    return Scores(tuple(networks), tuple(names), places, scores)


def _read(out: Path, network: Network, track: Track) -> dict[str, NDArray[Any]]:
    """The columns that a study needs, of one network on one track."""
    path = folder_of(out, network) / track.name / PER_IMAGE
    parquet = require("pyarrow.parquet", "data")
    try:
        table = parquet.read_table(path, columns=["structure_id", "condition_id", *METRICS])
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {one_line(error)}") from None
    names = {name: table[name].to_numpy(zero_copy_only=False).astype(str) for name in ("structure_id", "condition_id")}
    return names | {name: table[name].to_numpy(zero_copy_only=False).astype(np.float64) for name in METRICS}


__all__ = ["METRICS", "Place", "Scores", "read_scores"]
