"""How real the images of recipes look: grain inside over outside particles, rim, contrast, spectrum of the noise.

    python benchmarks/realism.py published mini small full --structures 10 --picture docs/images/realism.png

`published` has the microscope, the camera and the film of version 1 of the recipes. Prints a table and the processor
seconds of a specimen and of an image. The rim is that of the recipe's shapes in gold, which published images show, in
vacuum, blurred by the camera but without noise: at the few per cent of contrast that particles have, the grain of a
film hides it. --change measures the last recipe once more with other keys of [scene], to see what a key does:

    python benchmarks/realism.py mini --change 'contamination_thickness = 0' --change 'shapes = ["wulff"]'
"""

from __future__ import annotations

import argparse
import time
import tomllib
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from matplotlib.figure import Figure
from scipy.ndimage import distance_transform_edt

from hrtem_bench.conditions import Condition
from hrtem_bench.dataset import load_recipe
from hrtem_bench.generation.simulation import Structure, simulate
from hrtem_bench.imaging import Detector, expected_intensity, find_zero_focus, mask, render_each
from hrtem_bench.multislice import exit_waves
from hrtem_bench.recipes.detectors import digitised, recording_of
from hrtem_bench.recipes.plan import Job
from hrtem_bench.recipes.scenes import scene_spec
from hrtem_bench.recipes.tables import Recipe
from hrtem_bench.recipes.tracks import track_conditions
from hrtem_bench.specimens import scene, vacuum
from hrtem_bench.support.child_seeds import child_seed

DEFOCI = (-10.0, 10.0)
"""Conditions of the defocus track, nm."""
INSIDE, OUTSIDE, RIM = -5.0, 10.0, 6.0
"""Å from the edge of the mask, positive outwards: of the inside, the outside, and on either side for the rim."""
GOLD = {
    "lattices": ["Au"],
    "surface_energies": {"1 1 1": 1.0, "1 0 0": 1.15},
    "film_thickness": 10.0,
    "film_roughness": 0.0,
    "film_density_variation": 0.0,
    "contamination_thickness": 0.0,
}
"""What takes the place of a recipe's specimen where its rim is measured; the film is there for caps to lie on."""
ROWS = {
    "grain": "standard deviation inside over outside particles",
    "contrast": "contrast: 1 − mean inside over mean outside",
    "gold": "contrast of gold in vacuum",
    "rim": "rim: brightest ring at the edge of gold, above the outside, over that contrast",
    "noise": "noise power below 1/10 over at Nyquist",
    "seconds": "processor seconds: specimen, waves and labels",
    "image_seconds": "processor seconds: an image",
}


def edge_distance(mask: np.ndarray, pixel_size: float) -> np.ndarray:
    """Distance of each pixel from the edge of the mask, Å, negative inside."""
    outside, inside = distance_transform_edt(mask == 0), distance_transform_edt(mask > 0)
    return (outside - inside) * pixel_size


def appearance(image: np.ndarray, distance: np.ndarray) -> dict[str, float]:
    """Grain and contrast of an image (ny, nx) above its pedestal, as ROWS words them."""
    inside, outside = image[distance < INSIDE], image[distance > OUTSIDE]
    contrast = 1 - inside.mean() / outside.mean()
    return {"grain": float(inside.std() / outside.std()), "contrast": float(contrast)}


