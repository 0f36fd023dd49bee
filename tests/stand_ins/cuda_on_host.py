"""`slice_pass.cu` compiled for the host and launched on NumPy arrays, as CuPy launches it on a GPU."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from hrtem_bench.multislice.real_space_cuda import OPTIONS

SHIM = Path(__file__).with_name("cuda_on_host.hpp")
COMPILER = shutil.which("g++") if sys.platform == "linux" else None
ENTRY = """
extern "C" void run(const unsigned *grid, const unsigned *block, int backwards, float2 *out, const float2 *wave, int ny,
                    int nx, const int *place, const float *fraction, const int *element, const int *starts,
                    int cells_y, int cells_x, int layer, const int *groups, const float *rows, const float *columns,
                    int py, int px, const float *weights)
{
    host::launch({grid[0], grid[1], grid[2]}, {block[0], block[1], 1}, backwards, [=] {
        slice_pass(out, wave, ny, nx, place, fraction, element, starts, cells_y, cells_x, layer, groups, rows, columns,
                   py, px, weights);
    });
}
"""
DTYPES = [np.complex64] * 2 + [None] * 2 + [np.int32, np.float32, np.int32, np.int32] + [None] * 3
DTYPES += [np.int32, np.float32, np.float32, None, None, np.float32]
"""Of the kernel's arguments, in their order; None for an int."""


def compiled(source: str, folder: Path):
    """The kernel as a function of (grid, block, arguments); its threads run forwards or `backwards`."""
    folder.mkdir(exist_ok=True)
    code, library = folder / "kernel.cpp", folder / "kernel.so"
    code.write_text(f'#include "{SHIM}"\n{source}{ENTRY}')
    options = ["-std=c++17", "-O2", "-march=native", "-w", "-shared", "-fPIC", *OPTIONS]
    subprocess.run([COMPILER, *options, "-o", library, code], check=True, capture_output=True)
    run = ctypes.CDLL(str(library)).run

    def launch(grid, block, arguments, backwards=False):
        run((ctypes.c_uint * 3)(*grid), (ctypes.c_uint * 2)(*block), int(backwards), *map(_passed, arguments, DTYPES))

    return launch


def _passed(argument, dtype):
    """As CuPy hands it over: an array by its address, which tells nothing of its kind, and a number by its own size."""
    if dtype is None:
        assert isinstance(argument, np.int32)
        return ctypes.c_int(int(argument))
    assert argument.dtype == dtype
    assert argument.flags.c_contiguous
    return ctypes.c_void_p(argument.ctypes.data)
