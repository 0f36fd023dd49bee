"""Estimate of what a recipe will take: structures, images, bytes, time and memory."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hrtem_bench.conditions import condition_from_dict
from hrtem_bench.generation.png import PREVIEW_PIXELS
from hrtem_bench.generation.simulation import ANTIALIAS
from hrtem_bench.generation.waves import SCATTERED_BAND
from hrtem_bench.imaging import focus_nodes
from hrtem_bench.recipes.detectors import noise_variance, recording_of
from hrtem_bench.recipes.plan import DatasetPlan, dataset_plan
from hrtem_bench.recipes.scenes import scene_spec
from hrtem_bench.recipes.tables import SPLITS, Recipe
from hrtem_bench.recipes.tracks import TrackCondition
from hrtem_bench.specimens import SceneSpec
from hrtem_bench.specimens.coatings import MATERIAL, period_of
from hrtem_bench.specimens.films import atom_count
from hrtem_bench.specimens.glasses import Glass

_SLICE = {"fourier": 5.4, "real-space": 1.9}
"""Time of one slice of multislice over that of a Fourier transform, measured, by method."""
_IMAGE = 3.2
"""Time of an image over that of a Fourier transform for each frozen-phonon configuration and two more, measured."""
_FOCUS = 150
"""Time of finding a specimen's zero of focus over that of a Fourier transform, measured."""
_SECONDS_PER_ATOM = 7e-6
"""To place and relax one atom of a film or of the hydrocarbon that coatings are cut from, measured."""
_RELIEF = 4.5
"""By how many times its roughness a film is made thicker than it is, before its faces are cut, measured."""
_ONCE, _ONCE_A_TRACK = 4.0, 1.2
"""Seconds to load the libraries, and to make each track's pictures and table at the end; measured, by the clock."""
_BASE, _BYTES_PER_ATOM, _COPIES = 300e6, 400, 3
"""Memory of a process, measured: the libraries and what they compile, the bonds of a film, copies of the waves."""
_CONTRAST = 0.15
"""Standard deviation of an image over its mean, noise left out: about that of particles on a film."""
_PREVIEW_BYTES = 0.65
"""What a pixel of a preview takes, with its share of the masks; measured."""


@dataclass(frozen=True)
class GenerationCost:
    """What `generate` would make and use. Times, sizes and memory are right to about a third.

    Parameters
    ----------
    structures
        Different specimens.
    simulations
        Specimens to simulate, variants included; 0 where exit waves are read.
    bytes
        Of the finished files. A dataset takes twice that while it is made.
    wave_structures, wave_bytes
        How many specimens keep their exit waves, and the bytes of each, which are part of `bytes`.
    seconds
        With `workers` processes on a machine like this one's CPU.
    memory
        Bytes of memory that each worker needs at most.
    """

    structures: int
    simulations: int
    images: int
    shards: int
    bytes: int
    wave_structures: int
    wave_bytes: int
    workers: int
    seconds: float
    memory: int


def generation_cost(
    recipe: Recipe, workers: int = 1, clock: Callable[[int], float] | None = None, *, simulated: bool = True
) -> GenerationCost:
    """Count what a recipe makes, and estimate its time and space from one Fourier transform timed on this machine.

    Parameters
    ----------
    recipe
        What is to be generated.
    workers
        Processes.
    clock
        From points along a side to the seconds of one complex 2-D transform; measured on this machine if not given.
    simulated
        False where kept exit waves are read in place of simulating, as `render_dataset` does.
    """
    plan = dataset_plan(recipe)
    kept = sum(map(plan.keeps_waves, plan.jobs))
    images = sum(plan.rows_in(track, split) for track in recipe.tracks for split in SPLITS)
    of_waves = _seconds_of_simulation if simulated else _seconds_of_reading
    seconds = len(plan.jobs) * of_waves(recipe, clock or transform_seconds)
    seconds += images * _seconds_of_image(recipe, clock or transform_seconds)
    return GenerationCost(
        structures=sum(1 for job in plan.jobs if not job.scene),
        simulations=len(plan.jobs) if simulated else 0,
        images=images,
        shards=len(plan.shards),
        bytes=int(_image_bytes(plan) + kept * plan.wave_bytes),
        wave_structures=kept,
        wave_bytes=int(plan.wave_bytes) if kept else 0,
        workers=workers,
        seconds=seconds / workers + _ONCE + _ONCE_A_TRACK * len(recipe.tracks),
        memory=int(_memory(recipe, simulated)),
    )


def transform_seconds(points: int) -> float:
    """Processor seconds of one complex64 2-D Fourier transform of points × points, the fastest of five runs."""
    from scipy import fft

    wave = np.ones((points, points), np.complex64)
    times = []
    for _ in range(5):
        start = time.process_time()
        fft.fft2(wave)
        times.append(time.process_time() - start)
    return min(times)


