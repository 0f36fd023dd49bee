"""A GPU and its memory, by a stand-in for CuPy."""

from __future__ import annotations

import sys

import pytest
from cupy_on_host import install, stand_in

from hrtem_bench.errors import InputError, MissingPackage
from hrtem_bench.support import gpu


def test_a_batch_takes_part_of_the_free_memory(monkeypatch):
    install(monkeypatch, *stand_in(1000))
    assert gpu.has_gpu()
    cupy, _ = gpu.cuda_arrays()
    assert 700 <= gpu.memory_for_a_batch(cupy) <= 900


def test_cupy_without_a_gpu_is_said_in_one_line(monkeypatch):
    cupy, namespace = stand_in(1000)
    cupy.cuda.is_available = lambda: False
    install(monkeypatch, cupy, namespace)
    assert not gpu.has_gpu()
    with pytest.raises(InputError, match="no CUDA GPU was found"):
        gpu.cuda_arrays()


def test_a_missing_cupy_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert not gpu.has_gpu()
    with pytest.raises(MissingPackage, match="cuda12"):
        gpu.cuda_arrays()
