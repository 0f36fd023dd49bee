"""2-D complex64 FFTs by the libraries that are installed, in milliseconds, best of 30. Prints a Markdown table.

    python benchmarks/fft.py

SciPy's is what the package uses; torch (which brings MKL), pyfftw and ducc0 are timed when they can be imported.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import fft
from timing import best

SIZES = (512, 640, 1280)


def candidates(n: int, threads: int) -> dict[str, Callable[[], object]]:
    """Name -> a function that transforms an n x n array, in place where the library can."""
    wave = np.ones((n, n), np.complex64)
    found: dict[str, Callable[[], object]] = {
        "SciPy": lambda: fft.fft2(wave, workers=threads, overwrite_x=True),
    }
    modules = {name: optional(name) for name in ("torch", "pyfftw", "ducc0")}
    if torch := modules["torch"]:
        torch.set_num_threads(threads)
        tensor = torch.ones((n, n), dtype=torch.complex64)
        found["torch (MKL)" if torch.backends.mkl.is_available() else "torch"] = lambda: torch.fft.fft2(tensor)
    if pyfftw := modules["pyfftw"]:
        array = pyfftw.ones_aligned((n, n), "complex64")
        plan = pyfftw.FFTW(array, array, axes=(0, 1), flags=("FFTW_MEASURE",), threads=threads)
        array[:] = 1
        found["FFTW"] = plan.execute
    if ducc0 := modules["ducc0"]:
        found["ducc0"] = lambda: ducc0.fft.c2c(wave, axes=(0, 1), out=wave, nthreads=threads)
    return found


def optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def main() -> None:
    cores = len(os.sched_getaffinity(0))
    rows: dict[str, list[str]] = {}
    for threads in (1, cores):
        for n in SIZES:
            for name, run in candidates(n, threads).items():
                rows.setdefault(name, []).append(f"{1e3 * best(run, 30):.2f}")
    titles = [f"{n}², {threads} thread{'s' * (threads > 1)}" for threads in (1, cores) for n in SIZES]
    print("| ms | " + " | ".join(titles) + " |\n" + "|---" * (len(titles) + 1) + "|")
    for name, cells in rows.items():
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
