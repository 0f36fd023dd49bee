"""Images per second from exit waves, ours beside abTEM's, in one process and on as many threads. Prints Markdown.

    python benchmarks/imaging.py [--pixels 640] [--waves 8] [--threads N] [--file waves.npy] [--device cuda]

11 values of defocus at 300 kV with 10 Å of focal spread, from the waves of a gold ball 4 nm across on 3.6 nm of carbon,
at half the waves' pixels. abTEM gets its waves in memory, chunked by wave if there are several threads, and does the
conditions one after the other, or all as one ensemble. It takes the envelope; ours are timed with the envelope and with
the sum over focus, in which each image is as many coherent ones as there are nodes. For comparison, SciPy's Fourier
transforms alone: one forward for each wave, and one back on the images' own grid for each wave and condition. Times are
the best of three, warm. With --device cuda the waves and the images of abTEM stay on the GPU, while ours come from the
host and go back to it; the transforms are cuFFT's.
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
from hrtem_bench.imaging import expected_intensity, focus_nodes

LENGTH, ENERGY, SPREAD = 128.0, 300e3, 10.0


def exit_waves(pixels: int, count: int, file: Path | None) -> Any:
    """The waves of the specimen, simulated, or read from a file that an earlier run wrote."""
    if file and file.exists():
        return np.load(file)
    atoms = gold_on_carbon(LENGTH, film=36.0, radius=20.0)
    waves = hb.exit_waves(atoms, energy=ENERGY, pixel_size=LENGTH / pixels, phonons=count)
    if file:
        np.save(file, np.asarray(waves))
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
    parser.add_argument("--pixels", type=int, default=640)
    parser.add_argument("--waves", type=int, default=8)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--file", type=Path)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    arguments = parser.parse_args()
    threads, device, size = arguments.threads, arguments.device, LENGTH / arguments.pixels
    waves = exit_waves(arguments.pixels, arguments.waves, arguments.file)
    conditions = [hb.Condition(energy=ENERGY, C10=c, focal_spread=SPREAD) for c in np.linspace(-250, 250, 11)]
    nodes = focus_nodes(conditions[0], 2 / 3 * 0.5 / size)

    def ours(**model: Any) -> Any:
        sizes = {"pixel_size": size, "output_pixel_size": 2 * size}
        return expected_intensity(waves, conditions, threads=threads, device=device, **sizes, **model)

    times = {
        "hrtem-bench, envelope": best(lambda: ours(coherence="envelope")),
        f"hrtem-bench, sum over {nodes} values of focus": best(lambda: ours(coherence="quadrature", nodes=nodes)),
        "abTEM, envelope, one condition after the other": best(peer(waves, conditions, threads, False, device)),
        "abTEM, envelope, all as one ensemble": best(peer(waves, conditions, threads, True, device)),
        "the transforms alone": floor(arguments.pixels, len(waves), len(conditions), threads, device),
    }
    slowest = times["abTEM, envelope, one condition after the other"]
    where = "a GPU" if device == "cuda" else f"{threads} threads"
    print(f"11 images of {len(waves)} waves, {arguments.pixels}² to {arguments.pixels // 2}², {where}\n")
    print("| | seconds | abTEM, condition by condition, takes |\n|---|---|---|")
    for name, seconds in times.items():
        print(f"| {name} | {seconds:.3f} | {slowest / seconds:.1f} × |")


if __name__ == "__main__":
    main()
