"""A trial of the model on a few images before the long run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.models.contract import Images, is_resampled
from hrtem_bench.models.prediction import answers
from hrtem_bench.models.submission import Submission
from hrtem_bench.scoring.metrics import dice

if TYPE_CHECKING:
    from hrtem_bench.dataset import Sample

BATCH_TOLERANCE = 0.01
"""How far, on average over pixels, an image's probabilities may depend on its company in a batch."""


SUSPICIOUS = 0.5
"""Dice on trial images below which other normalisations are tried."""


def preflight(submission: Submission, samples: Sequence[Sample], pixel_size: float) -> tuple[Images, list[str]]:
    """Try the model on a few images before the long run; returns its answers (N, ny, nx) and warnings.

    Raises InputError for an answer that breaks the contract, alone or in a batch, and for one that depends on
    the other images of its batch, since scores must not depend on the batch size.
    """
    together = answers(submission, samples, pixel_size)
    alone = np.concatenate([answers(submission, [one], pixel_size) for one in samples])
    difference = float(np.abs(together - alone).mean())
    if difference > BATCH_TOLERANCE:
        raise InputError(
            f"the model's answer for an image changes by {difference:.2g} on average with the other images of its "
            "batch, or from call to call: put it in evaluation mode (model.eval()), without dropout or batch statistics"
        )
    warnings = []
    if is_resampled(submission.contract, pixel_size):
        warnings.append(
            f"images were resampled from {pixel_size:g} Å per pixel to the model's "
            f"{submission.contract.pixel_size:g} Å, and its answers back"
        )
    if float(np.ptp(together)) < 1e-6:
        warnings.append(f"the model returned {together.flat[0]:.3g} at every pixel of {len(samples)} trial images")
    elif submission.stored is None:
        warnings += _other_normalisations(submission, samples, pixel_size, alone)
    return alone, warnings


def _other_normalisations(
    submission: Submission, samples: Sequence[Sample], pixel_size: float, declared: Images
) -> list[str]:
    """A warning if the trial images are segmented badly as declared, and much better under another normalisation."""
    own = _trial_dice(submission, samples, declared)
    if own > SUSPICIOUS:
        return []
    for name in ("counts", "minmax", "standardised"):
        contract = msgspec.structs.replace(submission.contract, normalisation=name)
        try:
            answer = answers(replace(submission, contract=contract), samples, pixel_size)
        except InputError:  # what a model does with images it was not made for is no fault of it
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


__all__ = ["preflight"]
