"""Which data to train on: plans from the physics alone, and studies that hold them against trained networks.

`design` chooses conditions by what they transfer. `run_networks` trains and scores the networks of a study, `analyse`
makes of their scores matrices, laws and a ranking.
"""

from __future__ import annotations

from hrtem_bench.study.analysis import analyse
from hrtem_bench.study.design import design
from hrtem_bench.study.estimate import Estimate, estimate
from hrtem_bench.study.networks import Outcome
from hrtem_bench.study.plans import Plan, plan_toml
from hrtem_bench.study.results import StudyResults, read_study, write_study
from hrtem_bench.study.run import run_networks
from hrtem_bench.study.settings import Opened, Study, load_study, open_study, parse_study, shipped_studies

__all__ = [
    "Estimate",
    "Opened",
    "Outcome",
    "Plan",
    "Study",
    "StudyResults",
    "analyse",
    "design",
    "estimate",
    "load_study",
    "open_study",
    "parse_study",
    "plan_toml",
    "read_study",
    "run_networks",
    "shipped_studies",
    "write_study",
]
