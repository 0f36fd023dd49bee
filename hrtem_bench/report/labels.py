"""Labels beside points that neither cover each other nor the points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

# Directions tried in turn, right first: unit vectors and the text alignment that goes with each.
_DIRECTIONS = (
    (1.0, 0.0, "left", "center"), (-1.0, 0.0, "right", "center"), (0.7, 0.7, "left", "bottom"),
    (-0.7, 0.7, "right", "bottom"), (0.7, -0.7, "left", "top"), (-0.7, -0.7, "right", "top"),
)  # fmt: skip
_DISTANCES = (4.0, 7.0, 11.0, 16.0)


def label_points(ax: Axes, x: NDArray[np.float64], y: NDArray[np.float64], names: Sequence[str]) -> None:
    """Write each name near its point, at the free place closest to it.

    x: (n,); y: (3, n): the point and the ends of its error bar, in data units. Points that are not finite are left
    out. The axes' layout is settled first, so call this when everything else has been drawn.
    """
    figure = cast(Figure, ax.get_figure())
    figure.draw_without_rendering()
    renderer = cast(FigureCanvasAgg, figure.canvas).get_renderer()
    taken = _obstacles(ax, x, y)
    frame = ax.get_window_extent(renderer)
    scale = figure.dpi / 72
    order = [i for i in np.argsort(-x, kind="stable") if np.isfinite(x[i]) and np.isfinite(y[0, i])]
    for index in order:
        best: tuple[float, tuple[float, ...], tuple[float, float, str, str]] | None = None
        for distance in _DISTANCES:
            for dx, dy, ha, va in _DIRECTIONS:
                offset = (dx * distance, dy * distance)
                text = ax.annotate(
                    names[index], (x[index], y[0, index]), xytext=offset, textcoords="offset points", ha=ha, va=va,
                    fontsize=7,
                )  # fmt: skip
                box = text.get_window_extent(renderer)
                text.remove()
                extent = (box.x0, box.y0, box.x1, box.y1)
                outside = max(frame.x0 - box.x0, box.x1 - frame.x1, frame.y0 - box.y0, box.y1 - frame.y1, 0)
                cost = sum(_overlap(extent, other) for other in taken) + 10 * outside * scale + distance * 0.5
                if best is None or cost < best[0]:
                    best = (cost, extent, (*offset, ha, va))
        assert best is not None
        _, extent, (dx, dy, ha, va) = best
        taken.append(extent)
        far = float(np.hypot(dx, dy)) > 8
        ax.annotate(
            names[index], (x[index], y[0, index]), xytext=(dx, dy), textcoords="offset points", ha=ha, va=va, fontsize=7,
            arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2} if far else None,
        )  # fmt: skip


def _obstacles(ax: Axes, x: NDArray[np.float64], y: NDArray[np.float64]) -> list[tuple[float, ...]]:
    boxes: list[tuple[float, ...]] = []
    for index in range(len(x)):
        ends = ax.transData.transform([(x[index], value) for value in y[:, index]])
        if not np.isfinite(ends[0]).all():
            continue
        (cx, cy), low, high = ends[0], np.nanmin(ends[:, 1]), np.nanmax(ends[:, 1])
        boxes.append((cx - 3, cy - 3, cx + 3, cy + 3))
        boxes.append((cx - 1, low, cx + 1, high))
    return boxes


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)
