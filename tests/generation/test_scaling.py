"""The model of many workers in benchmarks/dataset.py."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def benchmark_script():
    path = Path(__file__).parents[2] / "benchmarks" / "dataset.py"
    spec = importlib.util.spec_from_file_location("dataset_benchmark", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("jobs", "each", "joining", "count", "words"),
    [
        (1000, 2.0, 100.0, 20, "putting the files together"),  # 2,000 s of work against 100 s by one process
        (10**6, 0.02, 1.0, 20, "scheduler"),  # 20 ms of work against 1 ms to hand it out
        (30, 60.0, 0.1, 30, "one structure"),
    ],
)
def test_the_limit_hit_first(benchmark_script, jobs, each, joining, count, words):
    found, reason = benchmark_script.first_limit(jobs, each, joining)
    assert found == pytest.approx(count)
    assert words in reason
