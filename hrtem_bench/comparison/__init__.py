"""Several results side by side: paired differences, spread over trainings, leaderboard, entries."""

from hrtem_bench.comparison.compare import Comparison, compare
from hrtem_bench.comparison.entries import check_entry, write_entry
from hrtem_bench.comparison.leaderboard import Board, leaderboard

__all__ = ["Board", "Comparison", "check_entry", "compare", "leaderboard", "write_entry"]
