"""How far exit waves are from a converged float64 calculation, ours beside abTEM's. Prints a Markdown table.

    python benchmarks/accuracy.py

The specimen is a gold ball on carbon in a 25.6 Å box, 2 Å slices. The reference has exact structure factors on a
grid of 1/60 Å. The error is the relative L2 norm of the scattered wave's difference inside |q| < q_max. abTEM's wave is
taken at the plane along the beam where it fits best.
"""

from __future__ import annotations

import numpy as np
from converged import gold_on_carbon, reference_wave, relative_error

import hrtem_bench as hb

LENGTH, SLICE, ENERGY = 25.6, 2.0, 300e3
BANDS = (0.5, 1.0, 2.0)


def abtem_wave(atoms, pixel_size: float):
    """abTEM's exit wave as (y, x)."""
    import abtem

    abtem.config.set({"local_diagnostics.progress_bar": False})
    potential = abtem.Potential(
        atoms, sampling=pixel_size, slice_thickness=SLICE, projection="infinite", parametrization="lobato"
    )
    return abtem.PlaneWave(energy=ENERGY).multislice(potential, lazy=False).array.T


def best_plane(wave, reference):
    """The wave carried along the beam to where it fits the reference best: which plane it is given at is convention."""
    k = np.fft.fftfreq(wave.shape[0], LENGTH / wave.shape[0])
    phase = np.pi * hb.wavelength(ENERGY) * (k[:, None] ** 2 + k[None] ** 2)
    spectrum = np.fft.fft2(wave)
    moved = [np.fft.ifft2(spectrum * np.exp(-1j * d * phase)) for d in np.arange(-3.0, 3.01, 0.25)]
    return min(moved, key=lambda one: relative_error(one, reference, LENGTH, 1.0))


def main() -> None:
    atoms = gold_on_carbon(LENGTH, film=20.0, radius=9.0)
    reference = reference_wave(atoms, pixels=1536, slice_thickness=SLICE, energy=ENERGY)
    print("| exit wave | " + " | ".join(f"|q| < {q:g}/Å" for q in BANDS).replace("|q|", "\\|q\\|") + " |")
    print("|---" * (len(BANDS) + 1) + "|")
    rows = {}
    for size in (0.2, 0.1, 0.05):
        for method in ("real-space", "fourier") if size > 0.05 else ("fourier",):
            wave = hb.exit_waves(atoms, phonons=None, pixel_size=size, slice_thickness=SLICE, method=method)[0]
            rows[f"hrtem-bench, {method}, {size:g} Å"] = wave
        rows[f"abTEM, {size:g} Å"] = best_plane(abtem_wave(atoms, size), reference)
    for name, wave in rows.items():
        # A wave holds 2/3 of Nyquist; beyond that there is nothing to compare.
        reach = wave.shape[0] / LENGTH / 3
        cells = [f"{100 * relative_error(wave, reference, LENGTH, q):.2f} %" if q <= reach else "–" for q in BANDS]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
