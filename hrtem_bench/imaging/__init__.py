"""Exit waves to images and labels."""

from hrtem_bench.imaging.focus import contrast, find_zero_focus
from hrtem_bench.imaging.formation import expected_intensity, expose
from hrtem_bench.imaging.labels import instances, mask
from hrtem_bench.imaging.rendering import render

__all__ = ["contrast", "expected_intensity", "expose", "find_zero_focus", "instances", "mask", "render"]
