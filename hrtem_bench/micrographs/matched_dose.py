"""The dose at which specimen and noise share the spectrum of simulated images as they do in a micrograph.

Neither gain, nor a pedestal, nor a rescaling to 8 bits changes that share: it tells the dose where greys do not. A
network is given standardised images, of which this share is what it sees of the dose.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.generation.simulation import Structure, simulate
from hrtem_bench.imaging.detector import Detector, noise_power
from hrtem_bench.imaging.rendering import render_each
from hrtem_bench.measurement.power_spectrum import power_spectrum
from hrtem_bench.measurement.readings import Reading
from hrtem_bench.micrographs.description import Description
from hrtem_bench.recipes.detectors import recording_of
from hrtem_bench.recipes.plan import Job
from hrtem_bench.recipes.tables import Recipe
from hrtem_bench.recipes.tracks import track_conditions

Floats = NDArray[np.float64]
SURE = 0.5
"""Width of the interval of a dose over the dose, up to which it is taken as measured."""
SPECIMENS, RINGS = 3, 48
NOISELESS = 1e7
"""e/Å²; its noise is below a hundredth of what any specimen shows."""
LOWEST = 0.1
"""1/Å below which illumination and unevenness of the film rule."""
DOSES: Floats = np.geomspace(3, 1e5, 400)


def is_sure(description: Description) -> bool:
    """Whether the dose was measured well enough to be used as it is."""
    one = description.dose
    if description.greys == "rescaled" or one.value is None or one.low is None or one.high is None:
        return False
    return one.value > 0 and one.high - one.low <= SURE * one.value


def matched_dose(recipe: Recipe, description: Description) -> Reading:
    """The dose, e/Å² and times DQE(0), with which images of a recipe have the spectrum of a micrograph.

    Parameters
    ----------
    recipe
        For images like the micrographs; some of its specimens are simulated. What it assumes of the film goes into the
        answer: with a thicker film the same share of noise means a higher dose.
    description
        Of the micrographs, with the spectrum of one of them.

    Returns
    -------
    Reading
        Without a value, and with the reason, where there is no spectrum to match.
    """
    given = description.spectrum
    if given is None:
        return Reading(unit="e/Å²", how="no image has a spectrum to match")
    nyquist = 0.5 / recipe.sampling.pixel_size
    edges = np.linspace(LOWEST, 0.95 * nyquist, RINGS + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    q, power = np.asarray(given.q), np.asarray(given.power)
    if not (q.size and q[-1] >= middles[-1]):
        return Reading(unit="e/Å²", how="the spectrum ends below the Nyquist frequency of the recipe")
    is_resampled = recipe.sampling.pixel_size > 1.5 * (description.pixel_size.value or np.inf)
    resampled = np.sinc(middles / (2 * nyquist)) ** 4 if is_resampled else 1.0
    measured = np.interp(middles, q, power) * resampled
    specimen = np.median([_spectrum(recipe, index, edges) for index in range(SPECIMENS)], axis=0)
    detector = _detector(recipe)
    electrons = recipe.sampling.pixel_size**2
    noise = noise_power(detector, electrons, middles / nyquist, 0 * middles) / (detector.gain * electrons) ** 2
    expected = np.log(specimen[:, None] + noise[:, None] / DOSES)
    apart = np.log(measured)[:, None] - expected
    misfit = np.abs(apart - np.median(apart, axis=0)).mean(axis=0)  # deaf to a few rings with lattice spots
    best = float(DOSES[np.argmin(misfit)])
    how = f"where noise and specimen share the spectrum as in {given.image}, by {SPECIMENS} specimens of this recipe"
    return Reading(best * detector.counted_share, unit="e/Å²", how=how)


def _detector(recipe: Recipe) -> Detector:
    """The recipe's, without read noise."""
    nominal = recording_of(recipe).detector
    return Detector() if nominal is None else replace(nominal, read_noise=0.0)


def _spectrum(recipe: Recipe, index: int, edges: Floats) -> Floats:
    """Mean power (n,) in rings of an image without noise, over its mean squared, at the middle condition trained at."""
    structure: Structure = simulate(recipe, Job("train", index, ""), "cpu")
    conditions = [one.condition for one in track_conditions(recipe, recipe.default_track) if one.train]
    (image,) = render_each(
        structure.waves,
        [(conditions[len(conditions) // 2].replace(dose=NOISELESS), 0)],
        pixel_size=structure.pixel_size,
        output_pixel_size=recipe.sampling.pixel_size,
        zero_focus=structure.zero_focus,
        coherence=recipe.coherence,
        nodes=recipe.nodes,
        detector=_detector(recipe),
    )
    one = power_spectrum(image / image.mean(), recipe.sampling.pixel_size)
    ring = np.digitize(one.q, edges) - 1
    inside = (ring >= 0) & (ring < RINGS)
    count = np.bincount(ring[inside], minlength=RINGS)
    return np.asarray(np.bincount(ring[inside], one.power[inside], RINGS) / np.maximum(count, 1))