def rings(image: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Mean brightness at each Å from -RIM to RIM of the edge, relative to the outside, which is 0."""
    outside = image[distance > OUTSIDE].mean()
    means = [image[np.abs(distance - at) < 0.5].mean() for at in np.arange(-RIM, RIM + 0.5)]
    return np.array(means) / outside - 1


def gold_rim(recipe: Recipe, count: int) -> dict[str, float]:
    """Contrast and rim of the recipe's particles in gold, in vacuum, means of the first test structures."""
    of_gold = msgspec.structs.replace(recipe, scene=recipe.scene | GOLD)
    conditions = [conditions_at(recipe, defocus).replace(dose=None) for defocus in DEFOCI]
    contrasts: list[float] = []
    profiles = []
    for index in range(count):
        specimen = scene(scene_spec(of_gold), child_seed(recipe.seed, "scene", "test", index))
        alone, sampling, m = vacuum(specimen), recipe.sampling, recipe.multislice
        waves = exit_waves(
            alone,
            energy=conditions[0].energy,
            pixel_size=sampling.simulation_pixel_size,
            slice_thickness=m.slice_thickness,
            phonons=2,
            displacement=m.displacement,
            seed=index,
            method=m.method,
        )
        size = sampling.field / waves.shape[-1]
        lowest = float(alone.positions[:, 2].min()) - float(alone.cell[2, 2])
        zero = find_zero_focus(waves[0], pixel_size=size, lowest=lowest)
        where = mask(waves[0], pixel_size=size, output_pixel_size=sampling.pixel_size, zero_focus=zero)
        images = expected_intensity(
            waves,
            conditions,
            output_pixel_size=sampling.pixel_size,
            zero_focus=zero,
            coherence=recipe.coherence,
            nodes=recipe.nodes,
        )
        distance = edge_distance(where, sampling.pixel_size)
        seen = [blurred(image, recording_of(recipe).detector) for image in images]
        contrasts += [appearance(image, distance)["contrast"] for image in seen]
        profiles.append([rings(image, distance) for image in seen])
    contrast = float(np.mean(contrasts))
    return {"gold": contrast, "rim": float(np.mean(profiles, axis=0).max(axis=1).mean()) / contrast}


def blurred(image: np.ndarray, detector: Detector | None) -> np.ndarray:
    """An expected image as the camera's MTF leaves it."""
    if detector is None or detector.mtf is None:
        return image
    uy, ux = 2 * np.fft.fftfreq(image.shape[0])[:, None], 2 * np.fft.rfftfreq(image.shape[1])
    return np.fft.irfft2(np.fft.rfft2(image) * detector.mtf(ux, uy), s=image.shape)


def changed(recipe: Recipe, text: str) -> Recipe:
    """The recipe with the keys of [scene] that a text gives; shapes without weights of their own count alike."""
    scene_table = recipe.scene | {"shape_weights": []} if "shapes" in text else recipe.scene
    return msgspec.structs.replace(recipe, scene=scene_table | tomllib.loads(text.replace(";", "\n")))


def conditions_at(recipe: Recipe, defocus: float) -> Condition:
    """The condition of the track `defocus` at that defocus, nm."""
    return next(c.condition for c in track_conditions(recipe, "defocus") if c.value == defocus)


def noise_spectrum(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Power of the noise of two images of the same specimen, at 10 shares of Nyquist, over the mean of all."""
    power = np.abs(np.fft.fft2(one - other)) ** 2
    u = 2 * np.hypot(*np.meshgrid(*(np.fft.fftfreq(n) for n in one.shape), indexing="ij"))
    bins = [power[(u > k / 10) & (u <= (k + 1) / 10)].mean() for k in range(10)]
    return np.array(bins) / power.mean()


def recorded(recipe: Recipe, structure: Structure, defocus: float) -> list[np.ndarray]:
    """Two images of a structure at a condition of the defocus track, which differ in their noise alone; no pedestal."""
    condition, recording = conditions_at(recipe, defocus), recording_of(recipe)
    images = render_each(
        structure.waves,
        [(condition, seed) for seed in (1, 2)],
        pixel_size=structure.pixel_size,
        output_pixel_size=recipe.sampling.pixel_size,
        zero_focus=structure.zero_focus,
        coherence=recipe.coherence,
        nodes=recipe.nodes,
        detector=[recording.detector] * 2,
    )
    return [np.asarray(digitised(image, recording), float) - recording.offset for image in images]


def measure(recipe: Recipe, count: int) -> tuple[dict[str, float], list[np.ndarray], np.ndarray]:
    """(means of ROWS, an image of each of the first test structures, spectrum of the noise)."""
    found: list[dict[str, float]] = []
    shown, spectra = [], []
    simulate(recipe, Job("validation", 0, ""), "cpu")  # compiles
    for index in range(count):
        start = time.process_time()
        structure = simulate(recipe, Job("test", index, ""), "cpu")
        middle = time.process_time()
        pairs = [recorded(recipe, structure, defocus) for defocus in DEFOCI]
        end = time.process_time()
        distance = edge_distance(np.asarray(structure.mask), recipe.sampling.pixel_size)
        spectra += [noise_spectrum(*pair) for pair in pairs]
        found += [
            appearance(one, distance)
            | {"noise": float(spectrum[0] / spectrum[-1])}
            | {"seconds": middle - start, "image_seconds": (end - middle) / 4}
            for (one, _), spectrum in zip(pairs, spectra[-2:], strict=True)
        ]
        shown.append(pairs[0][0])
    means = {row: float(np.mean([one[row] for one in found])) for row in found[0]}
    return means | gold_rim(recipe, count), shown, np.mean(spectra, axis=0)


def draw(shown: Mapping[str, list[np.ndarray]], spectra: Mapping[str, np.ndarray]) -> Figure:
    """A row for each recipe: two images, and the spectra of the noise beside them."""
    figure = Figure(figsize=(9.6, 3.2 * len(shown)), layout="constrained")
    grid = figure.subplots(len(shown), 3, squeeze=False)
    for row, (name, images) in zip(grid, shown.items(), strict=True):
        for axes, image in zip(row, images[:2], strict=False):
            low, high = np.percentile(image, [0.5, 99.5])
            axes.imshow(image, cmap="gray", vmin=low, vmax=high)
            axes.set(title=name, xticks=[], yticks=[])
        row[2].semilogy(np.arange(0.05, 1, 0.1), spectra[name])
        row[2].set(xlabel="frequency, share of Nyquist", ylabel="power of the noise", ylim=(1e-2, 30))
    return figure


def main(arguments: Any = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="+")
    parser.add_argument("--structures", type=int, default=2)
    parser.add_argument("--picture")
    parser.add_argument("--change", action="append", default=[], metavar="TOML", help="keys of [scene], ; between them")
    asked = parser.parse_args(arguments)
    recipes = {name: load_recipe(name) for name in asked.recipes}
    recipes |= {text: changed(recipes[asked.recipes[-1]], text) for text in asked.change}
    found = {name: measure(recipe, asked.structures) for name, recipe in recipes.items()}
    print("| | " + " | ".join(f"`{name}`" for name in found) + " |\n|---|" + "---|" * len(found))
    for row, words in ROWS.items():
        print(f"| {words} | " + " | ".join(f"{means[row]:.3g}" for means, _, _ in found.values()) + " |")
    if asked.picture:
        shown = {name: images for name, (_, images, _) in found.items()}
        draw(shown, {name: spectrum for name, (_, _, spectrum) in found.items()}).savefig(asked.picture, dpi=80)


if __name__ == "__main__":
    main()
