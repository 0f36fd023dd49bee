"""Images per second from exit waves, ours beside abTEM's, in one process and on as many threads. Prints Markdown.

    python benchmarks/imaging.py [--pixels 1280] [--waves 8] [--threads N] [--file waves.npy] [--device cuda]

11 values of defocus at 300 kV with 10 Å of focal spread, from the waves of a gold ball 4 nm across on 3.6 nm of carbon,
at half the waves' pixels. abTEM gets its waves in memory, chunked by wave if there are several threads, and does the
conditions one after the other, or all as one ensemble, which is faster. For comparison, SciPy's Fourier transforms
alone: one forward for each wave, and one back on the images' own grid for each wave and condition. Errors are relative
to the contrast (standard deviation) of the exact image. Times are the best of three, warm. With --device cuda the
waves and the images of abTEM stay on the GPU, while ours come from the host and go back to it; the transforms are
cuFFT's.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
from converged import gold_on_carbon
from scipy import fft
from timing import best

import hrtem_bench as hb
from hrtem_bench.imaging import expected_intensity

LENGTH, ENERGY, TOLERANCE = 128.0, 300e3, 0.03


def exit_waves(pixels: int, count: int, file: Path | None) -> Any:
    """The waves of the specimen, simulated, or read from a file that an earlier run wrote."""
    if file and file.exists():
        return np.load(file)
    atoms = gold_on_carbon(LENGTH, film=36.0, radius=20.0)
    waves = hb.exit_waves(atoms, energy=ENERGY, pixel_size=LENGTH / pixels, phonons=count)
    if file:
        np.save(file, waves)
    return waves


def floor(pixels: int, count: int, conditions: int, threads: int, device: str) -> float:
    """Seconds of the transforms alone."""
    waves = np.ones((count, pixels, pixels), np.complex64)
    images = np.ones((count, pixels // 2, pixels // 2), np.complex64)
    if device == "cuda":
        import cupy

        on_gpu = cupy.asarray(waves), cupy.asarray(images)
        there, back = (
            best(lambda field=field: (cupy.fft.fft2(field), cupy.cuda.Device().synchronize())) for field in on_gpu
        )
        return there + conditions * back
    forward = best(lambda: fft.fft2(waves, workers=threads, overwrite_x=True))
    return forward + conditions * best(lambda: fft.ifft2(images, workers=threads, overwrite_x=True, norm="forward"))


def peer(waves: Any, conditions: list[hb.Condition], threads: int, together: bool, device: str) -> Any:
    """A function that makes abTEM's images, condition by condition or all together."""
    import abtem

    abtem.config.set({"local_diagnostics.progress_bar": False, "device": "gpu" if device == "cuda" else "cpu"})
    axis = abtem.core.axes.FrozenPhononsAxis(_ensemble_mean=True)
    source = abtem.Waves(waves.copy(), energy=ENERGY, extent=LENGTH, ensemble_axes_metadata=[axis])
    if device == "cuda":
        source = source.to_gpu()
    elif threads > 1:
        source = source.ensure_lazy().rechunk((1,))
    spread = conditions[0].focal_spread * 2**0.5
    defocus = [c.defocus for c in conditions]

    def run() -> None:
        for value in [np.array(defocus)] if together else defocus:
            ctf = abtem.CTF(defocus=value, focal_spread=spread, energy=ENERGY)
            images = source.apply_ctf(ctf).intensity()
            if hasattr(images.array, "dask"):
                images.compute(progress_bar=False, scheduler="threads", num_workers=threads)
        if device == "cuda":
            import cupy

            cupy.cuda.Device().synchronize()

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pixels", type=int, default=1280)
    parser.add_argument("--waves", type=int, default=8)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--file", type=Path)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    arguments = parser.parse_args()
    threads, device, size = arguments.threads, arguments.device, LENGTH / arguments.pixels
    waves = exit_waves(arguments.pixels, arguments.waves, arguments.file)
    conditions = [hb.Condition(energy=ENERGY, C10=c, focal_spread=10.0) for c in np.linspace(-250, 250, 11)]

    def ours(tolerance: float, method: str = "compiled", device: str = device) -> Any:
        sizes = {"pixel_size": size, "output_pixel_size": 2 * size}
        options = {"tolerance": tolerance, "threads": threads, "method": method, "device": device}
        return expected_intensity(waves, conditions, **sizes, **options)

    exact, near = ours(0.0, "scipy", "cpu"), ours(TOLERANCE)
    error = np.abs(near - exact) / exact.std(axis=(1, 2), keepdims=True)
    rms = np.sqrt((error**2).mean(axis=(1, 2))).max()
    times = {
        "hrtem-bench": best(lambda: ours(0.0)),
        f"hrtem-bench, tolerance {TOLERANCE}": best(lambda: ours(TOLERANCE)),
        "hrtem-bench by SciPy": best(lambda: ours(0.0, "scipy", "cpu")),
        f"hrtem-bench by SciPy, tolerance {TOLERANCE}": best(lambda: ours(TOLERANCE, "scipy", "cpu")),
        "abTEM, one condition after the other": best(peer(waves, conditions, threads, False, device)),
        "abTEM, all as one ensemble": best(peer(waves, conditions, threads, True, device)),
        "the transforms alone": floor(arguments.pixels, len(waves), len(conditions), threads, device),
    }
    slowest = times["abTEM, one condition after the other"]
    where = "a GPU" if device == "cuda" else f"{threads} threads"
    print(f"11 images of {len(waves)} waves, {arguments.pixels}² to {arguments.pixels // 2}², {where}\n")
    print("| | seconds | abTEM, condition by condition, takes |\n|---|---|---|")
    for name, seconds in times.items():
        print(f"| {name} | {seconds:.3f} | {slowest / seconds:.1f} × |")
    print(f"\nThe tolerance costs {rms:.1e} of the contrast, {error.max():.1e} in the worst pixel.")


if __name__ == "__main__":
    main()
