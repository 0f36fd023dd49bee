"""A user's own micrographs, read from the files that microscopes and programs write."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError, require
from hrtem_bench.harness.cards import one_line

READERS: Mapping[str, str] = MappingProxyType({
    ".tif": "tiff", ".tiff": "tiff", ".dm3": "digitalmicrograph", ".dm4": "digitalmicrograph", ".mrc": "mrc",
    ".emd": "emd",
})  # fmt: skip
"""Suffix -> the module of RosettaSciIO that reads it."""
SUFFIXES = (*READERS, ".png", ".npy")
LENGTHS: Mapping[str, float] = MappingProxyType({
    "pm": 0.01, "Å": 1.0, "A": 1.0, "angstrom": 1.0, "nm": 10.0, "µm": 1e4, "μm": 1e4, "um": 1e4, "mm": 1e7, "m": 1e10,
})  # fmt: skip
"""Units of length in Å, as files spell them: the micro sign and the Greek letter both occur."""
LARGEST = 16384
"""Pixels along a side; a larger image is taken for a damaged header."""


@dataclass(frozen=True)
class Micrograph:
    """An image from a microscope. image: (ny, nx) float32, in whatever the detector counts. pixel_size: Å."""

    name: str
    image: NDArray[np.float32]
    pixel_size: float


def find_micrographs(places: Sequence[Path]) -> list[Path]:
    """The files named, and those of a known format in the folders named, sorted within each.

    InputError for a place that is not there, a folder without any, and two files of one name.
    """
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            own = sorted(p for p in place.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
            if not own:
                raise InputError(f"{place} holds no micrographs ({', '.join(SUFFIXES)})")
            found += own
        elif place.is_file():
            found.append(place)
        else:
            raise InputError(f"{place} is not there: give image files, or folders of them")
    names = [path.stem for path in found]
    twice = next((path for path in found if names.count(path.stem) > 1), None)
    if twice is not None:
        raise InputError(f"several files are named {twice.stem}: results go by name, so rename one")
    return found


def read_micrograph(path: Path, pixel_size: float | None = None) -> Micrograph:
    """One micrograph.

    pixel_size: Å, in place of what the file says. Raises InputError, one line, for a file that is not of a known
    format, damaged, no single grey image, not finite, or silent about its pixel size where none is given.
    """
    if pixel_size is not None and not 0 < pixel_size < float("inf"):
        raise InputError(f"the pixel size must be above 0 Å, not {pixel_size:g}")
    image, stated = read_image(path)
    if image.dtype.kind not in "buif":
        raise InputError(f"{path} holds {image.dtype} values where a grey image is due")
    values = image.astype(np.float32)
    if not np.isfinite(values).all():
        raise InputError(f"{path} holds NaN or infinity: mend the image first")
    size = pixel_size or stated
    if size is None:
        raise InputError(f"{path} does not say its pixel size: give --pixel-size, in Å")
    return Micrograph(path.stem, values, float(size))


def read_label(folder: Path, name: str, shape: tuple[int, int]) -> NDArray[np.uint16]:
    """The label of the micrograph `name`: (ny, nx), 0 background, k on particle k.

    A label of one value besides 0 says where particles are; its connected pieces (8 neighbours) are then the particles.
    """
    from scipy import ndimage

    path = next((p for p in (folder / f"{name}{suffix}" for suffix in SUFFIXES) if p.is_file()), None)
    if path is None:
        raise InputError(f"there is no label for {name} in {folder}: name it as the image, e.g. {name}.tif or .png")
    label, _ = read_image(path)
    if label.shape != shape:
        raise InputError(f"{path} has {_sides(label.shape)} pixels, its image {_sides(shape)}")
    if label.dtype.kind not in "bui":
        raise InputError(f"{path} holds {label.dtype} values where whole numbers are due, 0 for the background")
    values, numbers = np.unique(label, return_inverse=True)
    if len(values) > np.iinfo(np.uint16).max or values[0] < 0:
        raise InputError(f"{path} is no label: values from {values[0]} to {values[-1]}, {len(values)} different ones")
    if len(values) <= 2:
        return np.asarray(ndimage.label(label != 0, structure=np.ones((3, 3)))[0], dtype=np.uint16)
    numbers = numbers.reshape(shape) + (0 if values[0] == 0 else 1)
    return numbers.astype(np.uint16)


def read_image(path: Path) -> tuple[NDArray[Any], float | None]:
    """The single image (ny, nx) in a file, and the pixel size it states, Å."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{path}: no known format of images; known are {', '.join(SUFFIXES)}")
    if suffix in READERS:
        require("rsciio", "io")
    try:
        image, size = _plain(path) if suffix in (".png", ".npy") else _with_axes(path)
    except (InputError, ImportError):
        raise
    except Exception as error:  # the readers of damaged files raise errors of every kind
        raise InputError(f"{path} cannot be read: {one_line(error)[:200]}") from None
    if image.ndim != 2 or min(image.shape) < 8 or max(image.shape) > LARGEST:
        raise InputError(f"{path} holds {_sides(image.shape)} values where one image of 8 to {LARGEST} pixels is due")
    return image, size


def _plain(path: Path) -> tuple[NDArray[Any], None]:
    if path.suffix.lower() == ".npy":
        return np.asarray(np.load(path, allow_pickle=False)), None
    pillow = require("PIL.Image", "report")
    with pillow.open(path) as picture:
        return _grey(np.asarray(picture)), None


def _with_axes(path: Path) -> tuple[NDArray[Any], float | None]:
    suffix = path.suffix.lower()
    if suffix == ".emd":
        require("h5py", "io")
    signals = importlib.import_module(f"rsciio.{READERS[suffix]}").file_reader(str(path))
    images = [one for one in signals if np.squeeze(one["data"]).ndim == 2]
    if len(images) != 1:
        shapes = ", ".join(_sides(one["data"].shape) for one in signals) or "nothing"
        raise InputError(f"{path} holds {shapes} where one image is due: save it by itself")
    axes = [axis for axis in images[0]["axes"] if axis["size"] > 1][-2:]
    units = axes[-1]["units"] or (_imagej_unit(path) if suffix in (".tif", ".tiff") else None)
    factor = LENGTHS.get(str(units).strip())
    scale = float(axes[-1]["scale"])
    size = scale * factor if factor is not None and np.isfinite(scale) and scale > 0 else None
    return _grey(np.squeeze(images[0]["data"])), size


def _imagej_unit(path: Path) -> str | None:
    with require("tifffile", "io").TiffFile(path) as file:
        unit = (file.imagej_metadata or {}).get("unit")
    return None if unit is None else str(unit).replace("\\u00B5", "µ")


def _grey(image: NDArray[Any]) -> NDArray[Any]:
    """A grey image stored in colour as what it is; anything else unchanged."""
    if image.dtype.names is not None:  # RosettaSciIO's way to hold colours
        image = np.stack([image[name] for name in image.dtype.names], axis=-1)
    if image.ndim == 3 and image.shape[-1] in (3, 4) and (image[..., :1] == image[..., :3]).all():
        return image[..., 0]
    return image


def _sides(shape: Sequence[int]) -> str:
    return " x ".join(str(n) for n in shape)


__all__ = ["SUFFIXES", "Micrograph", "find_micrographs", "read_image", "read_label", "read_micrograph"]
