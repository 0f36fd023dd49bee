"""Files of other people's microscopes: read, measured, segmented, scored."""

from hrtem_bench.micrographs.describe import describe
from hrtem_bench.micrographs.description import (
    Description,
    ImageDescription,
    RadialSpectrum,
    Reading,
    read_description,
)
from hrtem_bench.micrographs.expectation import Expectation, expected_dice
from hrtem_bench.micrographs.imitation import Wishes, imitate
from hrtem_bench.micrographs.likeness import Likeness, compare_images
from hrtem_bench.micrographs.power_spectrum import PowerSpectrum, power_spectrum
from hrtem_bench.micrographs.recordings import (
    Labels,
    Micrograph,
    Recording,
    find_micrographs,
    open_labels,
    open_recording,
)
from hrtem_bench.micrographs.saving import save_image
from hrtem_bench.micrographs.segmentation import MicrographScore, Segmented, score, segment
from hrtem_bench.micrographs.thon_rings import ThonRings, fit_thon_rings

__all__ = [
    "Description",
    "Expectation",
    "ImageDescription",
    "Labels",
    "Likeness",
    "Micrograph",
    "MicrographScore",
    "PowerSpectrum",
    "RadialSpectrum",
    "Reading",
    "Recording",
    "Segmented",
    "ThonRings",
    "Wishes",
    "compare_images",
    "describe",
    "expected_dice",
    "find_micrographs",
    "fit_thon_rings",
    "imitate",
    "open_labels",
    "open_recording",
    "power_spectrum",
    "read_description",
    "save_image",
    "score",
    "segment",
]
