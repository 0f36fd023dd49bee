"""Scores any segmentation model over the conditions of a track, with intervals, and keeps the results.

`evaluate` does a whole run; what it is made of can be used alone.
"""

from __future__ import annotations

from hrtem_bench.harness.cards import Card, TrainedOn, read_card
from hrtem_bench.harness.compare import Comparison, Run, compare, read_run
from hrtem_bench.harness.contract import InputContract, standardise
from hrtem_bench.harness.entries import check_entry, write_entry
from hrtem_bench.harness.evaluate import Evaluation, evaluate
from hrtem_bench.harness.examples import Example, make_examples
from hrtem_bench.harness.leaderboard import Board, board_markdown, leaderboard
from hrtem_bench.harness.options import Options
from hrtem_bench.harness.progress import progress_bar
from hrtem_bench.harness.results import CurvePoint, Results, read_per_image, read_results, results_schema, write_schema
from hrtem_bench.harness.runtime import Runtime
from hrtem_bench.harness.shipped import baseline_at, baseline_folder, baseline_names
from hrtem_bench.harness.submissions import Submission, load_submission, load_trainer

__all__ = [
    "Board",
    "Card",
    "Comparison",
    "CurvePoint",
    "Evaluation",
    "Example",
    "InputContract",
    "Options",
    "Results",
    "Run",
    "Runtime",
    "Submission",
    "TrainedOn",
    "baseline_at",
    "baseline_folder",
    "baseline_names",
    "board_markdown",
    "check_entry",
    "compare",
    "evaluate",
    "leaderboard",
    "load_submission",
    "load_trainer",
    "make_examples",
    "progress_bar",
    "read_card",
    "read_per_image",
    "read_results",
    "read_run",
    "results_schema",
    "standardise",
    "write_entry",
    "write_schema",
]
