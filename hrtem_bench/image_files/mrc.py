"""MRC files by the standard MRC2014 (Cheng et al., J. Struct. Biol. 192 (2015) 146), with IMOD's signed bytes."""

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

HEADER = 1024
"""Bytes."""
MODES: Mapping[int, str] = MappingProxyType({0: "i1", 1: "i2", 2: "f4", 6: "u2", 7: "i4", 12: "f2"})
"""Mode -> NumPy's type of its pixels; 0 may also be "u1", see `_byte_type`."""
NO_GREY = MappingProxyType({3: "complex values", 4: "complex values, a Fourier transform,", 16: "colours"})
FOUR_BITS = 101
IMOD_STAMP = 1146047817
FEI_HEADER = 131072
"""Bytes of the extended header of FEI's programs, which holds the pixel size where the header's cell does not."""
BIG = b"\x11\x11"
"""The first two bytes of the machine stamp of big-endian files."""


@dataclass(frozen=True)
class FourBitFrames:
    """Frames of 4-bit pixels, two in a byte, the lower half first, rows filled up to whole bytes; unpacked on demand.

    packed: (n, ny, bytes in a row). shape: (n, ny, nx).
    """

    packed: NDArray[np.uint8]
    shape: tuple[int, int, int]
    dtype: Any
    ndim: int = 3

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        packed = self.packed[index]
        pixels = np.stack([packed & 15, packed >> 4], axis=-1)
        return pixels.reshape(len(packed), -1)[:, : self.shape[2]]


def read_mrc(path: Path) -> StoredImages:
    """The images of an MRC file, mapped: nothing is read but its header.

    Parameters
    ----------
    path
        A regular file.

    Raises
    ------
    InputError
        For a file shorter than its header says, pixels that are no grey values, and headers of no known byte order.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEADER)
        if len(head) < HEADER:
            raise InputError(f"{path} cannot be read: it ends within the {HEADER} bytes of the header of an MRC file")
        order = _byte_order(path, head)
        start = HEADER + max(0, struct.unpack_from(f"{order}i", head, 92)[0])
    nx, ny, nz, mode = struct.unpack_from(f"{order}4i", head)
    if min(nx, ny, nz) < 1:
        raise InputError(f"{path} holds {nz} x {ny} x {nx} pixels: it is empty, or its header damaged")
    row = (nx + 1) // 2 if mode == FOUR_BITS else nx
    kind = np.dtype(np.uint8) if mode == FOUR_BITS else np.dtype(order + _pixel_type(head, order, mode))
    needed = start + nz * ny * row * kind.itemsize
    if size < needed:
        raise InputError(
            f"{path} is cut off: its header says {nz} x {ny} x {nx} pixels, {needed} bytes, and it has {size}"
        )
    stored: Any = np.memmap(path, kind, "r", start, (nz, ny, row))
    frames = FourBitFrames(stored, (nz, ny, nx), kind) if mode == FOUR_BITS else stored
    axes = _fei_axes(path, order) if start == HEADER + FEI_HEADER else _axes(head, order)
    return StoredImages(frames[0] if nz == 1 else frames, axes)


def _byte_order(path: Path, head: bytes) -> str:
    """ "<" or ">": what the machine stamp says, unless the header makes sense in the other order only."""
    stamp = bytes(head[212:214])
    likely = (">", "<") if stamp == BIG else ("<", ">")
    found = [order for order in likely if _makes_sense(head, order)]
    if found:
        return found[0]
    mode = struct.unpack_from(f"{likely[0]}i", head, 12)[0]
    if mode in NO_GREY:
        raise InputError(f"{path} holds {NO_GREY[mode]} where grey images are due (MRC mode {mode})")
    known = ", ".join(map(str, (*MODES, FOUR_BITS)))
    raise InputError(f"{path} cannot be read: its header is none of an MRC file, or its mode none of {known}")


def _makes_sense(head: bytes, order: str) -> bool:
    nx, ny, nz, mode = struct.unpack_from(f"{order}4i", head)
    return (mode in MODES or mode == FOUR_BITS) and max(nx, ny, nz) < 1 << 24 and min(nx, ny, nz) >= 0


def _pixel_type(head: bytes, order: str, mode: int) -> str:
    return _byte_type(head, order) if mode == 0 else MODES[mode]


def _byte_type(head: bytes, order: str) -> str:
    """Mode 0 is signed by MRC2014 and unsigned by older use: IMOD's flag says which, else the header's extremes do."""
    stamp, flags = struct.unpack_from(f"{order}2i", head, 152)
    if stamp == IMOD_STAMP:
        return "i1" if flags & 1 else "u1"
    least, most = struct.unpack_from(f"{order}2f", head, 76)
    return "u1" if least >= 0 and 127 < most <= 255 else "i1"


def _fei_axes(path: Path, order: str) -> ImageAxes | None:
    with path.open("rb") as file:
        file.seek(HEADER + 44)
        (pixel,) = struct.unpack(f"{order}f", file.read(4))
    return ImageAxes(Axis(pixel, "m"), Axis(pixel, "m")) if 0 < pixel < 1 else None


def _axes(head: bytes, order: str) -> ImageAxes | None:
    mx, my = struct.unpack_from(f"{order}2i", head, 28)
    width, height = struct.unpack_from(f"{order}2f", head, 40)
    if min(mx, my) < 1 or not (0 < width < np.inf and 0 < height < np.inf):
        return None
    return ImageAxes(Axis(height / my, "Å"), Axis(width / mx, "Å"))
