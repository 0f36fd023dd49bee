"""What a recipe will take, before anything is spent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hrtem_bench.dataset.plan import BYTES_PER_PIXEL, make_plan
from hrtem_bench.dataset.recipes import Recipe
from hrtem_bench.dataset.scenes import scene_spec

_OVERHEAD = 1.6
"""A structure's time over that of its Fourier transforms alone, measured; the rest is phases, squares and noise."""
_SECONDS_PER_ATOM = 20e-6
"""To place and relax one atom of a film, measured."""
_ATOMS_PER_VOLUME = 0.1
"""Atoms in 1 Å³ of amorphous carbon at 2 g/cm³."""


@dataclass(frozen=True)
class Estimate:
    """What `generate` would make and use. Times and sizes are good to a factor of two.

    structures: distinct specimens; simulations: including their variants. bytes: of the finished files; while it is
    under way a dataset takes twice that. seconds: with `workers` processes on a machine like this one's CPU.
    """

    structures: int
    simulations: int
    images: int
    shards: int
    bytes: int
    workers: int
    seconds: float


def estimate(recipe: Recipe, workers: int = 1, clock: Callable[[int], float] | None = None) -> Estimate:
    """Count what a recipe makes, and time what it costs from one Fourier transform on this machine.

    clock: points along a side -> seconds of one complex 2-D transform; measured here by default.
    """
    plan = make_plan(recipe)
    kept = sum(map(plan.keeps_waves, plan.jobs))
    images = sum(map(plan.rows_of, plan.shards)) - kept
    seconds = len(plan.jobs) * _seconds_of_simulation(recipe, clock or transform_seconds)
    seconds += images * _seconds_of_image(recipe, clock or transform_seconds)
    return Estimate(
        structures=sum(1 for job in plan.jobs if not job.scene),
        simulations=len(plan.jobs),
        images=images,
        shards=len(plan.shards),
        bytes=int(images * recipe.sampling.pixels**2 * BYTES_PER_PIXEL * 1.2 + kept * plan.wave_bytes),
        workers=workers,
        seconds=seconds / workers,
    )


def transform_seconds(points: int) -> float:
    """Seconds of one complex64 2-D Fourier transform of points × points, the faster of three, on one thread."""
    from scipy import fft

    wave = np.ones((points, points), np.complex64)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        fft.fft2(wave)
        times.append(time.perf_counter() - start)
    return min(times)


def _seconds_of_simulation(recipe: Recipe, clock: Callable[[int], float]) -> float:
    spec, m = scene_spec(recipe), recipe.multislice
    film = sum(spec.film_thickness) / 2
    slices = (film + sum(spec.diameter) / 2) / m.slice_thickness
    points = round(recipe.sampling.field / recipe.sampling.simulation_pixel_size)
    atoms = film * recipe.sampling.field**2 * _ATOMS_PER_VOLUME
    return _OVERHEAD * (m.phonons + 1) * slices * 2 * clock(points) + _SECONDS_PER_ATOM * atoms


def _seconds_of_image(recipe: Recipe, clock: Callable[[int], float]) -> float:
    s = recipe.sampling
    points = round(s.field / s.simulation_pixel_size * 2 / 3 + s.pixels / 2)
    return _OVERHEAD * (recipe.multislice.phonons + 2) * clock(points)
