"""Power of an image in rings of spatial frequency, on the particles and on the film."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.observer.settings import ObserverSettings

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Regions:
    """Where the particles are and where only film is.

    Parameters
    ----------
    particle, film
        (ny, nx) bool.
    pixel_size
        Å.
    cover
        Share of the image that is labelled particle.
    """

    particle: NDArray[np.bool_]
    film: NDArray[np.bool_]
    pixel_size: float
    cover: float


@dataclass(frozen=True)
class RingPower:
    """Noise-free power of images x = I / mean - 1, one row for each specimen.

    Parameters
    ----------
    particle, film, whole
        P_k, F_k and the same over the whole image: mean square of x in each ring, (specimens, rings).
    low_particle, low_film
        Mean of the low-passed x, with its sign, (specimens,).
    low_variance
        Variance of the low-passed x within a region, the mean of both regions, (specimens,).
    variance
        Of x over the whole image and all frequencies, (specimens,).
    cover
        Share of the image that is labelled particle, (specimens,).
    """

    particle: Floats
    film: Floats
    whole: Floats
    low_particle: Floats
    low_film: Floats
    low_variance: Floats
    variance: Floats
    cover: Floats


def regions_of(mask: Any, pixel_size: float, settings: ObserverSettings) -> Regions:
    """The particle region (mask eroded) and the film region (outside of the mask dilated); periodic, as the images.

    Parameters
    ----------
    mask
        (ny, nx), not 0 on a particle.
    pixel_size
        Å.
    """
    from scipy import ndimage

    on = np.asarray(mask) != 0
    pad = min(int(np.ceil(max(settings.erosion, settings.dilation) / pixel_size)) + 1, *on.shape)
    wide = np.pad(on, pad, mode="wrap")
    inner = slice(pad, -pad), slice(pad, -pad)
    if on.all() or not on.any():  # there is no edge to measure from
        return Regions(on, ~on, pixel_size, float(on.mean()))
    inwards = ndimage.distance_transform_edt(wide, sampling=pixel_size)[inner]
    outwards = ndimage.distance_transform_edt(~wide, sampling=pixel_size)[inner]
    return Regions(inwards > settings.erosion, outwards > settings.dilation, pixel_size, float(on.mean()))


def ring_power(image: Any, regions: Regions, settings: ObserverSettings) -> RingPower:
    """The power of one noise-free image: `RingPower` of one row.

    Parameters
    ----------
    image
        (ny, nx) intensity of any scale; x = image / its mean - 1.
    regions
        Of the same pixels, neither of them empty.
    """
    from scipy import fft

    x = np.asarray(image, np.float32)
    x = x / x.mean() - 1
    ny, nx = x.shape
    qy, qx = np.fft.fftfreq(ny, regions.pixel_size)[:, None], np.fft.rfftfreq(nx, regions.pixel_size)
    q = np.hypot(qy, qx)
    spectrum = fft.rfft2(x)
    nyquist = 0.5 / regions.pixel_size
    rows: list[tuple[float, float, float]] = []
    for low, high in zip(settings.edges, settings.edges[1:], strict=False):
        ring = fft.irfft2(spectrum * ((q >= low) & (q < min(high, nyquist))), s=x.shape) ** 2
        rows.append((float(ring[regions.particle].mean()), float(ring[regions.film].mean()), float(ring.mean())))
    smooth = fft.irfft2(spectrum * np.exp(-2 * (np.pi * settings.low_pass * q) ** 2), s=x.shape)
    inside = [smooth[one].astype(float) for one in (regions.particle, regions.film)]
    particle, film, whole = np.array(rows).T[:, None, :]
    return RingPower(
        particle=particle,
        film=film,
        whole=whole,
        low_particle=np.array([inside[0].mean()]),
        low_film=np.array([inside[1].mean()]),
        low_variance=np.array([np.mean([one.var() for one in inside])]),
        variance=np.array([x.var(dtype=float)]),
        cover=np.array([regions.cover]),
    )


def stacked_regions(parts: list[RingPower]) -> RingPower:
    """Rows of several specimens as one."""
    return RingPower(
        *(np.concatenate([getattr(one, name) for one in parts]) for name in RingPower.__dataclass_fields__)
    )
