"""Where a model runs and in what precision."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hrtem_bench.errors import InputError, require

_DEVICE = re.compile(r"cpu|mps|cuda(:\d+)?")


@dataclass(frozen=True)
class Runtime:
    """Where a model runs, and in what precision.

    Parameters
    ----------
    device
        "cpu", "cuda", "cuda:1" or "mps".
    bf16
        Whether PyTorch models run under bfloat16 autocast, which changes scores in about the third digit.
    """

    device: str = "cpu"
    bf16: bool = False

    def __post_init__(self) -> None:
        if not _DEVICE.fullmatch(self.device):
            raise InputError(f"unknown device {self.device!r}: give cpu, cuda, cuda:1, … or mps")

    def for_torch(self) -> Any:
        """The device as PyTorch's, after checking that it is there."""
        torch = require("torch", "torch")
        device = torch.device(self.device)
        there = {"cpu": lambda: 1, "cuda": torch.cuda.device_count, "mps": torch.backends.mps.is_available}
        if int(there[device.type]()) <= (device.index or 0):
            raise InputError(f"PyTorch finds no device {self.device} here: use --device cpu")
        return device


CPU = Runtime()
"""As the benchmark's own numbers are made."""


def on_device(function: Callable[..., Any], runtime: Runtime, name: str) -> dict[str, str]:
    """The keyword arguments that tell a factory where to put its model: `device`, if it takes one.

    InputError for a device other than the CPU, if the factory does not take one.
    """
    try:
        takes = "device" in inspect.signature(function).parameters
    except (TypeError, ValueError):  # of a callable without a signature
        takes = False
    if takes:
        if runtime.device != "cpu":
            runtime.for_torch()
        return {"device": runtime.device}
    cpu_only(runtime, f"{name} takes no parameter `device`")
    return {}


def cpu_only(runtime: Runtime, why: str) -> None:
    """Raise InputError if another device than the CPU is asked for."""
    if runtime.device != "cpu":
        raise InputError(f"{why}, so it cannot be put on {runtime.device}")


def in_precision(predict: Callable[..., Any], runtime: Runtime) -> Callable[..., Any]:
    """The predictor, under bfloat16 autocast where that is asked for. InputError for a model that is not PyTorch's."""
    if not runtime.bf16:
        return predict
    if "torch" not in sys.modules:
        raise InputError("--bf16 is for PyTorch models, and this one did not load PyTorch")
    torch = require("torch", "torch")
    kind = torch.device(runtime.device).type

    def autocast(images: Any) -> Any:
        with torch.autocast(kind, dtype=torch.bfloat16):
            return predict(images)

    return autocast


def room_to_grow(peak_before: int) -> bool:
    """Whether a batch twice as large would fit the memory, with as much again to spare.

    The batch made `peak_memory()` grow from `peak_before`. True where the system does not tell. The memory of a GPU is
    not looked at, since running out of it is an error that can be caught.
    """
    free = free_memory()
    return free is None or free > 4 * (peak_memory() - peak_before)


def peak_memory() -> int:
    """The most memory that this process has had, bytes; 0 where the system does not tell."""
    return _kibibytes(Path("/proc/self/status"), "VmHWM") or 0


def free_memory() -> int | None:
    """The memory that is free, bytes; None where the system does not tell."""
    return _kibibytes(Path("/proc/meminfo"), "MemAvailable")


def _kibibytes(path: Path, name: str) -> int | None:
    """The bytes in a line "NAME: … kB" of a file."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = (line.split() for line in lines if line.startswith(f"{name}:"))
    return next((1024 * int(words[1]) for words in found), None)
