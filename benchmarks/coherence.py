"""How far the envelope is from partial coherence, and how many nodes a sum over focus takes. Prints Markdown.

    python benchmarks/coherence.py [--picture docs/images/coherence] [--parts envelope scenes ...]

Exit waves at 300 kV of amorphous carbon, CdSe along [0001] and gold along [001], 20 to 200 Å thick, in fields of about
25 Å at 0.2 Å sampling, imaged with the envelope and with explicit quadrature. The error is the root of the mean squared
difference of the two images, each divided by its mean, relative to the contrast (the same root of the exact image
about its mean); averaged over squares, at C10 of -100, 0 and 100 Å about the middle of the specimen.

Then gold balls 50 Å across in vacuum: the error of their darkness (1 minus the mean intensity within 20 Å of the
middle) and of their fringes (the root of the power between 0.4 and 1.25 1/Å) by the number of nodes, what the nodes
cost, and how near the envelope of the angular spread comes to the sum over angles with and without its background.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

import hrtem_bench as hb
from hrtem_bench.imaging import expected_intensity
from hrtem_bench.imaging.coherence import TOLERANCE, normal_nodes
from hrtem_bench.imaging.formation import image_of, spectra_of
from hrtem_bench.imaging.fourier import pixel_sizes, resize_spectrum
from hrtem_bench.imaging.rendering import checked_waves
from hrtem_bench.multislice import GridWarning, Waves
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
EXACT = {"coherence": "quadrature", "nodes": 40, "angle_nodes": 9}
BALL, BALL_SIDE, BALL_OUT = 50.0, 76.8, 0.4
NODES = {10.0: (3, 4, 5), 30.0: (6, 8, 10), 60.0: (8, 10, 12, 14)}
ANGLES = ((-172.0, 1e6, 0.2, 11), (-384.0, 5e6, 0.2, 25), (-400.0, 0.0, 0.3, 11))
"""C10 and C30 in Å, angular spread in mrad, angles along each axis of the sum."""


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
    exact = expected_intensity(waves, conditions, **EXACT, **arguments).astype(float)
    envelope = expected_intensity(waves, conditions, coherence="envelope", **arguments).astype(float)
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


def trusted(waves: Any, size: tuple[float, float]) -> Any:
    """Waves cut to 2/3 of Nyquist: so few coefficients that the transmission cross-coefficient takes them."""
    ky, kx = (np.fft.fftfreq(n, d) for n, d in zip(waves.shape[-2:], size, strict=True))
    inside = np.hypot(ky[:, None], kx[None]) <= 2 / 3 * 0.5 / max(size)
    return np.fft.ifft2(np.fft.fft2(waves) * inside).astype(np.complex64)


def convergence() -> str:
    """What is left to the transmission cross-coefficient, gold of 100 Å in a field of 12 Å, as Markdown."""
    waves, size = exit_waves(crystal("Au", 12.0), 100.0)
    waves = trusted(waves, size)
    c = hb.Condition(C10=100.0, focal_spread=20.0, angular_spread=0.3)
    arguments = {"pixel_size": size, "output_pixel_size": size, "zero_focus": -50.0}
    exact = expected_intensity(waves, [c], coherence="tcc", **arguments).astype(float)

    def error(**model: Any) -> float:
        images = expected_intensity(waves, [c], **model, **arguments)
        return float(np.linalg.norm(images - exact) / np.linalg.norm(exact - exact.mean()))

    rows = {"envelope": error(coherence="envelope")}
    for count in (4, 8, 12, 16):
        rows[f"quadrature, {count} nodes"] = error(coherence="quadrature", nodes=count, angle_nodes=9)
    rows["quadrature, nodes as chosen, envelope of angle with background"] = error(coherence="quadrature")
    return "\n".join(
        ["| method | error, share of contrast |", "|---|---|", *(f"| {k} | {v:.1e} |" for k, v in rows.items())]
    )


def rules() -> str:
    """Numbers of equally spaced and of Gauss-Hermite nodes for the same error, as Markdown."""
    from scipy.special import roots_hermitenorm

    lines = [f"| largest phase, rad | equally spaced nodes for {TOLERANCE:g} | Gauss–Hermite |", "|---|---|---|"]
    for phase in (0.5, 1.7, 5.0, 10.0):
        a = np.linspace(0, phase, 401)
        for hermite in range(1, 100):
            x, weight = roots_hermitenorm(hermite)
            if np.abs(np.cos(np.outer(a, x)) @ weight / weight.sum() - np.exp(-0.5 * a * a)).max() < TOLERANCE:
                break
        lines.append(f"| {phase:g} | {len(normal_nodes(phase)[0])} | {hermite} |")
    return "\n".join(lines)


def ball(turned: bool) -> Any:
    """Exit waves of a gold ball in vacuum, with its zone axis [001] along the beam or turned at random."""
    from ase.build import bulk
    from scipy.spatial.transform import Rotation

    atoms = bulk("Au", cubic=True).repeat(16)
    atoms.positions -= atoms.positions.mean(axis=0)
    if turned:
        atoms.positions[:] = Rotation.random(random_state=0).apply(atoms.positions)
    atoms = atoms[np.linalg.norm(atoms.positions, axis=1) < BALL / 2]
    atoms.positions += [BALL_SIDE / 2, BALL_SIDE / 2, BALL / 2 + 2]
    atoms.set_cell((BALL_SIDE, BALL_SIDE, BALL + 4))
    atoms.pbc = True
    waves = hb.exit_waves(atoms, pixel_size=PIXEL, phonons=4, displacement=DISPLACEMENT, seed=1)
    points = round(2 / 3 * waves.shape[-1])  # cut to the band that multislice gets right, as in a dataset
    band = resize_spectrum(np.fft.fft2(waves, norm="forward"), (points, points))
    return Waves(np.fft.ifft2(band, norm="forward"), waves.energy, BALL_SIDE / points, waves.depth)


def darkness(image: Any) -> float:
    """1 minus the mean within 20 Å of the middle."""
    middle = (np.arange(image.shape[0]) - image.shape[0] / 2) * BALL_OUT
    return float(1 - image[np.hypot(middle[:, None], middle) < 20].mean())


def fringes(image: Any) -> float:
    """The root of the power at the lattice's spacings."""
    q = np.fft.fftfreq(image.shape[0], BALL_OUT)
    ring = np.hypot(q[:, None], q)
    power = np.abs(np.fft.fft2(image) / image.size) ** 2
    return float(np.sqrt(power[(ring > 0.4) & (ring < 1.25)].sum()))


