"""Micrographs beside the images of a dataset: a figure of how they differ, and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hrtem_bench.micrographs.likeness import DISTANCES, FREQUENCIES, LEVELS, percentiles
from hrtem_bench.report.captioned_figures import Plate, plate_element
from hrtem_bench.report.figure_style import BLUE, PAGE, TRAINED, new_figure, styled
from hrtem_bench.report.html_elements import listing, masthead, page, table
from hrtem_bench.report.image_figures import TRUTH, draw_outline, draw_scale_bar
from hrtem_bench.report.wording import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hrtem_bench.micrographs.likeness import Likeness, Property, Side

GREYS = 2.5
"""Standard deviations below and above the mean that are drawn black and white."""


@styled
def likeness_figure(likeness: Likeness) -> Figure:
    """Images of both sides, then their spectra, grey levels and profiles across edges: medians, nine tenths shaded."""
    sides = (likeness.images, likeness.dataset)
    known = all(np.isfinite(side.profiles).any() for side in sides)
    across = max(len(side.images) for side in sides)
    side_mm = min((PAGE - 8.0) / across, 45.0)
    figure = new_figure(PAGE, 2 * (side_mm + 5.0) + 58.0)
    parts: Any = figure.subfigures(2, 1, height_ratios=[2 * (side_mm + 5.0), 58.0])
    top, bottom = parts
    grid = top.subplots(2, across, squeeze=False)
    for row, side in zip(grid, sides, strict=True):
        _images(row, side, likeness.pixel_size)
    curves = bottom.subplots(1, 3 if known else 2)
    nyquist = 0.5 / likeness.pixel_size
    middles = (FREQUENCIES[:-1] + FREQUENCIES[1:]) / 2
    for side, color in zip(sides, (TRAINED, BLUE), strict=True):
        name = plain(side.name, 24)
        _band(curves[0], middles * nyquist, side.spectra, color, name)
        _band(curves[1], (LEVELS[:-1] + LEVELS[1:]) / 2, side.levels, color, name)
        if known:
            _band(curves[2], DISTANCES, side.profiles, color, name)
    curves[0].set(yscale="log", xlabel="frequency (1/Å)", ylabel="power, 1 for white noise", title="spectrum")
    curves[0].yaxis.set_major_formatter("{x:g}")
    curves[1].set(xlabel="grey level (std)", ylabel="density", title="grey levels")
    curves[0].legend()
    if known:
        curves[2].axvline(0, color="0.6", linewidth=0.7)
        curves[2].set(xlabel="from the edge (Å)", ylabel="grey (std of background)")
        curves[2].set_title("profile across edges")
    return figure


def _images(row: NDArray[Any], side: Side, pixel_size: float) -> None:
    for place, ax in enumerate(row):
        ax.set_axis_off()
        if place >= len(side.images):
            continue
        image, mask = side.images[place], side.masks[place]
        ax.imshow(image, cmap="gray", vmin=-GREYS, vmax=GREYS, interpolation="antialiased")
        if mask is not None:
            draw_outline(ax, mask, TRUTH, "solid", 0.7)
        draw_scale_bar(ax, image.shape[1], pixel_size, 7.0)
        if not place:
            ax.set_title(plain(side.name, 40))


def _band(ax: Axes, x: NDArray[np.floating], values: NDArray[np.float64], color: str, name: str) -> None:
    low, median, high = percentiles(values)
    ax.fill_between(x, low, high, color=color, alpha=0.2, linewidth=0)
    ax.plot(x, median, color=color, label=name)


def likeness_page(likeness: Likeness) -> str:
    """The page as HTML text; the same input gives the same text."""
    sides = f"{len(likeness.images)} micrographs and {len(likeness.dataset)} training images of {likeness.dataset.name}"
    plate = Plate(
        "likeness",
        likeness_figure(likeness),
        f"Both as a network is given them: {likeness.pixel_size:g} Å per pixel, mean 0, variance 1; black and white "
        f"are {GREYS:g} standard deviations off. Lines below: medians over {sides}; shades: nine tenths of them.",
        "Images of both sides and, below, their power spectra, grey levels and profiles across edges.",
    )
    head = ["", "Micrographs", "Dataset", ""]
    sections = {
        "verdict": ("What is unlike", listing([*likeness.verdict, *likeness.notes])),
        "pictures": ("Beside each other", plate_element(plate)),
        "numbers": ("Numbers", table("Median (nine tenths)", head, [_row(one) for one in likeness.properties])),
    }
    header = masthead("hrtem-bench", sides)
    return page(f"Micrographs beside {likeness.dataset.name}", header, sections, "Made by hrtem-bench.")


def _row(one: Property) -> list[str]:
    cells = [f"{middle:.3g} ({low:.3g} to {high:.3g})" for low, middle, high in (one.images, one.dataset)]
    return [one.words, *(cell.replace("-", "−") for cell in cells), "" if one.alike else "unlike"]
