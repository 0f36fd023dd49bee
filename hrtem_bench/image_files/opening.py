"""The files that microscopes and programs write: what images are in them, and the pixel size they state."""

from __future__ import annotations

import importlib
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError, one_line, require
from hrtem_bench.image_files import tiff
from hrtem_bench.image_files.axes import LENGTHS, NO_UNITS, Axis, ImageAxes, StoredImages, length, unit_name
from hrtem_bench.image_files.emd import read_berkeley_emd
from hrtem_bench.image_files.mrc import read_mrc
from hrtem_bench.image_files.saving import PNG_PIXEL_SIZE
from hrtem_bench.image_files.ser import read_ser

ROSETTA: Mapping[str, str] = MappingProxyType({
    ".tif": "tiff", ".tiff": "tiff", ".dm3": "digitalmicrograph", ".dm4": "digitalmicrograph", ".emd": "emd",
})  # fmt: skip
"""Suffix -> the module of RosettaSciIO that reads it; of `.emd`, those that are not Berkeley's."""
SUFFIXES = (*ROSETTA, ".mrc", ".mrcs", ".ser", ".png", ".npy")
SMALLEST, LARGEST = 8, 16384
"""Pixels along a side; an image beyond is taken for a damaged header, or for no image."""
NOT_SQUARE = 0.01
"""Relative difference between a pixel's sides from which it is no square."""


@dataclass(frozen=True)
class ImageFile:
    """The images in a file. frames: (n, ny, nx); what is behind it may read a frame only when it is asked for.

    stack: whether the file holds a stack, be it of one frame, and not a single image. axes: along y and x, where the
    file's format has such.
    """

    path: Path
    frames: Any
    stack: bool
    axes: ImageAxes | None

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx)"""
        return int(self.frames.shape[1]), int(self.frames.shape[2])

    def __len__(self) -> int:
        return int(self.frames.shape[0])

    def frame(self, index: int) -> NDArray[Any]:
        """One image (ny, nx), as the file holds it."""
        return np.asarray(self.frames[index])


def open_images(path: Path) -> ImageFile:
    """The grey images in a file, one or a stack.

    Headers are checked against the size of the file, so a damaged one neither allocates nor is taken for a shorter
    stack; images are read when they are asked for, where the format allows that.

    Raises
    ------
    InputError
        One line, for a file that is not of a known format, no regular file, empty, damaged, cut off, or holds anything
        else than grey images.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{path}: no known format of images; known are {', '.join(SUFFIXES)}")
    _check_file(path)
    if suffix in ROSETTA:
        require("rsciio", "io")
    try:
        data, axes = _read(path, suffix)
        _check_last(data)
    except (InputError, ImportError):
        raise
    except Exception as error:  # the readers of damaged files raise errors of every kind
        raise InputError(f"{path} cannot be read: {one_line(error)[:200]}") from None
    if data.dtype.kind not in "buif":
        raise InputError(f"{path} holds {data.dtype} values where a grey image is due")
    stack = data.ndim == 3
    sides = data.shape[-2:]
    if data.ndim not in (2, 3) or min(data.shape) < 1 or min(sides) < SMALLEST or max(sides) > LARGEST:
        raise InputError(
            f"{path} holds {shape_text(data.shape)} values where an image of {SMALLEST} to {LARGEST} pixels a side, "
            "or a stack of such, is due"
        )
    return ImageFile(path, data if stack else data[None], stack, axes)


def stated_pixel_size(file: ImageFile) -> float:
    """The pixel size that a file states, Å.

    Raises InputError where it states none, none that is a length, or pixels that are not square.
    """
    path = file.path
    if file.axes is None or any(axis.unit in NO_UNITS or not 0 < axis.scale < np.inf for axis in file.axes):
        raise InputError(f"{path} does not say its pixel size: give --pixel-size, in Å")
    unit = next((axis.unit for axis in file.axes if axis.unit not in LENGTHS), None)
    if unit is not None:
        raise InputError(
            f"{path} has pixels in {unit}, which is no length, so it is no image of a specimen: if it is one all the "
            "same, give --pixel-size, in Å"
        )
    y, x = map(length, file.axes)
    if abs(y / x - 1) > NOT_SQUARE:
        raise InputError(f"{path} has pixels of {y:g} x {x:g} Å, which are not square: if they are, give --pixel-size")
    return float(x)


def shape_text(shape: Sequence[int]) -> str:
    """A shape for people: "48 x 64"."""
    return " x ".join(str(n) for n in shape)


def _check_file(path: Path) -> None:
    """Raise InputError for what is not there, no regular file (a device or a pipe would be read for ever), or empty."""
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path} is no regular file")
    if status.st_size == 0:
        raise InputError(f"{path} cannot be read: it is empty")


