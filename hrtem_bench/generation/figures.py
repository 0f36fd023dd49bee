"""The two figures of a dataset's card, drawn by matplotlib as SVG: curves and a histogram."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from hrtem_bench.errors import require

SIZE = (6.4, 3.0)
"""Inches."""
MOST_NAMED = 16
"""Curves that a legend names; of more, evenly chosen ones."""
STYLE = MappingProxyType({
    "font.size": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # names come from recipes: a dollar sign starts no formula
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "hrtem-bench",  # the same names inside the file every time
})  # fmt: skip


class Line(NamedTuple):
    """A curve of a figure: its name, arrays x and y of one length; thin for conditions that are not trained on."""

    label: str
    x: Any
    y: Any
    thin: bool = False


def curves_svg(lines: Sequence[Line], x_label: str, y_label: str, y_range: tuple[float, float]) -> str:
    """A figure of curves, coloured from first to last, as SVG text; the same lines give the same text."""

    def draw(axes: Any) -> None:
        import matplotlib

        colours = matplotlib.colormaps["viridis"](np.linspace(0, 0.9, len(lines)))
        drawn = [
            axes.plot(line.x, line.y, color=colour, linewidth=0.8 if line.thin else 1.8, label=line.label)[0]
            for line, colour in zip(lines, colours, strict=True)
        ]
        axes.set(xlabel=x_label, ylabel=y_label, ylim=y_range, xlim=(0, max(float(np.max(line.x)) for line in lines)))
        axes.legend(
            handles=drawn[:: -(-len(lines) // MOST_NAMED)], loc="center left", bbox_to_anchor=(1, 0.5), frameon=False
        )

    return _svg(draw)


def histogram_svg(values: Any, x_label: str, y_label: str, bins: int = 16) -> str:
    """A histogram of numbers in equal bins from the least to the greatest, as SVG text."""

    def draw(axes: Any) -> None:
        axes.hist(values, bins)
        axes.set(xlabel=x_label, ylabel=y_label)

    return _svg(draw)


def drawn_by(svg: str) -> str:
    """The name and version of the library that drew a figure, as the file says; "" if it does not say."""
    found = re.search(r"<dc:title>([^<]+)</dc:title>", svg)
    return found[1] if found else ""


def _svg(draw: Callable[[Any], None]) -> str:
    """One pair of axes, drawn by `draw`, as SVG text in this module's style, whatever the user's settings."""
    require("matplotlib", "data")
    import matplotlib.style
    from matplotlib.figure import Figure

    written = io.StringIO()
    with matplotlib.style.context(["default", dict(STYLE)]):
        figure = Figure(figsize=SIZE, layout="constrained")
        draw(figure.subplots())
        figure.savefig(written, format="svg", metadata={"Date": None})
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()) + "\n"
