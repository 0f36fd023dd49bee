"""Kernels are kept on disk where a folder can be written, and run without it where none can."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import hrtem_bench

SOURCE = """
from hrtem_bench.support.numba_kernels import kernel


@kernel(nogil=True)
def double(x):
    return 2 * x


@kernel()
def quadruple(x):
    return double(double(x))


print(quadruple(3), quadruple.py_func(4))
"""


def run(folder: Path) -> str:
    """What the module prints in a process without a home."""
    (folder / "module.py").write_text(SOURCE)
    path = str(Path(hrtem_bench.__file__).parents[1])
    nowhere = {"HOME": "/proc/none", "XDG_CACHE_HOME": "/proc/none", "PYTHONPATH": path}
    kept = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    command = [sys.executable, str(folder / "module.py")]
    done = subprocess.run(command, env=kept | nowhere, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_compiled_code_is_kept_beside_the_source(tmp_path: Path) -> None:
    assert run(tmp_path) == "12 16"
    assert {file.name.split("-")[0] for file in (tmp_path / "__pycache__").glob("*.nbi")} == {
        "module.double",
        "module.quadruple",
    }


def test_nothing_can_be_kept_and_all_works(tmp_path: Path) -> None:
    """A file stands where the folder of compiled code would be made."""
    (tmp_path / "__pycache__").write_text("")
    assert run(tmp_path) == "12 16"
