"""Other people's micrographs: described, imitated, segmented, scored."""

from hrtem_bench.micrographs.describe import describe
from hrtem_bench.micrographs.description import Description, ImageDescription, RadialSpectrum, read_description
from hrtem_bench.micrographs.expectation import Expectation, expected_dice
from hrtem_bench.micrographs.imitation import Wishes, imitate
from hrtem_bench.micrographs.likeness import Likeness, compare_images
from hrtem_bench.micrographs.segmentation import MicrographScore, Segmented, score, segment

__all__ = [
    "Description",
    "Expectation",
    "ImageDescription",
    "Likeness",
    "MicrographScore",
    "RadialSpectrum",
    "Segmented",
    "Wishes",
    "compare_images",
    "describe",
    "expected_dice",
    "imitate",
    "read_description",
    "score",
    "segment",
]
