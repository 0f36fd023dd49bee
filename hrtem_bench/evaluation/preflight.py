"""A trial of the model on a few images before the long run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.models.contract import Images, is_resampled, model_input
from hrtem_bench.models.prediction import answers, ask, stack, with_side_multiple
from hrtem_bench.models.submission import Submission
from hrtem_bench.scoring.metrics import dice

if TYPE_CHECKING:
    from hrtem_bench.dataset import Sample

BATCH_TOLERANCE = 1e-3
"""How far, on average over pixels, an image's probabilities may depend on its companions in a batch.

Of a small network, rounding moved them by less than 1e-6; batch norm left in training mode by 0.05 to 0.2 beside the
companions below, and by 0.001 to 0.003 beside other images of its kind.
"""
SUSPICIOUS = 0.5
"""Dice on trial images below which other normalisations are tried."""


@dataclass(frozen=True)
class Trial:
    """What a trial showed: the model with what was found out about it, its answers (N, ny, nx), and warnings."""

    submission: Submission
    answers: Images
    warnings: list[str]


def preflight(submission: Submission, samples: Sequence[Sample], pixel_size: float) -> Trial:
    """Try the model on a few images of one size before the long run; pixel_size in Å.

    If it takes only images whose sides are multiples of 8, 16, 32 or 64 pixels, it is told so. InputError for an answer
    that breaks the contract, alone or in a batch, and for one that depends on the other images of its batch, since
    scores must not depend on the batch size.
    """
    warnings: list[str] = []
    if submission.stored is None:
        first = model_input(stack(samples[:1]), submission.contract, pixel_size)
        submission, warnings = with_side_multiple(submission, first)
    together = answers(submission, samples, pixel_size)
    alone = np.concatenate([answers(submission, [one], pixel_size) for one in samples])
    _check_independence(submission, samples[0], pixel_size, float(np.abs(together - alone).mean()))
    if is_resampled(submission.contract, pixel_size):
        warnings.append(
            f"images were resampled from {pixel_size:g} Å per pixel to the model's "
            f"{submission.contract.pixel_size:g} Å, and its answers back"
        )
    if float(np.ptp(together)) < 1e-6:
        warnings.append(f"the model returned {together.flat[0]:.3g} at every pixel of {len(samples)} trial images")
    elif submission.stored is None:
        warnings += _other_normalisations(submission, samples, pixel_size, alone)
    return Trial(submission, alone, warnings)


def _check_independence(submission: Submission, sample: Sample, pixel_size: float, difference: float) -> None:
    """Raise InputError if an image's answer depends on the others of its batch.

    difference: how much it did beside images of its kind. Here it is put beside images unlike it.
    """
    if submission.stored is None:
        image = model_input(stack([sample]), submission.contract, pixel_size)
        alone = ask(submission, image)[0]
        for companion in _companions(image):
            try:
                with np.errstate(all="ignore"):  # zeros may be divided by
                    beside = ask(submission, np.concatenate([image, companion]))[0]
            except InputError:  # a model may fail on images that it was not made for
                continue
            difference = max(difference, float(np.abs(beside - alone).mean()))
    if difference > BATCH_TOLERANCE:
        raise InputError(
            f"the model's answer for an image changes by {difference:.2g} on average with the other images of its "
            "batch, or from call to call: put it in evaluation mode (model.eval()), without dropout or batch statistics"
        )


def _companions(image: Images) -> Iterator[Images]:
    """Images unlike the given one, as the model takes them: zeros; three times as strong; shifted and brighter."""
    yield np.zeros_like(image)
    yield 3 * image
    yield np.roll(image, (image.shape[1] // 3, image.shape[2] // 3), axis=(1, 2)) + np.ptp(image)


def _other_normalisations(
    submission: Submission, samples: Sequence[Sample], pixel_size: float, declared: Images
) -> list[str]:
    """A warning if the trial images are segmented badly as declared, and much better with another normalisation."""
    own = _trial_dice(submission, samples, declared)
    if own > SUSPICIOUS:
        return []
    for name in ("counts", "minmax", "standardised"):
        contract = msgspec.structs.replace(submission.contract, normalisation=name)
        try:
            answer = answers(replace(submission, contract=contract), samples, pixel_size)
        except InputError:  # a model may fail on images that it was not made for
            continue
        other = _trial_dice(submission, samples, answer)
        if other > own + 0.2:
            return [
                f"on {len(samples)} trial images the model has a Dice of {own:.2f} with its declared normalisation, "
                f"{submission.contract.normalisation}, and {other:.2f} with {name}: is the declared one right, or "
                "applied twice?"
            ]
    return []


def _trial_dice(submission: Submission, samples: Sequence[Sample], probability: Images) -> float:
    mask = np.stack([sample.mask for sample in samples]) > 0
    return float(dice(probability > submission.contract.threshold, mask).mean())
