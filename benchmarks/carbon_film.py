"""The amorphous-carbon film beside what is known of amorphous carbon. Prints a Markdown table; draws a picture.

    python benchmarks/carbon_film.py [--picture docs/images/carbon_film]

Pair distribution g(r), bond angles and structure factor S(q) of films of 2.0 g/cm³, four seeds; beside them random
places that only keep a least distance of 1.4 Å, which is what a film is without bonds.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from scipy import fft
from scipy.spatial import cKDTree

from hrtem_bench.specimens import amorphous_film, glass

SIZE, SEEDS, BOND = (60.0, 60.0, 60.0), (0, 1, 2, 3), 1.9

# Where the neighbours are: first distance (Å), how many, second distance (Å).
LITERATURE = {
    "graphite (its lattice)": (1.42, 3.0, 2.46),
    "diamond (its lattice)": (1.54, 4.0, 2.52),
    "evaporated film, electron diffraction [1]": (1.50, None, None),
    "sputtered film, neutrons [2]": (1.46, 3.34, 2.49),
    "tetrahedral a-C, neutrons [3]": (1.53, 3.93, 2.50),
}
SOURCES = """\
[1] J. Kakinoki et al., Acta Cryst. 13, 171 (1960)
[2] F. Li, J. S. Lannin, Phys. Rev. Lett. 65, 1905 (1990)
[3] K. W. R. Gilkes, P. H. Gaskell, J. Robertson, Phys. Rev. B 51, 12303 (1995)"""


def random_places(count: int, size: tuple[float, ...], least: float, seed: int) -> np.ndarray:
    """Places drawn at random, each kept if it is `least` (Å) from all before; periodic."""
    rng = np.random.default_rng(seed)
    places = np.zeros((0, 3))
    while len(places) < count:
        drawn = rng.random((count, 3)) * size
        if len(places):
            drawn = drawn[cKDTree(places, boxsize=size).query(drawn)[0] >= least]
        tree = cKDTree(drawn, boxsize=size)
        later = {j for _, j in tree.query_pairs(least)}
        places = np.concatenate([places, np.delete(drawn, sorted(later), axis=0)])[:count]
    return places


def pair_distribution(positions: np.ndarray, size: tuple[float, ...], edges: np.ndarray) -> np.ndarray:
    """g(r) between the edges (Å), periodic: 1 where atoms are placed independently."""
    tree = cKDTree(positions, boxsize=size)
    within = tree.count_neighbors(tree, edges).astype(float)
    shells = np.diff(edges**3) * 4 / 3 * np.pi
    return np.diff(within) / len(positions) / shells / (len(positions) / np.prod(size))


def neighbours(positions: np.ndarray, size: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Number of bonds of each atom, and all bond angles in degrees."""
    pairs = cKDTree(positions, boxsize=size).query_pairs(BOND, output_type="ndarray")
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.argsort(both[:, 0], kind="stable")]
    vectors = positions[both[:, 1]] - positions[both[:, 0]]
    vectors -= np.array(size) * np.rint(vectors / np.array(size))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    counts = np.bincount(both[:, 0], minlength=len(positions))
    angles = []
    for group in np.split(vectors, np.cumsum(counts)[:-1]):
        angles.append((group @ group.T)[np.triu_indices(len(group), 1)])
    return counts, np.degrees(np.arccos(np.clip(np.concatenate(angles), -1, 1)))


def structure_factor(positions: np.ndarray, size: tuple[float, ...], edges: np.ndarray) -> np.ndarray:
    """S(q) = |sum exp(2 pi i q r)|² / N between the edges (1/Å), the mean over directions."""
    grid = tuple(round(side / 0.3) for side in size)
    filled = np.histogramdd(positions, bins=grid, range=[(0, side) for side in size])[0]
    q = [fft.fftfreq(n, side / n) for n, side in zip(grid, size, strict=True)]
    voxel = [np.sinc(component * side / n) for component, n, side in zip(q, grid, size, strict=True)]
    power = np.abs(fft.fftn(filled, workers=1)) ** 2 / len(positions)
    power /= (voxel[0][:, None, None] * voxel[1][:, None] * voxel[2]) ** 2
    length = np.sqrt(q[0][:, None, None] ** 2 + q[1][:, None] ** 2 + q[2] ** 2)
    index = np.digitize(length.ravel(), edges)
    sums = np.bincount(index, power.ravel(), len(edges) + 1)[1:-1]
    return sums / np.bincount(index, minlength=len(edges) + 1)[1:-1]


def peak(x: np.ndarray, y: np.ndarray, low: float, high: float) -> float:
    """Where y is largest between low and high, from the parabola through the three points about the top."""
    inside = np.flatnonzero((x > low) & (x < high))
    k = inside[np.argmax(y[inside])]
    a, b, c = np.log(y[k - 1 : k + 2])
    return float(x[k] + (x[1] - x[0]) * (a - c) / (2 * (a - 2 * b + c)))


