"""The Dice to expect on described images: of shipped results, of the observer, or none, with the reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from hrtem_bench.conditions import Condition
from hrtem_bench.errors import InputError
from hrtem_bench.measurement import Reading
from hrtem_bench.micrographs.description import Description, ImageDescription
from hrtem_bench.micrographs.expectation import expected_dice
from hrtem_bench.micrographs.expected_here import expected_here
from hrtem_bench.models.submission import Submission, load_submission
from hrtem_bench.scoring.run import read_run

SUBMISSIONS = Path(__file__).parents[2] / "submissions"


@pytest.fixture(scope="module")
def model() -> Submission:
    pytest.importorskip("torch")
    return load_submission("unet_small")


def told(*defocus: float, dose: float = 400.0, spherical: float = 0.0) -> Description:
    """Images at these defoci, Å, and nothing else known."""
    images = [
        ImageDescription(
            name=f"{place}", shape=(64, 64), pixel_size=0.4, grey_mean=1.0, grey_std=1.0, defocus=Reading(value)
        )
        for place, value in enumerate(defocus)
    ]
    mean = Reading(sum(defocus) / len(defocus))
    return Description(
        images=images, energy=300e3, spherical_aberration=spherical, defocus=mean, dose=Reading(dose), greys="counts"
    )


def test_shipped_results_speak_for_a_shipped_model(model: Submission) -> None:
    assert model.trained_on is not None
    found, _ = expected_here(told(150.0), model, None)
    lens = Condition(energy=300e3, C10=-150.0, focal_spread=10.0, dose=400.0)
    runs = [read_run(SUBMISSIONS / name) for name in ("unet_small", "unet_small-joint")]
    dice = [expected_dice(run, model.trained_on.used(), lens).dice for run in runs]
    assert found is not None
    assert found.dice in dice
    assert found.tested_low is not None


def test_what_was_not_trained_is_said(model: Submission) -> None:
    found, _ = expected_here(told(600.0, 640.0, dose=50.0, spherical=1.2e7), model, None)
    assert found is not None
    words = " ".join(found.warnings)
    assert model.trained_on is not None
    low, high = (f(-one.C10 / 10 for one in model.trained_on.used()) for f in (min, max))
    trained = f"defocus 60 to 64 nm, in training {low:.3g} to {high:.3g} nm"
    for part in (trained, "C30 1.2 mm", "dose 50 e/Å²"):
        assert f"outside of what was trained: {part}" in words


def test_at_its_training_conditions_the_observer_gives_what_the_card_states(model: Submission) -> None:
    assert model.trained_on is not None
    stranger = replace(model, checksum="another")
    found, _ = expected_here(told(*(-one.C10 for one in model.trained_on.used())), stranger, None)
    assert found is not None
    assert found.dice.value == pytest.approx(model.trained_on.validation_dice, abs=1e-6)
    assert "observer" in found.how
    assert found.tested_low is None


def test_no_number_without_what_it_needs(model: Submission) -> None:
    assert expected_here(told(100.0), None, None) == (None, "no model is given")
    assert expected_here(told(100.0), replace(model, trained_on=None), None)[0] is None
    without = msgspec.structs.replace(told(100.0), defocus=Reading(how="no rings"))
    assert expected_here(without, model, None) == (None, "it needs a defocus")
    assert model.trained_on is not None
    silent = replace(
        model, checksum="another", trained_on=msgspec.structs.replace(model.trained_on, validation_loss=None)
    )
    assert "validation loss" in expected_here(told(100.0), silent, None)[1]
    at_80 = msgspec.structs.replace(told(100.0), energy=80e3)
    found, why = expected_here(at_80, replace(model, checksum="another"), None)
    assert found is None
    assert "80000 eV" in why


def test_results_of_another_model_are_refused(model: Submission) -> None:
    with pytest.raises(InputError, match="not of this model"):
        expected_here(told(100.0), model, SUBMISSIONS / "unet_joint")
