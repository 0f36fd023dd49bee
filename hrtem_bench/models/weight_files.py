"""The files of a submission: which kinds are refused, their checksum, and what a safetensors header tells."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hrtem_bench.errors import InputError, one_line

PICKLES = frozenset({".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt", ".joblib", ".dill", ".npz"})
"""Suffixes of formats that are, or may hold, pickles."""
_MAX_HEADER = 10_000_000
_BYTES = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2}
"""Of an element; kinds that are not named take one byte or less."""
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


def files_of(path: Path) -> list[Path]:
    """The files of a folder that make up a submission, sorted; caches and hidden files are not.

    Of a file, itself, and NAME.onnx.data beside it, where exporters put the weights of NAME.onnx.
    """
    if path.is_file():
        return [one for one in (path, path.with_name(f"{path.name}.data")) if one.is_file()]
    return sorted(file for file in _walk(path) if file.suffix != ".pyc")


def _walk(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from _walk(entry)
        elif entry.is_file():
            yield entry


def checksum(path: Path, code: Path | None = None) -> str:
    """sha256 over the names and contents of a submission's files, then of the Python files of the folder `code`."""
    root = path if path.is_dir() else path.parent
    files = [(root, file) for file in files_of(path)]
    if code is not None:
        files += [(code, file) for file in files_of(code) if file.suffix == ".py"]
    digest = hashlib.sha256()
    for base, file in files:
        digest.update(file.relative_to(base).as_posix().encode() + b"\0")
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def refuse_pickles(path: Path) -> None:
    """Raise InputError if the folder, or the file, holds a format whose loading can run code."""
    for file in files_of(path):
        if file.suffix.lower() in PICKLES or (file.suffix == ".npy" and _is_object_array(file)):
            raise InputError(
                f"{file}: {file.suffix} files can hold pickled objects, which run code when loaded, and are refused: "
                "save the weights with safetensors.torch.save_file(model.state_dict(), 'weights.safetensors')"
            )


def _is_object_array(file: Path) -> bool:
    """Whether an .npy file's header announces Python objects; True for a header that cannot be read."""
    import numpy as np
    from numpy.lib import format as npy

    try:
        with file.open("rb") as stream:
            version = npy.read_magic(stream)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            return bool(np.dtype(read(stream)[2]).hasobject)
    except ValueError:
        return True


def parameter_count(weights: Path) -> int:
    """Number of floating-point parameters in a safetensors file, batch-norm statistics left out; reads the
    header only.

    Raises InputError for a file that is missing, truncated or no safetensors.
    """
    total = 0
    for name, (kind, shape) in safetensors_header(weights).items():
        if kind.startswith(("F", "BF")) and not name.endswith(_BUFFERS):
            total += math.prod(shape)
    return total


def safetensors_header(weights: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Tensor name -> (dtype, shape) as a safetensors file announces them, after checking it against the file's size."""
    if not weights.is_file():
        raise InputError(f"{weights} is missing: the card names it as the weights")
    size = weights.stat().st_size
    try:
        with weights.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if not 2 <= length <= min(_MAX_HEADER, size - 8):
                raise ValueError("its header is longer than the file")
            entries = json.loads(stream.read(length))
        tensors = {name: entry for name, entry in entries.items() if name != "__metadata__"}
        end = max((entry["data_offsets"][1] for entry in tensors.values()), default=0)
        if end != size - 8 - length:
            raise ValueError(f"it holds {size - 8 - length} bytes of tensors where its header announces {end}")
        for name, entry in tensors.items():
            _check_extent(name, entry)
        return {name: (str(e["dtype"]), tuple(int(n) for n in e["shape"])) for name, e in tensors.items()}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise InputError(f"{weights} is no whole safetensors file: {one_line(error)[:200]}") from None


def _check_extent(name: str, entry: dict[str, Any]) -> None:
    """Raise ValueError for a tensor whose shape is not that of the bytes it is said to have."""
    shape, (start, end) = entry["shape"], entry["data_offsets"]
    if any(not isinstance(n, int) or n < 0 for n in shape) or not 0 <= start <= end:
        raise ValueError(f"tensor {name[:60]} has shape {shape} at bytes {start} to {end}")
    width = _BYTES.get(entry["dtype"])
    if width is not None and math.prod(shape) * width != end - start:
        raise ValueError(f"tensor {name[:60]} of shape {shape} has {end - start} bytes")


__all__ = ["checksum", "files_of", "parameter_count", "refuse_pickles", "safetensors_header"]
