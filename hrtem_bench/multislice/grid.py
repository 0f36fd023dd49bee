"""Boxes, grids and slices: what a specimen is cut into."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from hrtem_bench.errors import InputError


class GridWarning(UserWarning):
    """The grid is not quite the one asked for; the message says which it is."""


@dataclass(frozen=True)
class Grid:
    """A periodic grid.

    Parameters
    ----------
    shape
        (ny, nx), pixels.
    pixel_size
        (dy, dx), Å.
    """

    shape: tuple[int, int]
    pixel_size: tuple[float, float]

    @property
    def nyquist(self) -> float:
        """The lower of the two axes' Nyquist frequencies, 1/Å."""
        return 0.5 / max(self.pixel_size)

    def frequencies(self) -> tuple[Any, Any]:
        """(ky, kx), 1/Å, each 1-D in FFT order."""
        (ny, nx), (dy, dx) = self.shape, self.pixel_size
        return np.fft.fftfreq(ny, dy), np.fft.fftfreq(nx, dx)


def box(atoms: Any) -> Any:
    """Edge lengths (x, y, z), Å, of the orthogonal cell of an `ase.Atoms`; InputError when it has none."""
    cell = np.asarray(atoms.cell[:], float)
    lengths = np.diag(cell)
    if not len(atoms):
        raise InputError("the specimen holds no atoms")
    if np.abs(cell - np.diag(lengths)).max() > 1e-6 * max(1.0, np.abs(cell).max()):
        raise InputError(
            "the cell is not orthogonal with axes along x, y, z: cut an orthogonal box from a repeated cell first, "
            "for example with ase.build.make_supercell or ase.build.cut"
        )
    if (lengths <= 0).any():
        raise InputError(
            f"the cell {tuple(float(v) for v in lengths)} Å has an edge that is not positive: "
            "set atoms.cell, or call atoms.center(vacuum=2.0)"
        )
    return lengths


def choose_grid(atoms: Any, pixel_size: float) -> Grid:
    """The grid on which a specimen is simulated.

    A box that is a whole number of pixels is taken as asked. Any other gets the next larger number of pixels that
    transforms fast, so the pixels come out a little smaller.

    Parameters
    ----------
    atoms
        `ase.Atoms` in an orthogonal cell, which is the box.
    pixel_size
        Å, the most that pixels may have.

    Returns
    -------
    Grid
        At least 16 x 16 pixels.

    Raises
    ------
    InputError
        For a cell or a pixel size that cannot be.

    Warns
    -----
    GridWarning
        With the pixel size that was taken, where it is not the one asked for.
    """
    from scipy.fft import next_fast_len

    if not pixel_size > 0:
        raise InputError(f"pixel_size must be above 0 Å, not {pixel_size}")
    lx, ly, _ = box(atoms)
    shape, sizes = [], []
    for length in (ly, lx):
        exact = length / pixel_size
        n = round(exact)
        if n < 1 or abs(exact - n) > 1e-6 * n:
            n = int(next_fast_len(max(int(np.ceil(exact)), 16)))
        shape.append(n)
        sizes.append(length / n)
    if min(shape) < 16:
        raise InputError(f"{pixel_size} Å pixels make a grid of {shape[0]} x {shape[1]}: 16 x 16 is the least")
    if max(abs(s / pixel_size - 1) for s in sizes) > 1e-6:
        warnings.warn(
            f"a box of {lx:g} x {ly:g} Å is no whole number of {pixel_size:g} Å pixels: simulated on {shape[0]} x "
            f"{shape[1]} (y, x) pixels of {sizes[0]:.6g} x {sizes[1]:.6g} Å",
            GridWarning,
            stacklevel=3,
        )
    return Grid((shape[0], shape[1]), (sizes[0], sizes[1]))


def slice_count(height: float, slice_thickness: float) -> int:
    """Number of equal slices, none thicker than asked (a relative 1e-9 aside)."""
    if not slice_thickness > 0:
        raise InputError(f"slice_thickness must be above 0 Å, not {slice_thickness}")
    return max(int(np.ceil(height / slice_thickness * (1 - 1e-9))), 1)
