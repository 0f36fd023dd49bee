"""The real-space engine of a GPU: its kernel, compiled for the host, beside the CPU engine; waves there and back."""

from __future__ import annotations

import re
import shutil
import subprocess

import ase
import numpy as np
import pytest
from array_libraries import libraries
from converged import gold_on_carbon
from cuda_on_host import COMPILER, compiled
from cupy_on_host import TooLargeError, install, stand_in

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.multislice import has_gpu, real_space_cuda
from hrtem_bench.multislice.plan import multislice_plan
from hrtem_bench.multislice.real_space_cuda import OPTIONS, Device, exit_waves_batch, source
from hrtem_bench.multislice.real_space_patches import patch_shape
from hrtem_bench.support import gpu

needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no g++ to compile the kernel for the host with")
needs_gpu = pytest.mark.skipif(not has_gpu(), reason="no CUDA GPU")


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    return compiled(source(), tmp_path_factory.mktemp("kernel"))


def planned(atoms, pixel_size):
    plan = multislice_plan(atoms, energy=300e3, pixel_size=pixel_size, slice_thickness=2.0, real_space=lambda _: True)
    assert plan.patches is not None
    return plan


def on_host(kernel, atoms, configurations, depths=None, pixel_size=0.1, library="numpy", incident=None, **order):
    """The engine's waves, by the kernel on the host."""
    xp, to_device = libraries()[library]

    def launch(grid, block, arguments):
        kernel(grid, block, [a if isinstance(a, np.int32) else np.asarray(a) for a in arguments], **order)

    symbols, depths = np.array(atoms.get_chemical_symbols()), depths or [float(atoms.cell[2, 2])]
    plan = planned(atoms, pixel_size)
    return np.asarray(exit_waves_batch(plan, configurations, symbols, depths, Device(xp, to_device, launch), incident))


def on_cpu(atoms, configurations, depths=None, pixel_size=0.1, incident=None):
    waves = []
    for positions in configurations:
        moved = atoms.copy()
        moved.positions[:] = positions
        options = {"phonons": None, "method": "real-space", "depths": depths or [float(atoms.cell[2, 2])]}
        waves.append(hb.exit_waves(moved, pixel_size=pixel_size, incident=incident, **options)[:, 0])
    return np.stack(waves, axis=1)


def moved(atoms, count):
    generator = np.random.default_rng(0)
    return [atoms.positions + generator.normal(0, 0.05, atoms.positions.shape) for _ in range(count)]


@needs_compiler
@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("pixel_size", [0.2, 0.1])
def test_gives_what_the_cpu_engine_gives(kernel, library, pixel_size):
    """Two configurations, recorded in the specimen and behind a stretch of vacuum."""
    atoms = gold_on_carbon(12.8, film=9.0, radius=4.5)
    atoms.cell[2, 2] += 11.0
    depths = [8.0, float(atoms.cell[2, 2])]
    got = on_host(kernel, atoms, moved(atoms, 2), depths, pixel_size, library)
    np.testing.assert_allclose(got, on_cpu(atoms, moved(atoms, 2), depths, pixel_size), atol=3e-6)


@needs_compiler
def test_a_wave_does_not_depend_on_those_it_is_made_with(kernel):
    """Of three configurations, one has atoms in a slice that is empty in the others, and so is filtered once more."""
    atoms = ase.Atoms("AuC2", [[3.0, 3.0, 1.0], [2.0, 4.0, 6.9], [4.0, 2.0, 6.9]], cell=[6.4, 6.4, 8.0])
    configurations = [atoms.positions, atoms.positions + [[0, 0, 0], [0, 0, -1.0], [0, 0, 0]], atoms.positions + 0.1]
    together = on_host(kernel, atoms, configurations, [5.0, 8.0])
    alone = np.concatenate([on_host(kernel, atoms, [c], [5.0, 8.0]) for c in configurations], axis=1)
    assert together.tobytes() == alone.tobytes()
    np.testing.assert_allclose(together, on_cpu(atoms, configurations, [5.0, 8.0]), atol=3e-6)


@needs_compiler
def test_tiles_that_do_not_fill_the_grid_and_an_incident_wave(kernel):
    """A grid of 141 x 67 pixels that are not square; atoms on its edges and beyond them."""
    generator = np.random.default_rng(1)
    atoms = ase.Atoms("Au4C20", generator.random((24, 3)) * [6.7, 16.92, 6.0], cell=[6.7, 16.92, 6.0])
    atoms.positions[:3, :2] = [[0, 0], [6.7, 16.92], [-1e-18, 8]]
    atoms.positions[3:6, :2] += [[6.7, 0], [0, -33.84], [13.4, 16.92]]
    with pytest.warns(hb.multislice.GridWarning):
        shape = planned(atoms, 0.12).grid.shape
        incident = generator.normal(size=shape) + 1j * generator.normal(size=shape)
        got = on_host(kernel, atoms, [atoms.positions], pixel_size=0.12, incident=incident)
        expected = on_cpu(atoms, [atoms.positions], pixel_size=0.12, incident=incident)
    np.testing.assert_allclose(got, expected, atol=2e-5)


