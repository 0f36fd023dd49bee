"""A figure as the picture that a notebook shows between text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hrtem_bench.report.html_elements import Html


def figure_image(figure: Figure, description: str) -> Html:
    """The figure as an image of its own size, 96 pixels per inch, drawn at twice that resolution."""
    from hrtem_bench.report import figure_png
    from hrtem_bench.report.html_elements import image

    width, height = (round(96 * float(side)) for side in figure.get_size_inches())
    return image(figure_png(figure, 192.0), description, width, height)
