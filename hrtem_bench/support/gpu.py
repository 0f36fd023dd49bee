"""CUDA GPUs through CuPy: whether there is one, its arrays, and how much memory a batch may take."""

from __future__ import annotations

from typing import Any

from hrtem_bench.errors import InputError, require

SHARE = 0.8
"""Part of the free memory that a batch may take: tables and FFT plans need some too."""


def has_gpu() -> bool:
    """Whether CuPy is installed and sees a CUDA GPU."""
    try:
        import cupy
    except ImportError:
        return False
    return bool(cupy.cuda.is_available())


def cuda_arrays() -> tuple[Any, Any]:
    """CuPy and its array namespace (of array_api_compat); MissingPackage or InputError without CuPy or a GPU."""
    cupy = require("cupy", "cuda12")
    if not has_gpu():
        raise InputError("no CUDA GPU was found: use device='cpu'")
    import array_api_compat.cupy as xp

    return cupy, xp


def memory_for_a_batch(cupy: Any) -> float:
    """Bytes of the GPU's memory that a batch may use."""
    return SHARE * (cupy.cuda.runtime.memGetInfo()[0] + cupy.get_default_memory_pool().free_bytes())
