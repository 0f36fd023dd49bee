"""The way to the GPU and back: through a stand-in for CuPy that computes on the host; batches; and a real GPU."""

from __future__ import annotations

import numpy as np
import pytest
from converged import gold_on_carbon
from cuda_on_host import COMPILER, compiled
from cupy_on_host import TooLargeError, install, stand_in

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.multislice import gpu, has_gpu
from hrtem_bench.multislice.engine_cuda import OPTIONS

needs_gpu = pytest.mark.skipif(not has_gpu(), reason="no CUDA GPU")


# --- through a stand-in ---


@pytest.mark.skipif(COMPILER is None, reason="no g++ to compile the kernel for the host with")
@pytest.mark.parametrize("method", ["real-space", "fourier"])
@pytest.mark.parametrize("free", [1e9, 1e5])
def test_exit_waves_by_way_of_a_stand_in_for_cupy(method, free, tmp_path, monkeypatch):
    """In one batch or, with less memory, one by one."""

    def raw_kernel(code, name, options):
        assert (name, options) == ("slice_pass", OPTIONS)
        return compiled(code, tmp_path / "kernel")

    install(monkeypatch, *stand_in(int(free), raw_kernel))
    atoms, said = gold_on_carbon(12.8, film=6.0, radius=3.0), []
    options = {"phonons": 3, "pixel_size": 0.2, "method": method, "depths": [4.0, float(atoms.cell[2, 2])]}
    gpu._kernel.cache_clear()
    try:
        waves = hb.exit_waves(atoms, device="cuda", progress=lambda *done: said.append(done), **options)
    finally:
        gpu._kernel.cache_clear()
    assert type(waves.array) is np.ndarray
    np.testing.assert_allclose(waves, hb.exit_waves(atoms, **options), atol=3e-5)
    assert said == ([(3, 3)] if free == 1e9 else [(1, 3), (2, 3), (3, 3)])


# --- batches ---


def numbered(now, limit, tried):
    """Waves that hold their own indices, of `limit` configurations at most."""
    tried.append(len(now))
    if len(now) > limit:
        raise TooLargeError
    return np.array([[np.full((2, 3), depth + 10 * i) for i in now] for depth in range(2)], np.complex64)


@pytest.mark.parametrize(("limit", "tries"), [(7, [7]), (4, [7, 3, 3, 1]), (1, [7, 3] + [1] * 7)])
def test_a_batch_that_does_not_fit_is_halved(limit, tries):
    waves, tried, said = np.zeros((2, 7, 2, 3), np.complex64), [], []

    def fetch(made, out):
        assert out.flags.c_contiguous
        out[...] = made

    gpu.fill_in_batches(
        waves, 100, lambda now: numbered(now, limit, tried), fetch, TooLargeError, lambda *x: said.append(x)
    )
    np.testing.assert_array_equal(waves[:, :, 0, 0].real, np.arange(2)[:, None] + 10 * np.arange(7))
    assert tried == tries
    assert said[-1] == (7, 7)


def test_one_wave_that_does_not_fit_is_said_in_one_line():
    with pytest.raises(InputError, match="larger pixel_size") as caught:
        gpu.fill_in_batches(np.zeros((1, 2, 2, 2)), 2, lambda now: numbered(now, 0, []), np.copyto, TooLargeError)
    assert "\n" not in str(caught.value)


# --- with a GPU ---


@pytest.mark.gpu
@needs_gpu
def test_gpu_agrees_with_cpu():
    atoms = gold_on_carbon(25.6, film=20.0, radius=9.0)
    gpu_waves, cpu_waves = (hb.exit_waves(atoms, phonons=3, device=d, method="real-space") for d in ("cuda", "cpu"))
    assert np.abs(gpu_waves - cpu_waves).max() < 1e-4


@pytest.mark.gpu
@needs_gpu
def test_gpu_gives_the_same_bytes_again_and_in_other_batches(monkeypatch):
    atoms = gold_on_carbon(25.6, film=20.0, radius=9.0)
    first, second = (hb.exit_waves(atoms, phonons=3, device="cuda").tobytes() for _ in range(2))
    monkeypatch.setattr(gpu, "SHARE", 1e-9)  # one wave at a time
    assert first == second == hb.exit_waves(atoms, phonons=3, device="cuda").tobytes()