def _image_bytes(plan: DatasetPlan) -> float:
    """Bytes of all images with previews, from the entropy of their counts."""
    s = plan.recipe.sampling
    preview = _PREVIEW_BYTES * (s.pixels // max(1, s.pixels // PREVIEW_PIXELS)) ** 2
    total = 0.0
    for track, conditions in plan.conditions.items():
        for split in SPLITS:
            images = getattr(plan.structures(track), split) * plan.draws(track, split)
            shown = [c for c in conditions if split == "test" or c.train]
            total += images * sum(s.pixels**2 * _bytes_per_pixel(plan.recipe, c) + preview for c in shown)
    return total


def _bytes_per_pixel(recipe: Recipe, c: TrackCondition) -> float:
    """Bytes of a pixel in a PNG at a condition.

    Of a pixel's two bytes, Huffman codes store the upper one, mostly zero, in one bit, and the lower one in one bit
    more than its entropy, that of a normal distribution with the variance of noise and contrast.
    """
    recording, electrons = recording_of(recipe, c.camera), (c.condition.dose or 0.0) * recipe.sampling.pixel_size**2
    variance = noise_variance(recording, electrons) + (_CONTRAST * electrons * recording.gain) ** 2
    return (2 + max(0.0, 0.5 * math.log2(2 * math.pi * math.e * variance))) / 8


def _seconds_of_simulation(recipe: Recipe, clock: Callable[[int], float]) -> float:
    spec, m = scene_spec(recipe), recipe.multislice
    film = _films(spec) * sum(spec.film_thickness) / 2
    slices = (film + sum(spec.diameter) / 2) / m.slice_thickness
    transforms = (m.phonons + 1) * slices * _SLICE[m.method] + _FOCUS  # once more than configurations, for the labels
    made = film + _films(spec) * _RELIEF * spec.film_roughness
    return transforms * clock(_points(recipe)) + _SECONDS_PER_ATOM * (
        _film_atoms(recipe, made) + _coating_atoms(recipe)
    )


def _seconds_of_reading(recipe: Recipe, clock: Callable[[int], float]) -> float:
    return recipe.multislice.phonons * clock(_wave_points(recipe))


def _seconds_of_image(recipe: Recipe, clock: Callable[[int], float]) -> float:
    from scipy import fft

    points = fft.next_fast_len(round(_wave_points(recipe) + recipe.sampling.pixels / 2))
    return _IMAGE * (recipe.multislice.phonons * _coherent_images(recipe) + 2) * clock(points)


def _coherent_images(recipe: Recipe) -> int:
    """Coherent images that are summed to one image, at the base condition."""
    if recipe.coherence == "envelope":
        return 1
    return recipe.nodes or focus_nodes(condition_from_dict(recipe.settings), min(SCATTERED_BAND, recipe.simulated_band))


def _memory(recipe: Recipe, simulated: bool) -> float:
    waves = recipe.multislice.phonons * _points(recipe) ** 2 * np.dtype(np.complex64).itemsize
    if not simulated:
        return _BASE + _COPIES * waves
    spec = scene_spec(recipe)
    return _BASE + _COPIES * waves + _BYTES_PER_ATOM * _film_atoms(recipe, _films(spec) * spec.film_thickness[1])


def _points(recipe: Recipe) -> int:
    return round(recipe.sampling.field / recipe.sampling.simulation_pixel_size)


def _wave_points(recipe: Recipe) -> int:
    """Points along a side of the grid that exit waves are kept on."""
    return math.ceil(_points(recipe) * ANTIALIAS)


def _films(spec: SceneSpec) -> int:
    """How many films a scene of this specimen has."""
    return (2 if spec.film_side == "both" else 1) if spec.has_film else 0


def _coating_atoms(recipe: Recipe) -> int:
    """Atoms of the hydrocarbon from which ligands and contamination are cut."""
    spec = scene_spec(recipe)
    layers = [thickness for thickness in (spec.ligand_thickness, spec.contamination_thickness) if thickness[1]]
    height = sum(period_of(sum(thickness) / 2) for thickness in layers)
    return atom_count(MATERIAL, MATERIAL.density, recipe.sampling.field**2 * height)


def _film_atoms(recipe: Recipe, thickness: float) -> int:
    """Atoms of an amorphous film of that thickness, Å; 0 for one cut from a crystal, which costs next to nothing."""
    spec = scene_spec(recipe)
    material = spec.support()
    if not isinstance(material, Glass):
        return 0
    return atom_count(material, spec.film_density or material.density, thickness * recipe.sampling.field**2)
