"""A model over the conditions of a track: `evaluate`, and the tracks that are made on demand."""

from hrtem_bench.evaluation.evaluate import Evaluation, evaluate
from hrtem_bench.evaluation.examples import Example, make_examples

__all__ = ["Evaluation", "Example", "evaluate", "make_examples"]
