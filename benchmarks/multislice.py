"""Exit waves per second, ours beside abTEM's, in one process. Prints a Markdown table.

    python benchmarks/multislice.py [--pixels 1280] [--phonons 4] [--device cuda]

The specimen is a gold ball 4 nm across on 3.6 nm of carbon in a 12.8 nm box: 61,000 atoms, 41 slices of 2 Å. Times
are the best of three, warm. The FFT floor is two complex64 FFTs per slice and wave, at SciPy's (or cuFFT's) best speed:
what a Fourier method cannot go below, and the real-space one can.
"""

from __future__ import annotations

import argparse
import os
import resource

import numpy as np
from converged import gold_on_carbon
from scipy import fft
from timing import best

import hrtem_bench as hb

LENGTH, SLICE, ENERGY = 128.0, 2.0, 300e3


def fft_floor(pixels: int, slices: int, device: str) -> float:
    """Seconds per wave of two complex FFTs per slice: one wave on all cores, or one per core, whichever is faster."""
    if device == "cuda":
        import cupy

        batch = cupy.ones((8, pixels, pixels), np.complex64)

        def transform() -> None:
            cupy.fft.fft2(batch)
            cupy.cuda.Device().synchronize()

        return 2 * slices * best(transform, 10) / 8
    cores = len(os.sched_getaffinity(0))
    wave = np.ones((pixels, pixels), np.complex64)
    stack = np.ones((cores, pixels, pixels), np.complex64)
    shared = best(lambda: fft.fft2(wave, workers=cores, overwrite_x=True), 10)
    apart = best(lambda: fft.fft2(stack, workers=cores, overwrite_x=True), 10) / cores
    return 2 * slices * min(shared, apart)


def abtem_waves(atoms, pixel_size: float, phonons: int, device: str):
    """A function that makes abTEM's exit waves, with its default settings and, on the CPU, dask's threads."""
    import abtem

    abtem.config.set({"local_diagnostics.progress_bar": False, "device": "gpu" if device == "cuda" else "cpu"})
    frozen = abtem.FrozenPhonons(atoms, phonons, 0.08, seed=1)
    potential = abtem.Potential(
        frozen, sampling=pixel_size, slice_thickness=SLICE, projection="infinite", parametrization="lobato"
    )
    wave = abtem.PlaneWave(energy=ENERGY)
    return lambda: wave.multislice(potential).compute(scheduler="threads", progress_bar=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pixels", type=int, default=1280)
    parser.add_argument("--phonons", type=int, default=4)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    arguments = parser.parse_args()
    size = LENGTH / arguments.pixels
    atoms = gold_on_carbon(LENGTH, film=36.0, radius=20.0)
    slices = int(np.ceil(atoms.cell[2, 2] / SLICE - 1e-9))
    print(f"{len(atoms)} atoms, {slices} slices, {arguments.phonons} phonon configurations\n")

    def ours(method: str, pixel_size: float):
        return lambda: hb.exit_waves(
            atoms,
            energy=ENERGY,
            pixel_size=pixel_size,
            slice_thickness=SLICE,
            phonons=arguments.phonons,
            device=arguments.device,
            method=method,
        )

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    times = {
        f"hrtem-bench, {method}, {p}²": best(ours(method, s)) / arguments.phonons
        for method in (("real-space", "fourier") if arguments.device == "cpu" else ("real-space",))
        for p, s in grids(arguments.pixels, size)
    }
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    peer = abtem_waves(atoms, size, arguments.phonons, arguments.device)
    times[f"abTEM, {arguments.pixels}²"] = abtem_time = best(peer) / arguments.phonons
    floor = {f"{p}²": fft_floor(p, slices, arguments.device) for p, _ in grids(arguments.pixels, size)}
    print("| exit waves | seconds per wave | abTEM takes | FFT floor takes |\n|---|---|---|---|")
    for name, seconds in times.items():
        share = floor[name.split(", ")[-1]] / seconds
        print(f"| {name} | {seconds:.3f} | {abtem_time / seconds:.1f} × | {share:.2f} × |")
    print(f"\npeak memory of hrtem-bench: {memory:.2f} GB, of which {before:.2f} GB before the first wave")


def grids(pixels: int, size: float) -> list[tuple[int, float]]:
    """The grid asked for and one of half the pixels each way, which is as accurate as abTEM's at full size."""
    return [(pixels, size), (pixels // 2, 2 * size)]


if __name__ == "__main__":
    main()
