"""Labels: which pixels show a particle, and which particle, from the particles' exit wave in vacuum."""

from __future__ import annotations

from typing import Any

import numpy as np

from hrtem_bench.imaging.fourier import pixel_sizes, resampled_shape, resize_spectrum
from hrtem_bench.physics import wavelength

THRESHOLD = np.pi / 16
SMOOTHING = 1.3
LEVEL = 0.1
"""A pixel is on a particle where at least this part of its smoothed surroundings is above the threshold.

Atomic columns pass the threshold and the gaps between them do not, so a half would keep the thickest parts only. At a
tenth, the masks of CdSe spheres 30-50 Å across in random orientations have a Dice coefficient of 0.98 with the
spheres' projections.
"""


def mask(
    wave: Any,
    *,
    pixel_size: float | tuple[float, float],
    output_pixel_size: float | tuple[float, float],
    zero_focus: float,
    energy: float = 300e3,
    threshold: float = THRESHOLD,
    smoothing: float = SMOOTHING,
    level: float = LEVEL,
) -> Any:
    """Where particles are, from their exit wave in vacuum.

    The wave is brought to the plane of zero focus. Where the magnitude of its phase exceeds `threshold` is smoothed and
    sampled at the output pixels; those above `level` are on a particle, and holes are filled. The magnitude, because
    the phase of a thick particle passes π and comes round to negative values.

    Parameters
    ----------
    wave
        (ny, nx) complex, the exit wave of the particles alone.
    pixel_size, output_pixel_size
        Å, a number or (dy, dx); of the wave and of the mask.
    zero_focus
        The C10, Å, that brings the particles to focus.
    energy
        eV.
    threshold
        Phase, rad.
    smoothing
        Standard deviation of a Gaussian, Å.
    level
        Share of the smoothed surroundings, 0 to 1.

    Returns
    -------
    numpy.ndarray
        (ny, nx) uint8: 1 on a particle, 0 elsewhere.
    """
    from scipy import fft, ndimage

    sizes, out_sizes = pixel_sizes(pixel_size), pixel_sizes(output_pixel_size)
    shape = resampled_shape(np.shape(wave), sizes, out_sizes)
    squares = [np.fft.fftfreq(n, d) ** 2 for n, d in zip(np.shape(wave), sizes, strict=True)]
    along_y, along_x = (np.exp(-1j * np.pi * wavelength(energy) * zero_focus * q2) for q2 in squares)
    above = np.abs(np.angle(fft.ifft2(fft.fft2(wave) * along_y[:, None] * along_x))) > threshold
    along_y, along_x = (np.exp(-2 * (np.pi * smoothing) ** 2 * q2) for q2 in squares)
    smooth = fft.fft2(above.astype(np.float32), norm="forward") * along_y[:, None] * along_x
    smooth = resize_spectrum(smooth, shape)
    smooth = fft.ifft2(smooth, norm="forward").real
    return ndimage.binary_fill_holes(smooth > level).astype(np.uint8)


def instances(particle_mask: Any, positions: Any, particle: Any, *, pixel_size: float | tuple[float, float]) -> Any:
    """Which particle each pixel of a mask shows: that of the atom nearest to it in projection.

    Parameters
    ----------
    particle_mask
        (ny, nx), 1 on a particle, periodic.
    positions
        (n, 2 or 3), x and y of the particles' atoms first, Å.
    particle
        (n,), the number of each atom's particle, from 1.
    pixel_size
        Å, a number or (dy, dx).

    Returns
    -------
    numpy.ndarray
        (ny, nx), 0 on the background and k on particle k; uint8, or uint16 for more than 255 particles.
    """
    from scipy.spatial import cKDTree

    dy, dx = pixel_sizes(pixel_size)
    ny, nx = particle_mask.shape
    particle = np.asarray(particle)
    kind = np.uint8 if particle.max(initial=0) < 256 else np.uint16
    out = np.zeros((ny, nx), kind)
    y, x = np.nonzero(particle_mask)
    if len(particle) and len(y):
        extent = np.array([nx * dx, ny * dy])
        tree = cKDTree(np.mod(np.asarray(positions)[:, :2], extent), boxsize=extent)
        out[y, x] = particle[tree.query(np.stack([x * dx, y * dy], axis=1))[1]]
    return out
