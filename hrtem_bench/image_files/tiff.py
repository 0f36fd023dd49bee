"""Grey images in TIFF files: whether all of them are there, and the pixel sizes that programs write beside them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError, require
from hrtem_bench.image_files.axes import Axis, ImageAxes, unit_name

MAX_PAGES = 100_000
MOST_COMPRESSED, ALWAYS = 2000, 256 << 20
"""Times that a file may grow when it is unpacked, more than deflate and LZW can; and bytes to which any file may."""
MAX_DESCRIPTION = 4 << 20
"""Bytes of a description that is parsed."""
VALUE_BYTES: Mapping[int, int] = MappingProxyType({
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8,
})  # fmt: skip
"""Type of a value, as TIFF numbers them -> its bytes."""


def check_whole(path: Path) -> None:
    """Raise InputError for a TIFF that is cut off: pages, or pixels of pages, that lie beyond the file's end, or fewer
    images than its description says; and for one that would unpack to far more than it can hold. Reads headers only."""
    size = path.stat().st_size
    pages = count_pages(path)
    with require("tifffile", "io").TiffFile(path) as file:
        unpacked = sum(int(page.nbytes) for page in file.pages)
        if unpacked > max(ALWAYS, MOST_COMPRESSED * size):
            raise InputError(f"{path} cannot be read: it says that its {size} bytes unpack to {unpacked}")
        for number, page in enumerate(file.pages, start=1):
            last = max((o + n for o, n in zip(page.dataoffsets, page.databytecounts, strict=False)), default=0)
            if last > size:
                raise InputError(f"{path} is cut off: the pixels of image {number} end beyond the file's end")
        held = sum(int(np.prod(one.shape[:-2] if len(one.shape) > 2 else ())) for one in file.series)
        stated = _stated_images(file)
    if stated is not None and stated > max(held, pages):
        raise InputError(f"{path} is cut off: it says that it holds {stated} images, and {max(held, pages)} are there")


def count_pages(path: Path) -> int:
    """The pages of a TIFF, by its chain of directories; InputError where the chain leads out of the file, or round."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(16)
        order = {b"II": "<", b"MM": ">"}.get(head[:2])
        version = struct.unpack(f"{order}H", head[2:4])[0] if order and len(head) >= 8 else 0
        if version not in (42, 43) or len(head) < 16:
            raise InputError(f"{path} cannot be read: it does not begin as a TIFF")
        number, word, entry = ("H", "I", 12) if version == 42 else ("Q", "Q", 20)
        (offset,) = struct.unpack_from(f"{order}{word}", head, 4 if version == 42 else 8)
        seen: set[int] = set()
        while offset:
            if offset in seen or len(seen) == MAX_PAGES:
                raise InputError(f"{path} cannot be read: its pages follow each other without an end")
            seen.add(offset)
            file.seek(offset)
            start = file.read(struct.calcsize(number))
            count = struct.unpack(f"{order}{number}", start)[0] if len(start) == struct.calcsize(number) else size
            after = offset + len(start) + count * entry
            if after + struct.calcsize(word) > size:
                raise InputError(f"{path} is cut off: page {len(seen)} lies beyond the file's end")
            entries = file.read(count * entry)
            if any(end > size for end in _ends(entries, f"{order}HH{word}", entry)):
                raise InputError(f"{path} is cut off: what page {len(seen)} says of itself lies beyond the file's end")
            (offset,) = struct.unpack(f"{order}{word}", file.read(struct.calcsize(word)))
    return len(seen)


def _ends(entries: bytes, head: str, entry: int) -> Iterator[int]:
    """Where the values of a page's entries end in the file, of those that are too long to stand in the entry itself.

    head: tag, type and count, as struct spells them; a place in the file is written as the count is.
    """
    room = entry - struct.calcsize(head)
    for start in range(0, len(entries), entry):
        _, kind, count = struct.unpack_from(head, entries, start)
        length = count * VALUE_BYTES.get(kind, 0)
        if length > room:
            (place,) = struct.unpack_from(head[0] + head[-1], entries, start + entry - room)
            yield place + length


def loose_pages(path: Path) -> NDArray[Any] | None:
    """The pages of a TIFF that are a stack though its description tells otherwise; None for any other.

    Pages written one by one may be described as images each by itself, and three or four 8-bit images written at once
    as the planes of a colour picture.
    """
    with require("tifffile", "io").TiffFile(path) as file:
        alike = len({(one.shape, one.dtype) for one in file.series}) == 1 and len(file.series[0].shape) == 2
        if len(file.series) > 1 and alike:
            return np.asarray(file.asarray(key=slice(None), out="memmap"))
        page = file.pages[0]
        if len(file.series) == 1 and page.photometric.name == "RGB" and page.planarconfig.name == "SEPARATE":
            return np.asarray(file.series[0].asarray(out="memmap"))
    return None


def mapped(path: Path, series: int) -> NDArray[Any]:
    """A series of a TIFF, mapped where it can be: RosettaSciIO's lazy data would be read whole for each frame."""
    with require("tifffile", "io").TiffFile(path) as file:
        return np.asarray(file.series[series].asarray(out="memmap")).squeeze()


def imagej_unit(path: Path) -> str:
    """The unit of length that ImageJ wrote, as `unit_name` gives it; "" where there is none."""
    with require("tifffile", "io").TiffFile(path) as file:
        return unit_name((file.imagej_metadata or {}).get("unit"))


def ome_axes(path: Path) -> ImageAxes | None:
    """The physical size of a pixel along y and x in an OME-TIFF's description; None where it states none.

    The OME model's own unit, where the file names none, is µm.
    """
    with require("tifffile", "io").TiffFile(path) as file:
        description = _ome(file)
    if description is None:
        return None
    pixels = _ome_pixels(path, description)
    sizes = {}
    for side in "YX":
        text = next((one.get(f"PhysicalSize{side}") for one in pixels if one.get(f"PhysicalSize{side}")), None)
        if text is None:
            return None
        unit = next((one.get(f"PhysicalSize{side}Unit") for one in pixels), None)
        try:
            sizes[side] = Axis(float(text), unit_name("µm" if unit is None else unit))
        except ValueError:
            raise InputError(
                f"{path} cannot be read: its OME description has PhysicalSize{side} {text[:40]!r}"
            ) from None
    return ImageAxes(sizes["Y"], sizes["X"])


def _ome(file: Any) -> str | None:
    text = file.pages[0].description
    return text if file.is_ome and len(text) <= MAX_DESCRIPTION and "<!ENTITY" not in text else None


def _ome_pixels(path: Path, description: str) -> list[ElementTree.Element]:
    try:
        tree = ElementTree.fromstring(description.encode())
    except ElementTree.ParseError as error:
        raise InputError(f"{path} cannot be read: its OME description is no XML: {error}") from None
    return [one for one in tree.iter() if one.tag.rpartition("}")[2] == "Pixels"]


def _stated_images(file: Any) -> int | None:
    """How many images the description of a file says that it holds; None where it says nothing of it."""
    if file.is_imagej and file.imagej_metadata:
        images = file.imagej_metadata.get("images")
        return images if isinstance(images, int) else None
    if file.is_shaped:
        shapes: Sequence[Any] = [one.get("shape") for one in file.shaped_metadata or ()]
        counts = [int(np.prod(shape[:-2])) for shape in shapes if isinstance(shape, list | tuple) and len(shape) > 2]
        return sum(counts) if len(counts) == 1 else None
    return None
