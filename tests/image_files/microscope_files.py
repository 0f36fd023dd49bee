"""Writes small files as microscopes' programs do: DM3 and DM4 with their tag tree, MRC2014, Berkeley's EMD, TIA's
series.

DM after the description of the format by C. Boothroyd and G. Jefferis: a header, then a tree of tags. What belongs to
the tree is big-endian, tagged data are little-endian. DM4 has 64 bits where DM3 has 32, and the size of each tag
before it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

SHORT, LONG, USHORT, ULONG, FLOAT, DOUBLE, CHAR, OCTET = 2, 3, 4, 5, 6, 7, 9, 10
"""Types of tagged data."""
PIXELS = {"i2": (1, SHORT), "f4": (2, FLOAT), "u1": (6, OCTET), "i4": (7, LONG), "i1": (9, CHAR), "u2": (10, USHORT),
          "u4": (11, ULONG), "f8": (12, DOUBLE), "c8": (3, None)}  # fmt: skip
"""NumPy's type -> DM's number for an image's, and the type of its tagged data."""
STRUCTURE, ARRAY = 15, 20


class Writer:
    def __init__(self, version: int) -> None:
        self.version = version
        self.word = ">i" if version == 3 else ">q"

    def words(self, *values: int) -> bytes:
        return b"".join(struct.pack(self.word, value) for value in values)

    def tags(self, content: Mapping[str, Any]) -> bytes:
        """A group's content; keys that start with # are tags without a name."""
        parts = [self.tag("" if name.startswith("#") else name, value) for name, value in content.items()]
        return b"\x01\x00" + self.words(len(parts)) + b"".join(parts)

    def tag(self, name: str, value: Any) -> bytes:
        body = self.tags(value) if isinstance(value, Mapping) else self.data(value)
        kind = 20 if isinstance(value, Mapping) else 21
        size = self.words(len(body)) if self.version == 4 else b""
        return bytes([kind]) + struct.pack(">H", len(name)) + name.encode("latin-1") + size + body

    def data(self, value: Any) -> bytes:
        if isinstance(value, str):
            value = np.frombuffer(value.encode("utf-16-le"), "<u2")
        if isinstance(value, int):
            return self.typed((ULONG,), struct.pack("<I", value))
        if isinstance(value, float):
            return self.typed((FLOAT,), struct.pack("<f", value))
        if value.dtype.kind == "c":  # an array of structures of two floats
            return self.typed((ARRAY, STRUCTURE, 0, 2, 0, FLOAT, 0, FLOAT, value.size), value.tobytes())
        return self.typed((ARRAY, PIXELS[value.dtype.str[1:]][1], value.size), value.tobytes())

    def typed(self, types: tuple[int, ...], content: bytes) -> bytes:
        return b"%%%%" + self.words(len(types), *types) + content


def write_dm(path: Path, image: np.ndarray, pixel_size: float, unit: str, version: int, *beside: np.ndarray) -> None:
    """The image (ny, nx), or stack (n, ny, nx), second in the file's list: the first is the thumbnail. beside: more."""
    thumbnail = _dm_image(np.zeros((4, 4), "<i4"), 1.0, "") | {"Name": "thumbnail"}
    thumbnail["ImageData"]["DataType"] = 23
    images = [thumbnail, _dm_image(image, pixel_size, unit), *(_dm_image(one, 1.0, "") for one in beside)]
    tree = {
        "DocumentObjectList": {"#0": {"AnnotationType": 20, "ImageSource": 0}},
        "ImageList": {f"#{i}": one for i, one in enumerate(images)},
        "Thumbnails": {"#0": {"ImageIndex": 0, "SourceSize_Pixels": np.array(image.shape[-2:], "<i4")}},
    }
    writer = Writer(version)
    content = writer.tags(tree) + bytes(8)
    path.write_bytes(struct.pack(">i", version) + writer.words(len(content)) + struct.pack(">i", 1) + content)


def _dm_image(image: np.ndarray, pixel_size: float, unit: str) -> dict[str, Any]:
    sides = [(1.0, "")] * (image.ndim - 2) + [(pixel_size, unit)] * 2
    dimension = [{"Origin": 0.0, "Scale": scale, "Units": units} for scale, units in reversed(sides)]
    image = image.astype(image.dtype.newbyteorder("<"))
    return {
        "ImageData": {
            "Calibrations": {
                "Brightness": {"Origin": 0.0, "Scale": 1.0, "Units": ""},
                "Dimension": {f"#{i}": one for i, one in enumerate(dimension)},
            },
            "Data": image.ravel(),
            "DataType": PIXELS[image.dtype.str[1:]][0],
            "Dimensions": {f"#{i}": int(n) for i, n in enumerate(reversed(image.shape))},
            "PixelDepth": image.dtype.itemsize,
        },
        "ImageTags": {"Microscope Info": {"Voltage": 300e3, "Operation Mode": "IMAGING"}},
        "Name": "image",
    }


