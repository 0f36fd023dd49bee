"""A micrograph with what a model found in it, as a picture to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrtem_bench.evaluation.examples import Example
from hrtem_bench.micrographs.segmentation import Segmented
from hrtem_bench.report.images import PREDICTION, TRUTH, draw_image, outline
from hrtem_bench.report.style import MM, figure_png, styled, write_aside

LEAST, MOST = 800, 3000
"""Pixels across the picture: as many as the image has, within these."""
WIDTH = 150.0
"""mm; sets how thick lines and letters are in the picture."""


@styled
def overlay_figure(segmented: Segmented, label: NDArray[np.integer] | None = None) -> Figure:
    """The image in grey with a scale bar and the prediction's outline (dashed); the label's too (solid), if given."""
    micrograph = segmented.micrograph
    ny, nx = micrograph.image.shape
    figure = Figure(figsize=(WIDTH * MM, WIDTH * MM * ny / nx))
    ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    truth = np.zeros((ny, nx), np.uint8) if label is None else (label != 0).astype(np.uint8)
    example = Example(
        condition_id="",
        structure_id=micrograph.name,
        image=micrograph.image,
        mask=truth,
        probability=segmented.probability,
        dice=float("nan"),
        pixel_size=micrograph.pixel_size,
        title="",
    )
    draw_image(ax, example)
    outline(ax, truth != 0, TRUTH, "solid", 1.4)
    outline(ax, segmented.mask, PREDICTION, "dashed", 1.4)
    return figure


def write_overlay(path: Path, segmented: Segmented, label: NDArray[np.integer] | None = None) -> None:
    """Write `overlay_figure` as PNG, aside and renamed."""
    figure = overlay_figure(segmented, label)
    across = min(max(segmented.micrograph.image.shape[1], LEAST), MOST)
    write_aside(path, figure_png(figure, across / figure.get_figwidth()))


__all__ = ["overlay_figure", "write_overlay"]
