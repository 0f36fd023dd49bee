"""Exit waves to images and labels."""

from hrtem_bench.imaging.cameras import camera, camera_names
from hrtem_bench.imaging.coherence import cross_coefficient, quadrature_intensity, tcc_intensity
from hrtem_bench.imaging.detector import (
    Detector,
    GaussianCurve,
    LorentzianCurve,
    PixelCurve,
    TableCurve,
    detect,
    read_curve,
)
from hrtem_bench.imaging.focus import contrast, find_zero_focus
from hrtem_bench.imaging.formation import expected_intensity, expose
from hrtem_bench.imaging.labels import instances, mask
from hrtem_bench.imaging.rendering import render, render_each

__all__ = [
    "Detector", "GaussianCurve", "LorentzianCurve", "PixelCurve", "TableCurve", "camera", "camera_names", "contrast",
    "cross_coefficient", "detect", "expected_intensity", "expose", "find_zero_focus", "instances", "mask",
    "quadrature_intensity", "read_curve", "render", "render_each", "tcc_intensity",
]  # fmt: skip
