"""How far exit waves are from a converged float64 calculation, ours beside abTEM's. Prints a Markdown table.

    python benchmarks/accuracy.py

The specimen is a gold ball on carbon in a 25.6 Å box, 2 Å slices. The reference has exact structure factors on a
grid of 1/60 Å. The error is the relative L2 norm of the scattered wave's difference inside |q| < q_max.
"""

from __future__ import annotations

import numpy as np
from converged import gold_on_carbon, reference_wave, relative_error

import hrtem_bench as hb

LENGTH, SLICE, ENERGY = 25.6, 2.0, 300e3
BANDS = (0.5, 1.0, 2.0)


def abtem_wave(atoms, pixel_size: float):
    """abTEM's exit wave as (y, x), at the plane ours is at: half a slice further upstream than its own."""
    import abtem

    abtem.config.set({"local_diagnostics.progress_bar": False})
    potential = abtem.Potential(
        atoms, sampling=pixel_size, slice_thickness=SLICE, projection="infinite", parametrization="lobato"
    )
    array = abtem.PlaneWave(energy=ENERGY).multislice(potential, lazy=False).array.T
    k = np.fft.fftfreq(array.shape[0], LENGTH / array.shape[0])
    half_slice = atoms.cell[2, 2] / np.ceil(atoms.cell[2, 2] / SLICE - 1e-9) / 2
    back = np.exp(1j * np.pi * hb.wavelength(ENERGY) * half_slice * (k[:, None] ** 2 + k[None] ** 2))
    return np.fft.ifft2(np.fft.fft2(array) * back)


def main() -> None:
    atoms = gold_on_carbon(LENGTH, film=20.0, radius=9.0)
    reference = reference_wave(atoms, pixels=1536, slice_thickness=SLICE, energy=ENERGY)
    print("| exit wave | " + " | ".join(f"|q| < {q:g}/Å" for q in BANDS).replace("|q|", "\\|q\\|") + " |")
    print("|---" * (len(BANDS) + 1) + "|")
    rows = {}
    for size in (0.2, 0.1, 0.05):
        rows[f"hrtem-bench, {size:g} Å"] = hb.exit_waves(atoms, pixel_size=size, slice_thickness=SLICE)[0]
        rows[f"abTEM, {size:g} Å"] = abtem_wave(atoms, size)
    for name, wave in rows.items():
        # A wave holds 2/3 of Nyquist; beyond that there is nothing to compare.
        reach = wave.shape[0] / LENGTH / 3
        cells = [f"{100 * relative_error(wave, reference, LENGTH, q):.2f} %" if q <= reach else "–" for q in BANDS]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
