"""Figures fit for a paper, contact sheets, and one self-contained page about a model's curve.

Figure functions take data and return a `matplotlib.figure.Figure`; they touch neither pyplot nor the user's
settings. Only `write_report` and `save_figure` write files.
"""

# ruff: noqa: E402  (matplotlib is asked for first, so that its absence is told with the command that installs it)
from __future__ import annotations

from hrtem_bench.errors import require

require("matplotlib", "report")

from hrtem_bench.report.board import board_page
from hrtem_bench.report.calibration import ReliabilityCurve, reliability_figure
from hrtem_bench.report.comparison import comparison_figure
from hrtem_bench.report.curves import Curve, TrackAxis, curve_figure, shift_figure
from hrtem_bench.report.design import design_figure
from hrtem_bench.report.evaluation import evaluation_page, report_evaluation
from hrtem_bench.report.gather import Choice, choose_examples, curve_of
from hrtem_bench.report.html import report, write_report
from hrtem_bench.report.images import contact_sheet, examples_figure
from hrtem_bench.report.observer import expected_loss_figure, reason
from hrtem_bench.report.sheets import track_sheet
from hrtem_bench.report.style import figure_png, figure_svg, save_figure
from hrtem_bench.report.transfer import family_figure, matrix_figure, transfer_figure
from hrtem_bench.report.verdict import Verdict, verdict

__all__ = [
    "Choice",
    "Curve",
    "ReliabilityCurve",
    "TrackAxis",
    "Verdict",
    "board_page",
    "choose_examples",
    "comparison_figure",
    "contact_sheet",
    "curve_figure",
    "curve_of",
    "design_figure",
    "evaluation_page",
    "examples_figure",
    "expected_loss_figure",
    "family_figure",
    "figure_png",
    "figure_svg",
    "matrix_figure",
    "reason",
    "reliability_figure",
    "report",
    "report_evaluation",
    "save_figure",
    "shift_figure",
    "track_sheet",
    "transfer_figure",
    "verdict",
    "write_report",
]
