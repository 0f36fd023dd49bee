"""A converged multislice calculation in float64: exact structure factors on a fine grid. Slow, plain, independent."""

from __future__ import annotations

import numpy as np

from hrtem_bench.multislice import scattering_factor
from hrtem_bench.multislice.parametrization import mott_bethe_constant
from hrtem_bench.physics import interaction_parameter, wavelength


def reference_wave(atoms, *, pixels: int, slice_thickness: float, energy: float = 300e3):
    """Exit wave (pixels, pixels) complex128 of a square box; slices act in their middle planes."""
    lx, ly, lz = np.diag(atoms.cell[:])
    ky, kx = np.fft.fftfreq(pixels, ly / pixels), np.fft.fftfreq(pixels, lx / pixels)
    q = np.hypot(ky[:, None], kx[None])
    slices = int(np.ceil(lz / slice_thickness - 1e-9))
    dz = lz / slices
    symbols = np.array(atoms.get_chemical_symbols())
    factor = {
        s: interaction_parameter(energy) * mott_bethe_constant() * scattering_factor(s, q) * pixels**2 / (lx * ly)
        for s in set(symbols)
    }
    inside = q <= 2 / 3 * 0.5 * pixels / max(lx, ly)

    def propagate(wave, distance):
        return np.fft.ifft2(np.fft.fft2(wave) * np.exp(-1j * np.pi * wavelength(energy) * distance * q**2) * inside)

    wave = np.ones((pixels, pixels), complex)
    index = (atoms.positions[:, 2] / dz).astype(int)
    for i in range(slices):
        phase = np.zeros((pixels, pixels), complex)
        for s, transform in factor.items():
            x, y, _ = atoms.positions[(index == i) & (symbols == s)].T
            rows = np.exp(-2j * np.pi * np.outer(ky, y))
            phase += transform * (rows @ np.exp(-2j * np.pi * np.outer(x, kx)))
        wave = propagate(wave * np.exp(1j * np.fft.ifft2(phase).real), dz if i < slices - 1 else dz / 2)
    return wave


def band(wave, length: float, q_max: float):
    """Coefficients of the scattered wave with |q| < q_max, 1/Å, on a grid that depends on q_max and length alone."""
    n = wave.shape[-1]
    k = np.r_[0 : int(q_max * length) + 2, -int(q_max * length) - 1 : 0]
    spectrum = (np.fft.fft2(wave) / n**2)[np.ix_(k, k)]
    spectrum[0, 0] -= 1
    return np.where(np.hypot(k[:, None], k[None]) < q_max * length, spectrum, 0)


def relative_error(wave, reference, length: float, q_max: float) -> float:
    """Relative L2 error of the scattered wave inside |q| < q_max."""
    a, b = band(wave, length, q_max), band(reference, length, q_max)
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def gold_on_carbon(length: float, film: float, radius: float, seed: int = 0):
    """A gold ball on a film of random carbon, thermally displaced, in a square box of side `length` Å."""
    import ase
    from ase.build import bulk
    from scipy.spatial.transform import Rotation

    generator = np.random.default_rng(seed)
    count = int(2.0 / 12.011 * 0.60221 * length**2 * film)
    carbon = generator.random((count, 3)) * [length, length, film] + [0, 0, 2]
    gold = bulk("Au", cubic=True).repeat(int(np.ceil(2 * radius / 4)) + 1).positions
    gold = Rotation.from_euler("zyx", [0.3, 0.2, 0.1]).apply(gold - gold.mean(0))
    gold = gold[np.linalg.norm(gold, axis=1) < radius] + [length / 2, length / 2, film + radius + 4]
    positions = np.vstack([carbon, gold])
    positions[:, :2] += generator.normal(0, 0.08, (len(positions), 2))
    height = film + 2 * radius + 6
    return ase.Atoms(["C"] * count + ["Au"] * len(gold), positions, cell=[length, length, height], pbc=True)


def gold_along_001(cells: int, layers: int, displacement: float, seed: int = 0):
    """Gold with the beam along [001], `cells` unit cells across and `layers` of them thick, periodic.

    displacement: standard deviation of the atoms' normal displacements along each axis, Å. Planes of atoms lie in the
    middles of slices of half a cell, 2.04 Å.
    """
    from ase.build import bulk

    gold = bulk("Au", cubic=True, a=4.08).repeat((cells, cells, layers))
    gold.positions[:, 2] += 4.08 / 4
    gold.positions += np.random.default_rng(seed).normal(0, displacement, gold.positions.shape)
    return gold