@needs_compiler
def test_a_grid_smaller_than_a_tile_sees_an_atom_several_times(kernel):
    atoms = ase.Atoms("AuC", [[0.3, 4.7, 1.0], [2.5, 2.5, 3.0]], cell=[4.8, 4.8, 4.0])
    assert planned(atoms, 0.1).grid.shape == patch_shape(planned(atoms, 0.1).grid) == (48, 48)
    np.testing.assert_allclose(on_host(kernel, atoms, [atoms.positions]), on_cpu(atoms, [atoms.positions]), atol=2e-6)


@needs_compiler
def test_threads_wait_for_each_other_wherever_they_must(kernel, tmp_path):
    """In either order of the threads the same bytes; and without any one barrier, in one of them, others."""
    atoms = gold_on_carbon(6.4, film=4.0, radius=2.0)
    right = on_host(kernel, atoms, [atoms.positions])
    assert on_host(kernel, atoms, [atoms.positions], backwards=True).tobytes() == right.tobytes()
    barriers = [m.span() for m in re.finditer(r"__syncthreads\(\);", source())]
    assert barriers
    for number, (begin, end) in enumerate(barriers):
        without = compiled(source()[:begin] + source()[end:], tmp_path / str(number))
        waves = [on_host(without, atoms, [atoms.positions], backwards=order) for order in (False, True)]
        assert any(wave.tobytes() != right.tobytes() for wave in waves), f"barrier {number}"


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="no nvcc")
def test_kernel_compiles_for_a_gpu_and_spills_no_registers(tmp_path):
    code = tmp_path / "slice_pass.cu"
    code.write_text(source())
    command = ["nvcc", "-arch=sm_80", "--ptxas-options=-v", "-cubin", *OPTIONS, "-o", tmp_path / "out", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "0 bytes spill stores, 0 bytes spill loads" in done.stderr


# --- through a stand-in ---


@needs_compiler
@pytest.mark.parametrize("free", [1e9, 1e5])
def test_exit_waves_by_way_of_a_stand_in_for_cupy(free, tmp_path, monkeypatch):
    """In one batch or, with less memory, one by one."""

    def raw_kernel(code, name, options):
        assert (name, options) == ("slice_pass", OPTIONS)
        return compiled(code, tmp_path / "kernel")

    install(monkeypatch, *stand_in(int(free), raw_kernel))
    atoms, said = gold_on_carbon(12.8, film=6.0, radius=3.0), []
    options = {"phonons": 3, "pixel_size": 0.2, "method": "real-space", "depths": [4.0, float(atoms.cell[2, 2])]}
    real_space_cuda._kernel.cache_clear()
    try:
        waves = hb.exit_waves(atoms, device="cuda", progress=lambda *done: said.append(done), **options)
    finally:
        real_space_cuda._kernel.cache_clear()
    assert type(waves.array) is np.ndarray
    np.testing.assert_allclose(waves, hb.exit_waves(atoms, **options), atol=3e-6)
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

    real_space_cuda.fill_in_batches(
        waves, 100, lambda now: numbered(now, limit, tried), fetch, TooLargeError, lambda *x: said.append(x)
    )
    np.testing.assert_array_equal(waves[:, :, 0, 0].real, np.arange(2)[:, None] + 10 * np.arange(7))
    assert tried == tries
    assert said[-1] == (7, 7)


def test_one_wave_that_does_not_fit_is_said_in_one_line():
    with pytest.raises(InputError, match="larger pixel_size") as caught:
        real_space_cuda.fill_in_batches(
            np.zeros((1, 2, 2, 2)), 2, lambda now: numbered(now, 0, []), np.copyto, TooLargeError
        )
    assert "\n" not in str(caught.value)


# --- what it does not take ---


@pytest.mark.parametrize(("options", "message"), [
    ({"method": "fourier"}, "CPU alone"),
    ({"tilt": (1.0, 0.0)}, 'a tilted beam .* use device "cpu"'),
])  # fmt: skip
def test_what_the_gpu_does_not_take_is_said_in_one_line(options, message):
    with pytest.raises(InputError, match=message) as caught:
        hb.exit_waves(gold_on_carbon(12.8, film=5.0, radius=3.0), device="cuda", **options)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(has_gpu(), reason="there is a GPU")
def test_a_missing_gpu_is_said_in_one_line():
    with pytest.raises(InputError, match=r"CUDA|cupy") as caught:
        hb.exit_waves(gold_on_carbon(12.8, film=5.0, radius=3.0), device="cuda")
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
