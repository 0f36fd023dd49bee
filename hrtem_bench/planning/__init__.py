"""Which conditions to train on, from the contrast transfer function alone or by the model observer."""

from hrtem_bench.planning.by_observer import Losses, ObserverPlan, plan_by_observer
from hrtem_bench.planning.design import design
from hrtem_bench.planning.plan import Plan, plan_toml

__all__ = ["Losses", "ObserverPlan", "Plan", "design", "plan_by_observer", "plan_toml"]
