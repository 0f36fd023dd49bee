"""Labels beside points that do not cover each other or the points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from numpy.typing import NDArray

# Directions tried in turn, right first: a step from the point and the alignment of the text that goes with it.
_DIRECTIONS = (
    (1.0, 0.0, "left", "center"), (-1.0, 0.0, "right", "center"), (0.7, 0.7, "left", "bottom"),
    (-0.7, 0.7, "right", "bottom"), (0.7, -0.7, "left", "top"), (-0.7, -0.7, "right", "top"),
)  # fmt: skip
_DISTANCES = (4.0, 7.0, 11.0, 16.0)  # points
_COVERING = 4.0
"""Points (1/72 inch): markers nearer than this cover each other, and share a label."""
_LISTED = 3
"""Names in one label; more are counted."""
_MOST_COVERED = 0.1
"""A name of which more than this share would lie on others or on points is left out."""
_LEADER_FROM = 8.0  # points: a label further away gets a line to its point


class _Box(NamedTuple):
    """A rectangle in display pixels."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def area(self) -> float:
        """Pixels²."""
        return (self.x1 - self.x0) * (self.y1 - self.y0)

    def overlap(self, other: _Box) -> float:
        """Area in common with another, pixels²."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        return max(width, 0.0) * max(height, 0.0)

    def beyond(self, frame: _Box) -> float:
        """How far it extends beyond a frame at most, pixels."""
        return max(frame.x0 - self.x0, self.x1 - frame.x1, frame.y0 - self.y0, self.y1 - frame.y1, 0.0)


class _Place(NamedTuple):
    """Where a label is anchored relative to its point, in points, and how its text is aligned."""

    dx: float
    dy: float
    ha: str
    va: str

    def box(self, text: _Box, scale: float) -> _Box:
        """The box of a text whose lower left corner is at the point; scale: pixels per point."""
        width, height = text.x1 - text.x0, text.y1 - text.y0
        x0 = text.x0 + self.dx * scale - {"left": 0.0, "right": width}[self.ha]
        y0 = text.y0 + self.dy * scale - {"bottom": 0.0, "center": height / 2, "top": height}[self.va]
        return _Box(x0, y0, x0 + width, y0 + height)


def label_points(ax: Axes, x: NDArray[np.float64], y: NDArray[np.float64], names: Sequence[str]) -> int:
    """Write each name at the free place nearest to its point.

    x: (n,); y: (3, n): the points and the ends of their error bars, in data units. Points that are not finite are left
    out, and so are names without a free place; the number of those is returned. Points that cover each other share a
    label. This fixes the figure's layout, so everything else has to be drawn before.
    """
    figure = cast(Figure, ax.get_figure())
    figure.draw_without_rendering()
    frame = _extent(ax, figure)
    taken = [box for index in range(len(x)) for box in _marker_and_bar(ax, x[index], y[:, index])]
    unnamed = 0
    for group in _groups(ax, x, y[0]):
        name = ", ".join(names[i] for i in group) if len(group) <= _LISTED else f"{len(group)} conditions"
        at = group[int(np.argmax(x[group]))]
        point = (float(x[at]), float(y[0, at]))
        text = _write(ax, name, point, _Place(0.0, 0.0, "left", "bottom"))
        size = _extent(text, figure)
        text.remove()
        best: tuple[float, _Box, _Place] | None = None
        for distance, place in _places():
            box = place.box(size, figure.dpi / 72)
            cost = sum(box.overlap(other) for other in taken) + 20 * box.beyond(frame) + 0.5 * distance
            if best is None or cost < best[0]:
                best = (cost, box, place)
        if best is None or sum(best[1].overlap(other) for other in taken) > _MOST_COVERED * best[1].area:
            unnamed += len(group)
            continue
        taken.append(best[1])
        _write(ax, name, point, best[2], leader=np.hypot(best[2].dx, best[2].dy) > _LEADER_FROM)
    return unnamed


def _groups(ax: Axes, x: NDArray[np.float64], y: NDArray[np.float64]) -> list[list[int]]:
    """The finite points in groups of such as cover each other, or are joined by others that do; from the right."""
    places = ax.transData.transform(np.column_stack([x, y])) * 72 / cast(Figure, ax.get_figure()).dpi
    groups: list[list[int]] = []
    for index in (i for i in np.argsort(-x, kind="stable") if np.isfinite(places[i]).all()):
        near = [group for group in groups if (np.hypot(*(places[group] - places[index]).T) < _COVERING).any()]
        groups = [group for group in groups if group not in near]
        groups.append(sorted([int(index), *(i for group in near for i in group)]))
    return groups


def _places() -> Iterator[tuple[float, _Place]]:
    for distance in _DISTANCES:
        for dx, dy, ha, va in _DIRECTIONS:
            yield distance, _Place(dx * distance, dy * distance, ha, va)


def _write(ax: Axes, name: str, point: tuple[float, float], place: _Place, *, leader: bool = False) -> Annotation:
    line = {"arrowstyle": "-", "color": "0.6", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2}
    return ax.annotate(
        name, point, xytext=(place.dx, place.dy), textcoords="offset points", ha=place.ha, va=place.va, fontsize=7,
        arrowprops=line if leader else None,
    )  # fmt: skip


def _extent(artist: Axes | Annotation, figure: Figure) -> _Box:
    box = artist.get_window_extent(cast(FigureCanvasAgg, figure.canvas).get_renderer())
    return _Box(box.x0, box.y0, box.x1, box.y1)


def _marker_and_bar(ax: Axes, x: float, y: NDArray[np.float64]) -> list[_Box]:
    if not (np.isfinite(x) and np.isfinite(y[0])):
        return []
    ends = ax.transData.transform([(x, value) for value in np.where(np.isfinite(y), y, y[0])])
    (cx, cy), low, high = ends[0], ends[:, 1].min(), ends[:, 1].max()
    return [_Box(cx - 3, cy - 3, cx + 3, cy + 3), _Box(cx - 1, low, cx + 1, high)]
