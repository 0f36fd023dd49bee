"""One file of images, measured: greys, spectrum, rings, lattice spots, odd pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.micrographs.greys import are_whole, grey_warnings, is_rescaled, odd_pixels
from hrtem_bench.micrographs.lattice_spots import spot_radii
from hrtem_bench.micrographs.power_spectrum import PowerSpectrum, power_spectrum
from hrtem_bench.micrographs.recordings import Recording
from hrtem_bench.micrographs.ring_curves import RingCurves, ring_curves
from hrtem_bench.micrographs.thon_rings import ThonRings, fit_thon_rings

MOST_FRAMES, MOST_PIXELS = 16, 2**26
"""Frames of a stack that are measured, at equal distances, and pixels of them together."""
SPOTS_FROM = 0.2
"""1/Å, from which lattice spots are looked for."""


@dataclass(frozen=True)
class Lens:
    """What is known of the microscope. energy: eV, None if not known; spherical_aberration: C30, Å."""

    energy: float | None = None
    spherical_aberration: float = 0.0


@dataclass(frozen=True)
class Measured:
    """A file of images. frames: (n, ny, nx) float32, those that were measured; count: how many the file holds.

    spectrum: their mean, None where there is none. rings: found False with the reason where there are none, or where
    they were not looked for. curves: where rings were found. spots: 1/Å, (n,). whole: greys are whole numbers.
    """

    name: str
    count: int
    pixel_size: float
    frames: NDArray[np.float32]
    spectrum: PowerSpectrum | None
    rings: ThonRings
    curves: RingCurves | None
    spots: NDArray[np.float64]
    dead: int
    hot: int
    whole: bool
    rescaled: bool
    warnings: list[str] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """Mean grey."""
        return float(self.frames.mean(dtype=np.float64))


def measured(recording: Recording, lens: Lens) -> Measured:
    """A file of images, measured; stacks by up to 16 of their frames. InputError as iterating over it raises."""
    raw = [recording.file.frame(index) for index in _chosen(recording)]
    frames = np.stack([one.astype(np.float32) for one in raw])
    if not np.isfinite(frames).all():
        raise InputError(f"{recording.file.path} holds NaN or infinity: mend the image first")
    warnings = grey_warnings(raw[0])
    if len(recording) > len(raw):
        warnings.append(f"of {len(recording)} frames {len(raw)} are measured")
    spectrum, reason = _spectrum(frames, recording.pixel_size)
    rings, curves = ThonRings(False, reason), None
    if spectrum is not None:
        rings = _rings(spectrum, lens)
        if rings.found and lens.energy is not None:
            curves = ring_curves(spectrum, rings, lens.energy, lens.spherical_aberration)
    dead, hot = odd_pixels(frames) if spectrum is not None else (0, 0)
    return Measured(
        name=recording.name,
        count=len(recording),
        pixel_size=recording.pixel_size,
        frames=frames,
        spectrum=spectrum,
        rings=rings,
        curves=curves,
        spots=np.zeros(0) if spectrum is None else spot_radii(spectrum, SPOTS_FROM),
        dead=dead,
        hot=hot,
        whole=all(are_whole(one) for one in raw),
        rescaled=any(is_rescaled(one) for one in raw),
        warnings=[f"{recording.name}: {one}" for one in warnings],
    )


def without_frames(one: Measured) -> Measured:
    """The same without its frames but one, so that many large files can be held."""
    return replace(one, frames=one.frames[:1])


def _chosen(recording: Recording) -> Iterator[int]:
    ny, nx = recording.file.shape
    most = max(1, min(MOST_FRAMES, MOST_PIXELS // (ny * nx), len(recording)))
    yield from np.unique(np.linspace(0, len(recording) - 1, most).round().astype(int)).tolist()


def _spectrum(frames: NDArray[np.float32], pixel_size: float) -> tuple[PowerSpectrum | None, str]:
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


__all__ = ["Lens", "Measured", "measured", "without_frames"]
