"""Series (.ser) of FEI's TIA, after the description of the format by C. Boothroyd."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.image_files.axes import Axis, ImageAxes, StoredImages

IMAGES = 0x4122
"""Number of the kind of data: 0x4120 are spectra."""
PIXELS: Mapping[int, str] = MappingProxyType({
    1: "u1", 2: "<u2", 3: "<u4", 4: "i1", 5: "<i2", 6: "<i4", 7: "<f4", 8: "<f8", 9: "<c8", 10: "<c16",
})  # fmt: skip
HEADER, ELEMENT = struct.Struct("<3H4I"), struct.Struct("<ddiddihii")
LONG_OFFSETS = 0x0220
"""Version from which offsets have 64 bits."""
LARGEST_LENGTH = 1e-3
"""Metres; the pixel of a diffraction pattern, in 1/m, is far above."""


@dataclass(frozen=True)
class SeriesFrames:
    """Frames that begin at `starts`, bytes into the file; mapped when they are asked for. shape: (n, ny, nx)."""

    path: Path
    starts: tuple[int, ...]
    shape: tuple[int, int, int]
    dtype: Any
    ndim: int = 3

    def __getitem__(self, index: int) -> NDArray[Any]:
        rows = np.memmap(self.path, self.dtype, "r", self.starts[index], self.shape[1:])
        return np.asarray(rows[::-1])  # TIA begins with the lowest row


def read_ser(path: Path) -> StoredImages:
    """The images of a TIA series, mapped, and their axes along y and x, in m (1/m for diffraction patterns).

    Only headers are read. Returns (ny, nx) for a single image, (n, ny, nx) for more.

    Raises
    ------
    InputError
        For spectra, series without a finished image, images of different sizes, and files that are cut off.
    """
    size = path.stat().st_size
    with path.open("rb") as file:

        def part(start: int, count: int) -> bytes:
            if start < 0 or start + count > size:
                raise InputError(f"{path} is cut off: {start + count} bytes are due, and it has {size}")
            file.seek(start)
            return file.read(count)

        order, series, version, kind, _, total, valid = HEADER.unpack(part(0, HEADER.size))
        if (order, series) != (0x4949, 0x0197):
            raise InputError(f"{path} cannot be read: its header is none of a TIA series")
        if kind != IMAGES:
            raise InputError(f"{path} holds spectra, or something else, where images are due (kind {kind:#x})")
        if not 0 < valid <= total:
            raise InputError(f"{path} holds {valid} finished images of {total}")
        word = "Q" if version >= LONG_OFFSETS else "I"
        width = struct.calcsize(f"<{word}")
        (table,) = struct.unpack(f"<{word}", part(HEADER.size, width))
        offsets = struct.unpack(f"<{valid}{word}", part(table, valid * width))
        heads = [ELEMENT.unpack(part(offset, ELEMENT.size)) for offset in offsets]
        (_, dx, _, _, dy, _, pixel, nx, ny) = heads[0]
        if any(head[6:] != heads[0][6:] for head in heads):
            raise InputError(f"{path} holds images of different sizes: save each by itself")
        if pixel not in PIXELS or min(nx, ny) < 1:
            raise InputError(f"{path} cannot be read: {ny} x {nx} pixels of kind {pixel}, so its header is damaged")
        dtype = np.dtype(PIXELS[pixel])
        starts = tuple(offset + ELEMENT.size for offset in offsets)
        last = max(starts) + nx * ny * dtype.itemsize
        if last > size:
            raise InputError(f"{path} is cut off: {last} bytes are due, and it has {size}")
    frames = SeriesFrames(path, starts, (valid, ny, nx), dtype)
    y, x = (Axis(abs(d), "m" if abs(d) < LARGEST_LENGTH else "1/m") for d in (dy, dx))
    return StoredImages(frames[0] if valid == 1 else frames, ImageAxes(y, x))
