"""Studies: many networks, each trained on one set of conditions and tested at many, as rows in one table."""

from hrtem_bench.study.run import NetworkDone, run_study, waiting
from hrtem_bench.study.settings import Study, load_study, parse_study, shipped_studies
from hrtem_bench.study.table import read_rows

__all__ = ["NetworkDone", "Study", "load_study", "parse_study", "read_rows", "run_study", "shipped_studies", "waiting"]
