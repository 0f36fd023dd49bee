"""Where to cut the band: errors of exit waves on a 0.1 Å grid for several ways of putting atoms on it.

    python benchmarks/band_limits.py

Plain float64 multislice with exact structure factors throughout, so that only what the grid holds differs. The
specimens and the error are those of benchmarks/accuracy.py; references are on a grid of 1/60 Å.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from converged import gold_along_001, gold_on_carbon, reference_wave, relative_error

from hrtem_bench.multislice import scattering_factor
from hrtem_bench.multislice.parametrization import mott_bethe_constant
from hrtem_bench.multislice.transmission import log_transmission
from hrtem_bench.physics import interaction_parameter, wavelength

PIXEL, ENERGY = 0.1, 300e3
NYQUIST = 0.5 / PIXEL

Transform = Callable[[str, np.ndarray], np.ndarray]


def born(cut: float) -> Transform:
    """iσV̂(q) of an element, up to `cut` of Nyquist."""

    def transform(symbol: str, q: np.ndarray) -> np.ndarray:
        factor = interaction_parameter(ENERGY) * mott_bethe_constant() * scattering_factor(symbol, q)
        return np.where(q <= cut * NYQUIST, 1j * factor, 0)

    return transform


def single_atom(begin: float, end: float, cut: float, absorption: bool = True) -> Transform:
    """The transform of log(low-passed exp(iσV)), up to `cut` of Nyquist, with or without its real part.

    begin, end: parts of Nyquist between which the low-pass falls.
    """

    def transform(symbol: str, q: np.ndarray) -> np.ndarray:
        radii = np.linspace(0, q.max(), 4096)
        b = log_transmission(symbol, radii, low_pass=(begin * NYQUIST, end * NYQUIST), energy=ENERGY)
        real = np.interp(q, radii, b.real) if absorption else 0
        return np.where(q <= cut * NYQUIST, real + 1j * np.interp(q, radii, b.imag), 0)

    return transform


def exit_wave(atoms, slice_thickness: float, transform: Transform, band: float) -> np.ndarray:
    """Multislice with t = exp(Σ transform), the propagator cut at `band` of Nyquist, slices in their middle planes."""
    length = float(atoms.cell[0, 0])
    pixels = round(length / PIXEL)
    k = np.fft.fftfreq(pixels, PIXEL)
    q = np.hypot(k[:, None], k[None])
    symbols = np.array(atoms.get_chemical_symbols())
    tables = {s: transform(s, q) * pixels**2 / length**2 for s in sorted(set(symbols))}
    slices = int(np.ceil(atoms.cell[2, 2] / slice_thickness - 1e-9))
    dz = atoms.cell[2, 2] / slices
    propagator = np.exp(-1j * np.pi * wavelength(ENERGY) * dz * q**2) * (q <= band * NYQUIST)
    index = (atoms.positions[:, 2] / dz).astype(int)
    wave = np.ones((pixels, pixels), complex)
    for i in range(slices):
        exponent = np.zeros((pixels, pixels), complex)
        for symbol, table in tables.items():
            x, y, _ = atoms.positions[(index == i) & (symbols == symbol)].T
            exponent += table * (np.exp(-2j * np.pi * np.outer(k, y)) @ np.exp(-2j * np.pi * np.outer(x, k)))
        step = propagator if i < slices - 1 else propagator * np.exp(1j * np.pi * wavelength(ENERGY) * dz / 2 * q**2)
        wave = np.fft.ifft2(np.fft.fft2(wave * np.exp(np.fft.ifft2(exponent))) * step)
    return wave


def main() -> None:
    specimens = [(gold_on_carbon(25.6, film=20.0, radius=9.0), 2.0), (gold_along_001(5, 4, 0.08), 2.04)]
    references = [
        reference_wave(atoms, pixels=round(60 * atoms.cell[0, 0]), slice_thickness=thickness)
        for atoms, thickness in specimens
    ]
    ways = {
        "potential and wave cut at 2/3 of Nyquist": (born(2 / 3), 2 / 3),
        "potential to Nyquist, wave cut at 2/3": (born(1), 2 / 3),
        "single-atom transmission and wave cut at 2/3": (single_atom(2 / 3, 2 / 3, 5 / 6), 2 / 3),
        "single-atom transmission to 0.9, wave cut at 2/3": (single_atom(0.7, 0.9, 0.9), 2 / 3),
        "single-atom transmission and wave to 0.9": (single_atom(0.7, 0.9, 0.9), 0.9),
        "the same, phase part alone": (single_atom(0.7, 0.9, 0.9, absorption=False), 0.9),
    }
    bands = (1.0, 2.0)
    columns = [f"{name}, \\|q\\| < {q:g}/Å" for name in ("ball on carbon", "gold [001], 16 Å") for q in bands]
    print("| what the grid holds | " + " | ".join(columns) + " |\n" + "|---" * 5 + "|")
    for name, (transform, band) in ways.items():
        cells = []
        for (atoms, thickness), reference in zip(specimens, references, strict=True):
            wave = exit_wave(atoms, thickness, transform, band)
            cells += [f"{100 * relative_error(wave, reference, atoms.cell[0, 0], q):.2f} %" for q in bands]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
