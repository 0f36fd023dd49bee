"""Figures of images: examples with outlines of truth and prediction, probability maps, contact sheets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from hrtem_bench.report.style import GREY, MM, ORANGE, PAGE, SKY, casing, new_figure, number, plain, styled

if TYPE_CHECKING:
    from hrtem_bench.evaluation.examples import Example

Floats = NDArray[np.floating]
TRUTH, PREDICTION = SKY, ORANGE
STRETCH = (1.0, 99.0)
"""Percentiles of an image shown as black and as white; captions state them."""


def stretch(image: Floats, percentiles: tuple[float, float] = STRETCH) -> tuple[float, float]:
    """The grey levels drawn as black and white: two percentiles of what is finite, never equal."""
    finite = np.asarray(image, dtype=float)[np.isfinite(image)]
    if not finite.size:
        return 0.0, 1.0
    low, high = np.percentile(finite, percentiles)
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)


def scale_bar_length(width: float) -> float:
    """The longest 1, 2 or 5 times a power of ten within a fifth of a field `width`, in the same unit."""
    target = width / 5
    power = 10.0 ** np.floor(np.log10(target))
    return float(max(step * power for step in (1, 2, 5) if step * power <= target * (1 + 1e-9)))


@styled
def examples_figure(
    examples: Sequence[Example],
    *,
    titles: Sequence[str] | None = None,
    threshold: float = 0.5,
    width: float = PAGE,
) -> Figure:
    """A row per example: the image, the image with outlines of truth and prediction, the probability map.

    titles: a line per example, default its condition. threshold: the probability above which a pixel counts
    as particle. width in mm.
    """
    side = (width - 14.0) / 3
    figure = new_figure(width, (side + 6.0) * len(examples) + 9.0)
    grid = figure.subplots(len(examples), 3, squeeze=False)
    for row, example in enumerate(examples):
        title = titles[row] if titles else example.condition_id
        draw_image(grid[row, 0], example)
        draw_outlines(grid[row, 1], example, threshold)
        mapped = draw_probability(grid[row, 2], example)
        grid[row, 0].set_title(plain(title, 40))
        grid[row, 1].set_title(f"Dice {number(example.dice)}", fontweight="normal")
        grid[row, 2].set_title("Probability of particle", fontweight="normal")
        figure.colorbar(mapped, ax=grid[row, 2], shrink=0.8, pad=0.02, ticks=[0, 0.5, 1])
    figure.legend(handles=_outline_key(), loc="outside lower center", ncols=2, frameon=False)
    return figure


@styled
def panel_figure(example: Example, panel: str, *, threshold: float = 0.5, width: float = 60.0) -> Figure:
    """One square panel without margins, for a page: panel is "image", "outlines" or "probability"."""
    ny, nx = example.image.shape
    figure = Figure(figsize=(width * MM, width * MM * ny / nx))
    ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    if panel == "image":
        draw_image(ax, example)
    elif panel == "outlines":
        draw_outlines(ax, example, threshold, 1.7)
    else:
        draw_probability(ax, example)
    return figure


def draw_image(ax: Axes, example: Example, *, bar: bool = True) -> None:
    """The image in grey, stretched by `STRETCH`, with a scale bar."""
    low, high = stretch(example.image)
    ax.imshow(example.image, cmap="gray", vmin=low, vmax=high, interpolation="antialiased")
    ax.set_axis_off()
    if bar:
        draw_scale_bar(ax, example.image.shape[1], example.pixel_size)


def draw_outlines(ax: Axes, example: Example, threshold: float, width: float = 1.1) -> None:
    """The image with the mask's outline (solid) and the prediction's (dashed)."""
    draw_image(ax, example, bar=False)
    outline(ax, example.mask != 0, TRUTH, "solid", width)
    outline(ax, example.probability > threshold, PREDICTION, "dashed", width)


def draw_probability(ax: Axes, example: Example) -> AxesImage:
    """The probability map, 0 to 1."""
    mapped = ax.imshow(example.probability, cmap="cividis", vmin=0, vmax=1, interpolation="antialiased")
    ax.set_axis_off()
    return mapped


def outline(ax: Axes, region: NDArray[np.bool_], color: str, line: str, width: float) -> None:
    """Draw the border of a region; nothing where it is empty. One outside an image's edge is not drawn."""
    if region.any() and not region.all():
        drawn = ax.contour(region, levels=[0.5], colors=[color], linewidths=width, linestyles=line)
        drawn.set_path_effects(casing("black", width + 0.7))


