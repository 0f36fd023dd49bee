"""Image files of microscopes and other programs: read, frame by frame, and written with their pixel size."""

from hrtem_bench.image_files.recordings import (
    Labels,
    Micrograph,
    Recording,
    find_micrographs,
    open_labels,
    open_recording,
)
from hrtem_bench.image_files.saving import save_image

__all__ = ["Labels", "Micrograph", "Recording", "find_micrographs", "open_labels", "open_recording", "save_image"]
