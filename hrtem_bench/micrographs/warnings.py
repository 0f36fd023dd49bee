"""What may be wrong with an image, or with a label, though it can be read: sentences for a person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.image_files.recordings import Labels
from hrtem_bench.micrographs.segmentation import Segmented

NAMED_FRAMES = 5
"""Of a stack, by their numbers, where they share a sentence."""

LARGEST_VALUE = 1e18
"""The square of more is beyond single precision, in which images are standardised."""
MANY_IDS = 8
"""Values of a label from which its particles are looked at for being scattered."""
SAME_AS_THRESHOLD = 0.99
"""Dice of a label and a threshold of the smoothed image above which one is taken for the other."""
SMOOTHING = (0.0, 1.0, 2.0, 4.0)
"""Pixels, standard deviations of the Gaussians that are tried."""
FARTHEST_SHIFT, LEAST_GAIN = 64, 0.05
"""Pixels along an axis; and how much Dice must rise by a shift that is told."""


class Warned(NamedTuple):
    """A sentence about a file; frame: counted from 1, 0 where it holds a single image."""

    path: str
    frame: int
    sentence: str


def frame_warnings(
    path: Path, labels: Labels | None, answer: Segmented, label: NDArray[np.uint16] | None
) -> list[Warned]:
    """What may be wrong with a micrograph, and with its label.

    Parameters
    ----------
    path
        File of the micrograph.
    labels
        Of this file. A single label for all frames of a stack is looked at with the first.
    answer
        The micrograph, with the model's mask.
    label
        The micrograph's, (ny, nx), 0 background, k on particle k.
    """
    frame = answer.micrograph.frame or 0
    said = [Warned(str(path), frame, one) for one in image_warnings(answer.micrograph.image)]
    if labels is not None and label is not None and (len(labels.file) > 1 or frame <= 1):
        own = [*label_warnings(label, answer.micrograph.image), *shift_warnings(answer.mask, label > 0)]
        said += [Warned(str(labels.file.path), frame if len(labels.file) > 1 else 0, one) for one in own]
    return said


def told_once(warnings: Sequence[Warned]) -> list[str]:
    """Each sentence once, after the file and the frames that it is about; of many frames, the first few."""
    frames: dict[tuple[str, str], list[int]] = {}
    for path, frame, sentence in warnings:
        frames.setdefault((path, sentence), []).append(frame)
    return [f"{path}{_named(found)}: {sentence}" for (path, sentence), found in frames.items()]


def _named(frames: Sequence[int]) -> str:
    if not frames[0]:
        return ""
    listed = ", ".join(map(str, frames[:NAMED_FRAMES]))
    more = f" and {len(frames) - NAMED_FRAMES} more" if len(frames) > NAMED_FRAMES else ""
    return f", frame{'s' if len(frames) > 1 else ''} {listed}{more}"


def image_warnings(image: NDArray[np.float32]) -> list[str]:
    """What is odd about an image (ny, nx): constant, two values only, values that single precision does not hold."""
    low, high = float(image.min()), float(image.max())
    if low == high:
        return [f"every pixel is {low:g}, so there is nothing to find"]
    if max(-low, high) > LARGEST_VALUE:
        return [f"values reach {max(-low, high):.3g}, too large to be standardised: divide the image by its largest"]
    if np.isin(image, (low, high)).all():
        return [f"it holds two values only, {low:g} and {high:g}: is it a label?"]
    return []


def label_warnings(instances: NDArray[np.uint16], image: NDArray[np.float32]) -> list[str]:
    """What is odd about a label (ny, nx), 0 background, k on particle k, of an image (ny, nx)."""
    mask = instances > 0
    if mask.all():
        return ["no pixel is 0, the background: all of the image counts as particle"]
    said = []
    ids, scattered = _scattered(instances)
    if ids >= MANY_IDS and scattered > ids / 2:
        said.append(
            f"{scattered} of its {ids} particles are thin or scattered over the image, as grey levels of a mask "
            "that was interpolated, or saved as JPEG, are: give it 0 on the background and one number on each particle"
        )
    if mask.any() and _likeness_to_threshold(mask, image) > SAME_AS_THRESHOLD:
        said.append(
            "it is a threshold of the smoothed image: the scores say how alike the model is to that threshold, not "
            "how well it finds particles"
        )
    return said


def shift_warnings(mask: NDArray[np.bool_], label: NDArray[np.bool_]) -> list[str]:
    """Whether a model's mask (ny, nx) fits the label much better once that is moved: it may lie beside its image."""
    from scipy import fft

    total = np.count_nonzero(mask) + np.count_nonzero(label)
    if not mask.any() or not label.any():
        return []
    reach = [min(FARTHEST_SHIFT, n // 4) for n in mask.shape]
    shape = [fft.next_fast_len(n + r, real=True) for n, r in zip(mask.shape, reach, strict=True)]
    first, second = (fft.rfft2(one.astype(np.float32), s=shape) for one in (mask, label))
    overlap = fft.irfft2(first * second.conj(), s=shape)
    rows, columns = (np.arange(-r, r + 1) for r in reach)
    near = overlap[np.ix_(rows % shape[0], columns % shape[1])]
    i, j = np.unravel_index(np.argmax(near), near.shape)
    dy, dx = int(rows[i]), int(columns[j])
    gain = 2 * float(near[i, j] - overlap[0, 0]) / total
    if gain < LEAST_GAIN or max(abs(dy), abs(dx)) < 2:
        return []
    return [f"it fits the model's answer better, by {gain:.2f} in Dice, if it is moved by {dy} rows and {dx} columns"]


def _scattered(instances: NDArray[np.uint16]) -> tuple[int, int]:
    """The number of particles, and of those that have no inner pixel or cover less than a tenth of their frame."""
    from scipy import ndimage

    areas = np.bincount(instances.ravel())
    inner = instances.copy()
    for axis in (0, 1):
        for step in (1, -1):
            inner[np.roll(instances, step, axis) != instances] = 0
    cores = np.bincount(inner.ravel(), minlength=len(areas))
    frames = np.zeros(len(areas))
    for number, place in enumerate(ndimage.find_objects(instances), start=1):
        if place is not None:
            frames[number] = (place[0].stop - place[0].start) * (place[1].stop - place[1].start)
    ids = np.flatnonzero(areas[1:]) + 1
    return len(ids), int(np.count_nonzero((cores[ids] == 0) | (areas[ids] < 0.1 * frames[ids])))


def _likeness_to_threshold(mask: NDArray[np.bool_], image: NDArray[np.float32]) -> float:
    """The highest Dice of the mask and a threshold of the image, smoothed or not, that covers the same area.

    The lower of the Dice of particles and that of the background: any two masks of nearly all pixels are alike.
    """
    from scipy import ndimage

    from hrtem_bench.scoring.metrics import dice

    area, best = int(np.count_nonzero(mask)), 0.0
    for width in SMOOTHING:
        smooth = ndimage.gaussian_filter(image, width) if width else image
        darkest, brightest = np.partition(smooth, (area - 1, mask.size - area), axis=None)[[area - 1, mask.size - area]]
        bright, dark = smooth >= brightest, smooth <= darkest
        for one in (bright, dark):
            best = max(best, min(float(dice(one, mask)), float(dice(~one, ~mask))))
    return best
