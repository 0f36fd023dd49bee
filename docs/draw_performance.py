"""Draws the error of exit waves over the time that they take, from the tables of findings/performance.md.

    python docs/draw_performance.py performance.png

Building the documentation draws it anew.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from matplotlib.figure import Figure

from hrtem_bench.report.figure_style import BLUE, GREY, figure_png, new_figure, styled

PAGE = Path(__file__).parent / "findings" / "performance.md"
WIDTH, HEIGHT, DPI = 110.0, 62.0, 200.0
GRIDS = {"1280²": "0.1 Å", "640²": "0.2 Å"}
"""Grids of the table of times -> pixels of the table of errors: a field of 128 Å."""
ERROR = r"^\| (.+), ([\d.]+ Å) \| [^|]+ \| ([\d.]+) % \|"
TIME = r"^\| (.+), (\d+²) \| ([\d.]+) \|"


def points(page: str) -> dict[str, tuple[float, float]]:
    """Method and pixel size -> seconds for an exit wave, and error (%) of a gold ball's on carbon, |q| < 1/Å."""
    tables = {
        name: page.partition(f"<!-- {name}:begin -->")[2].partition(f"<!-- {name}:end -->")[0]
        for name in ("accuracy", "speed")
    }
    ball = tables["accuracy"].partition("\n\n")[2].partition("\n\n")[0]
    errors = {(method, size): float(value) for method, size, value in re.findall(ERROR, ball, flags=re.MULTILINE)}
    times = re.findall(TIME, tables["speed"], flags=re.MULTILINE)
    return {
        f"{method}, {GRIDS[grid]}": (float(seconds), errors[method, GRIDS[grid]])
        for method, grid, seconds in times
        if (method, GRIDS[grid]) in errors
    }


@styled
def performance_figure(found: dict[str, tuple[float, float]]) -> Figure:
    """Error over time, both logarithmic: lower left is better."""
    figure = new_figure(WIDTH, HEIGHT)
    ax = figure.subplots()
    last = max(seconds for seconds, _ in found.values())
    for name, (seconds, error) in found.items():
        own = name.startswith("hrtem-bench, ")
        ax.plot(seconds, error, "o" if own else "s", color=BLUE if own else GREY, markersize=6)
        ax.annotate(
            name.removeprefix("hrtem-bench, "), (seconds, error), xytext=(0 if seconds == last else 5, -4),
            textcoords="offset points", va="top", ha="right" if seconds == last else "left", fontsize=7.5,
        )  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="seconds for an exit wave", ylabel="error (%)")
    ax.set_xticks([0.05, 0.1, 0.2, 0.5, 1, 2], ["0.05", "0.1", "0.2", "0.5", "1", "2"])
    ax.set_yticks([0.1, 0.2, 0.5, 1, 2], ["0.1", "0.2", "0.5", "1", "2"])
    ax.minorticks_off()
    ax.margins(0.12, 0.16)
    ax.grid(color=GREY, alpha=0.2)
    return figure


def drawing() -> bytes:
    """The picture, a PNG."""
    return figure_png(performance_figure(points(PAGE.read_text("utf-8"))), DPI)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(drawing())
