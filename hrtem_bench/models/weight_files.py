"""Files of weights: which kinds are refused, and how many parameters a safetensors file holds."""

from __future__ import annotations

import math
from pathlib import Path

from hrtem_bench.errors import InputError, one_line, require
from hrtem_bench.models.identity import files_of
from hrtem_bench.models.onnx_data import external_files

PICKLES = frozenset({".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt", ".joblib", ".dill", ".npz"})
"""Suffixes of formats that are, or may hold, pickles."""
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
    """Number of floating-point parameters in a safetensors file, batch-norm statistics left out; reads the header only.

    Raises InputError for a file that is missing, truncated or no safetensors.
    """
    if not weights.is_file():
        raise InputError(f"{weights} is missing: the card names it as the weights")
    safetensors = require("safetensors", "torch")
    try:
        with safetensors.safe_open(weights, framework="numpy") as file:
            tensors = [file.get_slice(name) for name in file.keys() if not name.endswith(_BUFFERS)]  # noqa: SIM118
            return sum(math.prod(one.get_shape()) for one in tensors if one.get_dtype().startswith(("F", "BF")))
    except (safetensors.SafetensorError, OSError) as error:
        raise InputError(f"{weights} is no whole safetensors file: {one_line(error)[:200]}") from None
