"""Studies: many networks trained and scored, and what their scores say about training data.

`run_networks` trains and scores the networks of a study, `analyse` makes of their scores matrices, laws and a ranking.
"""

from __future__ import annotations

from hrtem_bench.study.analysis import analyse
from hrtem_bench.study.estimate import Estimate, estimate
from hrtem_bench.study.networks import Outcome
from hrtem_bench.study.results import StudyResults, read_study, write_study
from hrtem_bench.study.run import run_networks
from hrtem_bench.study.settings import Opened, Study, load_study, open_study, parse_study, shipped_studies

__all__ = [
    "Estimate",
    "Opened",
    "Outcome",
    "Study",
    "StudyResults",
    "analyse",
    "estimate",
    "load_study",
    "open_study",
    "parse_study",
    "read_study",
    "run_networks",
    "shipped_studies",
    "write_study",
]
