"""The study that docs/study.md tells of: still the shipped one, and its plans still what `design` chooses."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hrtem_bench.dataset import read_manifest
from hrtem_bench.planning import design, plan_toml
from hrtem_bench.planning.choices import choices
from hrtem_bench.study import load_study, read_study

DOCS = Path(__file__).parents[2] / "docs"


def test_the_recorded_study_is_the_shipped_one() -> None:
    recorded, shipped = read_study(DOCS / "studies" / "mini.json").study, load_study("mini")
    assert recorded == shipped


@pytest.mark.parametrize("name", ["silver", "lens"])
def test_the_studies_written_down_beforehand_are_those_recorded(name: str) -> None:
    """With the laws of mini, as they are, held against them."""
    recorded, mini = (read_study(DOCS / "studies" / f"{one}.json") for one in (name, "mini"))
    assert recorded.study == load_study(DOCS / "studies" / f"{name}.toml")
    assert recorded.missing == []
    assert recorded.elsewhere is not None and recorded.elsewhere.study == "mini"
    found = {(law.target, law.name): law.coefficients for law in mini.laws}
    assert recorded.elsewhere.laws
    for law in recorded.elsewhere.laws:
        assert law.coefficients == found[law.target, law.name]


def test_a_plan_for_a_track_keeps_how_its_settings_vary() -> None:
    given = choices((), (), 1, data=str(DOCS / "mini"), track="astigmatism")
    plan = design(given.target_sets, given.candidate_sets, 1, q_max=given.q_max)
    track = tomllib.loads(plan_toml(plan, given.candidates, given.targets, given.spread))["tracks"]["planned"]
    assert track["spread"] == read_manifest(DOCS / "mini").recipe["tracks"]["astigmatism"]["spread"]
    assert track["spread"]["phi12"]["distribution"] == "uniform"


@pytest.mark.parametrize("criterion", ["sigma", "coverage"])
def test_the_plans_in_it_are_those_of_design(criterion: str) -> None:
    plans = {one.name: one.conditions for one in load_study("mini").training}
    given = choices((), (), 2, data=str(DOCS / "mini"), track="defocus")
    plan = design(given.target_sets, given.candidate_sets, 2, criterion=criterion, q_max=given.q_max)  # type: ignore[arg-type]
    assert plan.conditions == plans[f"plan-by-{criterion}"]
