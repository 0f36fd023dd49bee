"""ε, σ and coverage of a track's conditions: of T(q), times the camera's MTF where cameras are the axis."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hrtem_bench.conditions import ConditionSet
from hrtem_bench.generation.manifest import TrackEntry
from hrtem_bench.physics.information import transfer_spectra, transfer_table
from hrtem_bench.recipes.detectors import recording_of
from hrtem_bench.recipes.tables import Recipe


def track_transfer(recipe: Recipe, track: TrackEntry) -> list[dict[str, float]]:
    """ "epsilon", "sigma" and "coverage" of each condition of a track, in their order, for its training conditions.

    The band reaches to the Nyquist frequency of the recipe's pixels. Of a track of cameras the numbers are those of T ·
    MTF, along a row of the camera's pixels and without the camera's spread.
    """
    q_max = 0.5 / recipe.sampling.pixel_size
    sets = [ConditionSet.about(c.condition, c.spread) for c in track.conditions]
    trained = [k for k, c in enumerate(track.conditions) if c.train]
    if not any(c.camera for c in track.conditions):
        return transfer_table(ConditionSet.mixture([sets[k] for k in trained]), sets, q_max)
    spectra = transfer_spectra(sets, q_max)
    squares = np.array([_mtf(recipe, c.camera, spectra.q / q_max) for c in track.conditions]) ** 2
    seen = replace(spectra, power=spectra.power * squares)
    train = seen.power[trained].mean(axis=0)[None]
    columns = {"epsilon": seen.epsilon(), "sigma": seen.sigma(train)[0], "coverage": seen.coverage(train)[0]}
    return [{name: float(values[k]) for name, values in columns.items()} for k in range(len(sets))]


def _mtf(recipe: Recipe, camera: str, u: np.ndarray) -> np.ndarray:
    """MTF of a track's camera at shares u of Nyquist."""
    detector = recording_of(recipe, camera).detector
    return np.ones_like(u) if detector is None or detector.mtf is None else np.asarray(detector.mtf(u, 0.0 * u))
