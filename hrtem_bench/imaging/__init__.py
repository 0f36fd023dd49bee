"""Exit waves to images and labels."""

from hrtem_bench.imaging.cameras import camera, camera_names
from hrtem_bench.imaging.coherence import focus_nodes
from hrtem_bench.imaging.cross_coefficient import cross_coefficient
from hrtem_bench.imaging.detector import (
    Detector,
    GaussianCurve,
    LorentzianCurve,
    PixelCurve,
    TableCurve,
    detect,
    expose,
    read_curve,
)
from hrtem_bench.imaging.focus import contrast, find_zero_focus
from hrtem_bench.imaging.labels import instances, mask
from hrtem_bench.imaging.rendering import expected_intensity, render, render_each

__all__ = [
    "Detector", "GaussianCurve", "LorentzianCurve", "PixelCurve", "TableCurve", "camera", "camera_names", "contrast",
    "cross_coefficient", "detect", "expected_intensity", "expose", "find_zero_focus", "focus_nodes", "instances",
    "mask", "read_curve", "render", "render_each",
]  # fmt: skip
