"""The input contract: what a model is given and what it returns, and the conversions on both sides.

Images start as electron counts per pixel, float32 (N, ny, nx). A contract says which normalisation and which pixel size
a model was made for, and whether it returns probabilities, logits or classes.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.models.sizes import nearest_shape, resample

Images = NDArray[np.float32]
Normalisation = Literal["standardised", "counts", "minmax", "own"]
Output = Literal["probabilities", "logits", "classes"]

MAX_WINDOW = 4096
"""Pixels: a bound, since smaller images are reflected up to the window and memory grows with its square."""
RANGE_SLACK = 1e-5
"""How far a probability may lie outside [0, 1] by rounding; it is clipped."""
SUM_SLACK = 1e-3
"""How far the probabilities of a pixel's classes may add up to other than 1: those in half precision do."""


class InputContract(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a model is given and what it returns; the defaults are the benchmark's own.

    Parameters
    ----------
    normalisation
        "standardised" (each image to mean 0, variance 1), "minmax" (each image to [0, 1]), "counts" (electrons
        per pixel), "own" (counts again: the model normalises by itself).
    pixel_size
        Å. Images of another pixel size are resampled to it, and the answers back. None: as the data are.
    output
        "probabilities" or "logits" of the particle class, or "classes" (0 background, above 0 particle).
    threshold
        The probability above which a pixel counts as particle.
    window
        Side, in pixels, of the square images that a model of fixed size takes. Larger images are cut into windows,
        whose answers are blended.
    side_multiple
        The model takes images whose sides are multiples of this, in pixels. Others are padded by reflection, and the
        answer is cropped.
    """

    normalisation: Normalisation = "standardised"
    pixel_size: float | None = None
    output: Output = "probabilities"
    threshold: float = 0.5
    window: int | None = None
    side_multiple: int | None = None

    def __post_init__(self) -> None:
        if self.pixel_size is not None and not 0 < self.pixel_size < float("inf"):
            raise ValueError(f"pixel_size must be above 0 Å, not {self.pixel_size:g}")
        if not 0 < self.threshold < 1:
            raise ValueError(f"threshold must lie between 0 and 1, not {self.threshold:g}")
        if self.window is not None and not 8 <= self.window <= MAX_WINDOW:
            raise ValueError(f"window must be 8 to {MAX_WINDOW} pixels, not {self.window}")
        if self.side_multiple is not None and not 1 <= self.side_multiple <= MAX_WINDOW:
            raise ValueError(f"side_multiple must be 1 to {MAX_WINDOW} pixels, not {self.side_multiple}")


def standardise(images: NDArray[np.floating]) -> Images:
    """Each image of (..., ny, nx) to mean 0 and variance 1, float32; a constant image becomes zeros."""
    axes = (-2, -1)
    values = np.asarray(images)
    constant = values.max(axis=axes, keepdims=True) == values.min(axis=axes, keepdims=True)
    centred = (values - values.mean(axis=axes, keepdims=True, dtype=np.float64)).astype(np.float32)
    variance = np.square(centred).mean(axis=axes, keepdims=True, dtype=np.float64)
    scale = np.where(constant, 0.0, 1.0 / np.sqrt(np.where(constant, 1.0, variance)))
    return centred * scale.astype(np.float32)


def minmax(images: NDArray[np.floating]) -> Images:
    """Each image of (..., ny, nx) to the range [0, 1], float32; a constant image becomes zeros."""
    values = np.asarray(images, dtype=np.float64)
    low = values.min(axis=(-2, -1), keepdims=True)
    span = values.max(axis=(-2, -1), keepdims=True) - low
    return ((values - low) / np.where(span > 0, span, 1.0)).astype(np.float32)


def model_input(counts: Images, contract: InputContract, pixel_size: float) -> Images:
    """What the model is given for images of electron counts (N, ny, nx) with pixels of `pixel_size` Å.

    Resampling conserves electrons: counts per pixel grow with the pixel's area. Normalisation comes last.
    """
    images = np.asarray(counts, dtype=np.float32)
    if is_resampled(contract, pixel_size):
        assert contract.pixel_size is not None
        shape = nearest_shape(images.shape[-2:], pixel_size, contract.pixel_size)
        area = images.shape[-2] * images.shape[-1] / (shape[0] * shape[1])
        images = resample(images, shape) * np.float32(area)
    if contract.normalisation == "standardised":
        return standardise(images)
    if contract.normalisation == "minmax":
        return minmax(images)
    return images


def is_resampled(contract: InputContract, pixel_size: float) -> bool:
    """Whether images of `pixel_size` Å are resampled for the model: sizes that differ by 0.1 % or more."""
    return contract.pixel_size is not None and abs(contract.pixel_size / pixel_size - 1) >= 1e-3


def probabilities(answer: object, given: tuple[int, ...], contract: InputContract) -> Images:
    """The model's answer as probabilities of the particle class, after checking that it is what the contract says.

    Parameters
    ----------
    answer
        Array of shape (N, ny, nx) or (N, 1, ny, nx), of the particle class; or (N, classes, ny, nx), the first class
        the background and the others together particle: probabilities that add up to 1, logits of a softmax, or
        scores of which the largest gives the class.
    given
        The shape (N, ny, nx) of what the model was given.
    contract
        What the model says that it returns.

    Returns
    -------
    Array of shape (N, ny, nx), float32, in [0, 1].

    Raises
    ------
    InputError
        For an answer that is no array of numbers, has another shape, holds NaN or infinity, or lies outside what
        `contract.output` allows.
    """
    values = _array(answer)
    _check_shape(values, given)
    if values.dtype.kind != "f" and contract.output != "classes":
        raise InputError(
            f"the model returned {values.dtype} where {contract.output} as float32 are due: return floats, or declare "
            'output="classes"'
        )
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        kind = "NaN" if np.isnan(values).any() else "infinity"
        raise InputError(f"the model returned {kind} in {bad} of {values.size} values: its output must be finite")
    values = _of_particles(values, contract.output)
    if contract.output == "classes":
        return _from_classes(values)
    if contract.output == "logits":
        return logistic(values)
    low, high = float(values.min()), float(values.max())
    if low < -RANGE_SLACK or high > 1 + RANGE_SLACK:
        raise InputError(
            f"the model returned values from {low:.3g} to {high:.3g} where probabilities in [0, 1] are due; they look "
            'like logits: apply a sigmoid, or declare output="logits"'
        )
    return np.clip(values, 0, 1).astype(np.float32, copy=False)


def logistic(logits: NDArray[np.floating]) -> Images:
    """1 / (1 + exp(-x)), float32, without overflow for any finite x."""
    return (0.5 * (1.0 + np.tanh(0.5 * np.asarray(logits, dtype=np.float64)))).astype(np.float32)


def _array(answer: object) -> NDArray[Any]:
    try:
        values = np.asarray(answer)
    except (TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"the model returned a {type(answer).__name__} that is no NumPy array: {reason}") from None
    if values.dtype.kind not in "fiub":
        raise InputError(
            f"the model returned a {type(answer).__name__} of dtype {values.dtype} where a float32 array is due"
        )
    return values


def _check_shape(values: NDArray[Any], given: tuple[int, ...]) -> None:
    if values.shape == given or (values.ndim == 4 and values.shape[1] and values.shape[:1] + values.shape[2:] == given):
        return
    hint = ""
    if values.ndim == 4 and values.shape[:3] == given:
        hint = ": put the channels before the rows, (N, channels, ny, nx)"
    elif values.shape == given[1:]:
        hint = ": keep the batch axis"
    raise InputError(
        f"the model returned shape {values.shape} for images of shape {given}, which must be equal, save for an axis "
        f"of channels after the first{hint}"
    )


def _of_particles(values: NDArray[Any], output: Output) -> NDArray[Any]:
    """(N, ny, nx), or (N, channels, ny, nx) with the background first, as (N, ny, nx) of the particle class."""
    if values.ndim == 3:
        return values
    if values.shape[1] == 1:
        return values[:, 0]
    if output == "classes":
        return values.argmax(axis=1)
    if output == "logits":
        return np.logaddexp.reduce(values[:, 1:].astype(np.float64), axis=1) - values[:, 0]
    if not np.allclose(values.sum(axis=1, dtype=np.float64), 1, atol=SUM_SLACK):
        raise InputError(
            f"the {values.shape[1]} channels the model returned do not add up to 1, as probabilities do: "
            'apply a softmax, or declare output="logits"'
        )
    return 1 - values[:, 0]


def _from_classes(values: NDArray[Any]) -> Images:
    if values.dtype.kind == "f" and not np.array_equal(values, np.round(values)):
        raise InputError('the model returned fractions where classes are due: declare output="probabilities"')
    if values.dtype.kind != "b" and values.size and values.min() < 0:
        raise InputError(f"the model returned class {values.min()}: classes start at 0, the background")
    return (values > 0).astype(np.float32)
