"""How far the quasi-coherent envelope is from partial coherence, by thickness. Prints Markdown; draws a picture.

    python benchmarks/coherence.py [--picture docs/images/coherence]     (about a minute on one core)

Exit waves at 300 kV of amorphous carbon, CdSe along [0001] and gold along [001], 20 to 200 Å thick, in fields of about
25 Å at 0.2 Å sampling, imaged with the envelope and with explicit quadrature. The error is the root of the mean squared
difference of the two images, each divided by its mean, relative to the contrast (the same root of the exact image
about its mean); averaged over squares, at C10 of -100, 0 and 100 Å about the middle of the specimen.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import Any

import numpy as np

import hrtem_bench as hb
from hrtem_bench.imaging import expected_intensity, quadrature_intensity, tcc_intensity
from hrtem_bench.multislice import GridWarning
from hrtem_bench.specimens import SceneSpec, amorphous_film, glass, lattice, scene

THICKNESSES = (20, 40, 60, 80, 120, 160, 200)
DEFOCI = (-100.0, 0.0, 100.0)
SOURCES = {
    "10 Å": {"focal_spread": 10.0},
    "20 Å": {"focal_spread": 20.0},
    "30 Å": {"focal_spread": 30.0},
    "50 Å": {"focal_spread": 50.0},
    "0.3 mrad": {"angular_spread": 0.3},
}
SIDE, PIXEL, PHONONS, DISPLACEMENT, SCENES = 25.6, 0.2, 2, 0.08, 3


def carbon() -> Any:
    """A film of the greatest thickness, to be cut."""
    from ase import Atoms

    numbers, positions = amorphous_film(glass("a-C"), (SIDE, SIDE, max(THICKNESSES)), seed=0)
    return Atoms(numbers, positions, cell=(SIDE, SIDE, max(THICKNESSES)), pbc=True)


def crystal(name: str, side: float = SIDE) -> Any:
    """Whole cells along x and y, about `side` of them in Å; as many along z as the greatest thickness takes."""
    from ase.build import bulk

    a, _, c, *_ = lattice("CdSe").cell
    cell = bulk("CdSe", "wurtzite", a=a, c=c, orthorhombic=True) if name == "CdSe" else bulk(name, cubic=True)
    edges = cell.cell.lengths()
    return cell.repeat([round(side / edges[0]), round(side / edges[1]), int(np.ceil(max(THICKNESSES) / edges[2]))])


def exit_waves(specimen: Any, thickness: float) -> tuple[Any, tuple[float, float]]:
    """Waves (PHONONS, ny, nx) below the first `thickness` Å of the specimen, and the pixel sizes (dy, dx), Å."""
    part = specimen[specimen.positions[:, 2] < thickness - 0.01]
    part.set_cell((*specimen.cell.lengths()[:2], thickness))
    part.positions[:, 2] += 0.005  # off the faces
    return simulated(part)


def simulated(part: Any) -> tuple[Any, tuple[float, float]]:
    """Exit waves of the whole of `part`, and the pixel sizes (dy, dx), Å."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GridWarning)
        waves = hb.exit_waves(
            part, pixel_size=PIXEL, phonons=PHONONS, displacement=DISPLACEMENT, seed=1, method="fourier"
        )
    lx, ly = part.cell.lengths()[:2]
    return waves, (ly / waves.shape[1], lx / waves.shape[2])


def errors(waves: Any, size: tuple[float, float], thickness: float, source: dict[str, float]) -> tuple[float, ...]:
    """Relative error of the contrast, share of the mean intensity lost, and difference as a share of the mean."""
    conditions = [hb.Condition(C10=C10, **source) for C10 in DEFOCI]
    arguments = {"pixel_size": size, "output_pixel_size": size, "zero_focus": -thickness / 2}
    exact = quadrature_intensity(waves, conditions, **arguments).astype(float)
    envelope = expected_intensity(waves, conditions, **arguments).astype(float)
    means = [images.mean(axis=(1, 2), keepdims=True) for images in (exact, envelope)]
    exact, envelope = exact / means[0], envelope / means[1]
    difference, contrast = np.mean((envelope - exact) ** 2), np.mean((exact - 1) ** 2)
    return (
        float(np.sqrt(difference / contrast)),
        float(1 - np.mean(means[1]) / np.mean(means[0])),
        float(np.sqrt(difference)),
    )


