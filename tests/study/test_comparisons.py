"""What rows say of sides, networks, axes and mixtures, on rows made up with known answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hrtem_bench.report import write_findings
from hrtem_bench.study.comparisons import axis_slopes, between_networks, mixture_gains, side_of_focus
from hrtem_bench.study.networks import drawn_sets, networks
from hrtem_bench.study.settings import load_study
from hrtem_bench.study.table import schema

pa = pytest.importorskip("pyarrow")


def row(train: str, test: str, loss: float, seed: int = 0, **other: Any) -> dict[str, Any]:
    fixed = {"block": "b", "specimens": "s", "material": "CdSe", "film": "below", "network": "n", "converged": True}
    name = f"{other.get('block', 'b')}-{other.get('specimens', 's')}-{train}-{seed}"
    scores = {"nll": float(np.exp(loss)), "dice": 0.9, "double_softmax_ce": 0.1}
    return fixed | scores | {"train": train, "test": test, "seed": seed, "failed": "", "name": name} | other


def sided(penalty: float) -> list[dict[str, Any]]:
    """Networks whose ln(loss) is `penalty` higher if trained at underfocus, and a deviate of each network."""
    rng = np.random.default_rng(0)
    rows = []
    for d in (-10, -5, 5, 10):
        for seed in range(5):
            deviate = 0.05 * rng.standard_normal()
            rows += [
                row(f"defocus={d}nm", f"defocus={t}nm", -3 + deviate + penalty * (d > 0), seed) for t in (-20, 5, 20)
            ]
    return rows


def test_the_side_of_focus_is_the_difference_put_in() -> None:
    found = side_of_focus(sided(0.3))
    assert found is not None and found.value == pytest.approx(0.3, abs=0.06)
    assert found.low < 0.3 < found.high
    assert side_of_focus([one for one in sided(0.3) if "=-" not in one["train"]]) is None


def test_other_networks_are_compared_where_trained_and_elsewhere() -> None:
    rows, others = [], []
    for seed in range(4):
        for test in ("defocus=0nm", "defocus=10nm"):
            shift = test != "defocus=0nm"
            rows.append(row("defocus=0nm", test, -3 + 0.5 * shift + 0.01 * seed, seed))
            others.append(row("defocus=0nm", test, -2.9 + 1.5 * shift + 0.01 * seed, seed, network="m"))
    found = between_networks(rows, others)
    assert found is not None
    own, elsewhere = found
    assert own.value == pytest.approx(0.1) and elsewhere.value == pytest.approx(1.1)
    assert own.low < 0.1 < own.high and own.high - own.low < 0.04
    assert between_networks(rows, [one | {"train": "dose=30"} for one in others]) is None


def drawn(loss: Any) -> list[dict[str, Any]]:
    """Rows at the conditions of the study `wide`, with ln(loss) a function of (train, test) texts."""
    block = load_study("wide").blocks[0]
    assert block.draw_train is not None and block.draw_test is not None
    trains = [";".join(one) for one in drawn_sets(block.draw_train)]
    tests = [one for (one,) in drawn_sets(block.draw_test)]
    return [row(train, test, loss(train, test)) for train in trains for test in tests]


def dose(text: str) -> float:
    return float(text.partition("dose=")[2].partition("e/A2")[0])


def test_the_slope_along_an_axis_is_the_one_put_in_however_hard_the_conditions_are() -> None:
    hardness = np.random.default_rng(1).normal(size=64)
    order: dict[str, int] = {}

    def loss(train: str, test: str) -> float:
        hard = hardness[order.setdefault(test, len(order))]
        moved = np.log(dose(train) / dose(test)) if ";" not in train else 0.0
        return float(-3 + hard + 0.8 * max(moved, 0.0) + 0.2 * max(-moved, 0.0))

    found = axis_slopes(drawn(loss))
    assert found["dose, tested lower"].value == pytest.approx(0.8, abs=1e-3)
    assert found["dose, tested higher"].value == pytest.approx(0.2, abs=1e-3)
    assert found["defocus"].value == pytest.approx(0, abs=1e-3)
    assert found["another camera"].value == pytest.approx(0, abs=1e-3)


def test_without_enough_training_sets_or_settings_there_are_no_slopes() -> None:
    assert axis_slopes(sided(0.3)) == {}
    assert axis_slopes([row(f"structure={k}", "structure=0", -3) for k in range(12)]) == {}


def test_mixtures_gain_what_was_put_in() -> None:
    found = mixture_gains(drawn(lambda train, test: -3 - 0.25 * (train.count(";") > 0)))
    assert sorted(found) == [2, 4]
    assert found[2].value == pytest.approx(-0.25) and found[4].value == pytest.approx(-0.25)


def test_the_interval_of_a_mixture_knows_how_training_sets_of_one_condition_differ() -> None:
    alike = mixture_gains(drawn(lambda train, test: -3.0))[4]
    apart = mixture_gains(drawn(lambda train, test: -3 + 0.5 * (dose(train) > 150) * (";" not in train)))[4]
    assert alike.low == alike.high == pytest.approx(0)
    assert apart.high - apart.low > 0.1


def test_the_page_has_a_section_for_what_the_rows_say(tmp_path: Path) -> None:
    other = [
        one | {"block": "other", "network": "m", "name": "m" + one["name"]}
        for one in sided(0.3)
        if one["train"] == "defocus=5nm"
    ]
    write_findings(pa.Table.from_pylist([*sided(0.3), *other], schema=schema()), tmp_path, "T")
    text = (tmp_path / "findings.md").read_text()
    assert "## Which side of focus is forgiving" in text and "| b: CdSe, film below | 1.31 (" in text  # exp(0.27)
    assert "they lose more, 1.31 (" in text and "| other beside b, elsewhere |" in text
    assert "What mixtures buy" not in text and "along each axis" not in text


@pytest.mark.parametrize("count", [1, 13, 60])
def test_the_page_of_an_unfinished_study_of_drawn_conditions_says_what_there_is(count: int, tmp_path: Path) -> None:
    study = load_study("wide")
    kinds = {one.name: one for one in study.specimens}
    rows = [
        row(
            one.train_id, test, -3 - 0.25 * (";" in one.train_id), one.seed,
            specimens=one.specimens, material=kinds[one.specimens].material, film=kinds[one.specimens].film,
        )
        for one in networks(study)[:count] for test in one.test or ()
    ]  # fmt: skip
    written = write_findings(pa.Table.from_pylist(rows, schema=schema()), tmp_path, "T", 1008)
    text = written[-1].read_text()
    assert f"{count} network{'s' * (count > 1)} of the 1,008 planned" in text
    assert [f"]({path.name})" in text for path in written[:-1]] == [True] * (1 if count == 1 else 2)
    assert "What mixtures buy" not in text  # two training sets of one condition are too few


def test_the_page_of_drawn_conditions_has_what_axes_and_mixtures_say(tmp_path: Path) -> None:
    rows = drawn(lambda train, test: -3 - 0.25 * (";" in train) + 0.1 * np.log(dose(train) / dose(test)))
    write_findings(pa.Table.from_pylist(rows, schema=schema()), tmp_path, "T")
    text = (tmp_path / "findings.md").read_text()
    assert "**A shift costs most along " in text and "| trained at 4 conditions | 0.7" in text
