"""The bootstrap against simulation and theory, the band's coverage, rank correlation and Holm against others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hrtem_bench.errors import InputError
from hrtem_bench.scoring.statistics import (
    Clusters,
    Replicates,
    Resampling,
    bootstrap,
    clusters,
    holm,
    interval,
    simultaneous_band,
    spearman,
)


def skewed(rng: np.random.Generator, structures: int, conditions: int) -> tuple[np.ndarray, float]:
    """Correlated scores (S, C) with the skewed marginal that Dice has, and their true mean."""
    shared = rng.standard_normal((structures, 1))
    normal = np.sqrt(0.5) * (shared + rng.standard_normal((structures, conditions)))
    marginal = stats.beta(8, 1.5)
    return marginal.ppf(stats.norm.cdf(normal)), float(marginal.mean())


def coverage(structures: int, runs: int, seed: int) -> tuple[float, float, float]:
    """How often the interval of a mean, the interval of a difference and the band hold the truth."""
    rng = np.random.default_rng(seed)
    hits = np.zeros(3)
    for run in range(runs):
        scores, truth = skewed(rng, structures, 4)
        data = Clusters(scores, np.ones_like(scores))
        one = bootstrap(data, Resampling(500, run))
        low, high = interval(one.map(lambda m: m[..., 0]))
        hits[0] += low <= truth <= high
        low, high = interval(one.map(lambda m: m[..., 0] - m[..., 1:].mean(axis=-1)))
        hits[1] += low <= 0 <= high
        low, high = simultaneous_band(data, Resampling(500, run))
        hits[2] += np.all((low <= truth) & (truth <= high))
    return tuple(hits / runs)  # type: ignore[return-value]


def test_coverage_is_near_nominal() -> None:
    for share in coverage(structures=24, runs=250, seed=1):
        assert 0.90 <= share <= 0.99  # 0.95 within 3 standard errors of 250 runs, and the stated shortfall


@pytest.mark.slow
@pytest.mark.parametrize(("structures", "least"), [(8, 0.90), (16, 0.92), (64, 0.93)])
def test_coverage_by_number_of_structures(structures: int, least: float) -> None:
    for share in coverage(structures, runs=1500, seed=structures):
        assert least <= share <= 0.99


def test_the_interval_of_a_normal_mean_is_students() -> None:
    scores = np.random.default_rng(4).normal(0.7, 0.1, (40, 1))
    low, high = interval(bootstrap(Clusters(scores, np.ones_like(scores)), Resampling(20_000, 0)))
    expected = stats.t.interval(0.95, 39, scores.mean(), stats.sem(scores)[0])
    assert (low[0], high[0]) == pytest.approx(expected, abs=0.15 * stats.sem(scores)[0])


def test_structures_are_resampled_not_images() -> None:
    """Copies of one image per structure say nothing new, so they must not narrow the interval."""
    scores = np.random.default_rng(5).random(12)
    names = [f"s{i}" for i in range(12)]
    once = clusters(names, ["a"] * 12, scores, ["a"])
    often = clusters(names * 50, ["a"] * 600, np.tile(scores, 50), ["a"])
    assert interval(bootstrap(once, Resampling(seed=1)))[0] == pytest.approx(
        interval(bootstrap(often, Resampling(seed=1)))[0]
    )


def test_scipy_draws_the_same_distribution() -> None:
    scores = np.random.default_rng(6).random(30)
    ours = bootstrap(Clusters(scores[:, None], np.ones((30, 1))), Resampling(4000, 0))
    theirs = stats.bootstrap((scores,), np.mean, n_resamples=4000, method="basic", rng=np.random.default_rng(0))
    assert ours.samples.std() == pytest.approx(theirs.standard_error, rel=0.06)


def test_bca_agrees_with_scipy_where_structures_are_many() -> None:
    scores = np.random.default_rng(7).beta(8, 1.5, 400)
    ours = interval(bootstrap(Clusters(scores[:, None], np.ones((400, 1))), Resampling(20_000, 0)))
    theirs = stats.bootstrap((scores,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(1))
    width = theirs.confidence_interval.high - theirs.confidence_interval.low
    assert ours[0][0] == pytest.approx(theirs.confidence_interval.low, abs=0.04 * width)
    assert ours[1][0] == pytest.approx(theirs.confidence_interval.high, abs=0.04 * width)


def test_conditions_share_one_resampling() -> None:
    """Two conditions that differ by a constant differ by it in every replicate: their difference has no spread."""
    scores = np.random.default_rng(8).random((9, 1))
    both = Clusters(np.hstack([scores, scores - 0.2]), np.ones((9, 2)))
    gap = bootstrap(both, Resampling(seed=3)).map(lambda m: m[..., 0] - m[..., 1])
    assert interval(gap) == pytest.approx((0.2, 0.2))


def test_means_are_over_images_and_structures_may_be_missing() -> None:
    data = clusters(["a", "a", "b", "b"], ["x", "x", "x", "y"], [0.0, 0.3, 0.9, 0.5], ["x", "y"])
    one = bootstrap(data, Resampling(seed=0))
    assert one.estimate == pytest.approx([0.4, 0.5])
    low, high = interval(one)
    assert np.all(low <= one.estimate) and np.all(one.estimate <= high)


def test_the_same_seed_gives_the_same_replicates() -> None:
    data = Clusters(np.random.default_rng(0).random((7, 3)), np.ones((7, 3)))
    assert np.array_equal(bootstrap(data, Resampling(seed=4)).samples, bootstrap(data, Resampling(seed=4)).samples)
    assert not np.array_equal(bootstrap(data, Resampling(seed=4)).samples, bootstrap(data, Resampling(seed=5)).samples)


def test_one_structure_has_no_interval_and_equal_scores_a_point() -> None:
    alone = bootstrap(Clusters(np.array([[0.5, 0.6]]), np.ones((1, 2))))
    assert np.isnan(interval(alone)).all()
    assert np.isnan(simultaneous_band(Clusters(np.array([[0.5]]), np.ones((1, 1))))).all()
    equal = Clusters(np.full((6, 2), 0.5), np.ones((6, 2)))
    assert np.allclose(interval(bootstrap(equal)), 0.5)
    assert np.allclose(simultaneous_band(equal), 0.5)


@given(st.integers(0, 2**31), st.integers(2, 12))
def test_limits_stay_inside_the_scores(seed: int, structures: int) -> None:
    scores = np.random.default_rng(seed).random((structures, 2)) ** 8
    low, high = interval(bootstrap(Clusters(scores, np.ones_like(scores)), Resampling(200, seed)))
    assert np.all(scores.min(axis=0) <= low + 1e-12) and np.all(high <= scores.max(axis=0) + 1e-12)


def test_the_band_is_wider_than_the_intervals() -> None:
    scores, _ = skewed(np.random.default_rng(9), 40, 8)
    data = Clusters(scores, np.ones_like(scores))
    low, high = interval(bootstrap(data, Resampling(seed=1)))
    below, above = simultaneous_band(data, Resampling(seed=1), limits=(0, 1))
    assert np.all(above - below > high - low)
    assert np.all(above <= 1)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(InputError, match="at least 100"):
        bootstrap(Clusters(np.ones((3, 1)), np.ones((3, 1))), Resampling(10))


def test_a_score_that_is_nan_has_no_interval() -> None:
    nothing = Replicates(np.array(np.nan), np.full(200, np.nan), np.full(5, np.nan))
    assert np.isnan(interval(nothing)).all()


def test_spearman_agrees_with_the_formula_and_knows_when_to_say_nothing() -> None:
    x, y = [1.0, 2, 3, 4, 5], [2.0, 1, 4, 3, 5]
    assert spearman(x, y) == pytest.approx(1 - 6 * 4 / (5 * 24))  # 1 - 6 Σd² / n(n² - 1), without ties
    assert spearman(x, [-v for v in y]) == pytest.approx(-0.8)
    assert spearman([1, 2, np.nan], [1, 2, 3]) is None
    assert spearman([1, 1, 1], [1, 2, 3]) is None
    assert spearman([1, 2, 3], [5, 5, 5]) is None


def test_holm_on_the_worked_example() -> None:
    """Four p-values, sorted .005 .01 .03 .04: times 4, 3, 2, 1, then made monotone."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == pytest.approx([1, 1])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_nothing_and_bonferroni(p: list[float]) -> None:
    adjusted, values = holm(p), np.array(p)
    assert np.all(adjusted >= values - 1e-15)
    assert np.all(adjusted <= np.minimum(values * len(p), 1) + 1e-15)
    assert np.all(np.diff(adjusted[np.argsort(values)]) >= 0)
