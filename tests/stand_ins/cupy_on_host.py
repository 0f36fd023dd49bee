"""A stand-in for CuPy that computes on the host: the parts of it, and of its array namespace, that the package uses."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import array_api_compat
import array_api_compat.numpy
import numpy as np
import pytest


class TooLargeError(Exception):
    """What stands for CuPy's OutOfMemoryError."""


class DeviceArray(np.ndarray):
    """An array that, like CuPy's, has `get`."""

    def get(self, out: Any) -> None:
        assert out.flags.c_contiguous
        assert out.shape == self.shape
        out[...] = np.asarray(self)


def stand_in(free: int, raw_kernel: Any = None) -> tuple[Any, Any]:
    """(CuPy, its array namespace). free: bytes of memory. raw_kernel: what compiles CUDA code."""
    cupy = SimpleNamespace(
        cuda=SimpleNamespace(
            is_available=lambda: True,
            runtime=SimpleNamespace(memGetInfo=lambda: (free, 2 * free)),
            memory=SimpleNamespace(OutOfMemoryError=TooLargeError),
        ),
        get_default_memory_pool=lambda: SimpleNamespace(free_bytes=lambda: 0),
        asarray=lambda values: np.asarray(values).view(DeviceArray),
        asnumpy=np.array,
        RawKernel=raw_kernel,
    )
    namespace = SimpleNamespace(**vars(array_api_compat.numpy))
    namespace.empty = lambda *shape, **options: np.empty(*shape, **options).view(DeviceArray)
    namespace.stack = lambda arrays, **options: np.stack(arrays, **options).view(DeviceArray)
    return cupy, namespace


def install(monkeypatch: pytest.MonkeyPatch, cupy: Any, namespace: Any) -> None:
    """Have them imported as CuPy and its namespace, for as long as a test lasts."""
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setitem(sys.modules, "array_api_compat.cupy", namespace)
    monkeypatch.setattr(array_api_compat, "cupy", namespace, raising=False)
