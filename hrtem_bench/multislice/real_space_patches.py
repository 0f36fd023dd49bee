"""One atom's transmission as a few products of a function of y and a function of x, to be added up pixel by pixel.

The band-limited log-transmission b(r) of an atom (see `transmission`) is round and some Å wide. Sampled over a
square it is a matrix of low rank: b(x, y) = Σ_ij φ_i(y) m_ij φ_j(x), where the φ are leading singular vectors and
three of them do for light elements, six for heavy ones. Tables hold them at fractions of a pixel, between which
the kernels interpolate, so that atoms sit where they are and not at the nearest pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from hrtem_bench.multislice.grid import Grid
from hrtem_bench.multislice.transmission import log_transmission_at, roll_off

REACH = 2.4
"""Half the least width, Å, of the square that holds an atom. What b has beyond it is given back as a broad Gaussian."""
WIDEST = 128
"""Pixels across the widest square that may hold an atom."""
LOW_PASS = (0.8, 1.0)
"""Parts of Nyquist between which the low-pass of an atom's transmission falls."""
FRACTIONS = 128
"""Parts of a pixel at which the tables hold the functions; between them they are interpolated linearly."""
TERMS = 3
"""Functions in a group; an element has one group or two."""
LOW = 0.3
"""Part of Nyquist where frequencies count half in the choice of the functions; the higher, the less."""
FAITHFUL = 3e-3
"""Relative error of b, in the norm of `factorised`, with which one group is enough."""


@dataclass(frozen=True)
class Patches:
    """Tables of all elements of a specimen.

    order: element -> its index e. groups: (elements,) int64, how many groups it takes. rows: (elements, 2, FRACTIONS
    + 1, py · 2 TERMS) float32, Σ_j m_ij φ_j along y, for each pixel the real parts of the terms before the imaginary
    ones. columns: (elements, 2, FRACTIONS + 1, TERMS · px) float32, φ_i along x. At fraction f, pixel k of the square
    is the one whose distance from the atom is k - p // 2 + f / FRACTIONS pixels.
    """

    order: dict[str, int]
    groups: Any
    rows: Any
    columns: Any

    def indices(self, symbols: Any) -> Any:
        """Symbols (n,) of elements -> their indices (n,) int64."""
        out = np.zeros(len(symbols), np.int64)
        for symbol, number in self.order.items():
            out[symbols == symbol] = number
        return out


def patch_shape(grid: Grid) -> tuple[int, int]:
    """Pixels (py, px) of the square around an atom: a multiple of 16, at least 2 REACH wide."""
    dy, dx = grid.pixel_size
    return 16 * int(np.ceil(2 * REACH / dy / 16)), 16 * int(np.ceil(2 * REACH / dx / 16))


def make_patches(symbols: list[str], grid: Grid, energy: float, parametrization: str) -> Patches:
    """Tables for the elements named, for a grid and a beam energy in eV."""
    parts = [_tables(s, grid.pixel_size, patch_shape(grid), energy, parametrization) for s in symbols]
    return Patches(
        {symbol: i for i, symbol in enumerate(symbols)},
        np.array([groups for groups, _, _ in parts]),
        np.stack([rows for _, rows, _ in parts]),
        np.stack([columns for _, _, columns in parts]),
    )


@lru_cache(maxsize=128)
def _tables(
    symbol: str, pixel_size: tuple[float, float], shape: tuple[int, int], energy: float, parametrization: str
) -> tuple[int, Any, Any]:
    """(groups, rows, columns) of one element; remembered, since specimens made alike share elements and grid."""
    reach = min(p / 2 * d for p, d in zip(shape, pixel_size, strict=True))
    s, b = _square(symbol, reach, min(pixel_size) / 4, max(pixel_size), energy, parametrization)
    functions, mixing, groups = factorised(b, (s[1] - s[0]) / max(pixel_size))
    terms = TERMS * groups
    rows = np.zeros((2, FRACTIONS + 1, shape[0] * 2 * TERMS), np.float32)
    columns = np.zeros((2, FRACTIONS + 1, TERMS * shape[1]), np.float32)
    along_y = mixing @ _sampled(functions, s, shape[0], pixel_size[0])
    along_x = _sampled(functions, s, shape[1], pixel_size[1])
    for group in range(groups):
        mine = slice(TERMS * group, min(TERMS * (group + 1), terms))
        part = np.concatenate([along_y.real[:, mine], along_y.imag[:, mine]], axis=1)
        rows[group] = part.transpose(0, 2, 1).reshape(FRACTIONS + 1, -1)
        columns[group] = along_x[:, mine].reshape(FRACTIONS + 1, -1)
    for array in (rows, columns):
        array.flags.writeable = False
    return groups, rows, columns


