"""From predictions to a curve: metrics, intervals, the summary, and the results as files."""

from hrtem_bench.scoring.estimate import Estimate
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.per_image import read_per_image
from hrtem_bench.scoring.reading import read_results, results_schema, write_schema
from hrtem_bench.scoring.results import CurvePoint, Results
from hrtem_bench.scoring.run import Run, read_run

__all__ = [
    "CurvePoint",
    "Estimate",
    "Options",
    "Results",
    "Run",
    "read_per_image",
    "read_results",
    "read_run",
    "results_schema",
    "write_schema",
]
