"""The power spectrum of an image, pixel by pixel, in the units of the image squared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hrtem_bench.errors import InputError

SMALLEST, LARGEST = 64, 1024
"""Pixels along a side of what is transformed: a smaller image has too few frequencies, a larger one goes by tiles."""
HANN_CORRELATION = (35 / 18) ** 2
"""Σ of the squared correlations of a pixel of a Hann-windowed spectrum of white noise with all pixels: that many count
as one."""


@dataclass(frozen=True)
class PowerSpectrum:
    """Half of a power spectrum, without the frequency 0; the other half is the same.

    power, q, phi: (n,), the power, units of the image squared: white noise of variance v has the power v; the spatial
    frequency, 1/Å; its angle from +x to +y, rad. step: distance of two pixels of the spectrum, 1/Å, the larger one.
    nyquist: 1/Å. repeats: how many spectra were averaged, each counted as independent.
    """

    power: NDArray[np.float64]
    q: NDArray[np.float64]
    phi: NDArray[np.float64]
    step: float
    nyquist: float
    repeats: int

    @property
    def ring_band(self) -> tuple[float, float]:
        """Where Thon rings are fitted, 1/Å: 0.08 or six pixels, whichever is more, to 1.2 or 0.9 of Nyquist."""
        return max(0.08, 6 * self.step), min(1.2, 0.9 * self.nyquist)


def power_spectrum(images: ArrayLike, pixel_size: float) -> PowerSpectrum:
    """Mean power spectrum of one image or of the frames of a stack, each less its mean, under a Hann window.

    Images of more than 1024 pixels along a side are cut into tiles that do not overlap.

    Parameters
    ----------
    images
        (ny, nx) or (frames, ny, nx), any grey unit.
    pixel_size
        Å.

    Returns
    -------
    PowerSpectrum
        Power, units of the image squared.

    Raises
    ------
    InputError
        For a pixel size that is not positive, an image below 64 pixels along a side, one that holds values that are not
        finite, and a constant one.

    References
    ----------
    Welch, IEEE Trans. Audio Electroacoust. 15 (1967) 70.
    """
    frames = np.asarray(images)
    frames = frames[None] if frames.ndim == 2 else frames
    _check(frames, pixel_size)
    shape = tuple(min(side, LARGEST) for side in frames.shape[1:])
    window = np.hanning(shape[0] + 1)[:-1, None] * np.hanning(shape[1] + 1)[None, :-1]
    total, count = np.zeros((shape[0], shape[1] // 2 + 1)), 0
    for tile in _tiles(frames, shape):
        total += np.abs(np.fft.rfft2((tile - tile.mean()) * window)) ** 2
        count += 1
    qy = np.broadcast_to(np.fft.fftfreq(shape[0], pixel_size)[:, None], total.shape)
    qx = np.broadcast_to(np.fft.rfftfreq(shape[1], pixel_size)[None, :], total.shape)
    half = (qx > 0) | (qy > 0)
    return PowerSpectrum(
        power=total[half] / count / np.sum(window**2),
        q=np.hypot(qx, qy)[half],
        phi=np.arctan2(qy, qx)[half],
        step=1 / (min(shape) * pixel_size),
        nyquist=0.5 / pixel_size,
        repeats=count,
    )


def _tiles(frames: NDArray[Any], shape: tuple[int, ...]) -> Any:
    ny, nx = shape
    for frame in frames:
        for top in range(0, frame.shape[0] - ny + 1, ny):
            for left in range(0, frame.shape[1] - nx + 1, nx):
                yield frame[top : top + ny, left : left + nx].astype(np.float64)


def _check(frames: NDArray[Any], pixel_size: float) -> None:
    if not 0 < pixel_size < np.inf:
        raise InputError(f"pixel_size is {pixel_size!r}: give a positive number of Å")
    if frames.ndim != 3 or frames.dtype.kind not in "buif" or min(frames.shape) < 1:
        raise InputError(f"an array {frames.shape} of {frames.dtype} is no grey image (ny, nx), nor a stack of such")
    if min(frames.shape[1:]) < SMALLEST:
        raise InputError(
            f"an image of {frames.shape[1]} x {frames.shape[2]} pixels: at least {SMALLEST} a side are due"
        )
    if not np.isfinite(frames).all():
        raise InputError("the image holds values that are not finite: replace them by the median of their neighbours")
    if any(frame.min() == frame.max() for frame in frames):
        raise InputError("the image is constant: it has no spectrum")
