"""Writes the ONNX models that the tests need, byte by byte, so that they need no package to make them.

The field numbers are those of onnx.proto (ModelProto, GraphProto, NodeProto, TensorProto, ValueInfoProto).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def integer(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def message(field: int, content: bytes | str) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def value_info(name: str, shape: tuple[int | str, ...]) -> bytes:
    sides = b"".join(message(1, integer(1, n) if isinstance(n, int) else message(2, n)) for n in shape)
    return message(1, name) + message(2, message(1, integer(1, 1) + message(2, sides)))


def tensor(name: str, values: np.ndarray) -> bytes:
    dims = b"".join(integer(1, n) for n in values.shape)
    return dims + integer(2, 1) + message(8, name) + message(9, values.astype("<f4").tobytes())


def node(kind: str, inputs: tuple[str, ...], output: str, **integers: tuple[int, ...]) -> bytes:
    """integers: attributes that are lists of integers."""
    attributes = (
        message(5, message(1, name) + b"".join(integer(8, one) for one in values) + integer(20, 7))
        for name, values in integers.items()
    )
    return b"".join(message(1, one) for one in inputs) + message(2, output) + message(4, kind) + b"".join(attributes)


def external(name: str, location: str) -> bytes:
    """A tensor of one number whose bytes lie in another file."""
    entries = ((13, "location", location), (13, "length", "4"))
    data = b"".join(message(field, message(1, key) + message(2, value)) for field, key, value in entries)
    return integer(1, 1) + integer(2, 1) + message(8, name) + data + integer(14, 1)


def write_scaled_sigmoid(path: Path, steepness: float, shape: tuple[int | str, ...]) -> None:
    """sigmoid(steepness * images), images of `shape`."""
    write_graph(path, tensor("steepness", np.array([steepness])), shape)


def write_graph(path: Path, steepness: bytes, shape: tuple[int | str, ...]) -> None:
    """The same with any tensor for the steepness."""
    write_nodes(
        path,
        [node("Mul", ("images", "steepness"), "scaled"), node("Sigmoid", ("scaled",), "probability")],
        [steepness],
        shape,
    )


def write_nodes(path: Path, nodes: Sequence[bytes], tensors: Sequence[bytes], shape: tuple[int | str, ...]) -> None:
    """A model that makes `probability` of `images`, both of `shape`, by the nodes in their order."""
    graph = (
        b"".join(message(1, one) for one in nodes)
        + message(2, "g")
        + b"".join(message(5, one) for one in tensors)
        + message(11, value_info("images", shape))
        + message(12, value_info("probability", shape))
    )
    path.write_bytes(integer(1, 8) + message(7, graph) + message(8, integer(2, 13)))
