"""Images to show in a report, with what the model made of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.evaluate import Evaluation
from hrtem_bench.models.prediction import answers
from hrtem_bench.scoring.metrics import dice


@dataclass(frozen=True)
class Choice:
    """An image to show, and why.

    Parameters
    ----------
    title
        Why it is shown.
    condition_id, structure_id
        Which image it is.
    """

    title: str
    condition_id: str
    structure_id: str


@dataclass(frozen=True)
class Example:
    """A test image with the model's answer.

    Parameters
    ----------
    condition_id, structure_id
        Which image it is.
    image
        (ny, nx), electron counts.
    mask
        (ny, nx), 0 or 1.
    probability
        (ny, nx).
    dice
        Of the answer.
    pixel_size
        Å.
    title
        Why it is shown.
    """

    condition_id: str
    structure_id: str
    image: NDArray[np.float32]
    mask: NDArray[np.uint8]
    probability: NDArray[np.float32]
    dice: float
    pixel_size: float
    title: str


def make_examples(evaluation: Evaluation, choices: Iterable[Choice]) -> list[Example]:
    """Chosen images with the model's answers. The model runs once for each.

    Parameters
    ----------
    evaluation
        The finished run.
    choices
        Which images, and why.

    Returns
    -------
    list of Example
        In the order of `choices`.
    """
    return [_example(evaluation, choice) for choice in choices]


def _example(evaluation: Evaluation, choice: Choice) -> Example:
    track, submission = evaluation.track, evaluation.submission
    split = evaluation.results.dataset.split
    rows = track.rows(split, conditions=[choice.condition_id])
    sample = next((one for one in rows if one.structure_id == choice.structure_id), None)
    if sample is None:
        raise InputError(f"the track {track.name} has no {choice.structure_id} at {choice.condition_id}")
    probability = answers(submission, [sample], track.pixel_size)
    return Example(
        condition_id=choice.condition_id,
        structure_id=choice.structure_id,
        image=sample.image,
        mask=sample.mask,
        probability=probability[0],
        dice=float(dice(probability[0] > submission.contract.threshold, sample.mask > 0)),
        pixel_size=track.pixel_size,
        title=choice.title,
    )
