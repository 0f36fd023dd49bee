"""Images into files that other programs read, with the size of their pixels: TIFF, MRC, PNG."""

from __future__ import annotations

import contextlib
import io
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_bench.errors import InputError, require
from hrtem_bench.support.files import aside, write_aside_bytes

PNG_PIXEL_SIZE = "Pixel size"
"""Key of the text in a PNG that says it: "0.2 Å". PNG's own field (pHYs) ends at 4.7 Å."""
STRETCH = (1.0, 99.0)
"""Percentiles of an image that become black and white in a PNG."""


def save_image(path: str | os.PathLike[str], image: ArrayLike, pixel_size: float) -> None:
    """Write an image, or a stack, with its scale, in the format that the file's name asks for.

    - `.tif`, `.tiff`: as ImageJ writes them, the scale in nm.
    - `.mrc`, `.mrcs`: MRC2014, the scale in the header's cell; the first row of the array is the file's first.
    - `.png`: for looking at: 8 bits, black and white at the 1st and 99th percentile; the scale is kept as text.

    TIFF and MRC keep whole numbers from 0 to 65,535 as 16-bit integers, whatever their type, and all else as float32.
    A file that is there is written over.

    Parameters
    ----------
    path
        The file; folders above it are made.
    image
        (ny, nx), or (n, ny, nx) for a stack, which PNG does not hold.
    pixel_size
        Å.

    Raises
    ------
    InputError
        For another ending, an array that is no grey image, and a pixel size that is not positive.
    """
    path, pixels = Path(path), np.asarray(image)
    if not 0 < pixel_size < np.inf:
        raise InputError(f"pixel_size is {pixel_size!r}: give a positive number of Å")
    if pixels.dtype.kind not in "buif" or pixels.ndim not in (2, 3) or not pixels.size:
        raise InputError(f"an array {pixels.shape} of {pixels.dtype} is no grey image (ny, nx), nor a stack of such")
    suffix = path.suffix.lower()
    if suffix in (".tif", ".tiff"):
        data = _tiff(_compact(pixels), pixel_size)
    elif suffix in (".mrc", ".mrcs"):
        data = _mrc(_compact(pixels), pixel_size)
    elif suffix == ".png":
        data = _png(pixels, pixel_size)
    else:
        raise InputError(f"{path}: the name must end in .tif, .tiff, .mrc, .mrcs or .png")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_aside_bytes(path, data)


@contextlib.contextmanager
def tiff_pages(path: Path, shape: tuple[int, ...], dtype: Any, pixel_size: float) -> Iterator[NDArray[Any]]:
    """An array of zeros (n, ny, nx) to fill, which is a TIFF at the end of the block; it is gone if the block fails.

    shape: (ny, nx) for a single page, (n, ny, nx) for n of them. The file is written page by page, aside and renamed,
    with its pixel size (Å) as ImageJ reads it.
    """
    tifffile = require("tifffile", "io")
    per_nm = 10 / pixel_size
    metadata = {"unit": "nm", "axes": "TYX"[-len(shape) :]}
    with aside(path) as temporary:
        pages = tifffile.memmap(
            temporary, shape=shape, dtype=dtype, imagej=True, resolution=(per_nm, per_nm), metadata=metadata
        )
        yield pages.reshape(-1, *shape[-2:])
        pages.flush()


def _compact(pixels: NDArray[Any]) -> NDArray[Any]:
    """uint16 where nothing is lost by it, else float32."""
    whole = pixels.dtype.kind in "bui" or bool((pixels == np.round(pixels)).all())
    fits = whole and pixels.min() >= 0 and pixels.max() <= np.iinfo(np.uint16).max
    return pixels.astype(np.uint16 if fits else np.float32)


def _tiff(pixels: NDArray[Any], pixel_size: float) -> bytes:
    buffer = io.BytesIO()
    per_nm = 10 / pixel_size
    axes = {"axes": "ZYX"} if pixels.ndim == 3 else {}
    require("tifffile", "io").imwrite(
        buffer, pixels, imagej=True, resolution=(per_nm, per_nm), metadata={"unit": "nm", **axes}
    )
    return buffer.getvalue()


def _mrc(pixels: NDArray[Any], pixel_size: float) -> bytes:
    """Words of the header are numbered from 1, as in the standard: Cheng et al., J. Struct. Biol. 192 (2015) 146."""
    frames = pixels[None] if pixels.ndim == 2 else pixels
    nz, ny, nx = frames.shape
    head = bytearray(1024)

    def put(word: int, kind: str, *values: float | bytes) -> None:
        struct.pack_into(f"<{kind}", head, 4 * (word - 1), *values)

    put(1, "4i", nx, ny, nz, 6 if frames.dtype == np.uint16 else 2)
    put(8, "3i", nx, ny, 1)
    put(11, "3f", nx * pixel_size, ny * pixel_size, pixel_size)
    put(14, "3f", 90.0, 90.0, 90.0)
    put(17, "3i", 1, 2, 3)
    put(20, "3f", float(frames.min()), float(frames.max()), float(frames.mean()))
    put(28, "i", 20140)
    put(53, "4s4s", b"MAP ", b"\x44\x44\x00\x00")
    put(55, "f", float(frames.std()))
    return bytes(head) + np.ascontiguousarray(frames, frames.dtype.newbyteorder("<")).tobytes()


def _png(pixels: NDArray[Any], pixel_size: float) -> bytes:
    if pixels.ndim == 3:
        raise InputError("a PNG holds one image, not a stack: save its images one by one, or the stack as .tif or .mrc")
    low, high = np.nanpercentile(pixels.astype(float), STRETCH)
    level = np.clip((pixels - low) / max(high - low, np.finfo(float).tiny), 0, 1)
    text = require("PIL.PngImagePlugin", "report").PngInfo()
    text.add_text(PNG_PIXEL_SIZE, f"{pixel_size:.9g} Å")
    buffer = io.BytesIO()
    grey = np.round(np.nan_to_num(level) * 255).astype(np.uint8)
    require("PIL.Image", "report").fromarray(grey).save(buffer, "png", pnginfo=text)
    return buffer.getvalue()
