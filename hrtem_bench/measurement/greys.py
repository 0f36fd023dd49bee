"""What the greys of an image are: counts, in proportion to the dose, or rescaled; and which pixels are odd."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.measurement.noise import NoiseFit

Floats = NDArray[np.float64]

BLOCK = 16
"""Pixels along a side of the blocks whose mean and noise are compared."""
CLIPPED = 1e-3
"""Share of pixels at one end of the greys from which an image is clipped."""
DEAD, HOT = 4.5, 7.0
"""Standard deviations of the noise, below the darkest and above the brightest of its 8 neighbours, from which a pixel
is dead or hot; counts have a long tail above."""


@dataclass(frozen=True)
class Slope:
    """How noise grows with grey in an image: d ln(noise power) / d ln(grey), 1 where grey 0 is no dose.

    std: standard deviation of the slope. Noise that does not grow with the dose, as a camera's read noise, makes it
    less than 1 by its share of the noise, see `shot_share`.
    """

    value: float
    std: float


def noise_slope(image: NDArray[np.float32], start: float) -> Slope | None:
    """The slope over blocks of 16² pixels, noise being the power from `start`, a share of Nyquist, up.

    None for images of fewer than 50 blocks, or a mean that is not above 0. Janesick, Photon Transfer (SPIE 2007), has
    it for flat fields; the errors of a block's mean and of its noise come from the same electrons, and leave the slope
    as it is.
    """
    from scipy import fft

    ny, nx = image.shape
    mean = float(image.mean(dtype=np.float64))
    if (ny // BLOCK) * (nx // BLOCK) < 50 or mean <= 0:
        return None
    u = 2 * np.hypot(np.fft.fftfreq(ny)[:, None], np.fft.rfftfreq(nx)[None])
    high = fft.irfft2(fft.rfft2(image) * (u >= start), s=image.shape)
    grey, power = _block_means(image), _block_means(high**2)
    middle = float(np.median(power))
    scatter = 1.4826 * float(np.median(np.abs(power - middle)))
    kept = np.abs(power - middle) < 4 * scatter
    if np.count_nonzero(kept) < 50 or np.ptp(grey[kept]) == 0:
        return None
    x, y = grey[kept] - grey[kept].mean(), power[kept] - power[kept].mean()
    slope = float(x @ y / (x @ x))
    rest = y - slope * x
    std = float(np.sqrt(rest @ rest / (len(x) - 2) / (x @ x)))
    scale = mean / float(power[kept].mean())
    return Slope(slope * scale, std * scale)


def odd_pixels(frames: NDArray[np.float32]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Dead and hot pixels (ny, nx) of the mean of images (n, ny, nx): those far outside of their 8 neighbours."""
    from scipy import ndimage

    image = frames.mean(axis=0)
    steps = np.abs(np.diff(image, axis=1))
    spread = 1.4826 / np.sqrt(2) * float(np.median(steps)) or float(steps.std())
    if spread <= 0:
        return np.zeros(image.shape, bool), np.zeros(image.shape, bool)
    ring = np.ones((3, 3), bool)
    ring[1, 1] = False
    below = ndimage.minimum_filter(image, footprint=ring, mode="mirror") - image
    above = image - ndimage.maximum_filter(image, footprint=ring, mode="mirror")
    return below > DEAD * spread, above > HOT * spread


def mended(frames: NDArray[np.float32], odd: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Images (n, ny, nx) with odd pixels (ny, nx) replaced by the median of 3 by 3 pixels."""
    from scipy import ndimage

    if not odd.any():
        return frames
    return np.stack([np.where(odd, ndimage.median_filter(one, 3, mode="mirror"), one) for one in frames])


def grey_warnings(image: NDArray[np.generic]) -> list[str]:
    """Sentences on an image (ny, nx), as its file holds it: constant, clipped, 8 bits, holes between its greys."""
    low, high = float(image.min()), float(image.max())
    if low == high:
        return [f"every pixel is {low:g}: there is nothing to measure"]
    said = []
    values, counts = np.unique(image, return_counts=True)
    for end, grey, count, beside in (
        ("below", low, counts[0], counts[1]), ("above", high, counts[-1], counts[-2]),
    ):  # fmt: skip
        if (
            count > CLIPPED * image.size
            and count > 2 * beside
            and not (end == "below" and low == 0 and count < 10 * beside)
        ):
            said.append(f"clipped {end}: {100 * count / image.size:.2g} % of the pixels are {grey:g}")
    if image.dtype.itemsize == 1 and len(values) > 2 and (low, high) == (0, 255):
        said.append("8 bits from 0 to 255, as a picture that was rescaled to be looked at: greys are no doses")
    whole = bool(np.all(values == np.rint(values)))
    if whole and 20 < len(values) < 0.6 * (high - low + 1) and _has_holes(values, counts):
        said.append("greys have holes between them: the image was stretched after it was rounded")
    return said


def is_rescaled(image: NDArray[np.generic]) -> bool:
    """Greys that cannot be in proportion to a dose: below 0 by more than noise, or 8 bits stretched from 0 to 255."""
    mean, spread = float(image.mean(dtype=np.float64)), float(image.std(dtype=np.float64))
    eight = image.dtype.itemsize == 1 and float(image.min()) == 0 and float(image.max()) == 255
    return eight or mean < spread / 4


def are_whole(image: NDArray[np.generic]) -> bool:
    """All greys are whole numbers, none below 0."""
    return bool(image.min() >= 0 and (image.dtype.kind in "bui" or np.all(image == np.rint(image))))


def _has_holes(values: NDArray[np.generic], counts: NDArray[np.intp]) -> bool:
    """The middle nine tenths of the pixels have greys with gaps between them."""
    share = np.cumsum(counts) / counts.sum()
    inner = values[(share > 0.05) & (share < 0.95)].astype(np.float64)
    return len(inner) > 10 and len(inner) < 0.75 * (inner[-1] - inner[0] + 1)


def _block_means(image: NDArray[np.floating]) -> Floats:
    ny, nx = (side // BLOCK for side in image.shape)
    blocks = image[: ny * BLOCK, : nx * BLOCK].reshape(ny, BLOCK, nx, BLOCK)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float64)).ravel()


def shot_share(noise: NoiseFit) -> float:
    """The share of shot noise in the noise power beyond `noise.start`, over the area of the square spectrum."""
    if noise.white:
        return 1.0
    u = np.linspace(noise.start, np.sqrt(2), 200)
    area = np.where(u <= 1, np.pi / 2 * u, u * (np.pi / 2 - 2 * np.arccos(np.minimum(1 / u, 1))))
    return 1 - float(noise.constant * area.sum() / (area @ noise.power(u)))
