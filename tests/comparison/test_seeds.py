"""Several trainings: variance components and coverage by simulation."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from hrtem_bench.comparison.seed_spread import _point, seed_spread
from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.run import Run


def drawn(rng: np.random.Generator, trainings: int, structures: int, seed_sd: float) -> np.ndarray:
    """Scores (K, S) about 0.7: trainings, structures (0.08) and their interplay (0.03)."""
    return (
        0.7
        + seed_sd * rng.normal(size=(trainings, 1))
        + 0.08 * rng.normal(size=structures)
        + 0.03 * rng.normal(size=(trainings, structures))
    )


def test_the_parts_of_the_variance_are_found() -> None:
    rng = np.random.default_rng(0)
    points = [_point(None, drawn(rng, 6, 12, 0.05), 0.95) for _ in range(400)]
    assert np.mean([one.seed_sd**2 for one in points]) == pytest.approx(0.05**2, rel=0.1)
    assert np.mean([(one.structure_sd or 0) ** 2 for one in points]) == pytest.approx(0.08**2, rel=0.1)


@pytest.mark.parametrize(("trainings", "structures", "seed_sd"), [(3, 12, 0.05), (5, 12, 0.02), (5, 30, 0.0)])
def test_the_interval_holds_the_truth_as_often_as_it_says(trainings: int, structures: int, seed_sd: float) -> None:
    rng = np.random.default_rng(1)
    points = [_point(None, drawn(rng, trainings, structures, seed_sd), 0.95) for _ in range(1000)]
    assert 0.92 < np.mean([one.mean.low <= 0.7 <= one.mean.high for one in points]) < 0.985  # type: ignore[operator]


@pytest.fixture
def run(folder: Any, track: Any) -> Run:
    done = evaluate(str(folder), track, options=Options(bootstrap_samples=200))
    return Run(done.results, done.per_image)


def moved(run: Run, shift: float, checksum: str) -> Run:
    model = msgspec.structs.replace(run.results.model, checksum=checksum)
    columns = run.per_image | {"dice": run.per_image["dice"] + shift}
    return Run(msgspec.structs.replace(run.results, model=model), columns)


def test_trainings_that_differ_by_a_constant(run: Run) -> None:
    shifts = (-0.02, 0.0, 0.05)
    found = seed_spread([moved(run, shift, str(i)) for i, shift in enumerate(shifts)])
    assert (found.trainings, found.structures) == (3, 6)
    for point, one in zip(run.results.curve, found.conditions, strict=True):
        assert one.mean.value == pytest.approx(point.dice.value + 0.01)
        assert one.seed_sd == pytest.approx(np.std(shifts, ddof=1))
        assert one.mean.low < one.mean.value < one.mean.high  # type: ignore[operator]
    assert found.mean.mean.value == pytest.approx(np.mean([one.mean.value for one in found.conditions]))


def test_what_is_no_set_of_trainings(run: Run) -> None:
    with pytest.raises(InputError, match="at least two"):
        seed_spread([run])
    with pytest.raises(InputError, match="given twice, with the same checksum and masks"):
        seed_spread([run, run])
    part = {name: column[:-1] for name, column in run.per_image.items()}
    with pytest.raises(InputError, match="different images"):
        seed_spread([run, Run(run.results, part)])


def test_networks_of_one_checksum_that_answer_differently_are_two(run: Run) -> None:
    """What a checksum does not cover, such as weights that code loads from elsewhere, shows in the masks."""
    other = run.per_image | {"mask_sha256": run.per_image["mask_sha256"][::-1]}
    assert seed_spread([run, Run(run.results, other)]).trainings == 2
