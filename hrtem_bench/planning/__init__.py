"""Which conditions to train on, from the contrast transfer function alone."""

from hrtem_bench.planning.design import design
from hrtem_bench.planning.plan import Plan, plan_toml

__all__ = ["Plan", "design", "plan_toml"]
