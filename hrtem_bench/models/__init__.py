"""Submitted models: their cards, the input contract, the forms of submission, and prediction."""

from hrtem_bench.models.card import Card, TrainedOn, read_card
from hrtem_bench.models.contract import InputContract, standardise
from hrtem_bench.models.runtime import Runtime
from hrtem_bench.models.shipped_baselines import baseline_at, baseline_folder, baseline_names
from hrtem_bench.models.submission import Submission, load_submission, untrained_network

__all__ = [
    "Card",
    "InputContract",
    "Runtime",
    "Submission",
    "TrainedOn",
    "baseline_at",
    "baseline_folder",
    "baseline_names",
    "load_submission",
    "read_card",
    "standardise",
    "untrained_network",
]
