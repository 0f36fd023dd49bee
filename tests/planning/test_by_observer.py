"""Plans by the model observer: the least expected loss of all sets, dose and camera among them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import hrtem_bench as hb
from hrtem_bench.cli import run
from hrtem_bench.errors import InputError
from hrtem_bench.interactive import PlannedByObserver
from hrtem_bench.observer import SINGLE_PARTICLES, RingPowers, foretold, loaded, specimens_of
from hrtem_bench.observer.exposures import joined
from hrtem_bench.planning.by_observer import design_by_observer, exposures_of

TARGETS = ["defocus=-10nm,0nm,10nm"]
CANDIDATES = ["defocus=-10nm,10nm,dose=60", "defocus=0nm,camera=ideal,scintillator-poor"]


@pytest.fixture(scope="module")
def powers() -> RingPowers:
    return RingPowers(specimens_of(structures=1), loaded().settings)


@pytest.mark.parametrize("over", ["worst", "mean"])
def test_the_plan_is_the_best_of_all_sets(powers: RingPowers, over: str) -> None:
    targets, offered = (exposures_of(one, "--target", powers) for one in (TARGETS, CANDIDATES))
    assert len(offered) == 4
    found = design_by_observer(targets, offered, 2, powers, over=over)  # type: ignore[arg-type]

    def of(members: tuple[str, ...]) -> float:
        train = joined([offered[name] for name in members])
        losses = [foretold(train, one, powers).loss.value for one in targets.values()]
        return max(losses) if over == "worst" else sum(losses) / len(losses)

    sets = [one for size in (1, 2) for one in itertools.combinations(offered, size)]
    least = min(of(one) for one in sets)
    assert getattr(found.best, over) == pytest.approx(least, rel=1e-3)
    assert of(tuple(found.best.conditions)) == pytest.approx(getattr(found.best, over))
    assert [len(one.conditions) for one in found.sizes] == [1, 2]


def test_a_plan_is_never_worse_than_training_where_it_is_used(powers: RingPowers) -> None:
    targets = exposures_of(["defocus=10nm,dose=50"], "--target", powers)
    offered = exposures_of(["defocus=-10nm,10nm,dose=50,400"], "--candidates", powers)
    (one,) = design_by_observer(targets, offered, 1, powers).targets.values()
    assert one[0] <= one[1] * (1 + 1e-9)  # the target itself is among the candidates
    (same,) = design_by_observer(targets, targets, 1, powers).targets.values()
    assert same[0] == pytest.approx(same[1])


def test_the_command_prints_a_plan(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["design", "--criterion", "observer", "--target", "defocus=-10nm,10nm", "--budget", "1"]
    assert run([*command, "--candidates", "defocus=-10nm,0nm,10nm"]) == 0
    said = capsys.readouterr().out
    for words in ("train at", "if trained there", "all candidates", "counted off evenly", "on CdSe on carbon"):
        assert words in said


def test_python_and_the_shell_give_one_plan(capsys: pytest.CaptureFixture[str]) -> None:
    text, offered = "defocus=-10nm,10nm,dose=100", "defocus=-10nm,0nm,10nm,dose=50,camera=ideal"
    plan = hb.design(text, 2, candidates=offered, criterion="observer", data=SINGLE_PARTICLES)
    command = ["design", "--criterion", "observer", "--target", text, "--candidates", offered, "--budget", "2"]
    assert run([*command, "--data", SINGLE_PARTICLES]) == 0
    said = capsys.readouterr().out
    assert f"train at {'; '.join(plan.conditions)}" in said
    table = plan.table()
    for name, own, matched in zip(*table.values(), strict=True):
        assert f"{own:.3f}" in said and f"{matched:.3f}" in said and str(name) in said
    assert repr(plan) == f"<train at {', '.join(plan.conditions)}>"
    assert plan._repr_html_().count("<tr>") == 3


def test_conditions_are_planned_as_their_text_is() -> None:
    at = [hb.Condition(C10=value, focal_spread=10.0, dose=100.0) for value in (-100.0, 100.0)]
    given = hb.design(at, 1, criterion="observer", data=SINGLE_PARTICLES)
    told = hb.design("C10=-100,100,focal_spread=10,dose=100", 1, criterion="observer", data=SINGLE_PARTICLES)
    assert isinstance(given, PlannedByObserver)
    assert given.conditions == told.conditions
    np.testing.assert_allclose(given.table()["this plan"], told.table()["this plan"])
    # a set is one target, with the spread that it has
    wide = hb.ConditionSet.about(at[0], {"C10": 30.0})
    assert list(hb.design([wide, at[1]], 1, criterion="observer", data=SINGLE_PARTICLES).table()["target"]) == [
        "C10=-100",
        "C10=100",
    ]
    with pytest.raises(InputError, match="leave track, q_max and weight out"):
        hb.design(at, 1, criterion="observer", q_max=2.0)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([], "needs a target"),
        (["--target", "defocus=0nm", "--out", "plan.png"], "prints its plan"),
        (["--target", "defocus=0nm", "--spread", "C12=5"], "spread of C10 alone"),
        (["--target", "defocus=0nm", "--q-max", "2"], "leave --track, --q-max and --weight out"),
        (["--target", "defocus=0nm", "--track", "dose"], "leave --track, --q-max and --weight out"),
        (["--target", "camera=none-such"], "none-such"),
        (["--target", "camera=ideal,dose=5"], "camera=NAME last"),
        (["--target", "dose=0"], "dose"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(more: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["design", "--criterion", "observer", "--budget", "1", *more]) == 2
    said = capsys.readouterr().err
    assert words in said and len(said.splitlines()) == 1


def test_nothing_to_choose_from_is_refused(powers: RingPowers) -> None:
    one = exposures_of(["defocus=0nm"], "--target", powers)
    for targets, offered, budget in (({}, one, 1), (one, {}, 1), (one, one, 0)):
        with pytest.raises(InputError):
            design_by_observer(targets, offered, budget, powers)
