"""The array engine, which on CuPy is the GPU engine, run on NumPy and PyTorch against the CPU engine."""

from __future__ import annotations

import numpy as np
import pytest
from array_libraries import libraries
from converged import gold_on_carbon

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.multislice import has_gpu
from hrtem_bench.multislice.engine_array import exit_waves_batch
from hrtem_bench.multislice.plan import make_plan

TILT = (4.0, -7.0)


@pytest.mark.parametrize("name", ["numpy", "torch"])
@pytest.mark.parametrize("pixel_size", [0.2, 0.16])
def test_array_engine_gives_what_the_cpu_engine_gives(name, pixel_size):
    atoms = gold_on_carbon(12.8, film=9.0, radius=4.5)
    atoms.cell[2, 2] += 11.0  # empty slices below
    xp, to_device = libraries()[name]
    plan = make_plan(atoms, energy=200e3, pixel_size=pixel_size, slice_thickness=2.0, tilt=TILT)
    generator = np.random.default_rng(0)
    moved = [atoms.positions + generator.normal(0, 0.05, atoms.positions.shape) for _ in range(2)]
    depths = [8.0, float(atoms.cell[2, 2])]
    symbols = np.array(atoms.get_chemical_symbols())
    got = np.asarray(exit_waves_batch(plan, moved, symbols, depths, xp, to_device))
    for positions, waves in zip(moved, got.swapaxes(0, 1), strict=True):
        other = atoms.copy()
        other.positions[:] = positions
        expected = hb.exit_waves(other, energy=200e3, phonons=None, pixel_size=pixel_size, tilt=TILT, depths=depths)[
            :, 0
        ]
        assert np.abs(waves - expected).max() < 3e-5


@pytest.mark.skipif(has_gpu(), reason="there is a GPU")
def test_a_missing_gpu_is_said_in_one_line():
    with pytest.raises(InputError, match=r"CUDA|cupy") as caught:
        hb.exit_waves(gold_on_carbon(12.8, film=5.0, radius=3.0), device="cuda")
    assert "\n" not in str(caught.value)


@pytest.mark.gpu
@pytest.mark.skipif(not has_gpu(), reason="no CUDA GPU")
def test_gpu_agrees_with_cpu():
    atoms = gold_on_carbon(25.6, film=20.0, radius=9.0)
    gpu, cpu = (hb.exit_waves(atoms, pixel_size=0.1, phonons=3, device=d, method="fourier") for d in ("cuda", "cpu"))
    assert np.abs(gpu - cpu).max() < 1e-4
