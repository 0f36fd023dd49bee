"""PNG pictures, written and read. They are written here so that the bytes depend on zlib only."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.recipes.schema import LARGEST_COUNT
from hrtem_bench.recipes.tables import MOST_PIXELS

PREVIEW_PIXELS = 128
_PREVIEW_LEVELS = 32
_OUTLINE = 255
_BRIGHTEST = 208


def encode_counts(counts: Any) -> bytes:
    """Counts (ny, nx), whole numbers, as a 16-bit grey PNG; InputError if one does not fit."""
    largest = float(np.max(counts))
    if largest > LARGEST_COUNT:
        raise InputError(f"{largest:g} counts in a pixel do not fit 16 bits: lower the dose or the pixel size")
    # Shot noise has no patterns to find: Huffman codes alone are smaller and thirty times faster than a search.
    return encode_png(np.asarray(counts, np.uint16), strategy=zlib.Z_HUFFMAN_ONLY)


def encode_png(picture: Any, *, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    """A grey picture (ny, nx), uint8 or uint16, as PNG bytes (ISO/IEC 15948), no row filters."""
    if picture.dtype not in (np.uint8, np.uint16) or picture.ndim != 2:
        raise ValueError(f"PNG takes a (ny, nx) array of uint8 or uint16, not {picture.dtype} {picture.shape}")
    ny, nx = picture.shape
    big_endian = np.ascontiguousarray(picture, picture.dtype.newbyteorder(">"))
    rows = np.zeros((ny, 1 + nx * picture.itemsize), np.uint8)
    rows[:, 1:] = big_endian.view(np.uint8).reshape(ny, -1)
    packer = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS, 9, strategy)
    header = struct.pack(">IIBBBBB", nx, ny, 8 * picture.itemsize, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", packer.compress(rows.tobytes()) + packer.flush()), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def decode_png(data: bytes) -> Any:
    """A grey PNG as an array (ny, nx), uint8 or uint16; ValueError for one of more pixels than images have."""
    from PIL import Image

    size = struct.unpack(">II", data[16:24].ljust(8, b"\0"))  # of the header, which is first
    if max(size) > MOST_PIXELS:
        raise ValueError(f"a picture of {size[0]} x {size[1]} pixels, of which {MOST_PIXELS} a side are allowed")
    with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
        array = np.asarray(picture)
    return array.astype(np.uint16 if picture.mode.startswith("I") else np.uint8)


def preview(counts: Any, mask: Any) -> Any:
    """A small picture to look at: (n, n) uint8, contrast stretched, the mask's outline white.

    counts, mask: (ny, nx). Pixels are binned by a whole number to about PREVIEW_PIXELS. The grey runs from the 1st to
    the 99th percentile in 32 levels, all darker than the outline.
    """
    step = max(1, min(counts.shape) // PREVIEW_PIXELS)
    small, inside = _binned(counts, step), _binned(mask, step) > 0.5
    low, high = np.percentile(small, [1, 99])
    level = np.clip((small - low) / max(high - low, 1e-9), 0, 1) * (_PREVIEW_LEVELS - 1)
    grey = (np.round(level) * (_BRIGHTEST / (_PREVIEW_LEVELS - 1))).astype(np.uint8)
    inner = inside.copy()
    for axis in (0, 1):
        for shift in (1, -1):
            inner &= np.roll(inside, shift, axis)
    grey[inside & ~inner] = _OUTLINE
    return grey


def _binned(array: Any, step: int) -> Any:
    """Means over squares of step × step; of whole numbers, they are exact whatever the order of summation."""
    ny, nx = (n // step * step for n in array.shape)
    whole = np.asarray(array, np.float32)[:ny, :nx]
    total = sum(whole[y::step, x::step] for y in range(step) for x in range(step))
    return total / np.float32(step**2)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
