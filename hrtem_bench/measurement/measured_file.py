"""One file of images, measured: greys, spectrum, rings, lattice spots, odd pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.image_files.recordings import Recording
from hrtem_bench.measurement.greys import Slope, are_whole, grey_warnings, is_rescaled, mended, noise_slope, odd_pixels
from hrtem_bench.measurement.lattice_spots import lattice_spots, without_spots
from hrtem_bench.measurement.noise import RingMeans, noise_start, ring_means
from hrtem_bench.measurement.power_spectrum import PowerSpectrum, power_spectrum
from hrtem_bench.measurement.ring_curves import Drift, RingCurves, drift_of, ring_curves
from hrtem_bench.measurement.thon_rings import ThonRings, fit_thon_rings

MOST_FRAMES, MOST_PIXELS = 16, 2**26
"""Frames of a stack that are measured, at equal distances, and pixels of them together."""
LARGEST_PICTURE = 512


@dataclass(frozen=True)
class Lens:
    """What is known of the microscope. energy: eV, None if not known; spherical_aberration: C30, Å."""

    energy: float | None = None
    spherical_aberration: float = 0.0


@dataclass(frozen=True)
class Measured:
    """A file of images, in numbers few enough that many files can be held.

    count: frames in the file. shape: (ny, nx). mean, std: of the greys. picture: (ny, nx), the first frame, at most 512
    pixels a side. coarse, fine: rings of the mean spectrum, 50 to Nyquist or one for each pixel of it;
    None where there is no spectrum. rings: found False with the reason where there are none, or where they were not
    looked for. spots: 1/Å, (n,). whole: greys are whole numbers.
    """

    name: str
    count: int
    pixel_size: float
    shape: tuple[int, int]
    mean: float
    std: float
    picture: NDArray[np.float32]
    coarse: RingMeans | None
    fine: RingMeans | None
    rings: ThonRings
    drift: Drift | None
    slopes: list[Slope]
    spots: NDArray[np.float64]
    dead: int
    hot: int
    whole: bool
    rescaled: bool
    warnings: list[str]

    @property
    def nyquist(self) -> float:
        """1/Å."""
        return 0.5 / self.pixel_size


@dataclass(frozen=True)
class Spectrum:
    """The mean spectrum of a file, pixel by pixel without lattice spots, and the fit of rings to it."""

    power: PowerSpectrum
    curves: RingCurves | None


def read_frames(recording: Recording) -> list[NDArray[Any]]:
    """The frames (ny, nx) that are measured, up to 16, as the file holds them; InputError for NaN."""
    raw = [recording.file.frame(index) for index in _chosen(recording)]
    if not all(np.isfinite(one).all() for one in raw):
        raise InputError(f"{recording.file.path} holds NaN or infinity: mend the image first")
    return raw


def measure_file(recording: Recording, raw: Sequence[NDArray[Any]], lens: Lens) -> tuple[Measured, Spectrum | None]:
    """A file of images, measured by some of its frames (ny, nx), see `read_frames`."""
    frames = np.stack([one.astype(np.float32) for one in raw])
    warnings = grey_warnings(raw[0])
    if len(recording) > len(raw):
        warnings.append(f"of {len(recording)} frames {len(raw)} are measured")
    dead, hot = odd_pixels(frames)
    frames = mended(frames, dead | hot)
    power, reason = _power(frames, recording.pixel_size)
    rings, curves, drift, spots, film = ThonRings(False, reason), None, None, np.zeros(0), None
    if power is not None:
        seen = lattice_spots(power)
        film, spots = without_spots(power, seen), seen.q
        rings = _rings(film, lens)
        if rings.found and lens.energy is not None:
            curves = ring_curves(film, rings, lens.energy, lens.spherical_aberration)
            drift = drift_of(film, curves, rings.resolution)
    start = noise_start(0.5 / recording.pixel_size)
    found = Measured(
        name=recording.name,
        count=len(recording),
        pixel_size=recording.pixel_size,
        shape=recording.file.shape,
        mean=float(frames.mean(dtype=np.float64)),
        std=float(frames.std(dtype=np.float64)),
        picture=_smaller(frames[0]),
        coarse=None if power is None else ring_means(power),
        fine=None if power is None else ring_means(power, max(50, int(power.nyquist / power.step))),
        rings=rings,
        drift=drift,
        slopes=[slope for one in frames if power is not None and (slope := noise_slope(one, start)) is not None],
        spots=spots,
        dead=int(np.count_nonzero(dead)),
        hot=int(np.count_nonzero(hot)),
        whole=all(are_whole(one) for one in raw),
        rescaled=any(is_rescaled(one) for one in raw),
        warnings=[f"{recording.name}: {one}" for one in warnings],
    )
    return found, None if film is None else Spectrum(film, curves)


def _smaller(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means over squares of pixels, so that no side is longer than 512."""
    by = -(-max(image.shape) // LARGEST_PICTURE)
    ny, nx = (side // by for side in image.shape)
    return np.asarray(image[: ny * by, : nx * by].reshape(ny, by, nx, by).mean(axis=(1, 3)), dtype=np.float32)


def _chosen(recording: Recording) -> Iterator[int]:
    ny, nx = recording.file.shape
    most = max(1, min(MOST_FRAMES, MOST_PIXELS // (ny * nx), len(recording)))
    yield from np.unique(np.linspace(0, len(recording) - 1, most).round().astype(int)).tolist()


def _power(frames: NDArray[np.float32], pixel_size: float) -> tuple[PowerSpectrum | None, str]:
    varied = frames[frames.min(axis=(1, 2)) < frames.max(axis=(1, 2))]
    try:
        return power_spectrum(varied if len(varied) else frames, pixel_size), ""
    except InputError as error:
        return None, f"no spectrum: {error}"


def _rings(spectrum: PowerSpectrum, lens: Lens) -> ThonRings:
    if lens.energy is None:
        return ThonRings(False, "rings were not looked for: give the beam energy")
    try:
        return fit_thon_rings(spectrum, lens.energy, lens.spherical_aberration)
    except InputError as error:
        return ThonRings(False, f"no Thon rings: {error}")
