"""Files of weights: which kinds are refused, and the header of a safetensors file."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from hrtem_bench.errors import InputError, one_line
from hrtem_bench.models.identity import files_of
from hrtem_bench.models.onnx_data import external_files

PICKLES = frozenset({".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt", ".joblib", ".dill", ".npz"})
"""Suffixes of formats that are, or may hold, pickles."""
_MAX_HEADER = 10_000_000
_BYTES = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2}
"""Of an element; kinds that are not named take one byte or less."""
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


def refuse_pickles(path: Path) -> None:
    """Raise InputError if the file, or a file of the folder, has a format that can run code when it is loaded.

    The files that an .onnx file refers to are exempt: they are read as plain numbers, whatever they are called.
    """
    files = files_of(path) if path.is_dir() else [path]
    numbers = {file for one in files if one.suffix.lower() == ".onnx" for file in external_files(one)}
    for file in files:
        if file in numbers:
            continue
        if file.suffix.lower() in PICKLES:
            raise _pickle_error(file)
        if file.suffix.lower() == ".npy":
            _refuse_objects(file)


def _refuse_objects(file: Path) -> None:
    """Raise InputError for an .npy file that holds Python objects, or cannot be read."""
    import numpy as np
    from numpy.lib import format as npy

    try:
        with file.open("rb") as stream:
            version = npy.read_magic(stream)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            has_objects = np.dtype(read(stream)[2]).hasobject
    except (OSError, ValueError) as error:
        raise InputError(f"{file} is no whole .npy file: {one_line(error)[:200]}") from None
    if has_objects:
        raise _pickle_error(file)


def _pickle_error(file: Path) -> InputError:
    return InputError(
        f"{file}: {file.suffix} files can hold pickled objects, which run code when loaded, and are refused: "
        "save the weights with safetensors.torch.save_file(model.state_dict(), 'weights.safetensors')"
    )


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
    """Tensor name -> (dtype, shape), from the header of a safetensors file, checked against the file's size."""
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
    """Raise ValueError for a tensor whose shape does not match the bytes that the header gives it."""
    shape, (start, end) = entry["shape"], entry["data_offsets"]
    if any(not isinstance(n, int) or n < 0 for n in shape) or not 0 <= start <= end:
        raise ValueError(f"tensor {name[:60]} has shape {shape} at bytes {start} to {end}")
    width = _BYTES.get(entry["dtype"])
    if width is not None and math.prod(shape) * width != end - start:
        raise ValueError(f"tensor {name[:60]} of shape {shape} has {end - start} bytes")
