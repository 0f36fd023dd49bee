"""Evaluation, comparison, planning and data from Python in one call each, with results that a notebook can show."""

from hrtem_bench.interactive.compared import Compared, compare
from hrtem_bench.interactive.datasets import generate, train
from hrtem_bench.interactive.evaluated import Evaluated, evaluate
from hrtem_bench.interactive.planned import Planned, design
from hrtem_bench.interactive.table import Table

__all__ = ["Compared", "Evaluated", "Planned", "Table", "compare", "design", "evaluate", "generate", "train"]