def write_mrc(path: Path, image: np.ndarray, pixel_size: float, **words: bytes) -> None:
    """MRC2014: 1024 bytes of header, then rows, in the byte order of the image. pixel_size: Å; 0 writes neither cell
    nor sampling. words: bytes for places in the header, by their offset: at_152=b"…"."""
    *_, ny, nx = image.shape
    nz = image.shape[0] if image.ndim == 3 else 1
    mode = {"i1": 0, "u1": 0, "i2": 1, "f4": 2, "c8": 4, "u2": 6, "i4": 7, "f2": 12}[image.dtype.str[1:]]
    sampling = (nx, ny, nz) if pixel_size else (0, 0, 0)
    head, order = bytearray(1024), ">" if image.dtype.str[0] == ">" else "<"
    struct.pack_into(f"{order}10i", head, 0, nx, ny, nz, mode, 0, 0, 0, *sampling)
    struct.pack_into(f"{order}6f", head, 40, nx * pixel_size, ny * pixel_size, nz, 90, 90, 90)
    struct.pack_into(f"{order}3i", head, 64, 1, 2, 3)
    head[208:216] = b"MAP \x11\x11\0\0" if order == ">" else b"MAP \x44\x44\0\0"
    for place, content in words.items():
        start = int(place.removeprefix("at_"))
        head[start : start + len(content)] = content
    path.write_bytes(bytes(head) + image.tobytes())


def write_ser(path: Path, stack: np.ndarray, pixel_size: float, version: int = 0x0220) -> None:
    """A TIA series of images (n, ny, nx), the lowest row first. pixel_size: m.

    Each element: 50 bytes of calibration and size, pixels, tag.
    """
    word = "Q" if version >= 0x0220 else "I"
    kind = {"u1": 1, "u2": 2, "u4": 3, "i1": 4, "i2": 5, "i4": 6, "f4": 7, "f8": 8}[stack.dtype.str[1:]]
    n, ny, nx = stack.shape
    dimension = struct.pack("<IddII6sI0s", n, 0.0, 1.0, 0, 6, b"Number", 0, b"")
    head = 26 + struct.calcsize(word) + len(dimension)
    elements = [
        struct.pack("<ddiddihii", 0.0, pixel_size, 0, 0.0, pixel_size, 0, kind, nx, ny) + image[::-1].tobytes()
        for image in stack
    ]
    tag = struct.pack("<HHI", 0x4152, 0, 0)
    starts = [head + i * (len(elements[0]) + len(tag)) for i in range(n)]
    table = head + n * (len(elements[0]) + len(tag))
    content = struct.pack("<3H4I", 0x4949, 0x0197, version, 0x4122, 0x4152, n, n) + struct.pack(f"<{word}I", table, 1)
    content += dimension + b"".join(one + tag for one in elements)
    tags = [start + len(elements[0]) for start in starts]
    path.write_bytes(content + struct.pack(f"<{2 * n}{word}", *starts, *tags))


def write_emd(path: Path, image: np.ndarray, pixel_size: float, unit: str = "[n_m]", names: str = "xyt") -> None:
    """EMD 0.2: a group with the data, and a dimension vector for each axis.

    image: (y, x) or (t, y, x). names: the order in which the file has them, a letter for each dimension; blanks leave
    the vectors without a name, in the order of the image.
    """
    import h5py

    order = [name for name in names if name in "tyx"[-image.ndim :]] or list("tyx"[-image.ndim :])
    data = image.transpose(["tyx"[-image.ndim :].index(name) for name in order])
    with h5py.File(path, "w") as file:
        file.attrs.update({"version_major": 0, "version_minor": 2})
        group = file.create_group("signals/image")
        group.attrs["emd_group_type"] = 1
        group["data"] = data
        for index, (name, size) in enumerate(zip(order, data.shape, strict=True), start=1):
            group[f"dim{index}"] = (1.0 if name == "t" else pixel_size) * np.arange(size)
            named = np.bytes_("" if names.isspace() else name)
            group[f"dim{index}"].attrs.update({"name": named, "units": "[]" if name == "t" else unit})
