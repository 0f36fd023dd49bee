"""ε, σ and coverage of a condition are the same number on the card, in results, in a study and in a plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hrtem_bench as hb
from hrtem_bench.conditions import Condition, condition_to_dict
from hrtem_bench.dataset import open_dataset
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.evaluation.training_set import training_set
from hrtem_bench.generation.card import render_body
from hrtem_bench.models.card import TrainedOn
from hrtem_bench.models.submission import load_submission
from hrtem_bench.planning import design
from hrtem_bench.planning.choices import choices
from hrtem_bench.scoring.options import Options

NAMES = ("epsilon", "sigma", "coverage")


@pytest.fixture(scope="module")
def data(toy_folder: Path) -> Path:
    return toy_folder


def on_the_card(data: Path) -> dict[str, list[float]]:
    """Condition -> ε, σ, coverage in the table of the track, as printed."""
    text = render_body(open_dataset(data, "defocus").manifest)
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `defocus=")]
    return {row[0].strip("`"): [float(value) for value in row[2:5]] for row in rows if len(row) == 5}


def test_the_card_and_the_results_of_a_model_trained_at_every_training_condition(data: Path) -> None:
    track = open_dataset(data, "defocus")
    everything = [one.condition_id for one in track.conditions if one.train]
    done = evaluate("otsu", track, options=Options(bootstrap_samples=200, train_conditions=everything))
    printed = on_the_card(data)
    assert set(printed) == {point.condition for point in done.results.curve}
    for point in done.results.curve:
        assert [round(getattr(point, name), 3) for name in NAMES] == pytest.approx(printed[point.condition], abs=1.1e-3)


def test_the_plan_and_the_card(data: Path) -> None:
    printed = on_the_card(data)
    given = choices((), (), 99, data=str(data), track="defocus")
    plan = design(given.target_sets, given.candidate_sets, 99, q_max=given.q_max, compared=given.compared)
    for one in plan.targets:
        assert one.epsilon == pytest.approx(printed[one.name][0], abs=1e-3)
    everything = next(one for one in plan.compared if one.name == "all candidates")
    # The plan leaves out targets at which nothing is transferred; with their spread none of these is such a one.
    assert everything.mean == pytest.approx(np.mean([row[1] for row in printed.values()]), abs=1.5e-3)


def drawn(track: object, names: list[str], count: int = 20, std: float = 15.0) -> list[Condition]:
    rng = np.random.default_rng(0)
    nominal = {one.condition_id: one.condition for one in track.conditions}  # type: ignore[attr-defined]
    return [
        nominal[name].replace(C10=nominal[name].C10 + std * rng.uniform(-2, 2)) for name in names for _ in range(count)
    ]


def test_a_card_of_the_datasets_own_conditions_gives_the_datasets_set(data: Path) -> None:
    track = open_dataset(data, "defocus")
    names = [one.condition_id for one in track.conditions if one.train]
    published = [hb.ConditionSet.about(one.condition, one.spread) for one in track.conditions if one.train]
    for trained_on, expected in (
        (drawn(track, names), hb.ConditionSet.mixture(published)),
        (drawn(track, names, std=150.0), None),  # drawn far wider than the track is: another dataset's
        ([one.replace(focal_spread=35.0) for one in drawn(track, names)], None),
    ):
        record = TrainedOn(track="defocus", conditions=names, condition=[condition_to_dict(one) for one in trained_on])
        model = load_submission("otsu")
        object.__setattr__(model, "trained_on", record)
        found = training_set(model, track, Options())
        assert found == (hb.ConditionSet(tuple(trained_on)) if expected is None else expected)


def test_nothing_known_of_the_training_is_no_set(data: Path) -> None:
    assert training_set(load_submission("otsu"), open_dataset(data, "defocus"), Options()) is None