def _read(path: Path, suffix: str) -> StoredImages:
    if suffix in (".mrc", ".mrcs"):
        return read_mrc(path)
    if suffix == ".ser":
        return read_ser(path)
    if suffix == ".npy":
        with np.errstate(over="ignore"):  # NumPy multiplies the sides that a header states before it looks at the file
            return StoredImages(np.asarray(np.load(path, mmap_mode="r", allow_pickle=False)), None)
    if suffix == ".png":
        with require("PIL.Image", "report").open(path) as picture:
            return StoredImages(_grey(np.asarray(picture)), _png_axes(picture.info.get(PNG_PIXEL_SIZE)))
    berkeley = read_berkeley_emd(path) if suffix == ".emd" else None
    return berkeley if berkeley is not None else _with_rosetta(path)


def _png_axes(text: Any) -> ImageAxes | None:
    """What `save_image` says of a PNG's pixels, "0.2 Å"; None for any other text."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?(?:e[+-]\d+)?) Å", text) if isinstance(text, str) else None
    return ImageAxes(*2 * [Axis(float(found[1]), "Å")]) if found else None


def _check_last(data: Any) -> None:
    """Read the last frame of a stack that is not in memory: a file which ends before it raises."""
    if data.ndim == 3 and len(data.shape) == 3 and min(data.shape) > 0 and not isinstance(data, np.ndarray):
        np.asarray(data[data.shape[0] - 1])


def _with_rosetta(path: Path) -> StoredImages:
    if _is_tiff(path):
        tiff.check_whole(path)
        pages, ome = tiff.loose_pages(path), tiff.ome_axes(path)
    else:
        pages, ome = None, None
    signals = _signals(path)
    if pages is not None:
        return StoredImages(pages, ome or (_axes(path, signals[0]) if len(signals) == len(pages) else None))
    images = [one for one in signals if _may_be_images(one)]
    if len(images) > 1:  # with a Fourier transform beside it, say
        images = [one for one in images if _unit(path, _last_axes(one)[-1]) in LENGTHS] or images
    if len(images) != 1:
        found = ", ".join(map(_described, signals)) or "nothing"
        raise InputError(f"{path} holds {found} where one image, or one stack of images, is due: save it by itself")
    (one,) = images
    place = next(index for index, signal in enumerate(signals) if signal is one)
    mapped = _is_tiff(path) and one["data"].dtype.names is None
    data = tiff.mapped(path, place) if mapped else _grey(one["data"].squeeze())
    return StoredImages(data, ome or _axes(path, one))


def _signals(path: Path) -> list[dict[str, Any]]:
    """What RosettaSciIO finds in a file; the data are read when they are asked for, where it can do that."""
    read = importlib.import_module(f"rsciio.{ROSETTA[path.suffix.lower()]}").file_reader
    try:
        return list(read(str(path), lazy=True))
    except Exception:  # kinds of data, and of damage, for which it has no lazy way
        return list(read(str(path)))


def _is_tiff(path: Path) -> bool:
    return path.suffix.lower() in (".tif", ".tiff")


def _may_be_images(signal: Mapping[str, Any]) -> bool:
    """Whether it has two sides or is a stack of such, and is no spectrum, diffraction pattern or complex wave."""
    sides = sum(n > 1 for n in signal["data"].shape)
    return sides in (2, 3) and not _kind(signal) and signal["data"].dtype.kind != "c"


def _kind(signal: Mapping[str, Any]) -> str:
    """What sort of signal it is said to be: "EELS", "EDS_TEM", "electron_diffraction", …; "" for images."""
    return str(signal.get("metadata", {}).get("Signal", {}).get("signal_type") or "")


def _described(signal: Mapping[str, Any]) -> str:
    number = "complex" if signal["data"].dtype.kind == "c" else ""
    return " ".join(filter(None, (_kind(signal), number, shape_text(signal["data"].shape))))


def _axes(path: Path, signal: Mapping[str, Any]) -> ImageAxes:
    return ImageAxes(*(Axis(float(axis["scale"]), _unit(path, axis)) for axis in _last_axes(signal)))


def _last_axes(signal: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [axis for axis in signal["axes"] if axis["size"] > 1][-2:]


def _unit(path: Path, axis: Mapping[str, Any]) -> str:
    return unit_name(axis["units"]) or (tiff.imagej_unit(path) if _is_tiff(path) else "")


def _grey(image: Any) -> Any:
    """A grey image stored in colour as what it is; anything else unchanged."""
    if image.dtype.names is not None:  # RosettaSciIO's way to hold colours
        image = np.stack([image[name] for name in image.dtype.names], axis=-1)
    if image.ndim == 3 and image.shape[-1] in (3, 4) and (image[..., :1] == image[..., :3]).all():
        return image[..., 0]
    return image
