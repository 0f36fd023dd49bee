"""A user's own micrographs, single or as the frames of a stack, and their labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.image_files.opening import SUFFIXES, ImageFile, open_images, shape_text, stated_pixel_size

SMALLEST_PIXEL, LARGEST_PIXEL = 0.001, 10_000
"""Å; a size beyond is in another unit."""
IMOD_ZERO = -128
"""What IMOD writes for 0 where it stores bytes as signed ones."""


@dataclass(frozen=True)
class Micrograph:
    """An image from a microscope. image: (ny, nx) float32, in whatever the detector counts. pixel_size: Å.

    name: its file's, without the suffix. frame: its place in a stack, counted from 1; None for a single image.
    """

    name: str
    image: NDArray[np.float32]
    pixel_size: float
    frame: int | None = None


@dataclass(frozen=True)
class Recording:
    """The micrographs in a file, one or the frames of a stack; iterating reads them one by one. pixel_size: Å."""

    file: ImageFile
    pixel_size: float

    @property
    def name(self) -> str:
        """The file's, without the suffix."""
        return self.file.path.stem

    def __len__(self) -> int:
        return len(self.file)

    def __iter__(self) -> Iterator[Micrograph]:
        return map(self.frame, range(len(self)))

    def frame(self, index: int) -> Micrograph:
        """One of them, counted from 0; InputError for an image that is not finite."""
        values = self.file.frame(index).astype(np.float32)
        if not np.isfinite(values).all():
            where = f" in frame {index + 1}" if self.file.stack else ""
            raise InputError(f"{self.file.path} holds NaN or infinity{where}: mend the image first")
        return Micrograph(self.name, values, self.pixel_size, index + 1 if self.file.stack else None)


@dataclass(frozen=True)
class Labels:
    """The labels of a recording: one for each frame, or a single one for all."""

    file: ImageFile

    def instances(self, index: int) -> NDArray[np.uint16]:
        """The label of a frame, counted from 0: (ny, nx), 0 background, k on particle k.

        A label of one value besides 0 says where particles are; its connected pieces (8 neighbours) are then the
        particles.
        """
        return _numbered(self.file.frame(index if len(self.file) > 1 else 0), self._where(index))

    def check(self) -> None:
        """Read all labels; InputError, which names the frame, for one that is none."""
        for index in range(len(self.file)):
            self.instances(index)

    def _where(self, index: int) -> str:
        return f"{self.file.path}, frame {index + 1}," if len(self.file) > 1 else str(self.file.path)


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
        elif place.exists():
            found.append(place)  # `open_images` refuses what is no regular file
        else:
            raise InputError(f"{place} is not there: give image files, or folders of them")
    names = [path.stem for path in found]
    twice = next((path for path in found if names.count(path.stem) > 1), None)
    if twice is not None:
        raise InputError(f"several files are named {twice.stem}: results go by name, so rename one")
    return found


def open_recording(path: Path, pixel_size: float | None = None) -> Recording:
    """The micrographs in a file.

    Parameters
    ----------
    path
        Of a format that `open_images` reads.
    pixel_size
        Å, in place of what the file says.

    Raises
    ------
    InputError
        One line, as `open_images`; where no pixel size is given, as `stated_pixel_size`; for a pixel size that no
        micrograph has; on iterating, for an image that is not finite.
    """
    file = open_images(path)
    size = stated_pixel_size(file) if pixel_size is None else float(pixel_size)
    if not SMALLEST_PIXEL <= size <= LARGEST_PIXEL:
        where = f"{path}: " if pixel_size is None else ""
        raise InputError(f"{where}the pixel size must lie between {SMALLEST_PIXEL} and {LARGEST_PIXEL} Å, not {size:g}")
    return Recording(file, size)


def label_name(image: str, pattern: str | None) -> str:
    """The name of the label of an image, both without suffix.

    Parameters
    ----------
    image
        Name of the image.
    pattern
        "IMAGE=LABEL", each with one `*` that stands for the same text: "image_*=label_*" gives image_0 the label
        label_0, "*=*_mask" gives a the label a_mask. None: both have the same name.

    Raises
    ------
    InputError
        For a pattern of another form, and an image whose name it does not fit.
    """
    if pattern is None:
        return image
    own, _, other = pattern.partition("=")
    if own.count("*") != 1 or other.count("*") != 1 or "/" in other or "\\" in other:
        raise InputError(f'--label-name {pattern!r} must be like "image_*=label_*": one * on each side, and no folder')
    before, after = own.split("*")
    if len(image) < len(before) + len(after) or not (image.startswith(before) and image.endswith(after)):
        raise InputError(f"the image {image} does not fit the {own} of --label-name {pattern}")
    return other.replace("*", image[len(before) : len(image) - len(after)])


def open_labels(folder: Path, recording: Recording, pattern: str | None = None) -> Labels:
    """The labels of a recording: one for each frame, or one for all.

    Parameters
    ----------
    folder
        Holds the labels.
    recording
        Names the file to look for.
    pattern
        How names of labels differ from those of images, see `label_name`.

    Raises
    ------
    InputError
        One line: there is no label, or one of another shape, number of frames or kind of number.
    """
    name, images = label_name(recording.name, pattern), recording.file
    path = next((p for p in (folder / f"{name}{suffix}" for suffix in SUFFIXES) if p.is_file()), None)
    if path is None:
        raise InputError(
            f"there is no label for {recording.name} in {folder}: name it {name}.tif, .png or as other images are, or "
            "say with --label-name how names differ"
        )
    file = open_images(path)
    if file.shape != images.shape:
        raise InputError(f"{path} has {shape_text(file.shape)} pixels, its image {shape_text(images.shape)}")
    if len(file) not in (1, len(images)):
        raise InputError(
            f"{path} holds {len(file)} labels for the {len(images)} images of {recording.name}: give one for each, or "
            "one for all"
        )
    if file.frames.dtype.kind not in "bui":
        raise InputError(f"{path} holds {file.frames.dtype} values where whole numbers are due, 0 for the background")
    return Labels(file)


def _numbered(label: NDArray[np.integer], where: str) -> NDArray[np.uint16]:
    from scipy import ndimage

    if label.dtype == np.int8 and label.min() == IMOD_ZERO:
        label = label.astype(np.int16) - IMOD_ZERO
    values, numbers = np.unique(label, return_inverse=True)
    if len(values) > np.iinfo(np.uint16).max or values[0] < 0:
        raise InputError(f"{where} is no label: values from {values[0]} to {values[-1]}, {len(values)} different ones")
    if len(values) <= 2:
        return np.asarray(ndimage.label(label != 0, structure=np.ones((3, 3)))[0], dtype=np.uint16)
    return (numbers.reshape(label.shape) + (0 if values[0] == 0 else 1)).astype(np.uint16)
