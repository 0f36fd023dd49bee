"""Exit waves to images and labels."""

from hrtem_bench.imaging.cameras import camera, camera_names
from hrtem_bench.imaging.coherence import focus_nodes
from hrtem_bench.imaging.cross_coefficient import cross_coefficient
from hrtem_bench.imaging.curves import GaussianCurve, LorentzianCurve, PixelCurve, TableCurve, read_curve
from hrtem_bench.imaging.detector import (
    Detector,
    DetectorSpread,
    detect,
    expose,
    gain_against_rounding,
    noise_power,
    rounding_share,
    varied,
)
from hrtem_bench.imaging.focus import contrast, find_zero_focus
from hrtem_bench.imaging.labels import instances, mask
from hrtem_bench.imaging.rendering import expected_intensity, render, render_each

__all__ = [
    "Detector", "DetectorSpread", "GaussianCurve", "LorentzianCurve", "PixelCurve", "TableCurve", "camera",
    "camera_names", "contrast", "cross_coefficient", "detect", "expected_intensity", "expose", "find_zero_focus",
    "focus_nodes", "gain_against_rounding", "instances", "mask", "noise_power", "read_curve", "render", "render_each",
    "rounding_share", "varied",
]  # fmt: skip
