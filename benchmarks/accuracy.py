"""How far exit waves are from converged float64 calculations, ours beside abTEM's. Prints Markdown tables.

    python benchmarks/accuracy.py

The first specimen is a gold ball on carbon in a 25.6 Å box, off any zone axis, in slices of 2 Å; the others are gold
along [001], the hardest case, in slices of 2.04 Å. References have exact structure factors on a grid of 1/60 Å and the
same slices. The error is the relative L2 norm of the scattered wave's difference inside |q| < q_max. abTEM's wave is
taken at the plane along the beam where it fits best. The last table is about slices, on a grid of 0.1 Å.
"""

from __future__ import annotations

import numpy as np
from converged import gold_along_001, gold_on_carbon, reference_wave, relative_error

import hrtem_bench as hb

SLICE, ENERGY, FINE = 2.04, 300e3, 60
SIZES = (0.2, 0.1, 0.05)
BANDS = (0.5, 1.0, 2.0)
VIBRATION = 0.08
CRYSTALS = {
    f"{4.08 * layers:.0f} Å, {words}": (layers, displacement)
    for words, displacement in (("displaced", VIBRATION), ("at rest", 0.0))
    for layers in (4, 12)
}
METHODS = ("real-space", "fourier")


def abtem_wave(atoms, pixel_size: float, slice_thickness: float):
    """abTEM's exit wave as (y, x)."""
    import abtem

    abtem.config.set({"local_diagnostics.progress_bar": False})
    potential = abtem.Potential(
        atoms, sampling=pixel_size, slice_thickness=slice_thickness, projection="infinite", parametrization="lobato"
    )
    return abtem.PlaneWave(energy=ENERGY).multislice(potential, lazy=False).array.T


def best_plane(wave, reference, length: float):
    """The wave carried along the beam to where it fits the reference best: which plane it is given at is convention."""
    k = np.fft.fftfreq(wave.shape[0], length / wave.shape[0])
    phase = np.pi * hb.wavelength(ENERGY) * (k[:, None] ** 2 + k[None] ** 2)
    spectrum = np.fft.fft2(wave)
    moved = [np.fft.ifft2(spectrum * np.exp(-1j * d * phase)) for d in np.arange(-3.0, 3.01, 0.25)]
    return min(moved, key=lambda one: relative_error(one, reference, length, 1.0))


def errors(atoms, slice_thickness: float, bands) -> dict[str, list[str]]:
    """Name of a wave -> its errors in the bands, in words; a dash where the wave holds no such frequencies."""
    length = float(atoms.cell[0, 0])
    reference = reference_wave(atoms, pixels=round(length * FINE), slice_thickness=slice_thickness, energy=ENERGY)
    rows = {}
    for size in SIZES:
        options = {"phonons": None, "pixel_size": size, "slice_thickness": slice_thickness, "energy": ENERGY}
        waves = {
            f"hrtem-bench, {method}, {size:g} Å": np.asarray(hb.exit_waves(atoms, method=method, **options)[0])
            for method in (METHODS if size > min(SIZES) else METHODS[1:])
        }
        waves[f"abTEM, {size:g} Å"] = best_plane(abtem_wave(atoms, size, slice_thickness), reference, length)
        for name, wave in waves.items():
            reach = wave.shape[0] / length / 3  # 2/3 of Nyquist
            rows[name] = [percent(relative_error(wave, reference, length, q)) if q <= reach else "–" for q in bands]
    return rows


def percent(error: float) -> str:
    return f"{100 * error:.2f} %" if error < 0.1 else f"{100 * error:.0f} %"


def table(head: str, columns: list[str], rows: dict[str, list[str]]) -> str:
    lines = [f"| {head} | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    return "\n".join(lines + [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows.items()])


def main() -> None:
    ball = gold_on_carbon(25.6, film=20.0, radius=9.0)
    bands = [f"\\|q\\| < {q:g}/Å" for q in BANDS]
    print("A gold ball on carbon:\n")
    print(table("exit wave", bands, errors(ball, 2.0, BANDS)))
    made = {
        name: errors(gold_along_001(5, layers, displacement), SLICE, (1.0,))
        for name, (layers, displacement) in CRYSTALS.items()
    }
    rows = {name: [made[crystal][name][0] for crystal in made] for name in made[next(iter(made))]}
    print(f"\nGold along [001], \\|q\\| < 1/Å; displaced: by {VIBRATION:g} Å along each axis:\n")
    print(table("exit wave", list(made), rows))
    waves = {d: hb.exit_waves(ball, phonons=None, slice_thickness=d, method="fourier")[0] for d in (4.0, 2.0, 1.0, 0.5)}
    thinnest = waves.pop(0.5)
    rows = {f"{d:g} Å": [percent(relative_error(w, thinnest, 25.6, q)) for q in BANDS] for d, w in waves.items()}
    print("\nThe gold ball in slices of several thicknesses, beside slices of 0.5 Å:\n")
    print(table("slices", bands, rows))


if __name__ == "__main__":
    main()
