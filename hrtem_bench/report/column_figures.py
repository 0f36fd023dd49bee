"""The figures of finished results alone, at the width of a journal's column or page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from hrtem_bench.errors import InputError
from hrtem_bench.report.curve_data import correlations, curve_of, reliability_of, track_of
from hrtem_bench.report.figure_style import COLUMN
from hrtem_bench.report.model_verdict import SAME
from hrtem_bench.report.score_figures import curve_figure, reliability_figure, shift_figure

if TYPE_CHECKING:
    from hrtem_bench.scoring.results import Results

NARROWEST, WIDEST = 60.0, 300.0
"""mm."""


def journal_figures(results: Results, others: Sequence[Results] = (), *, width: float = COLUMN) -> dict[str, Figure]:
    """The figures that results alone allow, by name: curve, sigma, epsilon, reliability.

    Parameters
    ----------
    results
        Of one model on one track.
    others
        Of other models on the same images, whose curves are drawn too.
    width
        Of each figure, mm: journals have columns of 85 and pages of 170.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        Without those for which the results lack numbers.

    Raises
    ------
    InputError
        For a width below NARROWEST or above WIDEST.
    """
    if not NARROWEST <= width <= WIDEST:
        raise InputError(f"figures are {NARROWEST:g} to {WIDEST:g} mm wide, not {width:g}: columns have 85, pages 170")
    curve, track = curve_of(results), track_of(results)
    confidence = results.settings.confidence
    made = {
        "curve": curve_figure(
            curve, track, others=[curve_of(one) for one in others], confidence=confidence, width=width
        )
    }
    for name, values in (("sigma", curve.sigma), ("epsilon", curve.epsilon)):
        if np.isfinite(values).sum() > 1 and np.nanmax(values) - np.nanmin(values) > SAME:
            made[name] = shift_figure(curve, track, against=name, rho=correlations(results, name), width=width)
    if reliability := reliability_of(results):
        made["reliability"] = reliability_figure(reliability, width=width)
    return made