def imaged(waves: Any, c: hb.Condition, **model: Any) -> Any:
    image = expected_intensity(waves, [c], output_pixel_size=BALL_OUT, zero_focus=-BALL / 2 - 2, threads=1, **model)
    return image[0].astype(float)


def seconds(waves: Any, c: hb.Condition, **model: Any) -> float:
    """Processor time of an image from waves that are transformed already, the least of five."""
    times = []
    spectra = spectra_of(checked_waves(waves), pixel_sizes(waves.pixel_size), (round(BALL_SIDE / BALL_OUT),) * 2)
    for _ in range(5):
        start = time.process_time()
        image_of(spectra, c, **model)
        times.append(time.process_time() - start)
    return min(times)


def nodes(balls: dict[str, Any]) -> str:
    """Worst errors of darkness, fringes and pixels over the balls and two values of focus, as Markdown."""
    lines = ["| focal spread | nodes | error of darkness | of fringes | of pixels, share of contrast | cost, images |"]
    lines.append("|---|---|---|---|---|---|")
    for spread, counts in NODES.items():
        conditions = [hb.Condition(C10=c10, focal_spread=spread) for c10 in (-100.0, 0.0)]
        pairs = [(waves, c, imaged(waves, c, **EXACT)) for waves in balls.values() for c in conditions]
        waves = balls["[001]"]
        one = seconds(waves, conditions[0].replace(focal_spread=0.0), coherence="envelope")
        for count in ("envelope", *counts, "as chosen"):
            model: dict[str, Any] = {"coherence": "envelope" if count == "envelope" else "quadrature"}
            model |= {"nodes": count} if isinstance(count, int) else {}
            worst = np.zeros(3)
            for these, c, exact in pairs:
                image = imaged(these, c, **model)
                found = (darkness(image) / darkness(exact) - 1, fringes(image) / fringes(exact) - 1,
                         np.sqrt(np.mean((image - exact) ** 2)) / exact.std())  # fmt: skip
                worst = np.maximum(worst, np.abs(found))
            cost = seconds(waves, conditions[0], **model) / one
            errors = " | ".join(f"{100 * value:.2f} %" for value in worst)
            lines.append(f"| {spread:g} Å | {count} | {errors} | {cost:.1f} |")
    return "\n".join(lines)


def angles(balls: dict[str, Any]) -> str:
    """Darkness and error by the envelope of the angular spread, alone and with its background, as Markdown."""
    lines = ["| gold ball | C10, C30, angular spread | darkness, sum over angles | envelope | with background | "
             "error, share of contrast: envelope | with background |", "|---|---|---|---|---|---|---|"]  # fmt: skip
    for name, waves in balls.items():
        for c10, c30, spread, count in ANGLES:
            c = hb.Condition(C10=c10, C30=c30, angular_spread=spread, aperture=30.0)
            exact = imaged(waves, c, coherence="quadrature", angle_nodes=count)
            images = [imaged(waves, c, coherence=model) for model in ("envelope", "quadrature")]
            shown = [f"{100 * darkness(image):.1f} %" for image in (exact, *images)]
            shown += [f"{100 * np.sqrt(np.mean((image - exact) ** 2)) / exact.std():.1f} %" for image in images]
            setting = f"{c10 / 10:g} nm, {c30 / 1e4:g} µm, {spread:g} mrad"
            lines.append(f"| {name} | {setting} | {' | '.join(shown)} |")
    return "\n".join(lines)


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
    from hrtem_bench.report.figure_style import PAGE, SERIES, new_figure, styled

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
    names = ("envelope", "scenes", "convergence", "rules", "nodes", "angles")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=Path, help="write PICTURE.svg and PICTURE.png")
    parser.add_argument("--parts", nargs="+", choices=names, default=names)
    arguments = parser.parse_args()
    parts, stem = arguments.parts, arguments.picture
    found = measured() if "envelope" in parts or stem else {}
    balls = {"[001]": ball(False), "turned": ball(True)} if {"nodes", "angles"} & set(parts) else {}
    for name, make in (
        ("envelope", lambda: tables(found)), ("scenes", scenes), ("convergence", convergence), ("rules", rules),
        ("nodes", lambda: nodes(balls)), ("angles", lambda: angles(balls)),
    ):  # fmt: skip
        if name in parts:
            print(f"<!-- {name} -->\n{make()}\n", flush=True)
    if stem:
        from hrtem_bench.report.figure_style import save_figure

        stem.parent.mkdir(parents=True, exist_ok=True)
        save_figure(picture(found), stem, dpi=200)


if __name__ == "__main__":
    main()
