"""Where to cut the band: errors of exit waves on a 0.1 Å grid for four ways of putting atoms on it.

    python benchmarks/band_limits.py

Plain float64 multislice with exact structure factors throughout, so that only what the grid holds differs. The specimen
and the error are those of benchmarks/accuracy.py; the reference is a grid of 1/60 Å.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from converged import gold_on_carbon, reference_wave, relative_error

from hrtem_bench.multislice import scattering_factor
from hrtem_bench.multislice.parametrization import mott_bethe_constant
from hrtem_bench.multislice.transmission import log_transmission
from hrtem_bench.physics import interaction_parameter, wavelength

LENGTH, PIXELS, SLICE, ENERGY = 25.6, 256, 2.0, 300e3
NYQUIST = 0.5 * PIXELS / LENGTH

Transform = Callable[[str, np.ndarray], np.ndarray]


def born(cut: float) -> Transform:
    """iσV̂(q) of an element, up to `cut` of Nyquist."""

    def transform(symbol: str, q: np.ndarray) -> np.ndarray:
        factor = interaction_parameter(ENERGY) * mott_bethe_constant() * scattering_factor(symbol, q)
        return np.where(q <= cut * NYQUIST, 1j * factor, 0)

    return transform


def single_atom(cut: float, absorption: bool) -> Transform:
    """The transform of log(low-passed exp(iσV)), up to `cut` of Nyquist, with or without its real part."""

    def transform(symbol: str, q: np.ndarray) -> np.ndarray:
        radii = np.linspace(0, q.max(), 4096)
        b = log_transmission(symbol, radii, band=2 / 3 * NYQUIST, energy=ENERGY)
        real = np.interp(q, radii, b.real) if absorption else 0
        return np.where(q <= cut * NYQUIST, real + 1j * np.interp(q, radii, b.imag), 0)

    return transform


def exit_wave(atoms, transform: Transform) -> np.ndarray:
    """Multislice with t = exp(Σ transform), the propagator cut at 2/3 of Nyquist, slices in their middle planes."""
    k = np.fft.fftfreq(PIXELS, LENGTH / PIXELS)
    q = np.hypot(k[:, None], k[None])
    symbols = np.array(atoms.get_chemical_symbols())
    tables = {s: transform(s, q) * PIXELS**2 / LENGTH**2 for s in sorted(set(symbols))}
    slices = int(np.ceil(atoms.cell[2, 2] / SLICE - 1e-9))
    dz = atoms.cell[2, 2] / slices
    propagator = np.exp(-1j * np.pi * wavelength(ENERGY) * dz * q**2) * (q <= 2 / 3 * NYQUIST)
    index = (atoms.positions[:, 2] / dz).astype(int)
    wave = np.ones((PIXELS, PIXELS), complex)
    for i in range(slices):
        exponent = np.zeros((PIXELS, PIXELS), complex)
        for symbol, table in tables.items():
            x, y, _ = atoms.positions[(index == i) & (symbols == symbol)].T
            exponent += table * (np.exp(-2j * np.pi * np.outer(k, y)) @ np.exp(-2j * np.pi * np.outer(x, k)))
        step = propagator if i < slices - 1 else propagator * np.exp(1j * np.pi * wavelength(ENERGY) * dz / 2 * q**2)
        wave = np.fft.ifft2(np.fft.fft2(wave * np.exp(np.fft.ifft2(exponent))) * step)
    return wave


def main() -> None:
    atoms = gold_on_carbon(LENGTH, film=20.0, radius=9.0)
    reference = reference_wave(atoms, pixels=1536, slice_thickness=SLICE, energy=ENERGY)
    ways = {
        "potential cut at 2/3 of Nyquist": born(2 / 3),
        "potential to Nyquist, 2/3 aperture in the propagator alone": born(1),
        "single-atom transmission cut at 2/3, its logarithm to 5/6": single_atom(5 / 6, absorption=True),
        "the same, phase part alone": single_atom(5 / 6, absorption=False),
    }
    print("| what the grid holds | \\|q\\| < 1/Å | \\|q\\| < 2/Å |\n|---|---|---|")
    for name, transform in ways.items():
        wave = exit_wave(atoms, transform)
        cells = [f"{100 * relative_error(wave, reference, LENGTH, q):.2f} %" for q in (1.0, 2.0)]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
