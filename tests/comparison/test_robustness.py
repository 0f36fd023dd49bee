"""Standing against baselines: exact on made-up planes, and equal to a fit by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from hrtem_bench.comparison.robustness import excess_loss, expected_with_offset, standing
from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.scoring.estimate import Estimate
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.run import Run

QUICK = Options(bootstrap_samples=200)


@pytest.fixture
def run(folder: Any, track: Any) -> Run:
    done = evaluate(str(folder), track, options=QUICK)
    return Run(done.results, done.per_image)


def made(run: Run, sigma: Sequence[float | None], dice: Sequence[float], noise: float = 0.0, seed: int = 0) -> Run:
    """The run with these σ and mean Dice at its conditions, the structures apart by `noise`."""
    points = [
        msgspec.structs.replace(p, sigma=s, scores=p.scores | {"dice": Estimate(float(d))})
        for p, s, d in zip(run.results.curve, sigma, dice, strict=True)
    ]
    means = {point.condition: point.dice.value for point in points}
    structures = np.unique(run.per_image["structure_id"], return_inverse=True)[1]
    spread = noise * np.random.default_rng(seed).normal(size=structures.max() + 1)[structures]
    scores = np.array([means[name] for name in run.per_image["condition_id"]]) + spread
    return Run(msgspec.structs.replace(run.results, curve=points), run.per_image | {"dice": scores})


def plane(run: Run, sigma: Sequence[float]) -> np.ndarray:
    epsilon = np.array([point.epsilon for point in run.results.curve])
    return 0.2 + 0.5 * np.array(sigma) + 0.8 * epsilon


def test_what_lies_above_the_plane_is_found_exactly(run: Run) -> None:
    one, other, own = [0.7, 1.0, 0.7, 0.5], [0.9, 0.8, 0.95, 0.6], [0.6, 0.99, 0.8, 0.7]
    family = [made(run, sigma, plane(run, sigma)) for sigma in (one, other)]
    away = np.array([not point.in_distribution for point in run.results.curve])
    lift = np.where(away, 0.05, 0.3)  # what it does where it was trained does not count
    found = standing(made(run, own, plane(run, own) + lift), family)
    assert found.effective_robustness is not None
    assert msgspec.structs.astuple(found.effective_robustness) == pytest.approx((0.05, 0.05, 0.05))


def test_it_is_the_fit_by_hand(run: Run) -> None:
    rng = np.random.default_rng(0)
    sigmas = rng.uniform(0.3, 1, (3, 4))
    runs = [made(run, sigma, rng.uniform(0.3, 0.9, 4), 0.03, i) for i, sigma in enumerate(sigmas)]
    model, *family = runs
    means = [
        [one.per_image["dice"][one.per_image["condition_id"] == p.condition].mean() for p in one.results.curve]
        for one in runs
    ]
    epsilon = np.array([point.epsilon for point in run.results.curve])
    design = np.concatenate([np.column_stack([np.ones(4), sigma, epsilon]) for sigma in sigmas[1:]])
    a, b, c = np.linalg.lstsq(design, np.concatenate(means[1:]), rcond=None)[0]
    beyond = np.array(means[0]) - (a + b * sigmas[0] + c * epsilon)
    away = [not point.in_distribution for point in run.results.curve]
    found = standing(model, family)
    one = found.effective_robustness
    assert one is not None and one.value == pytest.approx(beyond[away].mean())
    assert one.low is not None and one.high is not None and one.low < one.value < one.high


def test_relative_error_of_a_baseline_to_itself_is_one(run: Run) -> None:
    base = made(run, [0.7, 1.0, 0.7, 0.5], [0.6, 0.9, 0.5, 0.4], 0.05)
    found = standing(base, [base])
    assert msgspec.structs.astuple(found.relative_error) == pytest.approx((1, 1, 1))
    half = made(run, [0.7, 1.0, 0.7, 0.5], [0.8, 0.95, 0.75, 0.7])
    exact = made(run, [0.7, 1.0, 0.7, 0.5], [0.6, 0.9, 0.5, 0.4])
    assert standing(half, [exact]).relative_error.value == pytest.approx(0.5)


def test_where_it_has_no_meaning_it_is_none(run: Run) -> None:
    sigma = [0.7, 1.0, 0.7, 0.5]
    base = made(run, sigma, plane(run, sigma))
    unknown = made(run, [None] * 4, [0.5] * 4)
    for model, family in ((unknown, [base]), (base, [unknown]), (base, [made(run, [0.5] * 4, [0.5] * 4)])):
        found = standing(model, family)
        assert found.effective_robustness is None
        assert found.relative_error.known
    everywhere = [msgspec.structs.replace(point, in_distribution=True) for point in base.results.curve]
    trained = Run(msgspec.structs.replace(base.results, curve=everywhere), base.per_image)
    assert standing(trained, [base]).effective_robustness is None


def test_other_images_are_refused(run: Run) -> None:
    part = {name: column[:-1] for name, column in run.per_image.items()}
    with pytest.raises(InputError, match="different images"):
        standing(run, [Run(run.results, part)])
    with pytest.raises(InputError, match="no baseline"):
        standing(run, [])


def physics(run: Run, factor: np.ndarray) -> Run:
    """The run where the model observer expects the measured losses divided by these factors."""
    points = [
        msgspec.structs.replace(p, expected=Estimate(*(p.scores["nll"].value / f * np.array([1.0, 0.5, 2.0]))))
        for p, f in zip(run.results.curve, factor, strict=True)
    ]
    return Run(msgspec.structs.replace(run.results, curve=points), run.per_image)


def test_loss_beyond_physics_is_counted_from_where_a_model_was_trained(run: Run) -> None:
    away = np.array([not point.in_distribution for point in run.results.curve])
    assert away.any() and not away.all()
    found = excess_loss(physics(run, np.where(away, 6.0, 3.0)))  # twice what physics says, once the offset is its own
    assert found is not None and found.value == pytest.approx(np.log(2))
    assert found.low is not None and found.high is not None and found.low <= found.value <= found.high
    band = expected_with_offset(physics(run, np.where(away, 6.0, 3.0)).results.curve)
    measured = np.array([point.scores["nll"].value for point in run.results.curve])
    np.testing.assert_allclose(band[:, ~away], np.array([1.0, 0.5, 2.0])[:, None] * measured[~away])
    np.testing.assert_allclose(band[0, away], measured[away] / 2)


def test_nothing_is_beyond_physics_that_expects_nothing(run: Run) -> None:
    assert excess_loss(run) is None
    assert np.isnan(expected_with_offset(run.results.curve)).all()
    points = [msgspec.structs.replace(one, in_distribution=False) for one in run.results.curve]
    untrained = Run(msgspec.structs.replace(run.results, curve=points), run.per_image)
    assert excess_loss(physics(untrained, np.ones(len(points)))) is None
