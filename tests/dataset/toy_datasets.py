"""A dataset of a few seconds: real recipes, rendering and files, with drawn phase blobs in place of multislice."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from hrtem_bench.dataset import generate, parse_recipe
from hrtem_bench.generation.simulation import Structure, crop_band
from hrtem_bench.recipes.plan import Job
from hrtem_bench.recipes.tables import Recipe
from hrtem_bench.support.child_seeds import child_seed

TOML = """
name = "toy"
version = "1.2.3"
seed = 7
description = "A toy."
default_track = "defocus"

[sampling]
pixels = 32
pixel_size = 0.5
simulation_pixel_size = 0.25

[structures]
train = 3
validation = 1
test = 3

[scene]
whole = false

[multislice]
phonons = 2

[exit_waves]
structures = 2

[imaging]
dose = 400
focal_spread = 10

[tracks.defocus]
kind = "scan"
axis = "defocus"
unit = "nm"
values = [-10, 0, 10]
train = [-10, 0]
spread = { C10 = 15.0 }

[tracks.dose]
kind = "scan"
axis = "dose"
unit = "e/Å²"
values = [75, 300]
train = [300]
structures = { train = 2, validation = 1, test = 2 }
draws = 2

[tracks.structure]
kind = "scenes"
train = ["CdSe"]
structures = { train = 1, validation = 1, test = 2 }

[tracks.structure.scenes]
CdSe = {}
silicon = { lattices = ["Si"] }

[tracks.joint]
kind = "joint"
train_conditions = 2
test_conditions = 3

[tracks.joint.ranges]
defocus = { unit = "nm", low = -20, high = 20, train_low = -5, train_high = 5 }
dose = { unit = "e/Å²", low = 50, high = 800, train_low = 200, train_high = 400, scale = "log" }
"""


def recipe(text: str = TOML) -> Recipe:
    """The toy's recipe."""
    return parse_recipe(text)


def simulate(recipe: Recipe, job: Job, device: str = "cpu") -> Structure:
    """A structure whose wave is a phase: one square of a size of its own on a rough ground."""
    rng = np.random.default_rng(child_seed(recipe.seed, "toy", job.split, job.index, job.scene))
    n = round(recipe.sampling.field / recipe.sampling.simulation_pixel_size)
    mask = np.zeros((recipe.sampling.pixels,) * 2, np.uint8)
    y, x = rng.integers(0, 16, 2)
    mask[y : y + rng.integers(6, 14), x : x + rng.integers(6, 14)] = 1
    phase = ndimage.zoom(mask.astype(float), n / len(mask), order=0) + 0.2 * rng.standard_normal((2, n, n))
    return Structure(
        waves=np.exp(1j * ndimage.gaussian_filter(phase, [0, 2, 2])).astype(np.complex64),
        pixel_size=recipe.sampling.simulation_pixel_size,
        zero_focus=-20.0,
        mask=mask,
        instances=mask.copy(),
        lattice="CdSe",
        particle_count=1,
        thickness=30.0,
    )


def coarse(recipe: Recipe, job: Job, device: str = "cpu") -> Structure:
    """As `simulate`, its waves on pixels as large as the images', which takes the least time to render."""
    made = simulate(recipe, job, device)
    waves = crop_band(made.waves, recipe.sampling.simulation_pixel_size / recipe.sampling.pixel_size)
    return replace(made, waves=waves, pixel_size=recipe.sampling.field / waves.shape[-1])


def slow(recipe: Recipe, job: Job, device: str = "cpu") -> Structure:
    """As `simulate`, slowly enough to be interrupted."""
    time.sleep(0.3)
    return simulate(recipe, job, device)


def dying(recipe: Recipe, job: Job, device: str = "cpu") -> Structure:
    """A worker that the system kills on the way."""
    if job.split == "test":
        os._exit(9)
    return simulate(recipe, job, device)


def full_disk(recipe: Recipe, job: Job, device: str = "cpu") -> Structure:
    """The disk fills up on the way."""
    if job.split == "test":
        raise OSError(28, "No space left on device")
    return simulate(recipe, job, device)


def hungry(recipe: Recipe, job: Job, device: str = "cpu") -> Structure:
    """Memory runs out on the way."""
    if job.split == "test":
        raise MemoryError("Unable to allocate 12.0 TiB")
    return simulate(recipe, job, device)


def unmarked(recipe: Recipe, job: Job, device: str = "cpu") -> Structure:
    """As `simulate`, of a particle whose phase is too small for the rule of labels."""
    made = simulate(recipe, job, device)
    return replace(made, mask=np.zeros_like(made.mask), instances=np.zeros_like(made.instances))


def broken(recipe: Recipe, job: Job, device: str = "cpu") -> Structure:
    """A mistake in the code on the way."""
    if job.split == "test":
        raise ZeroDivisionError("a mistake\nin two lines")
    return simulate(recipe, job, device)


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its content."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def counting(done: list[Any]) -> Any:
    """A progress callback that keeps what it is told."""
    return lambda *progress: done.append(progress)


if __name__ == "__main__":
    # A shell starts what it runs in the background deaf to SIGINT, and its children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    generate(recipe(), sys.argv[1], workers=int(sys.argv[2]), simulate=slow)
