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

_WORDS: dict[str, tuple[str, ...]] = {
    "conclusions": ("comparison_sentences", "fresh_sentence", "plan_advice", "seeds_sentence", "step_reason"),
    "curve_data": ("Curve", "ReliabilityCurve", "TrackAxis", "curve_of"),
    "description_words": ("description_rows", "missing_rows"),
    "explorer": ("explorer_page",),
    "model_verdict": ("Verdict", "transfer_note", "verdict"),
    "score_tables": ("board_markdown",),
}
_FIGURES: dict[str, tuple[str, ...]] = {
    "captioned_figures": ("journal_figures",),
    "compared_models": ("comparison_page",),
    "description_page": ("write_description",),
    "expected_loss": ("expected_loss_figure", "reason"),
    "figure_style": ("figure_png", "figure_svg", "save_figure", "write_figure"),
    "image_figures": ("contact_sheet", "examples_figure", "overlay_figure", "track_sheet", "write_overlay"),
    "leaderboard_page": ("board_page",),
    "likeness_figures": ("likeness_figure", "likeness_page"),
    "model_page": ("Choice", "choose_examples", "evaluation_page", "report", "report_evaluation", "write_report"),
    "plots": ("plot_ctf", "plot_image", "plot_spectrum"),
    "score_figures": ("comparison_figure", "curve_figure", "reliability_figure", "shift_figure"),
    "study_findings": ("write_findings",),
    "transfer_figures": ("design_figure", "family_figure", "transfer_figure"),
}
"""What needs matplotlib, which `require` names where it is missing."""
_HOME = {name: module for module, names in (_WORDS | _FIGURES).items() for name in names}

__all__ = sorted(_HOME)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'hrtem_bench.report' has no attribute {name!r}")
    if _HOME[name] in _FIGURES:
        require("matplotlib", "report")
    return getattr(importlib.import_module(f"hrtem_bench.report.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
