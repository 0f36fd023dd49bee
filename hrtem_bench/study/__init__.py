"""Which data to train on: plans from the physics alone, and studies that hold them against trained networks.

`design` chooses conditions by what they transfer.
"""

from __future__ import annotations

from hrtem_bench.study.design import design
from hrtem_bench.study.plans import Plan, plan_toml

__all__ = ["Plan", "design", "plan_toml"]