def _square(
    symbol: str, reach: float, step: float, pixel_size: float, energy: float, parametrization: str
) -> tuple[Any, Any]:
    """Distances s (n,), Å, from 0 to `reach`, and b at (s_i, s_j), (n, n) complex128, brought to 0 at the reach."""
    from scipy.interpolate import CubicSpline

    r = np.linspace(0, 8.0, 801)
    low_pass = (LOW_PASS[0] * 0.5 / pixel_size, LOW_PASS[1] * 0.5 / pixel_size)
    b = log_transmission_at(symbol, r, low_pass=low_pass, energy=energy, parametrization=parametrization)
    window = roll_off(r, 0.8 * reach, reach)
    lost = np.trapezoid(b * (1 - window) * 2 * np.pi * r, r)
    width = reach / 3.2
    b = b * window + lost * np.exp(-(r**2) / (2 * width**2)) / (2 * np.pi * width**2)
    s = np.linspace(0, reach, int(np.ceil(reach / step)) + 1)
    distance = np.hypot(s[:, None], s[None])
    return s, CubicSpline(r, b)(distance)


def factorised(b: Any, step: float) -> tuple[Any, Any, int]:
    """The functions φ (terms, n), the matrix m (terms, terms) complex128 and the number of groups for a quadrant b.

    b: (n, n) complex, symmetric, at x and y >= 0. step: between its samples, in pixels of the grid, along both. The
    error is smallest in an L2 norm in which frequencies count by 1 / (1 + (q / LOW)²) along each axis: images show the
    low ones.
    """
    from scipy.fft import dct, idct

    frequency = np.arange(len(b)) / (len(b) - 1) / step  # of even functions, in parts of the grid's Nyquist
    importance = 1 / (1 + (frequency / LOW) ** 2)

    def filtered(values: Any, factors: Any) -> Any:
        """Along the first axis, real."""
        return idct(dct(values, 1, axis=0) * factors[:, None], 1, axis=0)

    def smoothed(values: Any) -> Any:
        return filtered(filtered(values, importance).T, importance)

    smooth = smoothed(b.real) + 1j * smoothed(b.imag)
    # Samples at 0 stand for half as many points of the square as the others.
    weight = np.r_[np.sqrt(0.5), np.ones(len(b) - 1)]
    weighted = smooth * np.outer(weight, weight)
    vectors = np.linalg.svd(np.vstack([weighted.real, weighted.imag]))[2]
    for groups in (1, 2):
        kept = vectors[: TERMS * groups]
        mixing = kept @ weighted @ kept.T
        error = np.linalg.norm(weighted - kept.T @ mixing @ kept) / np.linalg.norm(weighted)
        if error <= FAITHFUL:
            break
    return filtered((kept / weight).T, 1 / importance).T, mixing, groups


def _sampled(functions: Any, s: Any, pixels: int, pixel_size: float) -> Any:
    """Even functions (terms, n) at s >= 0, Å -> (FRACTIONS + 1, terms, pixels) at the tables' distances."""
    from scipy.interpolate import CubicSpline

    fraction = np.arange(FRACTIONS + 1)[:, None] / FRACTIONS
    distance = np.abs(np.arange(pixels)[None] - pixels // 2 + fraction) * pixel_size
    spline = CubicSpline(s, functions, axis=1, bc_type="clamped")
    values = np.where(distance <= s[-1], spline(np.minimum(distance, s[-1])), 0.0)
    return values.transpose(1, 0, 2)
