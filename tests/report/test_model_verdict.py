"""The verdict says what the numbers say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from hrtem_bench.report import choose_examples, verdict
from hrtem_bench.report.model_verdict import transfer_note
from hrtem_bench.report.score_tables import with_interval
from hrtem_bench.report.wording import digits_apart
from hrtem_bench.scoring.estimate import Estimate
from hrtem_bench.scoring.results import Results


def scores(results: Results, **changed: float | None) -> dict[str, Any]:
    """The summary's scores of results, some of them changed, or left out where None."""
    made = msgspec.to_builtins(results.summary.scores)
    for name, value in changed.items():
        del made[name]
        if value is not None:
            made[name] = {"value": value}
    return {"scores": made, "censored": [name for name in results.summary.censored if name in made]}


Make = Callable[..., Results]


def changed(results: Results, **scores: Sequence[float]) -> list[dict[str, Any]]:
    points = msgspec.to_builtins(results.curve)
    for name, values in scores.items():
        for point, value in zip(points, values, strict=True):
            point["scores"] = point["scores"] | {name: {"value": value, "low": value - 0.01, "high": value + 0.01}}
    return points


def test_the_lead_gives_score_and_gap(results: Results) -> None:
    own = next(point for point in results.curve if point.in_distribution)
    lead = verdict(results).lead
    assert lead.startswith(
        f"U-Net, small reaches a Dice of {own.dice.value:.2f} ({own.dice.low:.2f} to {own.dice.high:.2f})"
    )
    assert f"a gap of {results.summary.scores['id_ood_gap'].value:.2f}" in lead
    assert "at −10 nm" in lead and "the other 10 conditions" in lead


def test_the_reach_and_the_worst_condition_are_named(make_results: Make) -> None:
    base = make_results()
    dice = [0.5, 0.6, 0.88, 0.9, 0.87, 0.3, 0.5, 0.5, 0.5, 0.5, 0.5]
    said = verdict(make_results(curve=changed(base, dice=dice)))
    reach = "from −15 nm to −5 nm, and falls below it from −25 nm to −20 nm and from 0 nm to +25 nm."
    assert reach in said.lead
    assert "The worst condition is 0 nm: Dice 0.30 (0.29 to 0.31)" in " ".join(said.findings)


def test_conditions_beyond_a_gap_are_named_as_usable(make_results: Make) -> None:
    dice = [*[0.9] * 5, 0.3, *[0.9] * 5]
    lead = verdict(make_results(curve=changed(make_results(), dice=dice))).lead
    assert "from −25 nm to −5 nm and from +5 nm to +25 nm, and falls below it at 0 nm." in lead


def test_a_narrow_interval_gets_another_digit(make_results: Make) -> None:
    base = make_results()
    points = [{**p, "scores": p["scores"] | {"dice": {"value": 0.9712, "low": 0.9704, "high": 0.9721}}}
              for p in msgspec.to_builtins(base.curve)]  # fmt: skip
    assert "0.971 (0.970 to 0.972)" in verdict(make_results(curve=points)).lead


def test_a_constant_transfer_says_why(make_results: Make) -> None:
    base = make_results()
    points = [{**p, "epsilon": 0.19, "sigma": None} for p in msgspec.to_builtins(base.curve)]
    data = {**msgspec.to_builtins(base.dataset), "axis": "dose"}
    said = transfer_note(make_results(curve=points, dataset=data))
    assert "since dose leaves T(q) unchanged" in said
    assert "--train-conditions" in said
    assert "thin object alone" in said


def test_breakdown_points_are_told_from_the_end_of_the_track(results: Results) -> None:
    (finding,) = [finding for finding in verdict(results).findings if "breaks down" in finding]
    assert "falls below a Dice of 0.70 at −2.5 nm; it does not as far as −25 nm, where the track ends." in finding


def test_where_the_band_is_above_again_is_said(make_results: Make) -> None:
    points = msgspec.to_builtins(make_results().curve)
    for place, point in enumerate(points):
        low = 0.5 if place in (4, 5, 6) else 0.8  # of eleven conditions from −25 nm in steps of 5 nm
        point["dice_band"] = {"value": 0.85, "low": low, "high": 0.9}
    (finding,) = [one for one in verdict(make_results(curve=points)).findings if "breaks down" in one]
    assert finding.endswith("the track ends. Beyond, it is above again from +10 nm to +25 nm.")


