"""Evaluation, comparison, planning, data and micrographs from Python in one call each, for a notebook to show."""

from hrtem_bench.interactive.compared import Compared, compare
from hrtem_bench.interactive.datasets import generate, train
from hrtem_bench.interactive.evaluated import Evaluated, evaluate
from hrtem_bench.interactive.planned import Planned, PlannedByObserver, design
from hrtem_bench.interactive.segmented import SegmentedFiles, predict
from hrtem_bench.interactive.table import Table

__all__ = [
    "Compared",
    "Evaluated",
    "Planned",
    "PlannedByObserver",
    "SegmentedFiles",
    "Table",
    "compare",
    "design",
    "evaluate",
    "generate",
    "predict",
    "train",
]
