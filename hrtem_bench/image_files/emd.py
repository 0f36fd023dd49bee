"""EMD files as Berkeley's programs write them: groups of data with a named, calibrated vector for each dimension."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError, require
from hrtem_bench.image_files.axes import LENGTHS, Axis, ImageAxes, StoredImages, unit_name

MOST_COMPRESSED = 1100
"""Times that deflate can compress data; a data set that stores less is not all there."""
MAX_DEPTH, MAX_GROUPS = 8, 1000


class Dimensions(NamedTuple):
    """Which dimensions of a data set are frame, y and x; frame is None for a single image."""

    frame: int | None
    y: int
    x: int


@dataclass(frozen=True)
class StoredFrames:
    """Frames in an HDF5 file, which is opened for each that is asked for.

    shape: (n, ny, nx).
    """

    path: Path
    key: str
    order: Dimensions
    shape: tuple[int, int, int]
    dtype: Any
    ndim: int = 3

    def __getitem__(self, index: int) -> NDArray[Any]:
        frame, y, x = self.order
        with require("h5py", "io").File(self.path, "r") as file:
            data = file[self.key]
            place: list[Any] = [0] * data.ndim  # what is neither has one element
            place[y] = place[x] = slice(None)
            if frame is not None:
                place[frame] = index
            image = np.asarray(data[tuple(place)])
        return image if y < x else image.T


def read_berkeley_emd(path: Path) -> StoredImages | None:
    """The images of a Berkeley EMD file, and their axes along y and x; None for an EMD of another maker.

    Which dimension is y, and which x, is told by the names of the vectors ("dim1", "dim2", …). Where they have none,
    the last dimension is x and the one before it y, as HDF5 stores images.

    Raises
    ------
    InputError
        For a file with no image or several, and one that does not hold the data it describes.
    """
    with require("h5py", "io").File(path, "r") as file:
        groups = _data_groups(file)
        if not groups:
            return None
        images = [group for group in groups if sum(n > 1 for n in group["data"].shape) in (2, 3)]
        if len(images) > 1:  # a Fourier transform beside the image, say
            images = [group for group in images if _lengths(group)] or images
        if len(images) != 1:
            found = ", ".join(" x ".join(map(str, group["data"].shape)) for group in groups)
            raise InputError(f"{path} holds {found} where one image, or one stack, is due: save it by itself")
        (group,) = images
        data = group["data"]
        _check_stored(path, data)
        frame, y, x = order = _order(data.shape, [_name(group, i) for i in range(data.ndim)])
        shape = (1 if frame is None else data.shape[frame], data.shape[y], data.shape[x])
        frames = StoredFrames(path, data.name, order, shape, data.dtype)
        axis_y, axis_x = _axis(group, y), _axis(group, x)
    axes = None if axis_y is None or axis_x is None else ImageAxes(axis_y, axis_x)
    return StoredImages(frames[0] if frame is None else frames, axes)


def _data_groups(group: Any, depth: int = 0) -> list[Any]:
    """The groups marked as EMD data at any depth; links that lead out of the file are not followed."""
    h5py = require("h5py", "io")
    found: list[Any] = []
    for count, name in enumerate(group):
        if count == MAX_GROUPS or depth == MAX_DEPTH:
            break
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        one = group[name]
        if not isinstance(one, h5py.Group):
            continue
        inner = "emd_group_type" in one.attrs and isinstance(one.get("data"), h5py.Dataset)
        found += [one] if inner else _data_groups(one, depth + 1)
    return found


def _check_stored(path: Path, data: Any) -> None:
    if data.is_virtual or data.external:
        raise InputError(f"{path} holds no images itself but names other files that do: give those")
    needed = data.size * data.dtype.itemsize
    if data.id.get_storage_size() * MOST_COMPRESSED < needed:
        raise InputError(f"{path} describes {needed} bytes of images and does not hold them: it is cut off, or damaged")


def _order(shape: tuple[int, ...], names: list[str]) -> Dimensions:
    """The places of frame, y and x among the dimensions of more than one element."""
    sides = [i for i, n in enumerate(shape) if n > 1]
    y = next((i for i in sides if names[i] in ("y", "ky", "height", "row", "rows")), None)
    x = next((i for i in sides if names[i] in ("x", "kx", "width", "column", "columns")), None)
    if y is None or x is None:
        y, x = sides[-2:]
    return Dimensions(next((i for i in sides if i not in (y, x)), None), y, x)


def _vector(group: Any, place: int) -> Any:
    return group.get(f"dim{place + 1}")


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _name(group: Any, place: int) -> str:
    vector = _vector(group, place)
    return "" if vector is None else _text(vector.attrs.get("name", "")).strip().lower()


def _axis(group: Any, place: int) -> Axis | None:
    """The axis of a dimension: the step of its vector, which must be even."""
    vector = _vector(group, place)
    if vector is None or vector.ndim != 1 or len(vector) < 2 or vector.dtype.kind not in "iuf":
        return None
    first, second = map(float, vector[:2])
    return Axis(abs(second - first), unit_name(_text(vector.attrs.get("units", ""))))


def _lengths(group: Any) -> bool:
    shape = group["data"].shape
    axes = [_axis(group, i) for i in _order(shape, [_name(group, i) for i in range(len(shape))])[1:]]
    return all(axis is not None and axis.unit in LENGTHS for axis in axes)
