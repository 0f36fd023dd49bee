"""The pixel size that puts the lattice spots of an image where a crystal has its reflections."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.measurement.power_spectrum import PowerSpectrum
from hrtem_bench.specimens.lattices import Lattice

Floats = NDArray[np.float64]

LARGEST_ERROR = 0.1
"""Relative error of the pixel size that is looked for."""
WEAKEST = 0.02
"""Reflections are those with at least this share of the strongest one's intensity."""
MOST_SPOTS, APART = 60, 0.04
"""Spots that are looked at; and the least distance between two, 1/Å: nearer ones are a spot and its side lobes."""
SPOTS_FROM, CLEAR = 0.2, 6.0
"""1/Å, from which spots are looked for; and how many e-foldings rarer than one in a spectrum noise makes them."""
SURROUNDINGS = 0.03
"""1/Å about a spot that are its tails: those of a crystal of 3 nm."""
CHANCE = 0.01
"""Probability up to which as many spots may lie on reflections by chance."""
_TOLERANCE, _SYSTEMATIC = 0.008, 0.002
"""1/Å, distance of a spot from its reflection; and the relative error left, as of particles of few planes."""


@dataclass(frozen=True)
class Spots:
    """Lattice spots: place x, y and radius q, 1/Å, each (n,)."""

    x: Floats
    y: Floats
    q: Floats


@dataclass(frozen=True)
class SpotFit:
    """ratio: the crystal's pixel size over the one given, nan where it is not found, and `reason` says why.

    std: its standard deviation. matched, spots: how many spots lie on reflections, and how many there are.
    reflections: how many different reflections are met.
    """

    ratio: float
    std: float
    matched: int
    spots: int
    reflections: int
    reason: str


def named_crystal(name: str) -> Lattice:
    """The lattice of a name, "Au", or of a CIF file; InputError for neither."""
    from hrtem_bench.specimens.cif import lattice_from_cif
    from hrtem_bench.specimens.lattices import lattice

    return lattice_from_cif(Path(name)) if name.lower().endswith(".cif") else lattice(name)


def reflections(crystal: Lattice, q_max: float = 1.0) -> Floats:
    """Spatial frequencies (n,), 1/Å, ascending, of the crystal's powder rings that are not weak.

    The intensity of a ring is the sum of |F|² over its reflections, F by the electrons' scattering factors.
    """
    from hrtem_bench.multislice.parametrization import scattering_factor
    from hrtem_bench.specimens.lattices import unit_cell

    cell = unit_cell(crystal)
    reciprocal = np.asarray(cell.cell.reciprocal())
    most = [math.ceil(q_max * float(side)) for side in np.linalg.norm(np.asarray(cell.cell), axis=1)]
    hkl = np.stack(np.meshgrid(*(np.arange(-m, m + 1) for m in most), indexing="ij"), axis=-1).reshape(-1, 3)
    q = np.linalg.norm(hkl @ reciprocal, axis=1)
    hkl, q = hkl[(q > 0) & (q < q_max)], q[(q > 0) & (q < q_max)]
    amplitude = np.zeros(len(q), dtype=complex)
    for symbol, place in zip(cell.get_chemical_symbols(), cell.get_scaled_positions(), strict=True):
        amplitude += scattering_factor(symbol, q) * np.exp(2j * np.pi * (hkl @ place))
    radii, index = np.unique(np.round(q, 4), return_inverse=True)
    strength = np.bincount(index, np.abs(amplitude) ** 2)
    return np.asarray(radii[strength > WEAKEST * strength.max()])


