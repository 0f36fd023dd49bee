"""Images through a model: batches, what the contract asks before and after, and a trial before the long run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.harness.cards import one_line
from hrtem_bench.harness.contract import Images, is_resampled, model_input, probabilities
from hrtem_bench.harness.metrics import dice
from hrtem_bench.harness.resample import resample
from hrtem_bench.harness.stored import Stored
from hrtem_bench.harness.submissions import Submission
from hrtem_bench.harness.windows import windowed

if TYPE_CHECKING:
    from hrtem_bench.dataset import Sample

BATCH_TOLERANCE = 0.01
"""How far, on average over pixels, an image's probabilities may depend on its company in a batch."""

SUSPICIOUS = 0.5
"""Dice on trial images below which other normalisations are tried."""


class ModelError(InputError):
    """The model's own code raised an error while it was given images; the cause is attached."""


def predict(submission: Submission, counts: Images, pixel_size: float) -> Images:
    """Probabilities of the particle class (N, ny, nx), float32, for electron counts (N, ny, nx) of
    `pixel_size` Å.

    Raises InputError where the model's answer breaks its contract, ModelError where the model fails.
    """
    contract = submission.contract
    given = model_input(counts, contract, pixel_size)
    if contract.window is not None and given.shape[1:] != (contract.window, contract.window):
        answered = windowed(partial(_asked, submission), given, contract.window)
    else:
        answered = _asked(submission, given)
    if is_resampled(contract, pixel_size):
        answered = np.clip(resample(answered, counts.shape[-2:]), 0, 1)
    return answered


def _asked(submission: Submission, given: Images) -> Images:
    """One call of the model, its answer checked."""
    try:
        answer = submission.predict(given.copy())
    except InputError:
        raise
    except Exception as error:
        raise ModelError(
            f"the model failed on images of shape {given.shape} with {type(error).__name__}: {one_line(error)}"
        ) from error
    return probabilities(answer, given.shape, submission.contract)


def answers(submission: Submission, samples: Sequence[Sample], pixel_size: float) -> Images:
    """Probabilities (N, ny, nx) for the samples: predicted now, or found among stored predictions.

    A batch for which memory runs out is split in two.
    """
    return answers_that_fit(submission, samples, pixel_size)[0]


def answers_that_fit(submission: Submission, samples: Sequence[Sample], pixel_size: float) -> tuple[Images, bool]:
    """The `answers`, and whether the samples fitted the memory at once."""
    if submission.stored is not None:
        return np.concatenate([_stored(submission, submission.stored, sample) for sample in samples]), True
    try:
        return predict(submission, stack(samples), pixel_size), True
    except ModelError as error:
        if len(samples) == 1 or not _is_out_of_memory(error.__cause__):
            raise
    half = len(samples) // 2
    parts = [answers(submission, part, pixel_size) for part in (samples[:half], samples[half:])]
    return np.concatenate(parts), False


def _stored(submission: Submission, stored: Stored, sample: Sample) -> Images:
    found = stored(sample.structure_id, sample.condition_id, sample.image.shape)
    return probabilities(found[None], (1, *sample.image.shape), submission.contract)


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Whether an error says that memory ran out; PyTorch and onnxruntime say it in words only."""
    words = ("out of memory", "allocate memory", "failed to allocate")
    return isinstance(error, MemoryError) or any(word in str(error).lower() for word in words)


def stack(samples: Sequence[Sample]) -> Images:
    """The samples' images as one array (N, ny, nx)."""
    if len({sample.image.shape for sample in samples}) > 1:
        raise InputError("the images of the track differ in size: score them with a batch size of 1")
    return np.stack([sample.image for sample in samples]).astype(np.float32, copy=False)


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


__all__ = ["ModelError", "answers", "answers_that_fit", "predict", "preflight", "stack"]
