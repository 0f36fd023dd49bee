"""Exit waves on a CUDA GPU: batches as large as its memory allows, by the real-space or the Fourier engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any

import numpy as np

from hrtem_bench.errors import InputError, require
from hrtem_bench.multislice import engine_array, engine_cuda
from hrtem_bench.multislice.plan import Plan

SHARE = 0.8
"""Part of the free memory that a batch may take: atoms, tables and FFT plans need some too."""


def has_gpu() -> bool:
    """Whether CuPy is installed and sees a CUDA GPU."""
    try:
        import cupy
    except ImportError:
        return False
    return bool(cupy.cuda.is_available())


def cuda_arrays() -> tuple[Any, Any]:
    """CuPy and its array namespace (of array_api_compat); MissingPackage or InputError where there is no GPU for it."""
    cupy = require("cupy", "cuda12")
    if not has_gpu():
        raise InputError("no CUDA GPU was found: use device='cpu'")
    import array_api_compat.cupy as xp

    return cupy, xp


def exit_waves_on_gpu(
    plan: Plan,
    positions: Callable[[int], Any],
    symbols: Any,
    count: int,
    depths: Sequence[float],
    incident: Any = None,
    progress: Callable[[int, int], None] | None = None,
) -> Any:
    """Waves (len(depths), count, ny, nx) complex64, a NumPy array.

    positions: index of a configuration -> (n, 3), Å. Other arguments as in the engines.
    """
    cupy, xp = cuda_arrays()
    run: Callable[..., Any]
    if plan.patches is None:
        run, arrays = engine_array.exit_waves_batch, engine_array.ARRAYS_PER_WAVE
    else:
        run, arrays = partial(engine_cuda.exit_waves_batch, launch=_kernel()), engine_cuda.ARRAYS_PER_WAVE
    waves = np.empty((len(depths), count, *plan.grid.shape), np.complex64)
    free = cupy.cuda.runtime.memGetInfo()[0] + cupy.get_default_memory_pool().free_bytes()
    batch = int(SHARE * free / ((arrays + len(depths)) * waves[0, 0].nbytes))

    def make(now: range) -> Any:
        with ThreadPoolExecutor() as pool:
            configurations = list(pool.map(positions, now))
        return run(plan, configurations, symbols, depths, xp=xp, to_device=cupy.asarray, incident=incident)

    def fetch(made: Any, out: Any) -> None:
        made.get(out=out)

    fill_in_batches(waves, batch, make, fetch, cupy.cuda.memory.OutOfMemoryError, progress)
    return waves


def fill_in_batches(
    waves: Any,
    batch: int,
    make: Callable[[range], Any],
    fetch: Callable[[Any, Any], None],
    too_large: type[Exception],
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Fill waves (depths, count, ny, nx), some of them at a time, with what `make` makes of their indices.

    batch: how many to begin with; where `make` raises `too_large`, half as many are tried from there on. fetch: (one
    depth of what was made, a contiguous array to copy it to). InputError where a single one is too large.
    """
    count, done = waves.shape[1], 0
    batch = min(max(batch, 1), count)
    while done < count:
        now = range(done, min(done + batch, count))
        try:
            made = make(now)
        except too_large:
            if batch == 1:
                raise InputError("one wave does not fit in the GPU's memory: use a larger pixel_size") from None
            batch //= 2
            continue
        for depth, out in enumerate(waves):
            fetch(made[depth], out[now.start : now.stop])
        del made  # to leave its memory to the next
        done = now.stop
        if progress:
            progress(done, count)


@lru_cache(maxsize=1)
def _kernel() -> Any:
    """`slice_pass`; compiled at its first launch on a device, and then remembered on disk by CuPy."""
    import cupy

    return cupy.RawKernel(engine_cuda.source(), "slice_pass", options=engine_cuda.OPTIONS)
