"""Figures of images: examples with outlines, probability maps, contact sheets, overlays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from hrtem_bench.conditions import flat
from hrtem_bench.errors import InputError
from hrtem_bench.report.curve_data import axis_named
from hrtem_bench.report.figure_style import (
    GREY,
    MM,
    ORANGE,
    PAGE,
    SKY,
    casing,
    figure_png,
    new_figure,
    styled,
)
from hrtem_bench.report.wording import number, plain, with_unit
from hrtem_bench.support.files import write_aside_bytes

if TYPE_CHECKING:
    from hrtem_bench.dataset import Sample, Track, TrackCondition
    from hrtem_bench.evaluation.examples import Example
    from hrtem_bench.micrographs.segmentation import Segmented

T = TypeVar("T")
Floats = NDArray[np.floating]
TRUTH, PREDICTION = SKY, ORANGE
STRETCH = (1.0, 99.0)
"""Percentiles of an image shown as black and as white; captions state them."""


def stretch(image: Floats, percentiles: tuple[float, float] = STRETCH) -> tuple[float, float]:
    """The grey levels drawn as black and white: two percentiles of the finite values, never equal."""
    finite = np.asarray(image, dtype=float)[np.isfinite(image)]
    if not finite.size:
        return 0.0, 1.0
    low, high = np.percentile(finite, percentiles)
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)


def scale_bar_length(width: float) -> float:
    """The longest of 1, 2 or 5 times a power of ten within a fifth of a field `width`, in the same unit."""
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
    """A row for each example: the image, the image with outlines of truth and prediction, the map of probabilities.

    Parameters
    ----------
    examples
        Images with answers, see `make_examples`.
    titles
        One for each; the conditions if not given.
    threshold
        The probability above which a pixel counts as particle.
    width
        Of the figure, mm.
    """
    side = (width - 14.0) / 3
    figure = new_figure(width, (side + 6.0) * len(examples) + 9.0)
    grid = figure.subplots(len(examples), 3, squeeze=False)
    for row, example in enumerate(examples):
        title = titles[row] if titles else example.condition_id
        draw_image(grid[row, 0], example.image, example.pixel_size)
        draw_outlines(grid[row, 1], example, threshold)
        mapped = draw_probability(grid[row, 2], example)
        grid[row, 0].set_title(plain(title, 40))
        grid[row, 1].set_title(f"Dice {number(example.dice)}", fontweight="normal")
        grid[row, 2].set_title("Probability of particle", fontweight="normal")
        figure.colorbar(mapped, ax=grid[row, 2], shrink=0.8, pad=0.02, ticks=[0, 0.5, 1])
    figure.legend(handles=_outline_key(), loc="outside lower center", ncols=2)
    return figure


def bare_figure(width: float, shape: tuple[int, ...]) -> tuple[Figure, Axes]:
    """A figure of `width` mm for an image (ny, nx) alone, and its axes, which leave no margin."""
    figure = Figure(figsize=(width * MM, width * MM * shape[0] / shape[1]))
    return figure, figure.add_axes((0.0, 0.0, 1.0, 1.0))


@styled
def panel_figure(example: Example, panel: str, *, threshold: float = 0.5, width: float = 60.0) -> Figure:
    """One square panel without margins, for a page: panel is "image", "outlines" or "probability"."""
    figure, ax = bare_figure(width, example.image.shape)
    if panel == "image":
        draw_image(ax, example.image, example.pixel_size)
    elif panel == "outlines":
        draw_outlines(ax, example, threshold, 1.7)
    else:
        draw_probability(ax, example)
    return figure


def draw_grey(ax: Axes, image: Floats) -> None:
    """The image in grey, stretched by `STRETCH`."""
    low, high = stretch(image)
    ax.imshow(image, cmap="gray", vmin=low, vmax=high, interpolation="antialiased")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def draw_image(ax: Axes, image: Floats, pixel_size: float) -> None:
    """The image in grey with a scale bar; pixel_size in Å."""
    draw_grey(ax, image)
    draw_scale_bar(ax, image.shape[1], pixel_size)


def draw_outlines(ax: Axes, example: Example, threshold: float, width: float = 1.1) -> None:
    """The image with the mask's outline (solid) and the prediction's (dashed)."""
    draw_grey(ax, example.image)
    draw_outline(ax, example.mask != 0, TRUTH, "solid", width)
    draw_outline(ax, example.probability > threshold, PREDICTION, "dashed", width)


def draw_probability(ax: Axes, example: Example) -> AxesImage:
    """The probability map, 0 to 1."""
    mapped = ax.imshow(example.probability, cmap="cividis", vmin=0, vmax=1, interpolation="antialiased")
    ax.set_axis_off()
    return mapped


def draw_outline(ax: Axes, region: NDArray[np.bool_], color: str, line: str, width: float) -> None:
    """Draw the border of a region; nothing if it is empty. A border along the edge of the image is not drawn."""
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
    look: dict[str, Any] = {"linewidth": 2, "path_effects": casing("black", 3)}
    return [
        Line2D([], [], color=TRUTH, linestyle="solid", label="truth", **look),
        Line2D([], [], color=PREDICTION, linestyle="dashed", label="prediction", **look),
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
    """A dataset on one sheet: a structure in each row, a condition in each column, masks outlined, one scale bar.

    Each image is stretched by itself between the percentiles in `STRETCH`.

    Parameters
    ----------
    images, masks
        [row][column] of (ny, nx) arrays, all of one field of view.
    rows, columns
        Their names; those of columns may have several lines.
    pixel_size
        Å.
    title
        Of the sheet.
    bold
        For each column, whether networks train at it.
    outlined
        Whether to draw the masks.
    width
        Of the figure, mm.
    """
    across, down = len(columns), len(rows)
    ny, nx = np.shape(images[0][0])
    side = (width - 8.0) / across
    lines = max(name.count("\n") for name in columns)
    figure = new_figure(width, side * ny / nx * down + 7.2 + 2.9 * lines + (4.3 if title else 0.0))
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.0, hspace=0.0)  # type: ignore[union-attr,call-arg]
    grid = figure.subplots(down, across, squeeze=False)
    for place, ax in np.ndenumerate(grid):
        draw_grey(ax, images[place[0]][place[1]])
        if outlined:
            draw_outline(ax, np.asarray(masks[place[0]][place[1]]) != 0, TRUTH, "solid", 0.7)
    size = 8.0 if side > 18 and not lines else 7.0
    for ax, name, strong in zip(grid[0], columns, bold or [False] * across, strict=True):
        shown = "\n".join(plain(line, 24) for line in name.split("\n"))
        ax.set_title(shown, fontsize=size, loc="center", fontweight="bold" if strong else "normal", pad=2)
    for ax, name in zip(grid[:, 0], rows, strict=True):
        ax.set_ylabel(plain(name, 24), fontsize=size, labelpad=2)
    draw_scale_bar(grid[down - 1, 0], nx, pixel_size, size)
    if title:
        figure.suptitle(plain(title, 120), fontsize=9, x=0.01, ha="left", fontweight="bold")
    note = f"contrast from percentile {STRETCH[0]:g} to {STRETCH[1]:g} of each image"
    note += "; lines: masks" if outlined else ""
    note += "; bold: where networks train" if any(bold) else ""
    figure.supxlabel(note, fontsize=7, color=GREY, x=0.99, ha="right")
    return figure


LEAST_PIXELS, MOST_PIXELS = 800, 3000
"""Pixels across the picture: as many as the image has, within these."""
OVERLAY_WIDTH = 150.0
"""mm; sets how thick lines and letters are in the picture."""


@styled
def overlay_figure(segmented: Segmented, label: NDArray[np.integer] | None = None) -> Figure:
    """A micrograph in grey with a scale bar and the outline of the prediction (dashed).

    Parameters
    ----------
    segmented
        The micrograph with the model's answer.
    label
        (ny, nx), 0 for background: its outline is drawn too (solid).
    """
    micrograph = segmented.micrograph
    figure, ax = bare_figure(OVERLAY_WIDTH, micrograph.image.shape)
    draw_image(ax, micrograph.image, micrograph.pixel_size)
    if label is not None:
        draw_outline(ax, label != 0, TRUTH, "solid", 1.4)
    draw_outline(ax, segmented.mask, PREDICTION, "dashed", 1.4)
    return figure


def write_overlay(path: Path, segmented: Segmented, label: NDArray[np.integer] | None = None) -> None:
    """Write `overlay_figure` as PNG, aside and renamed.

    Parameters
    ----------
    path
        The file.
    segmented, label
        See `overlay_figure`.
    """
    figure = overlay_figure(segmented, label)
    across = min(max(segmented.micrograph.image.shape[1], LEAST_PIXELS), MOST_PIXELS)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_aside_bytes(path, figure_png(figure, across / figure.get_figwidth()))


MOST_CONDITIONS = 12
"""At most so many conditions stand on one sheet."""
SIDE = 28.0
"""Side of an image on the sheet, mm."""
_SETTINGS: Mapping[str, tuple[str, float, str]] = MappingProxyType({
    "C10": ("defocus ", -0.1, "nm"),
    "C30": ("C30 ", 1e-4, "µm"),
    "C12": ("C12 ", 0.1, "nm"),
    "focal_spread": ("Δ ", 1.0, "Å"),
    "angular_spread": ("β ", 1.0, "mrad"),
    "aperture": ("aperture ", 1.0, "mrad"),
    "dose": ("", 1.0, "e/Å²"),
})  # fmt: skip
"""How settings are named where several change at once: name, factor from the unit of Condition, unit."""


def track_sheet(track: Track, structures: int = 4) -> Figure:
    """The first test structures of a track, one in each row, at its conditions, with masks outlined.

    Of a track with more than `MOST_CONDITIONS` conditions so many are shown, evenly chosen in its order with the first
    and the last. The names of those that networks train at are bold.

    Parameters
    ----------
    track
        See `open_dataset`.
    structures
        How many.

    Raises
    ------
    InputError
        If the track has no test images.
    """
    shown = evenly_chosen(track.conditions, MOST_CONDITIONS)
    rows = first_structures(track, structures, [c.condition_id for c in shown])
    axis = axis_named(track.axis, track.unit)
    some = f", {len(shown)} of {len(track.conditions)} conditions" if len(shown) < len(track.conditions) else ""
    return contact_sheet(
        [[row[c.condition_id].image for c in shown] for row in rows.values()],
        [[row[c.condition_id].mask for c in shown] for row in rows.values()],
        rows=list(rows),
        columns=condition_names(track, shown),
        bold=[c.train for c in shown],
        pixel_size=track.pixel_size,
        title=f"{axis.label}: test images of {track.dataset} {track.version}{some}",
        width=max(SIDE * len(shown), 4 * SIDE) + 8.0,
    )


def evenly_chosen(every: Sequence[T], most: int) -> list[T]:
    """At most so many of a sequence, at equal steps in its order, with the first and the last."""
    places = np.unique(np.linspace(0, len(every) - 1, min(len(every), most)).round().astype(int))
    return [every[k] for k in places]


def first_structures(track: Track, count: int, conditions: Sequence[str]) -> dict[str, dict[str, Sample]]:
    """Structure -> condition -> image, of the first `count` test structures. InputError if there is none."""
    found: dict[str, dict[str, Sample]] = {}
    for sample in track.rows("test", conditions):  # structure by structure
        if sample.structure_id not in found and len(found) == count:
            break
        found.setdefault(sample.structure_id, {})[sample.condition_id] = sample
    if not found:
        raise InputError(f"the track {track.name} of {track.folder} has no test images to show")
    return found


def condition_names(track: Track, conditions: Sequence[TrackCondition]) -> list[str]:
    """A name for each condition: value and unit; without a unit, the settings that differ, or the specimen."""
    if track.unit:
        signed = axis_named(track.axis, track.unit).signed
        return [with_unit(c.value, track.unit, signed=signed) for c in conditions]
    settings: list[dict[str, Any]] = [flat(c.condition) for c in conditions]
    moving = [key for key in settings[0] if len({s.get(key) for s in settings}) > 1]
    if not moving:
        return [c.condition_id.partition("=")[2] for c in conditions]
    return ["\n".join(_setting_named(key, s[key]) for key in moving if s.get(key) is not None) for s in settings]


def _setting_named(key: str, value: float) -> str:
    name, factor, unit = _SETTINGS.get(key, (f"{key} ", 1.0, "rad" if key.startswith("phi") else "Å"))
    shown = factor * value
    return name + with_unit(round(shown, 1) if abs(shown) >= 1 else float(f"{shown:.1g}"), unit)
