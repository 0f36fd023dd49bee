"""A folder of predictions made elsewhere, scored with no model at all.

Either a file per image, CONDITION_ID/STRUCTURE_ID.npy (or .tif, .tiff), each (ny, nx); or predictions.parquet
with the columns structure_id, condition_id and prediction, the last a list of the image's values row by row.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError, one_line, require
from hrtem_bench.support.parquet import file_errors, open_parquet

TABLE = "predictions.parquet"
COLUMNS = ("structure_id", "condition_id", "prediction")
SUFFIXES = (".npy", ".tif", ".tiff")
MOST_VALUES = 64
"""Values for each pixel of the image, at most, in a file of predictions: more classes than are in use."""
Stored = Callable[[str, str, tuple[int, int]], NDArray[Any]]
"""(structure_id, condition_id, shape) -> the prediction for that image."""


def has_predictions(folder: Path) -> bool:
    """Whether a folder holds predictions in one of the two forms."""
    if (folder / TABLE).is_file():
        return True
    return any(file.suffix in SUFFIXES for sub in folder.iterdir() if sub.is_dir() for file in sub.iterdir())


def stored_predictions(folder: Path) -> Stored:
    """A function that finds the prediction for an image; it raises InputError, one line, where there is none."""
    return _from_table(folder / TABLE) if (folder / TABLE).is_file() else _from_files(folder)


def _from_files(folder: Path) -> Stored:
    def find(structure_id: str, condition_id: str, shape: tuple[int, int]) -> NDArray[Any]:
        for name in (condition_id, structure_id):
            if Path(name).name != name:
                raise InputError(f"{name!r} cannot be the name of a file of predictions: give {TABLE}")
        paths = [folder / condition_id / f"{structure_id}{suffix}" for suffix in SUFFIXES]
        path = next((one for one in paths if one.is_file()), None)
        if path is None:
            raise InputError(f"there is no prediction {paths[0]} (or {', '.join(SUFFIXES[1:])})")
        return _read(path, MOST_VALUES * shape[0] * shape[1])

    return find


def _read(path: Path, most: int) -> NDArray[Any]:
    """The array in a file; InputError for what is none, or has more than `most` values, before these are read."""
    try:
        if path.suffix == ".npy":
            with np.errstate(over="ignore"):  # NumPy multiplies the sides before it looks at the file
                array = np.load(path, mmap_mode="r", allow_pickle=False)
            if array.size > most:
                raise ValueError(f"it holds {array.size} values, and the image has far fewer pixels")
            return np.array(array)
        with require("tifffile", "io").TiffFile(path) as file:
            if file.series[0].size > most:
                raise ValueError(f"it holds {file.series[0].size} values, and the image has far fewer pixels")
            return np.asarray(file.asarray())
    except Exception as error:  # tifffile and the codecs raise errors of many kinds
        raise InputError(f"{path} cannot be read: {one_line(error)[:200]}") from None


def _from_table(path: Path) -> Stored:
    file = open_parquet(path, COLUMNS)
    with file_errors(path):
        place = _places(file, path)
    group = lru_cache(maxsize=1)(lambda index: file.read_row_group(index, columns=["prediction"])["prediction"])

    def find(structure_id: str, condition_id: str, shape: tuple[int, int]) -> NDArray[Any]:
        where = place.get((structure_id, condition_id))
        if where is None:
            raise InputError(f"{path} has no prediction for {structure_id} at {condition_id}")
        with file_errors(path):
            flat = np.asarray(group(where[0])[where[1]].values)
        if flat.size != shape[0] * shape[1]:
            raise InputError(
                f"{path} has {flat.size} values for {structure_id} at {condition_id}, whose image has "
                f"{shape[0]} x {shape[1]} pixels"
            )
        return flat.reshape(shape)

    return find


def _places(file: Any, path: Path) -> dict[tuple[str, str], tuple[int, int]]:
    """(structure_id, condition_id) -> (row group, row in it)."""
    places = {}
    for index in range(file.num_row_groups):
        table = file.read_row_group(index, columns=list(COLUMNS[:2]))
        keys = zip(*(table[name].to_pylist() for name in COLUMNS[:2]), strict=True)
        for row, key in enumerate(keys):
            if key in places:
                raise InputError(f"{path} holds two predictions for {key[0]} at {key[1]}")
            places[key] = (index, row)
    return places
