"""The Dice to expect of a model on micrographs that were described: from its results, or from the model observer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from hrtem_bench.conditions import Condition, as_condition_set
from hrtem_bench.errors import InputError
from hrtem_bench.micrographs.description import Description
from hrtem_bench.micrographs.expectation import Expectation, expected_dice, own_run
from hrtem_bench.models.shipped_baselines import shipped_results
from hrtem_bench.models.submission import Submission
from hrtem_bench.scoring.curve import transfer_values
from hrtem_bench.scoring.estimate import Estimate
from hrtem_bench.scoring.run import Run, read_run

Q_MAX = 1.25
"""1/Å: the band of σ, and of the observer's rings."""
ALIKE = 0.05
"""Relative distance from the ends of what was trained up to which a setting counts as within."""
_OWN = "own"


def expected_here(
    told: Description, submission: Submission | None, results: Path | None
) -> tuple[Expectation | None, str]:
    """The Dice that a model is expected to reach on described micrographs, or why there is no number.

    Focus, astigmatism and dose are those of the description, the focal and angular spread those of the training. With
    the model's results, given or shipped, it is the Dice of its own curve, see `expected_dice`. Without them the model
    observer carries the loss and Dice that its card states at its training conditions over to these images.

    Raises
    ------
    InputError
        For results of another model.
    """
    if submission is None:
        return None, "no model is given"
    trained = () if submission.trained_on is None else submission.trained_on.used()
    runs = _shipped_runs(submission) if results is None else [own_run(submission, results)]
    if not trained:
        return None, f"the card of {submission.name} does not say where it was trained"
    if told.energy is None or told.defocus.value is None:
        return None, "it needs a defocus"
    here = conditions_here(told, trained[0])
    warnings = _unlike(told, here, trained)
    try:
        if runs:
            middle = here[0].replace(C10=-told.defocus.value)
            found = max((expected_dice(run, trained, middle) for run in runs), key=_nearness)
            return msgspec.structs.replace(found, warnings=[*warnings, *found.warnings]), ""
        return _by_observer(submission, trained, here, warnings)
    except InputError as error:
        return None, str(error)


def conditions_here(told: Description, like: Condition) -> list[Condition]:
    """The setting of each image that has rings; spreads and what was not measured are those of `like`."""
    found = []
    for one in told.images:
        if one.defocus.value is None:
            continue
        settings = {"C12": one.astigmatism.value or 0.0, "phi12": one.astigmatism_angle.value or 0.0}
        found.append(
            Condition(
                energy=told.energy or like.energy,
                C10=-one.defocus.value,
                C30=told.spherical_aberration or 0.0,
                aberrations=settings,
                focal_spread=like.focal_spread,
                angular_spread=like.angular_spread,
                dose=told.dose.value or like.dose,
            )
        )
    return found


def _shipped_runs(submission: Submission) -> list[Run]:
    """The model's own results among those that come with the package."""
    found = (read_run(folder) for folder in shipped_results())
    return [run for run in found if run.results.model.checksum == submission.checksum]


def _nearness(one: Expectation) -> float:
    """How far within the tested range of σ an expectation lies; below 0 outside."""
    return one.sigma - (one.tested_low or 0.0)


def _by_observer(
    submission: Submission, trained: Sequence[Condition], here: Sequence[Condition], warnings: list[str]
) -> tuple[Expectation | None, str]:
    from hrtem_bench.observer import RingPowers, Setup, exposure, foretold, loaded, recalibrated, specimens_of

    record = submission.trained_on
    if record is None or record.validation_loss is None or record.validation_dice is None:
        return None, f"the card of {submission.name} has no validation loss to start from: give its results"
    specimens, frozen = specimens_of(), loaded()
    powers = RingPowers(specimens, frozen.settings)
    there, at_images = (exposure(conditions, specimens.detector) for conditions in (trained, here))
    row = {
        "specimens": _OWN, "train": _OWN, "test": _OWN, "converged": True,
        "nll": record.validation_loss, "dice": record.validation_dice,
    }  # fmt: skip
    law = recalibrated([row], frozen, {(_OWN, _OWN): Setup(there, powers)})
    dice = foretold(there, at_images, powers, law).dice
    sigma = transfer_values(as_condition_set(trained), [as_condition_set(here)], Q_MAX)[0]["sigma"]
    assert sigma is not None
    how = f"the model observer on {specimens.name}, from the Dice {record.validation_dice:.3f} of the model's card"
    more = [f"the observer's law holds for specimens and networks like those it was fitted on: {frozen.fitted_on}"]
    return Expectation(
        sigma=sigma,
        tested_low=None,
        tested_high=None,
        dice=Estimate(dice.value, dice.low, dice.high),
        warnings=[*warnings, *more],
        how=how,
    ), ""


def _unlike(told: Description, here: Sequence[Condition], trained: Sequence[Condition]) -> list[str]:
    """How the images lie outside of the training conditions."""
    said = []
    for name, unit, scale in (
        ("energy", "kV", 1e3),
        ("defocus", "nm", 10.0),
        ("C30", "mm", 1e7),
        ("dose", "e/Å²", 1.0),
    ):
        own, other = ([_setting(one, name) / scale for one in many] for many in (here, trained))
        if max(own) > max(other) + ALIKE * abs(max(other)) or min(own) < min(other) - ALIKE * abs(min(other)):
            said.append(f"outside of what was trained: {name} {_range(own)} {unit}, in training {_range(other)} {unit}")
    if told.greys == "rescaled":
        said.append("the dose is not known and taken as that of the training")
    return said


def _setting(one: Condition, name: str) -> float:
    return -one.C10 if name == "defocus" else float(getattr(one, name) or 0.0)


def _range(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:.3g}" if high - low <= 1e-3 * abs(high) else f"{low:.3g} to {high:.3g}"
