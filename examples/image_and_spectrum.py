"""One test image of a dataset, its mask, and its power spectrum: to hold beside a micrograph.

    python examples/image_and_spectrum.py data/gold defocus defocus=200nm test-00001 gold.png

The rings of the spectrum show focus and astigmatism, their reach the coherence, the background dose and film.
"""

from __future__ import annotations

import sys

import numpy as np
from matplotlib.figure import Figure

from hrtem_bench.dataset import Sample, open_dataset


def power_spectrum(image: np.ndarray) -> np.ndarray:
    """log10 of the squared Fourier transform of an image (ny, nx), windowed; zero frequency in the middle."""
    ny, nx = image.shape
    window = np.hanning(ny)[:, None] * np.hanning(nx)
    spectrum = np.fft.fft2((image / image.mean() - 1) * window)
    return np.log10(np.abs(np.fft.fftshift(spectrum)) ** 2 + 1e-3)


def draw(sample: Sample, pixel_size: float) -> Figure:
    """Image, image with the mask's outline, power spectrum. pixel_size in Å."""
    figure = Figure(figsize=(10.2, 3.7), layout="constrained")
    plain, outlined, rings = figure.subplots(1, 3)
    side, nyquist = sample.image.shape[0] * pixel_size / 10, 0.5 / pixel_size
    low, high = np.percentile(sample.image, [1, 99])
    for axes in (plain, outlined):
        axes.imshow(sample.image, cmap="gray", vmin=low, vmax=high, extent=(0, side, side, 0))
        axes.set_xlabel("nm")
    outlined.contour(sample.mask, [0.5], colors="tab:cyan", linewidths=1.2, extent=(0, side, 0, side))
    spectrum = power_spectrum(sample.image)
    low, high = np.percentile(spectrum, [5, 99.8])
    rings.imshow(spectrum, cmap="gray", vmin=low, vmax=high, extent=(-nyquist, nyquist, nyquist, -nyquist))
    rings.set_xlabel("1/Å")
    rings.locator_params(nbins=5)
    for axes, title in zip((plain, outlined, rings), ("image", "mask", "power spectrum"), strict=True):
        axes.set_title(title, fontsize=10)
    return figure


def main(folder: str, name: str, condition: str, structure: str, out: str) -> None:
    track = open_dataset(folder, name)
    sample = next(s for s in track.rows("test", [condition]) if s.structure_id == structure)
    draw(sample, track.pixel_size).savefig(out, dpi=150)


if __name__ == "__main__":
    main(*sys.argv[1:])