def measured() -> dict[str, dict[str, Any]]:
    """By specimen and source: (thicknesses, 3) of `errors`."""
    out = {}
    for name, specimen in (
        ("amorphous carbon", carbon()),
        ("CdSe [0001]", crystal("CdSe")),
        ("gold [001]", crystal("Au")),
    ):
        rows: dict[str, list[tuple[float, ...]]] = {source: [] for source in SOURCES}
        for thickness in THICKNESSES:
            waves, size = exit_waves(specimen, thickness)
            for source, settings in SOURCES.items():
                rows[source].append(errors(waves, size, thickness, settings))
        out[name] = {source: np.array(values) for source, values in rows.items()}
    return out


def scenes() -> str:
    """The same for scenes as a dataset has: one particle of CdSe in a random orientation on a film of carbon."""
    spec = SceneSpec(box=(64.0, 64.0), count=(1, 1))
    lines = ["| scene | thickness | error, share of contrast | difference, share of the mean |", "|---|---|---|---|"]
    for seed in range(SCENES):
        made = scene(spec, seed)
        waves, size = simulated(made.atoms)
        relative, _, absolute = errors(waves, size, made.atoms.cell.lengths()[2], SOURCES["10 Å"])
        lines.append(f"| {seed} | {made.thickness:.0f} Å | {100 * relative:.1f} % | {100 * absolute:.2f} % |")
    return "\n".join(lines)


def convergence() -> str:
    """What is left to the transmission cross-coefficient, gold of 100 Å in a field of 12 Å, as Markdown."""
    waves, size = exit_waves(crystal("Au", 12.0), 100.0)
    c = hb.Condition(C10=100.0, focal_spread=20.0, angular_spread=0.3)
    arguments = {"pixel_size": size, "output_pixel_size": size, "zero_focus": -50.0}
    exact = tcc_intensity(waves, [c], **arguments).astype(float)

    def error(images: Any) -> float:
        return float(np.linalg.norm(images - exact) / np.linalg.norm(exact - exact.mean()))

    rows = {"envelope": error(expected_intensity(waves, [c], **arguments))}
    for nodes in (2, 4, 8, 16, None):
        name = "quadrature, nodes as chosen" if nodes is None else f"quadrature, {nodes} focus nodes"
        rows[name] = error(quadrature_intensity(waves, [c], focus_nodes=nodes, **arguments))
    return "\n".join(
        ["| method | error, share of contrast |", "|---|---|", *(f"| {k} | {v:.1e} |" for k, v in rows.items())]
    )


def tables(found: dict[str, dict[str, Any]]) -> str:
    """The relative error by thickness, and at 10 Å focal spread what else there is to know, as Markdown."""
    heads = " | ".join(f"{t} Å" for t in THICKNESSES)
    rule = "|---" * (len(THICKNESSES) + 2) + "|"
    lines = [f"| specimen | spread | {heads} |", rule]
    for name, rows in found.items():
        for source, values in rows.items():
            lines.append(f"| {name} | {source} | " + " | ".join(f"{100 * v:.1f} %" for v in values[:, 0]) + " |")
    lines += ["", f"| specimen, 10 Å spread | | {heads} |", rule]
    for name, rows in found.items():
        for column, label in ((1, "mean intensity lost"), (2, "difference, share of the mean")):
            values = rows["10 Å"][:, column]
            lines.append(f"| {name} | {label} | " + " | ".join(f"{100 * v:.2f} %" for v in values) + " |")
    return "\n".join(lines)


def picture(found: dict[str, dict[str, Any]]) -> Any:
    """The relative error over thickness, one panel for each specimen."""
    from hrtem_bench.report.style import PAGE, SERIES, new_figure, styled

    @styled
    def draw() -> Any:
        figure = new_figure(PAGE, 62)
        axes = figure.subplots(1, len(found), sharey=True)
        for axis, (name, rows) in zip(axes, found.items(), strict=True):
            for (source, values), colour in zip(rows.items(), SERIES, strict=False):
                style = "--" if "mrad" in source else "-"
                axis.plot(THICKNESSES, 100 * values[:, 0], style, color=colour, marker="o", ms=2.5, label=source)
            axis.set(xlabel="thickness, Å", title=name, xlim=(0, 205), yscale="log", ylim=(0.05, 100))
            axis.set_yticks([0.1, 1, 10, 100], labels=["0.1", "1", "10", "100"])
            axis.grid(axis="y", lw=0.4, color="0.85")
        axes[0].set_ylabel("error of the envelope, % of contrast")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right", frameon=False, title="spread")
        return figure

    return draw()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=Path, help="write PICTURE.svg and PICTURE.png")
    stem = parser.parse_args().picture
    found = measured()
    print(f"{tables(found)}\n\n{scenes()}\n\n{convergence()}")
    if stem:
        from hrtem_bench.report.style import save_figure

        stem.parent.mkdir(parents=True, exist_ok=True)
        save_figure(picture(found), stem, dpi=200)


if __name__ == "__main__":
    main()
