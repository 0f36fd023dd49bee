"""How every figure looks and how it becomes bytes: sizes, colours, SVG and PNG."""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Any, ParamSpec

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, Locator, NullLocator

from hrtem_bench.support.files import write_aside, write_aside_bytes

P = ParamSpec("P")

COLUMN = 85.0
"""Width of one column of a journal page, mm."""
PAGE = 170.0
"""Width of two columns, mm."""
MM = 1 / 25.4

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), told apart with every common colour blindness.
BLUE, VERMILION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
SKY, PURPLE, BLACK, GREY = "#56B4E9", "#CC79A7", "#000000", "#5F6368"
SERIES = (BLUE, GREEN, PURPLE, ORANGE, SKY, BLACK)
"""Colours of successive curves; vermilion is kept for what a model was trained on."""
TRAINED = VERMILION

# Names come from users, so a dollar sign must not start a formula (text.parse_math).
# Text stays text in SVG, so that it can be searched, read aloud and edited. It is laid out in DejaVu Sans,
# which comes with matplotlib; where a reader lacks it, the fallbacks are as wide or narrower: nothing collides.
WEB_FONTS = "'DejaVu Sans', Verdana, 'Bitstream Vera Sans', Roboto, Arial, sans-serif"

STYLE = MappingProxyType({
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.labelsize": 8.0,
    "axes.titlesize": 8.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.0,
    "axes.unicode_minus": True,
    "text.parse_math": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "hrtem-bench",
    "path.simplify": True,
})  # fmt: skip


def styled(make: Callable[P, Figure]) -> Callable[P, Figure]:
    """Run a figure function under this project's style, whatever the user's matplotlibrc says; restore it."""

    @functools.wraps(make)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with matplotlib.style.context(["default", dict(STYLE)]):
            return make(*args, **kwargs)

    return wrapped


class NotebookFigure(Figure):
    """A figure that a notebook shows as a picture. A plain one would be shown as text unless pyplot was imported."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """The picture at two dots a pixel, and its size in pixels."""
        width, height = (round(96 * float(side)) for side in self.get_size_inches())
        return figure_png(self, 192.0), {"width": width, "height": height}


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of width x height mm on an Agg canvas, laid out so that nothing is clipped."""
    figure = NotebookFigure(figsize=(width * MM, height * MM), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def figure_svg(figure: Figure) -> str:
    """The figure as an SVG document; the same figure gives the same text."""
    buffer = io.StringIO()
    with matplotlib.style.context(["default", dict(STYLE)]):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "hrtem-bench"})
    return buffer.getvalue().replace("font-family: 'DejaVu Sans'", f"font-family: {WEB_FONTS}")


def figure_png(figure: Figure, dpi: float = 300.0) -> bytes:
    """A figure as PNG. The same figure gives the same bytes.

    Parameters
    ----------
    figure
        Of matplotlib.
    dpi
        Pixels per inch.
    """
    buffer = io.BytesIO()
    with matplotlib.style.context(["default", dict(STYLE)]):
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def figure_palette_png(figure: Figure, dpi: float) -> bytes:
    """The figure as a PNG of at most 256 colours, which is much smaller for pictures of noise."""
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(io.BytesIO(figure_png(figure, dpi))) as full:
        few = full.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(buffer, format="png", optimize=True)
    return buffer.getvalue()


def inline_svg(document: str, name: str, description: str) -> str:
    """A document of `figure_svg` as an element of a page: without prologue, with its own ids and a description.

    `name` must be unique on the page and valid as an id; `description` is plain text.
    """
    body = document[document.index("<svg") :].strip()
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r"<[^>]+>", lambda tag: _with_prefix(tag[0], name), body)
    label = f'role="img" aria-label="{escape(description)}" style="stroke-linejoin:round;stroke-linecap:butt"'
    return body.replace("<svg ", f"<svg {label} ", 1)


def _with_prefix(tag: str, name: str) -> str:
    tag = re.sub(r'(\sid=")', rf"\1{name}-", tag)
    return re.sub(r'(href="#|url\(#)', rf"\1{name}-", tag)


def save_figure(figure: Figure, stem: Path, dpi: float = 300.0, document: str | None = None) -> tuple[Path, Path]:
    """Write ``stem.svg`` and ``stem.png``, each aside and then renamed.

    Parameters
    ----------
    figure
        Of matplotlib.
    stem
        The path without its ending.
    dpi
        Of the PNG.
    document
        What `figure_svg` gave for this figure, if it was made already.

    Returns
    -------
    tuple of Path
        The two files.
    """
    svg, png = stem.with_name(stem.name + ".svg"), stem.with_name(stem.name + ".png")
    svg.parent.mkdir(parents=True, exist_ok=True)
    write_aside(svg, document or figure_svg(figure))
    write_aside_bytes(png, figure_png(figure, dpi))
    return svg, png


def plain_ticks(axis: Axis, locator: Locator) -> None:
    """Ticks where a locator has them, as plain numbers, and none between: for logarithmic axes.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
        One of a figure's.
    locator : matplotlib.ticker.Locator
        Of the ticks.
    """
    axis.set_major_locator(locator)
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def write_figure(path: Path, figure: Figure, dpi: float = 300.0) -> None:
    """Write a figure to a file whose name ends in .svg or .png.

    Parameters
    ----------
    path : Path
        The file; folders above it are made.
    figure : matplotlib.figure.Figure
        Of this package.
    dpi : float
        Pixels per inch of a PNG.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_aside_bytes(path, figure_svg(figure).encode() if path.suffix == ".svg" else figure_png(figure, dpi))


def legend_above(ax: Axes, columns: int, handles: Sequence[Any] | None = None) -> None:
    """A legend over the axes, from their left edge; of all that has a label, or of `handles`."""
    given = {} if handles is None else {"handles": handles}
    ax.legend(ncols=columns, loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0.2, **given)


def casing(color: str = "black", width: float = 2.0) -> list[Any]:
    """Path effects that outline lines or text drawn on an image."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width, foreground=color)]
