"""Figures fit for a paper, pages about models, and every sentence that is generated for a person.

Functions with figure in their name take data and return a `matplotlib.figure.Figure`; they touch neither pyplot nor the
user's settings. Those that begin with plot_ draw into axes and return them; without axes, they ask pyplot for some.
Only functions that begin with write_ or save_ write files. Names are imported on first use,
since sentences need no matplotlib.
"""

from __future__ import annotations

import importlib
from typing import Any

from hrtem_bench.errors import require

_WORDS = {
    "Curve": "curve_data",
    "ReliabilityCurve": "curve_data",
    "TrackAxis": "curve_data",
    "Verdict": "model_verdict",
    "board_markdown": "score_tables",
    "description_rows": "description_words",
    "missing_rows": "description_words",
    "comparison_sentences": "conclusions",
    "curve_of": "curve_data",
    "explorer_page": "explorer",
    "fresh_sentence": "conclusions",
    "plan_advice": "conclusions",
    "seeds_sentence": "conclusions",
    "step_reason": "conclusions",
    "transfer_note": "model_verdict",
    "verdict": "model_verdict",
}
_FIGURES = {
    "Choice": "model_page",
    "board_page": "leaderboard_page",
    "choose_examples": "model_page",
    "comparison_figure": "score_figures",
    "comparison_page": "compared_models",
    "contact_sheet": "image_figures",
    "curve_figure": "score_figures",
    "design_figure": "transfer_figures",
    "evaluation_page": "model_page",
    "examples_figure": "image_figures",
    "expected_loss_figure": "expected_loss",
    "family_figure": "transfer_figures",
    "figure_png": "figure_style",
    "figure_svg": "figure_style",
    "journal_figures": "column_figures",
    "reason": "expected_loss",
    "likeness_figure": "likeness_figures",
    "likeness_page": "likeness_figures",
    "plot_ctf": "plots",
    "plot_image": "plots",
    "plot_spectrum": "plots",
    "overlay_figure": "image_figures",
    "reliability_figure": "score_figures",
    "report": "model_page",
    "report_evaluation": "model_page",
    "save_figure": "figure_style",
    "shift_figure": "score_figures",
    "track_sheet": "image_figures",
    "write_findings": "study_findings",
    "transfer_figure": "transfer_figures",
    "write_description": "description_page",
    "write_figure": "figure_style",
    "write_overlay": "image_figures",
    "write_report": "model_page",
}
"""What needs matplotlib, which `require` names where it is missing."""
_HOME = _WORDS | _FIGURES

__all__ = sorted(_HOME)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'hrtem_bench.report' has no attribute {name!r}")
    if name in _FIGURES:
        require("matplotlib", "report")
    return getattr(importlib.import_module(f"hrtem_bench.report.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