def test_nowhere_else_is_said(make_results: Make) -> None:
    base = make_results()
    dice = [0.1, 0.1, 0.1, 0.9, *[0.1] * 7]
    assert (
        "keeps 95 % of that Dice at no other tested condition."
        in verdict(make_results(curve=changed(base, dice=dice))).lead
    )


def test_a_model_trained_elsewhere_has_no_gap(make_results: Make) -> None:
    base = make_results()
    points = [{**point, "in_distribution": False} for point in msgspec.to_builtins(base.curve)]
    summary = scores(base, id_dice=None, id_ood_gap=None)
    said = verdict(make_results(curve=points, summary=summary))
    assert "trained at none of these conditions" in said.lead
    assert "keeps" not in said.lead
    unknown = [{**point, "sigma": None, "coverage": None} for point in points]
    lead = verdict(make_results(curve=unknown, summary=summary)).lead
    assert lead.startswith("Where U-Net, small was trained is not known; its mean Dice runs from")
    assert "none" not in lead


@pytest.mark.parametrize(
    ("nll", "dice", "expected"),
    [
        (-0.9, 0.9, "predicted the order of the conditions well"),
        (-0.9, 0.6, "in part"),
        (-0.9, 0.2, "hardly predicted"),
        (0.4, -0.4, "the wrong way round"),
    ],
)
def test_the_prediction_is_judged_by_its_weaker_side(
    make_results: Make, nll: float, dice: float, expected: str
) -> None:
    said = verdict(make_results(summary=scores(make_results(), spearman_sigma_nll=nll, spearman_sigma_dice=dice)))
    (finding,) = [finding for finding in said.findings if "Spearman" in finding]
    assert expected in finding
    assert f"{nll:+.2f} with the loss and {dice:+.2f} with the Dice".replace("-", "−") in finding


def test_limits_tell_of_few_structures_and_of_unofficial_runs(make_results: Make) -> None:
    base = make_results()
    few = [{**point, "n_structures": 4, "n_images": 4} for point in msgspec.to_builtins(base.curve)]
    limits = " ".join(verdict(make_results(curve=few, settings={"official": False, "limit": 4})).limits)
    assert "4 test structures (44 images in all). With fewer than 10" in limits
    assert "unofficial (limit 4)" in limits
    assert "unofficial" not in " ".join(verdict(base).limits)


def test_examples_show_one_structure_from_best_to_worst(results: Results, per_image: dict[str, np.ndarray]) -> None:
    chosen = choose_examples(results, per_image)
    assert [choice.title for choice in chosen] == [
        "best condition", "middle condition", "worst condition", "worst image of all"
    ]  # fmt: skip
    order = sorted(results.curve, key=lambda point: -point.dice.value)
    assert [choice.condition_id for choice in chosen[:3]] == [
        order[0].condition, order[len(order) // 2].condition, order[-1].condition
    ]  # fmt: skip
    assert len({choice.structure_id for choice in chosen[:3]}) == 1
    lowest = int(np.argmin(per_image["dice"]))
    assert chosen[3].structure_id == per_image["structure_id"][lowest]


def test_one_condition_gives_one_example(make_results: Make) -> None:
    one = make_results(curve=msgspec.to_builtins(make_results().curve)[:1])
    per_image = {
        "structure_id": np.array(["s"]),
        "condition_id": np.array([one.curve[0].condition]),
        "dice": np.array([0.5]),
    }
    assert [choice.title for choice in choose_examples(one, per_image)] == ["best condition"]
    summary = scores(one, breakdown_below=None, breakdown_above=None)
    findings = verdict(make_results(curve=msgspec.to_builtins(one.curve), summary=summary)).findings
    assert findings == ("Too few conditions have a σ to say whether the transfer function predicted the scores.",)


@pytest.mark.parametrize(
    ("low", "high", "digits"),
    [(0.89, 0.93, 2), (0.966, 0.974, 3), (0.9701, 0.9704, 4), (0.970011, 0.970012, 4), (0.9, 0.9, 2), (None, None, 2)],
)
def test_digits_tell_the_ends_of_an_interval_apart(low: float | None, high: float | None, digits: int) -> None:
    assert digits_apart(Estimate(0.97, low, high), 2) == digits
    assert digits == 2 or with_interval(Estimate(0.97, low, high), 2).count(f"{0.97:.{digits}f} (") == 1
