"""Figure of how far a model's probabilities can be taken at their word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hrtem_bench.report.style import COLUMN, GREY, SERIES, TRAINED, new_figure, plain, styled

Floats = NDArray[np.float64]
WHERE_TRAINED = "where trained"


@dataclass(frozen=True)
class ReliabilityCurve:
    """Pixels in equal bins of predicted probability, (bins,) each.

    confidence: mean probability; accuracy: share that is particle (both of any value where a bin is empty);
    count: number of pixels.
    """

    confidence: Floats
    accuracy: Floats
    count: Floats


@styled
def reliability_figure(curves: Mapping[str, ReliabilityCurve], *, width: float = COLUMN) -> Figure:
    """How often pixels that are given a probability belong to a particle, and how many are given it.

    curves: name -> curve; `WHERE_TRAINED` has the colour of training. width in mm.
    """
    figure = new_figure(width, 1.15 * width)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    top.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (4, 2)))
    others = iter(SERIES)
    for name, one in curves.items():
        color = TRAINED if name == WHERE_TRAINED else next(others)
        filled = one.count > 0
        marker = "D" if name == WHERE_TRAINED else "o"
        top.plot(one.confidence[filled], one.accuracy[filled], "-", marker=marker, color=color, label=plain(name, 30))
        edges = np.linspace(0, 1, len(one.count) + 1)
        bottom.stairs(one.count / max(one.count.sum(), 1), edges, color=color, linewidth=1.2)
    top.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel="Share of particle pixels")
    top.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0.2)
    bottom.set(ylabel="Share of pixels", xlabel="Predicted probability of particle", ylim=(0, 1))
    return figure
