"""Targets and candidates from text."""

from __future__ import annotations

import tomllib

import pytest

import hrtem_bench as hb
from hrtem_bench.dataset import load_recipe
from hrtem_bench.errors import InputError
from hrtem_bench.planning import design, plan_toml
from hrtem_bench.planning.choices import candidates_about, evenly, parse_spread, region, regions
from hrtem_bench.recipes.loading import recipe_from_dict
from hrtem_bench.recipes.tables import recipe_to_dict
from hrtem_bench.recipes.tracks import track_conditions


def test_a_region_is_every_combination_of_its_ranges() -> None:
    found = region("C10=-100:100:100,focal_spread=5,10,C30=1e4")
    assert list(found) == [f"C10={c},focal_spread={f}" for c in (-100, 0, 100) for f in (5, 10)]
    assert found["C10=-100,focal_spread=10"] == hb.Condition(C10=-100.0, focal_spread=10.0, C30=1e4)


def test_a_single_condition_is_named_whole() -> None:
    assert region("C10=100,focal_spread=10") == {
        "C10=100,focal_spread=10": hb.parse_condition("C10=100,focal_spread=10")
    }


def test_none_and_a_base() -> None:
    base = {"energy": 200e3, "dose": 50.0, "focal_spread": 7.0}
    (one,) = region("C12=20,phi12=0.3,dose=none", base).values()
    assert (one.energy, one.dose, one.focal_spread, dict(one.aberrations)) == (
        200e3,
        None,
        7.0,
        {"C12": 20.0, "phi12": 0.3},
    )


def test_names_that_meet_are_told_apart() -> None:
    found = regions(["C10=1,2,focal_spread=5", "C10=2,3,focal_spread=9"])
    assert list(found) == ["C10=1", "C10=2", "C10=2,3,focal_spread=9: C10=2", "C10=3"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("100", "has no '='"),
        ("C10=1,C10=2", "C10 is given twice"),
        ("C10=5:1:1", "LAST must not lie below"),
        ("C11=5", "names are"),
        ("C10=a", "neither"),
        ("C10=0:1900:1,C30=0:10:1", "more than 2000"),
        ("focal_spread=-1", "standard deviation"),
    ],
)
def test_what_cannot_be_read_is_one_line(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as error:
        region(text)
    assert "\n" not in str(error.value) and "--target" in str(error.value)


def test_candidates_hold_the_targets_and_reach_beyond() -> None:
    targets = list(region("C10=-400:400:100,focal_spread=10").values())
    found = list(candidates_about(targets).values())
    assert set(targets) <= set(found)
    assert min(one.C10 for one in found) == -600 and max(one.C10 for one in found) == 600
    assert {one.focal_spread for one in found} == {10.0}


def test_candidates_about_one_target_vary_its_focus() -> None:
    target = hb.Condition(C10=100.0, C30=1e4)
    found = list(candidates_about([target]).values())
    assert target in found and len(found) > 10
    assert {one.C30 for one in found} == {1e4}


def test_widths_are_not_widened() -> None:
    found = candidates_about(list(region("focal_spread=5:20:5,C10=100").values())).values()
    assert {5.0, 20.0} <= {one.focal_spread for one in found}
    assert min(one.focal_spread for one in found) == 5.0 and max(one.focal_spread for one in found) == 20.0


def test_too_many_settings_need_candidates() -> None:
    with pytest.raises(InputError, match="give --candidates"):
        candidates_about(list(region("C10=0,1,C30=0,1,C12=0,1,focal_spread=1,2").values()))


def test_even_spacing() -> None:
    targets = region("C10=-300:300:50")
    assert list(evenly(targets, 3)) == ["C10=-300", "C10=0", "C10=300"]
    assert list(evenly(targets, 1)) == ["C10=0"]
    assert len(evenly(region("C10=0,1,C30=0,1"), 2)) == 2


def test_a_spread_has_the_deviation_asked_for() -> None:
    assert parse_spread("C10=15,focal_spread=0.2nm") == {"C10": 15.0, "focal_spread": pytest.approx(2.0)}
    for text in ("C10=0", "C10=1,2", "energy=1", "dose=3"):
        with pytest.raises(InputError, match="standard deviations"):
            parse_spread(text)


def test_a_plan_becomes_a_track_of_a_recipe() -> None:
    targets = region("C10=-200:200:100,focal_spread=8")
    candidates = candidates_about(list(targets.values()))
    plan = design(targets, candidates, 3, q_max=1.25)
    tables = tomllib.loads(plan_toml(plan, candidates, targets, {"C10": 15.0}))
    recipe = recipe_to_dict(load_recipe("mini"))
    made = recipe_from_dict(recipe | {"tracks": recipe["tracks"] | tables["tracks"]})
    conditions = track_conditions(made, "planned")
    trained = {one.condition.C10 for one in conditions if one.train}
    assert trained == {candidates[name].C10 for name in plan.conditions}
    assert {one.condition.focal_spread for one in conditions} == {8.0}
    assert {-200.0, -100.0, 0.0, 100.0, 200.0} <= {one.condition.C10 for one in conditions}
    assert conditions[0].spread == {"C10": 15.0}


def test_a_plan_over_several_settings_becomes_a_file_of_conditions() -> None:
    targets = region("C10=-100,100,focal_spread=5,15")
    plan = design(targets, targets, 2, q_max=1.25)
    tables = tomllib.loads(plan_toml(plan, targets, targets, {}))
    assert [one["id"] for one in tables["condition"]] == plan.conditions
    settings = [{name: one[name] for name in one if name != "id"} for one in tables["condition"]]
    assert [hb.Condition(**one) for one in settings] == [targets[name] for name in plan.conditions]
