"""Gaussian random fields: over the periodic plane of a film, and over the surface of a particle.

Both have the correlation exp(-r² / 2 l²), r being the distance between two points: the correlation length l is its
standard deviation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrtem_bench.errors import require

_POINTS_PER_LENGTH = 4
_FEWEST, _MOST = 16, 1024
"""Points along one side of a field."""
_WAVES = 400
_CUT = 3.0
"""Deviations of a surface are cut here, in standard deviations, so that a particle keeps its middle."""


@dataclass(frozen=True)
class PlaneField:
    """A field over a plane that is periodic in x and y.

    values: (ny, nx) at the points (j, i) of an even grid. box: (2,), Å, along x and y.
    """

    values: np.ndarray
    box: np.ndarray

    def at(self, positions: np.ndarray) -> np.ndarray:
        """Values (n,) at the x and y of positions (n, 2 or more), Å, by cubic splines."""
        ny, nx = self.values.shape
        places = np.array([positions[:, 1] / self.box[1] * ny, positions[:, 0] / self.box[0] * nx])
        found: np.ndarray = require("scipy.ndimage", "sim").map_coordinates(self.values, places, mode="grid-wrap")
        return found


def plane_field(box: np.ndarray, correlation: float, rng: np.random.Generator) -> PlaneField:
    """A Gaussian field over a periodic plane, of mean 0 over it, whose variance over it is expected to be 1.

    box: size along x and y, Å. correlation: length, Å, a standard deviation; one longer than the box gives its longest
    waves.
    """
    shape = [
        int(np.clip(np.ceil(_POINTS_PER_LENGTH * side / correlation), _FEWEST, _MOST)) for side in (box[1], box[0])
    ]
    ky, kx = (np.fft.fftfreq(n, side / n) for n, side in zip(shape, (box[1], box[0]), strict=True))
    square = (2 * np.pi) ** 2 * (ky[:, None] ** 2 + kx[None, :] ** 2)
    square[0, 0] = np.inf  # the mean over the plane
    # Against the longest wave, so that a length beyond the box leaves that wave instead of nothing.
    power = np.exp(-0.5 * correlation**2 * (square - square.min()))
    power /= power.sum()
    white = np.fft.fft2(rng.standard_normal(shape))
    values = np.fft.ifft2(white * np.sqrt(power)).real * np.sqrt(np.prod(shape))
    return PlaneField(values, np.asarray(box, float))


def spread_by(field: PlaneField, positions: np.ndarray, amount: float) -> np.ndarray:
    """Positions (n, 3), Å, moved across the plane so that an even density comes to vary by `amount` times the field.

    The displacement u has no curl and div u = -amount * field: the relative density is 1 + amount * field, to first
    order in it.
    """
    ny, nx = field.values.shape
    ky, kx = (2 * np.pi * np.fft.fftfreq(n, side / n) for n, side in zip((ny, nx), field.box[::-1], strict=True))
    square = ky[:, None] ** 2 + kx[None, :] ** 2
    square[0, 0] = np.inf
    potential = amount * np.fft.fft2(field.values) / square
    moved = positions.copy()
    for axis, k in ((0, kx[None, :]), (1, ky[:, None])):
        displacement = PlaneField(np.fft.ifft2(1j * k * potential).real, field.box)
        moved[:, axis] = (moved[:, axis] + displacement.at(positions)) % field.box[axis]
    return moved


@dataclass(frozen=True)
class SurfaceField:
    """How far the surface of a particle lies outside its smooth outline, by direction from its middle.

    waves (m, 3), 1/Å, and phases (m,), rad: of cosines over the sphere of that radius, Å. std: Å.
    """

    waves: np.ndarray
    phases: np.ndarray
    radius: float
    std: float

    @property
    def highest(self) -> float:
        """The farthest that the surface may lie outside, Å."""
        return _CUT * self.std

    @property
    def lowest(self) -> float:
        """The farthest that it may lie inside, Å, below 0."""
        return -_CUT * self.std - self.std**2 / self.radius

    def height(self, positions: np.ndarray) -> np.ndarray:
        """Heights (n,), Å, in the directions of the positions (n, 3).

        Their mean is -std²/radius, so that a rough sphere has the volume of the smooth one.
        """
        lengths = np.maximum(np.linalg.norm(positions, axis=1, keepdims=True), 1e-9)
        angles = (positions / lengths * self.radius) @ self.waves.T + self.phases
        deviates = np.sqrt(2 / len(self.phases)) * np.cos(angles).sum(axis=1)
        heights: np.ndarray = self.std * np.clip(deviates, -_CUT, _CUT) - self.std**2 / self.radius
        return heights


def surface_field(radius: float, std: float, correlation: float, rng: np.random.Generator) -> SurfaceField:
    """A random relief of a particle's surface.

    radius: of the sphere of equal volume, Å. std: standard deviation of the heights, Å. correlation: length, Å, a
    standard deviation, along the chord between two points of that sphere.
    """
    waves = rng.standard_normal((_WAVES, 3)) / correlation
    return SurfaceField(waves, rng.uniform(0, 2 * np.pi, _WAVES), radius, std)