def lattice_spots(spectrum: PowerSpectrum, q_min: float = SPOTS_FROM) -> Spots:
    """The spots of a spectrum: the pixels from `q_min`, 1/Å, up that noise of their ring hardly makes."""
    chosen = (spectrum.q >= q_min) & (spectrum.q < 0.95 * spectrum.nyquist)
    q, phi, power = spectrum.q[chosen], spectrum.phi[chosen], spectrum.power[chosen]
    ring = ((q - q_min) / spectrum.step).astype(np.intp)
    count = np.maximum(np.bincount(ring), 1)
    mean = np.exp(np.bincount(ring, np.log(np.maximum(power, 1e-300))) / count + np.euler_gamma)
    excess = power / mean[ring]
    high = np.flatnonzero(excess > math.log(len(q)) + CLEAR)
    near = np.flatnonzero(excess > 4)
    x, y = q * np.cos(phi), q * np.sin(phi)
    found: list[tuple[float, float, float]] = []
    for index in high[np.argsort(-excess[high])]:
        if all(_apart((x[index], y[index]), one) > max(APART, 4 * spectrum.step) for one in found):
            around = near[np.hypot(x[near] - x[index], y[near] - y[index]) < 2.5 * spectrum.step]
            radius = float(np.average(q[around], weights=excess[around]))
            found.append((float(x[index]), float(y[index]), radius))
        if len(found) == MOST_SPOTS:
            break
    return Spots(*np.array(found, dtype=np.float64).reshape(-1, 3).T)


def without_spots(spectrum: PowerSpectrum, spots: Spots) -> PowerSpectrum:
    """The spectrum without lattice spots and their surroundings, which are no part of an amorphous film."""
    x, y = spectrum.q * np.cos(spectrum.phi), spectrum.q * np.sin(spectrum.phi)
    kept = np.ones(len(x), bool)
    for side in (1, -1):  # the half plane that is kept ends beside some of them
        for one, other in zip(side * spots.x, side * spots.y, strict=True):
            kept &= np.hypot(x - one, y - other) > max(SURROUNDINGS, 4 * spectrum.step)
    return replace(spectrum, power=spectrum.power[kept], q=spectrum.q[kept], phi=spectrum.phi[kept])


def _apart(first: tuple[float, float], second: tuple[float, float, float]) -> float:
    return math.hypot(first[0] - second[0], first[1] - second[1])


def pixel_ratio(radii: Floats, crystal: Lattice) -> SpotFit:
    """The factor on the pixel size, 0.9 to 1.1, that puts most spots (n,), 1/Å, on reflections of the crystal.

    Where several factors do so equally well the one nearest to 1 is taken.
    """
    rings = reflections(crystal)
    inside = radii[(radii > 0.85 * rings[0]) & (radii < 1.1)] if len(radii) else radii
    if len(inside) < 3:
        return SpotFit(math.nan, math.nan, 0, len(inside), 0, f"{len(inside)} lattice spots, too few")
    factors = np.linspace(1 - LARGEST_ERROR, 1 + LARGEST_ERROR, 401)
    distance = np.abs(inside[None, :, None] / factors[:, None, None] - rings).min(axis=2)
    score = np.exp(-0.5 * (2 * distance / _TOLERANCE) ** 2).sum(axis=1)
    good = factors[score > 0.95 * score.max()]
    factor = float(good[np.argmin(np.abs(good - 1))])
    nearest = np.abs(inside[:, None] / factor - rings).argmin(axis=1)
    on = np.abs(inside / factor - rings[nearest]) < _TOLERANCE
    matched = int(on.sum())
    if _chance(matched, inside, rings) > CHANCE:
        reason = f"{matched} of {len(inside)} lattice spots lie on reflections, as chance alone may do"
        return SpotFit(math.nan, math.nan, matched, len(inside), 0, reason)
    ratios = inside[on] / rings[nearest[on]]
    std = math.hypot(float(ratios.std(ddof=1)) / math.sqrt(matched), _SYSTEMATIC)
    return SpotFit(float(ratios.mean()), std, matched, len(inside), len(set(nearest[on].tolist())), "")


def _chance(matched: int, radii: Floats, rings: Floats) -> float:
    """Probability that at least as many of spots anywhere in the band lie on reflections, for the best of factors."""
    from scipy import stats

    band = np.linspace(0.85 * rings[0], max(1.02 * float(radii.max()), rings[0]), 2000)
    covered = float(np.mean(np.abs(band[:, None] - rings).min(axis=1) < _TOLERANCE))
    tries = 2 * LARGEST_ERROR * float(np.median(radii)) / (2 * _TOLERANCE)
    return min(1.0, tries * float(stats.binom.sf(matched - 1, len(radii), covered)))