def measured(make: object) -> dict[str, np.ndarray]:
    """Means over the seeds of what `make(seed)` -> positions shows."""
    r, q = np.arange(0.0, 8.01, 0.04), np.arange(0.05, 1.3, 0.02)
    found = []
    for seed in SEEDS:
        positions = make(seed)  # type: ignore[operator]
        counts, angles = neighbours(positions, SIZE)
        found.append({
            "g": pair_distribution(positions, SIZE, r), "S": structure_factor(positions, SIZE, q),
            "bonds": np.bincount(counts, minlength=8)[:8] / len(counts),
            "angles": np.histogram(angles, np.arange(40, 181, 2), density=True)[0],
            "angle": np.array([angles.mean(), angles.std()]), "mean": counts.mean(),
        })  # fmt: skip
    means = {key: np.mean([item[key] for item in found], axis=0) for key in found[0]}
    return means | {"r": (r[1:] + r[:-1]) / 2, "q": (q[1:] + q[:-1]) / 2}


def table(film: dict[str, np.ndarray]) -> str:
    """The comparison as Markdown."""
    r, g = film["r"], film["g"]
    rows = {"**this film, 2.0 g/cm³**": (peak(r, g, 1.2, 1.9), float(film["mean"]), peak(r, g, 2.1, 3.0))}
    lines = ["| carbon | first neighbours, Å | how many | second neighbours, Å |", "|---|---|---|---|"]
    for name, values in (rows | LITERATURE).items():
        lines.append(f"| {name} | " + " | ".join("" if v is None else f"{v:.2f}" for v in values) + " |")
    return "\n".join(lines)


def picture(film: dict[str, np.ndarray], places: dict[str, np.ndarray]) -> object:
    """g(r), bond angles and S(q) side by side."""
    from hrtem_bench.report.figure_style import BLUE, GREY, PAGE, new_figure, styled

    @styled
    def draw() -> object:
        figure = new_figure(PAGE, 58)
        axes = figure.subplots(1, 3, width_ratios=[1.3, 0.8, 1])
        for data, colour, name in ((places, GREY, "random places"), (film, BLUE, "this film")):
            axes[0].plot(data["r"], data["g"], color=colour, label=name)
            axes[2].plot(data["q"], data["S"], color=colour)
        axes[1].plot(np.arange(41, 180, 2), film["angles"] * 100, color=BLUE)
        for r, text in ((1.46, "1.46"), (2.49, "2.49")):
            axes[0].axvline(r, color="black", lw=0.6, ls=":")
            axes[0].annotate(text, (r, 7.4), xytext=(2, 0), textcoords="offset points")
        axes[0].set(xlabel="distance r, Å", ylabel="g(r)", xlim=(0, 6), ylim=(0, 8), title="Pair distribution")
        axes[0].legend(frameon=False, loc="center right")
        for angle, text in ((120, "graphite"), (109.47, "diamond")):
            axes[1].axvline(angle, color="black", lw=0.6, ls=":")
            side = {"graphite": ("left", 2), "diamond": ("right", -2)}[text]
            axes[1].annotate(text, (angle, 3.35), xytext=(side[1], 0), textcoords="offset points", ha=side[0])
        axes[1].set(
            xlabel="bond angle, degrees", ylabel="share, % per degree", xlim=(60, 180), ylim=(0, 3.6), title="Angles"
        )
        for d in (2.1, 1.2):
            axes[2].axvline(1 / d, color="black", lw=0.6, ls=":")
            axes[2].annotate(f"{d} Å", (1 / d, 1.85), xytext=(2, 0), textcoords="offset points")
        axes[2].set(
            xlabel="spatial frequency q, 1/Å", ylabel="S(q)", xlim=(0, 1.2), ylim=(0, 2), title="Structure factor"
        )
        return figure

    return draw()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=Path, help="write PICTURE.svg and PICTURE.png")
    stem = parser.parse_args().picture
    carbon = glass("a-C")
    amorphous_film(carbon, (20, 20, 20), 0)  # compiles the kernels
    start, cpu = time.perf_counter(), time.process_time()
    films = {seed: amorphous_film(carbon, SIZE, seed)[1] for seed in SEEDS}
    per_atom = 1e6 / sum(map(len, films.values()))
    print(
        f"{len(films[0])} atoms each; {per_atom * (time.perf_counter() - start):.0f} µs per atom "
        f"({per_atom * (time.process_time() - cpu):.0f} µs of one core)\n"
    )
    film = measured(films.get)
    places = measured(lambda seed: random_places(len(films[0]), SIZE, 1.4, seed))
    print(table(film))
    print(f"\n{SOURCES}\n")
    shares = ", ".join(f"{bonds}: {100 * share:.0f} %" for bonds, share in enumerate(film["bonds"]) if share > 0.004)
    print(f"Bonds per atom (nearer than {BOND} Å): {shares}.")
    print(f"Bond angle: mean {film['angle'][0]:.0f}°, standard deviation {film['angle'][1]:.0f}°.")
    gap = film["g"][(film["r"] > 1.8) & (film["r"] < 2.2)].min()
    print(f"g(r) between the first two peaks falls to {gap:.2f}.")
    tops = [1 / peak(film["q"], film["S"], low, high) for low, high in ((0.3, 0.65), (0.7, 1.1))]
    print(f"S(q) peaks at spacings of {tops[0]:.2f} and {tops[1]:.2f} Å.")
    if stem:
        from hrtem_bench.report.figure_style import save_figure

        stem.parent.mkdir(parents=True, exist_ok=True)
        save_figure(picture(film, places), stem, dpi=200)


if __name__ == "__main__":
    main()
