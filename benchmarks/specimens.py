"""How long scenes take and how many atoms they have; with --picture, what specimens look like.

python benchmarks/specimens.py [--picture docs/images/specimens]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from hrtem_bench import specimens
from hrtem_bench.specimens import SceneSpec, lattice, scene

SEEDS = range(8)
COLOURS = {6: "#8A8D91", 8: "#56B4E9", 16: "#E69F00", 30: "#0072B2", 34: "#E69F00", 48: "#0072B2", 29: "#D55E00",
           47: "#B8BCC2", 79: "#E69F00"}  # fmt: skip


def timings() -> str:
    """A Markdown table: atoms and seconds of one core for scenes of the published protocol."""
    scene(SceneSpec(box=(60, 60), count=1, film_thickness=20), 0)  # compiles the kernels
    lines = ["| field, Å | atoms: fewest, mean, most | seconds of one core: mean, most |", "|---|---|---|"]
    for side in (102.4, 128.0):
        atoms, seconds = [], []
        for seed in SEEDS:
            start = time.process_time()
            atoms.append(len(scene(SceneSpec(box=(side, side)), seed).atoms))
            seconds.append(time.process_time() - start)
        count = f"{min(atoms)}, {np.mean(atoms):.0f}, {max(atoms)}"
        lines.append(f"| {side:g} | {count} | {np.mean(seconds):.1f}, {max(seconds):.1f} |")
    return "\n".join(lines)


def particles() -> dict[str, tuple[object, np.ndarray]]:
    """Particles by name, each with the direction (in its crystal's axes) from which its structure shows."""
    rng = np.random.default_rng(5)
    gold, energies = lattice("Au"), (((1, 1, 1), 1.0), ((1, 0, 0), 1.15))
    axis = np.array([1.0, 0.0, 0.0]) @ np.asarray(specimens.unit_cell(lattice("CdSe")).cell)
    return {
        "CdSe, two faults": (specimens.sphere(lattice("CdSe"), 40, rng, (2, 0)).atoms, axis),
        "Cu, twinned": (specimens.sphere(lattice("Cu"), 30, rng, (0, 2)).atoms, np.array([1.0, -1.0, 0.0])),
        "Au, Wulff": (
            specimens.cut(gold, specimens.wulff_outline(gold, energies, 32), rng).atoms,
            np.array([1.0, -1.0, 0.0]),
        ),
        "Au, icosahedron": (specimens.five_fold(gold, "icosahedron", 31).atoms, np.array([0.0, 0.0, 1.0])),
        "Au, decahedron": (specimens.five_fold(gold, "decahedron", 31).atoms, np.array([0.0, 0.0, 1.0])),
        "CdSe@ZnS": (specimens.core_shell(lattice("CdSe"), lattice("ZnS"), (40, 6), rng).atoms, axis),
    }


def seen_along(positions: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Positions turned so that the direction points at the viewer, farthest first."""
    z = direction / np.linalg.norm(direction)
    x = np.cross([0.0, 0.0, 1.0] if abs(z[2]) < 0.9 else [1.0, 0.0, 0.0], z)
    x /= np.linalg.norm(x)
    return positions @ np.array([x, np.cross(z, x), z]).T


def picture() -> object:
    """A scene along the beam, from the side and as an image; and six kinds of particles."""
    import hrtem_bench as hb
    from hrtem_bench.report.figure_style import PAGE, new_figure, styled

    spec = SceneSpec(box=(102.4, 102.4), count=3, film_thickness=30)
    made = scene(spec, 2)
    waves = hb.exit_waves(made.atoms, pixel_size=0.2, phonons=2)
    image = hb.render(waves, hb.Condition(C10=100.0, focal_spread=10.0, dose=400.0), pixel_size=0.2,
                      output_pixel_size=0.4, seed=0)  # fmt: skip

    @styled
    def draw() -> object:
        figure = new_figure(PAGE, 100)
        upper, lower = figure.subfigures(2, 1, height_ratios=[1.9, 1])
        views = upper.subplots(1, 3)
        film = made.particle == 0
        for axis, (i, j) in zip(views, ((0, 1), (0, 2)), strict=False):
            order = np.argsort(made.atoms.positions[:, 3 - i - j])
            order = np.concatenate([order[film[order]], order[~film[order]]])
            colours = [COLOURS[number] for number in made.atoms.numbers[order]]
            axis.scatter(*made.atoms.positions[order][:, [i, j]].T, s=0.6, c=colours, lw=0, rasterized=True)
        views[2].imshow(image, cmap="gray", origin="lower", extent=(0, 102.4, 0, 102.4),
                        vmin=np.quantile(image, 0.005), vmax=np.quantile(image, 0.995))  # fmt: skip
        titles = "Along the beam", "From the side, beam upwards", "Image, 10 nm over focus"
        for axis, title in zip(views, titles, strict=True):
            axis.set(aspect="equal", xlim=(0, 102.4), ylim=(0, 102.4), xticks=(0, 50, 100), yticks=(0, 50, 100))
            axis.set(title=title, xlabel="Å")
        for axis, (name, (atoms, direction)) in zip(lower.subplots(1, 6), particles().items(), strict=True):
            turned = seen_along(atoms.positions, direction)
            order = np.argsort(turned[:, 2])
            colours = [COLOURS[number] for number in atoms.numbers[order]]
            axis.scatter(*turned[order][:, :2].T, s=4.0, c=colours, lw=0.15, edgecolors="white", rasterized=True)
            axis.set(aspect="equal", xlim=(-23, 23), ylim=(-23, 23))
            axis.set_title(name, fontweight="normal", loc="center", fontsize=7)
            axis.axis("off")
        return figure

    return draw()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=Path, help="write PICTURE.png and print nothing else")
    stem = parser.parse_args().picture
    if stem is None:
        print(timings())
        return
    from hrtem_bench.report.figure_style import figure_palette_png
    from hrtem_bench.support.files import write_aside_bytes

    stem.parent.mkdir(parents=True, exist_ok=True)
    write_aside_bytes(stem.with_suffix(".png"), figure_palette_png(picture(), 200))


if __name__ == "__main__":
    main()
