"""Files of other people's microscopes: read, segmented, scored."""

from hrtem_bench.micrographs.expectation import Expectation, expected_dice
from hrtem_bench.micrographs.recordings import (
    Labels,
    Micrograph,
    Recording,
    find_micrographs,
    open_labels,
    open_recording,
)
from hrtem_bench.micrographs.segmentation import MicrographScore, Segmented, score, segment

__all__ = [
    "Expectation",
    "Labels",
    "Micrograph",
    "MicrographScore",
    "Recording",
    "Segmented",
    "expected_dice",
    "find_micrographs",
    "open_labels",
    "open_recording",
    "score",
    "segment",
]
