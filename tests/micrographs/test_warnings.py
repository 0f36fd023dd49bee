"""What is odd about images and labels is said, and nothing is of sound ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from hrtem_bench.micrographs.warnings import image_warnings, label_warnings, shift_warnings

RNG = np.random.default_rng(0)
DISC = np.hypot(*(np.mgrid[:96, :96] - 40)) < 20
NOISY = (RNG.normal(0, 3, DISC.shape) + DISC).astype(np.float32)
"""Contrast a third of the noise: no threshold gives the disc."""


def test_sound_images_and_labels_pass() -> None:
    touching = np.where(DISC, 1 + (np.mgrid[:96, :96][1] > 40), 0).astype(np.uint16)
    assert (
        image_warnings(NOISY) == label_warnings(DISC.astype(np.uint16), NOISY) == label_warnings(touching, NOISY) == []
    )
    assert (
        label_warnings(np.zeros_like(touching), NOISY)
        == shift_warnings(DISC, DISC)
        == shift_warnings(DISC, ~DISC & 0)
        == []
    )


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.full((16, 16), 7, np.float32), "every pixel is 7"),
        (NOISY * np.float32(1e30), "too large to be standardised"),
        (DISC.astype(np.float32), "two values only"),
    ],
)
def test_images(image: np.ndarray, said: str) -> None:
    (found,) = image_warnings(image)
    assert said in found


def test_a_label_without_background() -> None:
    (found,) = label_warnings(1 + DISC.astype(np.uint16), NOISY)
    assert "no pixel is 0" in found


def test_ids_that_are_scattered_or_grey_levels() -> None:
    scattered = RNG.integers(0, 300, DISC.shape).astype(np.uint16)
    smooth = ndimage.gaussian_filter(255.0 * DISC, 2).astype(np.uint16)
    for label in (scattered, smooth):
        (found,) = label_warnings(label, NOISY)
        assert "thin or scattered" in found


@pytest.mark.parametrize("sign", [1, -1])
def test_a_threshold_of_the_smoothed_image(sign: int) -> None:
    image = (sign * NOISY).astype(np.float32)
    label = sign * ndimage.gaussian_filter(image, 2) > 0.5
    (found,) = label_warnings(label.astype(np.uint16), image)
    assert "threshold of the smoothed image" in found


@pytest.mark.parametrize("shift", [(5, -3), (-7, 0)])
def test_a_label_beside_its_image(shift: tuple[int, int]) -> None:
    (found,) = shift_warnings(DISC, np.roll(DISC, (-shift[0], -shift[1]), (0, 1)))
    assert f"moved by {shift[0]} rows and {shift[1]} columns" in found
