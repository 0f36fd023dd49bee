"""Images through a model: batches, and what the contract asks before and after."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from hrtem_bench.errors import InputError, one_line
from hrtem_bench.models.contract import Images, is_resampled, model_input, probabilities
from hrtem_bench.models.resampling import resample
from hrtem_bench.models.stored_predictions import Stored
from hrtem_bench.models.submission import Submission
from hrtem_bench.models.windows import windowed

if TYPE_CHECKING:
    from hrtem_bench.dataset import Sample


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
    except (Exception, SystemExit) as error:
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


__all__ = ["ModelError", "answers", "answers_that_fit", "predict", "stack"]
