"""Images through a model: batches, normalisation before, checks after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from hrtem_bench.errors import InputError, one_line
from hrtem_bench.models.contract import Images, is_resampled, model_input, probabilities
from hrtem_bench.models.sizes import continued, resample, windowed
from hrtem_bench.models.stored_predictions import Stored
from hrtem_bench.models.submission import Submission

if TYPE_CHECKING:
    from hrtem_bench.dataset import Sample


SIDE_MULTIPLES = (8, 16, 32, 64)
"""Of networks that halve their images three to six times, tried in this order."""


class ModelError(InputError):
    """The model's own code raised an error while it was given images; the cause is attached."""


def predict(submission: Submission, counts: Images, pixel_size: float) -> Images:
    """Probabilities (N, ny, nx), float32, of the particle class for images of electrons per pixel; pixel_size in Å.

    InputError where the model's answer breaks its contract, ModelError where its own code fails.
    """
    answered = ask(submission, model_input(counts, submission.contract, pixel_size))
    if is_resampled(submission.contract, pixel_size):
        answered = np.clip(resample(answered, counts.shape[-2:]), 0, 1)
    return answered


def ask(submission: Submission, given: Images) -> Images:
    """Probabilities (N, ny, nx) for normalised images (N, ny, nx), cut into windows if the model needs it.

    Errors as `predict`.
    """
    window = submission.contract.window
    if window is not None and given.shape[1:] != (window, window):
        return windowed(partial(_asked, submission), given, window)
    return _asked(submission, given)


def _asked(submission: Submission, given: Images) -> Images:
    """One call of the model, its answer checked."""
    multiple = submission.contract.side_multiple or 1
    ny, nx = given.shape[1:]
    whole = continued(given, (ny + -ny % multiple, nx + -nx % multiple))
    try:
        answer = submission.predict(whole.copy())
    except (InputError, KeyboardInterrupt):
        raise
    except BaseException as error:  # some are no Exception: SystemExit, asyncio's CancelledError
        raise ModelError(
            f"the model failed on images of shape {whole.shape} with {type(error).__name__}: {one_line(error)}"
        ) from error
    return probabilities(answer, whole.shape, submission.contract)[:, :ny, :nx]


class Told(NamedTuple):
    """A model that was told something about its input, and what to say of it to the user."""

    submission: Submission
    said: list[str]


def with_side_multiple(submission: Submission, given: Images) -> Told:
    """The model, told to be given sides of a multiple of 8, 16, 32 or 64 pixels if it fails on images without.

    It stays as it is where it declares a multiple or a window, where it takes these images (N, ny, nx), or where no
    multiple helps: then the run itself says what is wrong. Of images larger than 256 pixels a corner is
    tried whose sides leave the same rest.
    """
    contract = submission.contract
    if contract.side_multiple is not None or contract.window is not None or submission.stored is not None:
        return Told(submission, [])
    sides = given.shape[1:]
    largest = SIDE_MULTIPLES[-1]
    ny, nx = (side if side <= 4 * largest else 3 * largest + side % largest for side in sides)
    tried = given[:, :ny, :nx]
    if _takes(submission, tried):
        return Told(submission, [])
    for multiple in SIDE_MULTIPLES:
        if any(side % multiple for side in sides):
            told = replace(submission, contract=msgspec.structs.replace(contract, side_multiple=multiple))
            # Odd numbers of it, since sides of 48 pixels, a multiple of 8, would do for a network that wants 16.
            ny, nx = (multiple * (side // multiple | 1) for side in tried.shape[1:])
            if _takes(told, tried) and _takes(told, continued(tried, (ny, nx))[:, :ny, :nx]):
                up = [side + -side % multiple for side in sides]
                said = (
                    f"the model takes images whose sides are multiples of {multiple} pixels: those of {sides[0]} x "
                    f"{sides[1]} were continued by reflection to {up[0]} x {up[1]}, and its answers cut back"
                )
                return Told(told, [said])
    return Told(submission, [])


def _takes(submission: Submission, given: Images) -> bool:
    try:
        ask(submission, given)
    except InputError:
        return False
    return True


def answers(submission: Submission, samples: Sequence[Sample], pixel_size: float) -> Images:
    """Probabilities (N, ny, nx) for the samples: predicted now, or read from stored predictions.

    A batch that does not fit the memory is split in two.
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
    """Whether an error says that memory ran out: PyTorch and onnxruntime have no class for it, only text."""
    words = ("out of memory", "allocate memory", "failed to allocate")
    return isinstance(error, MemoryError) or any(word in str(error).lower() for word in words)


def stack(samples: Sequence[Sample]) -> Images:
    """The samples' images as one array (N, ny, nx)."""
    if len({sample.image.shape for sample in samples}) > 1:
        raise InputError("the images of the track differ in size: score them with a batch size of 1")
    return np.stack([sample.image for sample in samples]).astype(np.float32, copy=False)
