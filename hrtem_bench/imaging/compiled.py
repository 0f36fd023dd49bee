"""Many images of the same waves by compiled kernels: those of SciPy to rounding, in a half to a third of the time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from hrtem_bench.conditions import COEFFICIENTS, Condition, coefficients
from hrtem_bench.imaging.fourier import common_reach
from hrtem_bench.imaging.kernels import add_intensity, spectrum_of
from hrtem_bench.imaging.lens import ROUNDING, carried
from hrtem_bench.imaging.lines import LANES, STEP, radices, twiddles
from hrtem_bench.imaging.resizing import resized
from hrtem_bench.physics import chi, wavelength
from hrtem_bench.physics.transfer import envelope

LARGEST_PRIME = 5
"""Of the numbers of points that `lines` transforms."""

Pair = tuple[int, int]
Sizes = tuple[float, float]


def compiled_intensity(
    waves: Any,
    size: Sizes,
    out_shape: Pair,
    conditions: Sequence[Condition],
    zero_focus: float,
    tolerance: float,
    threads: int,
) -> Any:
    """Images (conditions, *out_shape) float32; size: (dy, dx), Å; the rest is of `expected_intensity`."""
    shape: Pair = waves.shape[1:]
    field = (shape[0] * size[0], shape[1] * size[1])
    grids = [carried(shape, size, out_shape, c, tolerance, LARGEST_PRIME, ROUNDING) for c in conditions]
    grid, reaches = (_largest(pairs) for pairs in zip(*grids, strict=True))
    spectra = np.empty((len(waves), 2 * _blocks(reaches[1]), 2 * reaches[0] + 1, STEP), np.float32)
    images = np.empty((len(conditions), *out_shape), np.float32)
    waves = np.ascontiguousarray(waves).view(np.float32)

    def transform(indices: range) -> None:
        work, along = _workspace(reaches[1], shape), tuple(map(_along, shape))
        for i in indices:
            spectrum_of(spectra[i], waves[i], work, *along)

    def form(indices: range) -> None:
        work = _workspace(max(reaches[1], common_reach(grid[1], out_shape[1])), _largest((grid, out_shape)))
        total = np.empty(-(-grid[0] // LANES) * grid[1] * LANES, np.float32)
        for i in indices:
            lens = _lens(conditions[i], zero_focus, grids[i][1], field)
            _form_image(images[i], spectra, lens, *grids[i], total, work)

    with ThreadPoolExecutor(threads) as pool:
        for job, count in ((transform, len(waves)), (form, len(conditions))):
            list(pool.map(job, [range(k, count, threads) for k in range(threads)]))
    return images


def transformable(*shapes: Pair) -> bool:
    """Whether planes of all these shapes can be transformed here: numbers of points without a prime above 5."""
    return all(len(radices(n)) for shape in shapes for n in shape)


def _largest(pairs: Sequence[Pair]) -> Pair:
    return max(y for y, _ in pairs), max(x for _, x in pairs)


def _blocks(reach: int) -> int:
    """How many blocks of LANES hold frequencies 0 to `reach`."""
    return reach // LANES + 1


def _along(n: int) -> tuple[Any, Any, int]:
    return radices(n), twiddles(radices(n)), n


def _workspace(reach: int, grid: Pair) -> tuple[Any, ...]:
    """One thread's, as the kernels describe it, for planes up to `grid` and frequencies along x up to `reach`.

    Zeroed: what lies beyond a plane's edge is worked on with the rest, though nothing comes of it.
    """
    blocks, groups = 2 * _blocks(reach), -(-grid[0] // LANES)
    most = max(*grid, blocks // 2 * LANES)
    shapes = ((blocks, (groups + 1) * LANES, STEP), (most, STEP), (most, STEP), (2 * LANES, STEP))
    return tuple(np.zeros(shape, np.float32) for shape in shapes)


def _lens(c: Condition, zero_focus: float, reaches: Pair, field: Sizes) -> Any:
    """(blocks, rows, STEP) float32: the lens as `add_intensity` takes it; a quadrant of it where it is round.

    The phase is worked out in float64, and its sine and cosine, after whole turns are taken off, in float32.
    """
    ky, kx = np.arange(reaches[0] + 1), np.arange(_blocks(reaches[1]) * LANES)
    if any(COEFFICIENTS[name][1] for name in coefficients(c)):
        ky, kx = np.concatenate([ky, -ky[:0:-1]]), np.concatenate([kx, -kx])
    qy, qx = ky[:, None] / field[0], kx[None] / field[1]
    turns = chi(qx, qy, c) / (2 * np.pi) + 0.5 * wavelength(c.energy) * zero_focus * (qx * qx + qy * qy)
    phase = (2 * np.pi * (turns - np.rint(turns))).astype(np.float32)
    amplitude = envelope(qx, qy, c).astype(np.float32)
    lens = np.empty((len(kx) // LANES, len(ky), 2, LANES), np.float32)
    for part, values in enumerate((amplitude * np.cos(phase), amplitude * -np.sin(phase))):
        lens[:, :, part] = values.reshape(len(ky), -1, LANES).swapaxes(0, 1)
    return lens.reshape(len(lens), len(ky), STEP)


def _form_image(
    out: Any, spectra: Any, lens: Any, grid: Pair, reaches: Pair, total: Any, work: tuple[Any, ...]
) -> None:
    """Fill out (ny, nx) with the mean over the spectra of |wave|², which is worked out on a grid of its own.

    total: flat float32, to work in.
    """
    along_y, along_x, to_y, to_x = map(_along, (*grid, *out.shape))
    groups = -(-grid[0] // LANES)
    total = total[: groups * grid[1] * LANES].reshape(groups, grid[1], LANES)
    total[:] = 0
    for spectrum in spectra:
        add_intensity(total, spectrum, lens, reaches, work, along_y, along_x)
    factor = np.float32(1 / (len(spectra) * grid[0] * grid[1]))
    band: Pair = (common_reach(grid[0], out.shape[0]), common_reach(grid[1], out.shape[1]))
    resized(out, total, factor, band, work, along_y, along_x, to_y, to_x)
