"""Spatial frequencies as given by the caller: one array namespace, real floating-point."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from hrtem_bench.errors import InputError

Array = Any
"""A NumPy, PyTorch or CuPy array."""


def as_frequencies(qx: Array, qy: Array) -> tuple[Any, Array, Array]:
    """The array namespace of qx and qy, and both as real floating-point arrays that broadcast together.

    Floating-point arrays pass through untouched. A plain number or a list joins the other argument's
    library, dtype and device; alone it becomes a NumPy array. Integers become the library's default float.
    Raises InputError for complex or non-numeric frequencies.
    """
    from array_api_compat import array_namespace, device, is_array_api_obj

    # A NumPy scalar counts as a plain number, so that it may stand beside a PyTorch tensor.
    arrays = [q for q in (qx, qy) if is_array_api_obj(q) and not isinstance(q, np.generic)]
    if arrays:
        xp = array_namespace(*arrays)
        if len(arrays) == 1:
            place = {"dtype": _real_dtype(xp, arrays[0].dtype), "device": device(arrays[0])}
            qx, qy = (q if q is arrays[0] else xp.asarray(q, **place) for q in (qx, qy))
    else:
        qx, qy = np.asarray(qx), np.asarray(qy)
        xp = array_namespace(qx)
    return xp, _real(xp, qx), _real(xp, qy)


def _real(xp: Any, q: Array) -> Array:
    dtype = _real_dtype(xp, q.dtype)
    return q if dtype == q.dtype else xp.astype(q, dtype)


@cache
def _real_dtype(xp: Any, dtype: Any) -> Any:
    if xp.isdtype(dtype, "real floating"):
        return dtype
    if xp.isdtype(dtype, ("integral", "bool")):
        return xp.asarray(0.0).dtype
    raise InputError(f"spatial frequencies must be real numbers, not {dtype}")
