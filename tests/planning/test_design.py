"""The planner: against brute force, its own definitions, and cases whose answer is known."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.physics import transfer_spectra
from hrtem_bench.planning import Plan, design
from hrtem_bench.planning.plan import Criterion, Over
from hrtem_bench.planning.search import best_sets
from hrtem_bench.report import step_reason

Q_MAX = 1.25


def at(*values: float) -> dict[str, hb.Condition]:
    return {f"C10={value:g}": hb.Condition(C10=value, focal_spread=10.0) for value in values}


def headline(plan: Plan) -> float:
    return getattr(plan.steps[-1].score, plan.over)  # type: ignore[no-any-return]


def brute_force(
    targets: Mapping[str, hb.Condition], candidates: Mapping[str, hb.Condition], size: int, measure: str, over: str
) -> float:
    """The best score of all sets of a size, by the public functions alone."""
    function = {"coverage": hb.coverage, "sigma": hb.sigma}[measure]
    total = {"worst": np.min, "mean": np.mean}[over]
    return max(
        float(total([function(train, one, Q_MAX) for one in targets.values()]))
        for train in itertools.combinations(candidates.values(), size)
    )


@pytest.mark.parametrize(("criterion", "over"), list(itertools.product(("coverage", "sigma"), ("worst", "mean"))))
def test_all_sets_tried_is_brute_force(criterion: Criterion, over: Over) -> None:
    targets, candidates = at(50, 130, 260), at(40, 90, 150, 210, 300)
    plan = design(targets, candidates, 3, criterion=criterion, over=over, q_max=Q_MAX)
    for one in plan.sizes:
        assert one.exhaustive
        best = brute_force(targets, candidates, one.score.size, criterion, over)
        assert getattr(one.score, over) == pytest.approx(best, abs=2e-3)
        assert getattr(one.score, over) <= best + 3e-4


@pytest.mark.parametrize("criterion", ["coverage", "sigma"])
def test_a_single_target_among_the_candidates_is_chosen(criterion: Criterion) -> None:
    plan = design(at(130), at(40, 130, 300), 2, criterion=criterion, q_max=Q_MAX)
    assert plan.conditions == ["C10=130"]
    assert headline(plan) == pytest.approx(1.0)
    assert plan.enough == 1


@pytest.mark.parametrize("criterion", ["coverage", "sigma"])
def test_it_reports_what_the_public_functions_give(criterion: Criterion) -> None:
    targets, candidates = at(50, 130, 260), at(40, 150, 300)
    plan = design(targets, candidates, 2, criterion=criterion, q_max=Q_MAX)
    chosen = {"coverage": hb.coverage, "sigma": hb.sigma}[criterion]
    train = [candidates[name] for name in plan.conditions]
    for one in plan.targets:
        assert one.coverage == pytest.approx(hb.coverage(train, targets[one.name], Q_MAX), abs=3e-4)
        assert one.sigma == pytest.approx(hb.sigma(train, targets[one.name], Q_MAX), abs=3e-4)
        assert one.epsilon == pytest.approx(hb.epsilon(targets[one.name], Q_MAX), abs=3e-4)
        assert one.first == pytest.approx(chosen(train[:1], targets[one.name], Q_MAX), abs=3e-4)
    assert plan.steps[-1].score.worst == pytest.approx(min(getattr(one, criterion) for one in plan.targets))


@settings(max_examples=8, deadline=None)
@given(
    values=st.lists(st.integers(-40, 40).filter(bool), min_size=2, max_size=5, unique_by=abs),
    over=st.sampled_from(["worst", "mean"]),
    seed=st.integers(0, 99),
)
def test_the_order_of_targets_and_candidates_does_not_matter(values: list[int], over: Over, seed: int) -> None:
    targets, candidates = at(*(10.0 * v for v in values)), at(-350, -210, 70, 160)
    shuffled = np.random.default_rng(seed)

    def mixed(conditions: dict[str, hb.Condition]) -> dict[str, hb.Condition]:
        names = list(conditions)
        return {names[i]: conditions[names[i]] for i in shuffled.permutation(len(names))}

    one = design(targets, candidates, 2, over=over, q_max=Q_MAX)
    other = design(mixed(targets), mixed(candidates), 2, over=over, q_max=Q_MAX)
    assert headline(one) == pytest.approx(headline(other), abs=1e-9)
    assert set(one.conditions) == set(other.conditions)


def test_a_plan_is_no_worse_than_even_spacing_out_of_the_same_candidates() -> None:
    targets = at(*range(-400, 401, 100))
    candidates = at(*range(-400, 401, 50))
    even = [candidates[f"C10={value}"] for value in (-400, -200, 200, 400)]
    for over in ("worst", "mean"):
        plan = design(targets, candidates, 4, over=over, compared={"even": even}, q_max=Q_MAX)  # type: ignore[arg-type]
        (one,) = (other for other in plan.compared if other.name == "even")
        assert headline(plan) >= getattr(one, over) - 1e-3


@pytest.mark.parametrize("size", [2, 3, 4])
def test_exchanges_come_close_to_the_best_of_all_sets(size: int) -> None:
    """The gap of a local best, over ten problems, is below a hundredth: about what `enough` calls the same."""
    gaps = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        spectra = transfer_spectra(list(at(*rng.uniform(20, 500, 18)).values()), Q_MAX).thinned(512)
        wanted = spectra.take(range(6))

        def score(sets: np.ndarray, known=spectra, wanted=wanted) -> np.ndarray:  # type: ignore[no-untyped-def]
            return wanted.coverage(known.power[sets].mean(axis=1)).min(axis=1)  # type: ignore[no-any-return]

        best, near = (best_sets(18, size, score, exhaustive=most)[-1] for most in (10_000, 1))
        assert best.exhaustive and not near.exhaustive
        assert near.score <= best.score + 1e-12
        gaps.append(best.score - near.score)
    assert max(gaps) < 0.01


def test_members_that_only_dilute_are_left_out() -> None:
    """Beside the target itself, any member lowers the amplitude where the target has it."""
    plan = design(at(130), at(40, 130, 300), 3, q_max=Q_MAX)
    assert [one.score.size for one in plan.sizes] == [1, 2, 3]
    assert plan.conditions == ["C10=130"]
    assert plan.sizes[2].score.worst < plan.sizes[0].score.worst


def test_conditions_that_transfer_alike_are_one_candidate() -> None:
    plan = design(at(120), at(-120, 120, 60), 3, q_max=Q_MAX)
    assert plan.steps[0].condition == "C10=-120"
    assert plan.steps[0].alike == ["C10=120"]
    assert len(plan.sizes) == 2


def test_a_reason_names_the_band_that_was_lacking() -> None:
    """With an aperture the first candidate passes only low frequencies; the other fills in beyond it."""
    c = hb.Condition(C10=150.0, focal_spread=10.0)
    cut = 0.6
    aperture = 1e3 * cut * hb.wavelength(c.energy)
    low = c.replace(aperture=aperture)
    targets = {"low": low, "all": c}
    plan = design(
        targets,
        {"low": low, "weak": hb.Condition(C10=15.0, focal_spread=10.0)},
        2,
        criterion="coverage",
        over="mean",
        q_max=Q_MAX,
    )
    assert plan.conditions == ["low", "weak"]
    first, second = plan.steps
    assert max(end for _, end in first.bands) <= cut + 0.02
    assert min(start for start, _ in second.bands) >= cut - 0.02
    assert "1/Å" in step_reason(second)


def test_targets_that_transfer_nothing_are_set_aside() -> None:
    plan = design({"focus": hb.Condition(focal_spread=10.0), **at(100)}, at(80, 100), 1, q_max=Q_MAX)
    assert plan.unreachable == ["focus"]
    assert [one.name for one in plan.targets] == ["C10=100"]
    with pytest.raises(InputError, match="nothing is transferred"):
        design({"focus": hb.Condition()}, at(80), 1)


@pytest.mark.parametrize(
    ("targets", "candidates", "budget", "words"),
    [
        ({}, at(1), 1, "no target"),
        (at(1), {}, 1, "no candidate"),
        (at(1), at(1), 0, "budget must be at least 1"),
        (at(1), at(*range(1, 26)), 10**9, "at most 24"),
    ],
)
def test_what_cannot_be_planned(targets: dict, candidates: dict, budget: int, words: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(InputError, match=words):
        design(targets, candidates, budget)


def test_spectra_are_those_of_the_single_functions() -> None:
    conditions: Sequence[hb.Condition] = [*at(-90, 30).values(), hb.Condition(C10=40, aberrations={"C12": 30.0})]
    spectra = transfer_spectra([*conditions, conditions[:2]], Q_MAX)
    assert spectra.share.sum() == pytest.approx(1.0)
    assert spectra.power[3] == pytest.approx(spectra.power[:2].mean(axis=0))
    sets = [*([one] for one in conditions), conditions[:2]]
    assert spectra.epsilon() == pytest.approx([hb.epsilon(one, Q_MAX) for one in sets], abs=2e-4)
    for measure, function in ((spectra.sigma, hb.sigma), (spectra.coverage, hb.coverage)):
        expected = [[function(a, b, Q_MAX) for b in sets] for a in sets]
        assert measure(spectra.power) == pytest.approx(np.array(expected), abs=5e-4)