def draw_scale_bar(ax: Axes, columns: int, pixel_size: float, fontsize: float = 8.0) -> None:
    """A white bar of a round length at the lower left, its length in nm above it."""
    nanometres = scale_bar_length(columns * pixel_size / 10)
    length = nanometres * 10 / pixel_size / columns
    ax.plot(
        [0.05, 0.05 + length], [0.06, 0.06], color="white", linewidth=2.5, solid_capstyle="butt",
        transform=ax.transAxes, path_effects=casing("black", 3.7),
    )  # fmt: skip
    ax.text(
        0.05, 0.09, f"{nanometres:g} nm", color="white", ha="left", va="bottom", fontsize=fontsize,
        transform=ax.transAxes, path_effects=casing("black", 1.8),
    )  # fmt: skip


def _outline_key() -> list[Line2D]:
    marks: tuple[tuple[str, Literal["solid", "dashed"], str], ...] = (
        (TRUTH, "solid", "truth"),
        (PREDICTION, "dashed", "prediction"),
    )
    effects = casing("black", 3)
    return [
        Line2D([], [], color=color, linewidth=2, linestyle=line, path_effects=effects, label=label)
        for color, line, label in marks
    ]


@styled
def contact_sheet(
    images: Sequence[Sequence[Floats]],
    masks: Sequence[Sequence[NDArray[np.generic]]],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    pixel_size: float,
    title: str = "",
    bold: Sequence[bool] = (),
    outlined: bool = True,
    width: float = PAGE,
) -> Figure:
    """A dataset at a glance: a structure per row, a condition per column, masks outlined, one scale bar.

    images, masks: [row][column] of (ny, nx) arrays, all of one field of view; rows, columns: their names, those of
    columns in several lines if need be. pixel_size in Å. bold: which columns networks train at. Each image is
    stretched by itself between the percentiles in `STRETCH`. width in mm.
    """
    across, down = len(columns), len(rows)
    ny, nx = np.shape(images[0][0])
    side = (width - 8.0) / across
    lines = max(name.count("\n") for name in columns)
    height = side * ny / nx * down + 7.2 + 2.9 * lines + (4.3 if title else 0.0)
    figure = new_figure(width, height)
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.0, hspace=0.0)  # type: ignore[union-attr,call-arg]
    grid: Any = figure.subplots(down, across, squeeze=False)
    size = 8.0 if side > 18 and not lines else 7.0
    for row, column in np.ndindex(down, across):
        ax: Axes = grid[row, column]
        image = images[row][column]
        low, high = stretch(image)
        ax.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="antialiased")
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        if outlined:
            outline(ax, np.asarray(masks[row][column]) != 0, TRUTH, "solid", 0.7)
        if row == 0:
            name = "\n".join(plain(line, 24) for line in columns[column].split("\n"))
            weight = "bold" if any(bold[column : column + 1]) else "normal"
            ax.set_title(name, fontsize=size, loc="center", fontweight=weight, pad=2)
        if column == 0:
            ax.set_ylabel(plain(rows[row], 24), fontsize=size, labelpad=2)
    draw_scale_bar(grid[down - 1, 0], nx, pixel_size, size)
    if title:
        figure.suptitle(plain(title, 120), fontsize=9, x=0.01, ha="left", fontweight="bold")
    note = f"contrast from percentile {STRETCH[0]:g} to {STRETCH[1]:g} of each image"
    note += "; lines: masks" if outlined else ""
    note += "; bold: where networks train" if any(bold) else ""
    figure.supxlabel(note, fontsize=7, color=GREY, x=0.99, ha="right")
    return figure
