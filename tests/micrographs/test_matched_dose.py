"""The dose from how specimen and noise share a spectrum, of images rendered at a dose that is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hrtem_bench.dataset import parse_recipe
from hrtem_bench.generation.simulation import simulate
from hrtem_bench.imaging import render_each
from hrtem_bench.measurement import Reading
from hrtem_bench.measurement.power_spectrum import power_spectrum
from hrtem_bench.micrographs import Description, RadialSpectrum
from hrtem_bench.micrographs.matched_dose import is_sure, matched_dose
from hrtem_bench.recipes.detectors import digitised, recording_of
from hrtem_bench.recipes.plan import Job
from hrtem_bench.recipes.tracks import track_conditions

RECIPE = Path(__file__).parents[2] / "hrtem_bench" / "recipes" / "shipped" / "tiny.toml"


@pytest.fixture(scope="module")
def recipe() -> object:
    """Of seconds, at 50 nm under focus, where the film shows well; all of its specimens are alike."""
    text = RECIPE.read_text("utf-8")
    for old, new in (
        ("values = [-20, -15, -10, -5, 0, 5, 10, 15, 20]", "values = [50]"), ("train = [-10, 0, 10]", "train = [50]"),
        ("film_thickness = [10, 20]", "film_thickness = 20"), ("diameter = [15, 30]", "diameter = 15"),
        ("count = [1, 2]", "count = 1"),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    return parse_recipe(text)


def described(recipe: object, dose: float, grey: object = lambda counts: counts) -> Description:
    """The spectrum of an image of a test specimen of the recipe, recorded at that dose."""
    structure = simulate(recipe, Job("test", 0, ""), "cpu")  # type: ignore[arg-type]
    recording = recording_of(recipe)  # type: ignore[arg-type]
    condition = track_conditions(recipe, "defocus")[0].condition.replace(dose=dose)  # type: ignore[arg-type]
    (image,) = render_each(
        structure.waves, [(condition, 5)], pixel_size=structure.pixel_size, output_pixel_size=0.4,
        zero_focus=structure.zero_focus, detector=recording.detector,
    )  # fmt: skip
    one = power_spectrum(grey(digitised(image, recording)), 0.4)  # type: ignore[operator]
    edges = np.linspace(0, 1.41, 71)
    ring = np.digitize(one.q / one.nyquist, edges) - 1
    power = np.bincount(ring, one.power, 71) / np.maximum(np.bincount(ring, minlength=71), 1)
    spectrum = RadialSpectrum(
        image="one", q=((edges[1:] + edges[:-1]) / 2 * one.nyquist).tolist(), power=power[:70].tolist()
    )
    return Description(images=[], pixel_size=Reading(0.4), spectrum=spectrum)


@pytest.mark.parametrize("dose", [100.0, 800.0])
def test_it_is_the_dose_that_was_taken_whatever_the_greys(recipe: object, dose: float) -> None:
    """Times the DQE(0) of 0.6; another specimen of the recipe tells it well enough."""
    found = matched_dose(recipe, described(recipe, dose, lambda counts: 0.02 * counts + 40))  # type: ignore[arg-type]
    assert found.value == pytest.approx(0.6 * dose, rel=0.4)
    assert "share the spectrum as in one" in found.how


def test_without_a_spectrum_there_is_a_reason(recipe: object) -> None:
    found = matched_dose(recipe, Description(images=[]))  # type: ignore[arg-type]
    assert found.value is None
    assert "no image has a spectrum" in found.how
    short = RadialSpectrum(image="one", q=[0.1, 0.2], power=[1.0, 1.0])
    found = matched_dose(recipe, Description(images=[], spectrum=short))  # type: ignore[arg-type]
    assert found.value is None


@pytest.mark.parametrize(
    ("dose", "greys", "sure"),
    [
        (Reading(400, 380, 420), "proportional", True),
        (Reading(400, 380, 420), "rescaled", False),
        (Reading(400, 100, 700), "proportional", False),
        (Reading(400), "counts", False),
        (Reading(), "counts", False),
    ],
)
def test_a_dose_is_sure_where_its_interval_is_narrow_and_grey_zero_is_no_dose(
    dose: Reading, greys: str, sure: bool
) -> None:
    assert is_sure(Description(images=[], dose=dose, greys=greys)) is sure
