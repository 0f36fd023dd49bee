"""One specimen at one setting through four cameras: ideal counting, a direct detector, two with a scintillator.

    python examples/detectors.py data/mini detectors.png

The specimen is the first whose exit waves the dataset keeps. The scintillators are generic, see
docs/explanation/coherence.md; `read_curve` reads curves measured at a camera of one's own.
"""

from __future__ import annotations

import sys

import numpy as np
from matplotlib.figure import Figure

import hrtem_bench as hb
from hrtem_bench.dataset import StructureWaves, open_exit_waves
from hrtem_bench.imaging import camera

CAMERAS = {
    "ideal counting": "ideal",
    "Gatan K3, 300 kV": "k3-300kV",
    "good scintillator": "scintillator-good",
    "poor scintillator": "scintillator-poor",
}


def images(wave: StructureWaves, condition: hb.Condition) -> dict[str, np.ndarray]:
    """Counts per pixel (ny, nx) by the name of the camera."""
    return {
        title: hb.render(
            wave.waves,
            condition,
            pixel_size=wave.pixel_size,
            output_pixel_size=wave.output_pixel_size,
            zero_focus=wave.zero_focus,
            seed=1,
            detector=camera(name),
        )
        for title, name in CAMERAS.items()
    }


def draw(made: dict[str, np.ndarray], pixel_size: float) -> Figure:
    """The images, each from its 0.5th to its 99.5th percentile, over its power spectrum."""
    figure = Figure(figsize=(13.6, 6.9), layout="constrained")
    axes = figure.subplots(2, len(made))
    nyquist = 0.5 / pixel_size
    for (above, below), (name, image) in zip(axes.T, made.items(), strict=True):
        side = image.shape[0] * pixel_size / 10
        low, high = np.percentile(image, [0.5, 99.5])
        above.imshow(image, cmap="gray", vmin=low, vmax=high, extent=(0, side, side, 0))
        above.set_title(name, fontsize=10)
        above.set_xlabel("nm")
        window = np.hanning(image.shape[0])[:, None] * np.hanning(image.shape[1])
        power = np.abs(np.fft.fftshift(np.fft.fft2((image / image.mean() - 1) * window))) ** 2
        decades = np.log10(power / np.median(power))
        below.imshow(decades, cmap="gray", vmin=-1.5, vmax=2, extent=(-nyquist, nyquist, nyquist, -nyquist))
        below.set_xlabel("1/Å")
    return figure


def main(folder: str, out: str) -> None:
    wave = next(open_exit_waves(folder).rows())
    made = images(wave, hb.Condition(C10=-100.0, focal_spread=10.0, dose=400.0))
    draw(made, wave.output_pixel_size).savefig(out, dpi=80)


if __name__ == "__main__":
    main(*sys.argv[1:])
