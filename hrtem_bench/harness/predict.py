"""Images through a model: batches, what the contract asks before and after, and a trial before the long run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.harness.cards import one_line
from hrtem_bench.harness.contract import Images, is_resampled, model_input, probabilities
from hrtem_bench.harness.resample import resample
from hrtem_bench.harness.submissions import Submission

if TYPE_CHECKING:
    from hrtem_bench.dataset import Sample

BATCH_TOLERANCE = 0.01
"""How far, on average over pixels, an image's probabilities may depend on its company in a batch."""

T = TypeVar("T")


class ModelError(InputError):
    """The model's own code raised an error while it was given images; the cause is attached."""


def predict(submission: Submission, counts: Images, pixel_size: float) -> Images:
    """Probabilities of the particle class (N, ny, nx), float32, for electron counts (N, ny, nx) of
    `pixel_size` Å.

    One call of the model. Raises InputError where its answer breaks the contract, ModelError where it fails.
    """
    contract = submission.contract
    given = model_input(counts, contract, pixel_size)
    try:
        answer = submission.predict(given.copy())
    except InputError:
        raise
    except Exception as error:
        raise ModelError(
            f"the model failed on images of shape {given.shape} with {type(error).__name__}: {one_line(error)}"
        ) from error
    answered = probabilities(answer, given.shape, contract)
    if is_resampled(contract, pixel_size):
        answered = np.clip(resample(answered, counts.shape[-2:]), 0, 1)
    return answered


def answers(submission: Submission, samples: Sequence[Sample], pixel_size: float) -> Images:
    """Probabilities (N, ny, nx) for the samples: predicted now, or found among stored predictions."""
    counts = stack(samples)
    if submission.stored is None:
        return predict(submission, counts, pixel_size)
    found = [submission.stored(one.structure_id, one.condition_id, one.image.shape) for one in samples]
    checked = [probabilities(one[None], (1, *counts.shape[1:]), submission.contract) for one in found]
    return np.concatenate(checked)


def stack(samples: Sequence[Sample]) -> Images:
    """The samples' images as one array (N, ny, nx)."""
    if len({sample.image.shape for sample in samples}) > 1:
        raise InputError("the images of a condition differ in size: score them with a batch size of 1")
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
    return alone, warnings


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Consecutive lists of at most `size` items."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


__all__ = ["ModelError", "batches", "predict", "preflight"]
