"""The files in which an ONNX model keeps its weights, beside the model itself.

The file is read as a protocol buffer; field numbers are those of onnx.proto.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

from hrtem_bench.errors import InputError

_Kinds = dict[int, str]
_INSIDE: dict[str, _Kinds] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse tensor", 23: "sparse tensor"},
    "sparse tensor": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
}
"""Which fields of a message hold messages that can lead to the name of a file."""
_KEY, _VALUE = 1, 2
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5


def external_files(path: Path) -> list[Path]:
    """The files in the folder of an ONNX model that its tensors refer to, sorted.

    InputError in one line, for a file that is no ONNX, or that refers to what is missing or lies outside of its folder.
    """
    folder = path.parent
    found = []
    for name in sorted(_locations(path)):
        file = folder / name
        if not Path(os.path.normpath(file)).is_relative_to(os.path.normpath(folder)):  # the Hub's cache has links
            raise InputError(f"{path} refers to weights in {name!r}: they must lie in its folder")
        if not file.is_file():
            raise InputError(f"{path} refers to weights in {name!r}, which is no file of its folder")
        found.append(file)
    return found


def _locations(path: Path) -> set[str]:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return set(_walk(content))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:  # an empty file cannot be mapped
        raise InputError(f"{path} cannot be loaded as an ONNX model: it is no whole protocol buffer") from None


def _walk(content: mmap.mmap) -> Iterator[str]:
    """The values of all entries `location` of tensors; a list of messages to be read takes the place of recursion."""
    waiting = [("model", 0, len(content))]
    while waiting:
        kind, start, end = waiting.pop()
        if kind == "entry":
            fields = {field: content[first:last] for field, first, last in _fields(content, start, end)}
            if fields.get(_KEY) == b"location":
                yield fields.get(_VALUE, b"").decode("utf-8")
            continue
        inside = _INSIDE[kind]
        places = _fields(content, start, end)
        waiting += [(inside[field], first, last) for field, first, last in places if field in inside]


def _fields(content: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, first byte and end of each field of a message that has a length; ValueError where it is broken."""
    while start < end:
        tag, start = _varint(content, start, end)
        field, form = tag >> 3, tag & 7
        if form == _VARINT:
            start = _varint(content, start, end)[1]
        elif form == _LENGTH:
            length, start = _varint(content, start, end)
            if length > end - start:
                raise ValueError("a field is longer than its message")
            yield field, start, start + length
            start += length
        elif form in (_EIGHT_BYTES, _FOUR_BYTES):
            start += 8 if form == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"no field has the form {form}")


def _varint(content: mmap.mmap, start: int, end: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where it ends."""
    value = 0
    for i, byte in enumerate(content[start : min(end, start + 10)]):
        value |= (byte & 127) << (7 * i)
        if byte < 128:
            return value, start + i + 1
    raise ValueError("a number does not end")
