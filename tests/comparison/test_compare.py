"""Paired comparison and leaderboard: tests against scipy, error rates by simulation, and what they say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from fake_track import FakeTrack
from scipy import stats

from hrtem_bench.comparison.compare import compare
from hrtem_bench.comparison.leaderboard import leaderboard
from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.report import board_markdown, comparison_sentences
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.run import Run, read_run
from hrtem_bench.scoring.statistics import Clusters, sign_flip_test

QUICK = Options(bootstrap_samples=200)


def test_sign_flips_agree_with_scipy() -> None:
    rng = np.random.default_rng(0)
    difference = rng.normal(0.1, 0.2, (9, 3))
    ours = sign_flip_test(Clusters(difference, np.ones_like(difference)))
    for i in range(3):
        theirs = stats.permutation_test(
            (difference[:, i],), np.sum, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
        )
        assert ours[i] == pytest.approx(theirs.pvalue)


def test_few_structures_cannot_be_significant() -> None:
    one_sided = Clusters(np.full((4, 1), 0.3), np.ones((4, 1)))
    assert sign_flip_test(one_sided)[0] == 2 / 2**4
    assert sign_flip_test(Clusters(np.zeros((6, 1)), np.ones((6, 1))))[0] == 1


def test_random_flips_agree_with_all_of_them() -> None:
    difference = np.random.default_rng(1).normal(0.05, 0.1, (12, 2))
    data = Clusters(difference, np.ones_like(difference))
    assert sign_flip_test(data, flips=4000) == pytest.approx(sign_flip_test(data, flips=4096), abs=0.03)


def test_false_alarms_are_as_rare_as_promised() -> None:
    rng = np.random.default_rng(2)
    p = [sign_flip_test(Clusters(rng.standard_normal((10, 1)) ** 3, np.ones((10, 1))))[0] for _ in range(400)]
    assert 0.02 < np.mean(np.array(p) <= 0.05) < 0.085


def run(folder: Path, track: Any, steepness: float, out: Path, name: str | None = None) -> Path:
    (folder / "steep.py").write_text(f"STEEPNESS = {steepness}\n")
    card = (folder / "card.toml").read_text().splitlines()
    card[1] = f'name = "{name or f"steepness {steepness:g}"}"'
    (folder / "card.toml").write_text("\n".join(card))
    evaluate(str(folder), track, out=out, options=QUICK)
    return out


def edited(run: Run, change: dict[str, np.ndarray], name: str) -> Run:
    """The run of another model: other scores for the same images."""
    model = msgspec.structs.replace(run.results.model, name=name)
    return Run(msgspec.structs.replace(run.results, model=model), run.per_image | change)


@pytest.fixture
def many() -> Any:
    """A track with structures enough to tell models apart."""
    return FakeTrack(n_structures=12)


def conclusion(runs: list[Run], metric: str = "dice") -> str:
    """What is said of the first pair."""
    comparison = compare(runs, metric)
    return " ".join(comparison_sentences(comparison, comparison.pairs[0]))


@pytest.fixture
def base(folder: Path, many: Any, tmp_path: Path) -> Run:
    return read_run(run(folder, many, 2.0, tmp_path / "a"))


def test_a_model_is_not_told_from_itself(base: Run) -> None:
    pair = compare([base, base]).pairs[0]
    assert (pair.first, pair.second) == ("steepness 2 (1)", "steepness 2 (2)")
    assert pair.mean.difference.value == 0 and pair.mean.p == 1
    assert all(one.p_holm == 1 for one in pair.conditions)
    assert pair.relative_error is not None and pair.relative_error.value == pytest.approx(1)
    assert "cannot be told apart" in conclusion([base, base])
    assert "At no single condition can the two be told apart." in conclusion([base, base])


def test_a_known_difference_is_found_where_it_is(base: Run) -> None:
    rng = np.random.default_rng(3)
    there = base.per_image["condition_id"] == "defocus=20nm"
    worse = base.per_image["dice"] - np.where(there, 0.2, 0.0) + 0.01 * rng.standard_normal(len(there))
    runs = [base, edited(base, {"dice": worse}, "other")]
    pair = compare(runs).pairs[0]
    assert pair.conditions[3].condition == "defocus=20nm"
    there_it_is = pair.conditions[3].difference
    assert there_it_is.value == pytest.approx(0.2, abs=0.01)
    assert there_it_is.low is not None and there_it_is.high is not None
    assert there_it_is.low < 0.2 < there_it_is.high or there_it_is.low > 0.19
    assert pair.conditions[3].p_holm < 0.05
    assert all(one.p_holm > 0.05 for one in pair.conditions[:3])
    assert pair.mean.difference.value == pytest.approx(0.05, abs=0.005)
    assert pair.relative_error is not None and pair.relative_error.value < 1
    assert "steepness 2 is better than other at 1 of 4 conditions (defocus=20nm)" in conclusion(runs)
    assert "Over the track steepness 2 is better than other by 0.05" in conclusion(runs)
    assert "At the other 3 conditions the two cannot be told apart." in conclusion(runs)


def test_pairing_finds_what_separate_intervals_would_hide(base: Run) -> None:
    """A difference far smaller than the spread between structures."""
    better = edited(base, {"dice": base.per_image["dice"] + 0.002}, "better")
    pair = compare([better, base]).pairs[0]
    assert base.per_image["dice"].std() > 0.02
    assert pair.mean.difference.low is not None and pair.mean.difference.low > 0
    assert conclusion([better, base]).startswith("Over the track better is better than steepness 2 by 0.002")
    assert "at all conditions" in conclusion([better, base])


def test_a_lower_loss_is_better(base: Run) -> None:
    runs = [base, edited(base, {"nll": base.per_image["nll"] + 0.1}, "other")]
    pair = compare(runs, "nll").pairs[0]
    assert pair.mean.difference.value == pytest.approx(-0.1)
    assert "steepness 2 is better than other" in conclusion(runs, "nll")
    assert pair.relative_error is None


def test_three_models_make_three_pairs(base: Run) -> None:
    others = [edited(base, {"dice": base.per_image["dice"] - 0.1 * k}, f"m{k}") for k in (1, 2)]
    names = [(pair.first, pair.second) for pair in compare([base, *others]).pairs]
    assert names == [("steepness 2", "m1"), ("steepness 2", "m2"), ("m1", "m2")]


def test_the_correction_is_for_all_tests_of_all_pairs(base: Run) -> None:
    """Holm's rule written out, over three pairs of four conditions, and over the three means."""
    rng = np.random.default_rng(5)
    noisy = [
        edited(base, {"dice": base.per_image["dice"] - shift + 0.05 * rng.standard_normal(48)}, f"m{shift}")
        for shift in (0.03, 0.06)
    ]
    pairs = compare([base, *noisy]).pairs
    tests = [one for pair in pairs for one in pair.conditions]
    assert len({one.p for one in tests}) > 4
    for group in (tests, [pair.mean for pair in pairs]):
        ranked = sorted(group, key=lambda one: one.p)
        for place, one in enumerate(ranked):
            due = max(min(1.0, (len(ranked) - k) * before.p) for k, before in enumerate(ranked[: place + 1]))
            assert one.p_holm == pytest.approx(due)


def test_what_cannot_be_compared_is_named(base: Run, folder: Path, track: Any, many: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least two"):
        compare([base])
    data = msgspec.structs.replace(base.results.dataset, checksum="f" * 64)
    other = Run(msgspec.structs.replace(base.results, dataset=data), base.per_image)
    with pytest.raises(InputError, match="scored on different datasets"):
        compare([base, other])
    fewer = read_run(run(folder, track, 2.0, tmp_path / "fewer"))
    with pytest.raises(InputError, match="scored on different images"):
        compare([base, fewer])
    with pytest.raises(InputError, match="there is no metric 'dise': there are dice, iou"):
        compare([base, base], "dise")


def test_files_that_disagree_are_refused(folder: Path, track: Any, tmp_path: Path) -> None:
    out = run(folder, track, 2.0, tmp_path / "a")
    content = json.loads((out / "results.json").read_text())
    content["curve"][2]["scores"]["dice"]["value"] += 0.01
    (out / "results.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"do not give the curve at defocus=10nm"):
        read_run(out)


def test_a_leaderboard(folder: Path, many: Any, tmp_path: Path) -> None:
    boards = tmp_path / "boards"
    run(folder, many, 2.0, boards / "steep")
    run(folder, many, 2.001, boards / "deep" / "steeper")
    run(folder, many, -2.0, boards / "wrong", name="wrong | way")
    (board,) = leaderboard(boards)
    assert [(row.model, row.path) for row in board.rows][2] == ("wrong | way", "wrong")
    assert {row.path for row in board.rows} == {"steep", "deep/steeper", "wrong"}
    assert (board.rows[2].rank, board.rows[2].rank_low, board.rows[2].rank_high) == (3, 3, 3)
    assert board.rows[0].rank == 1
    assert all(row.rank_low <= row.rank <= row.rank_high for row in board.rows)
    assert board.rows[0].mean_dice.value == pytest.approx(np.mean([point.dice.value for point in board.rows[0].curve]))
    assert all(row.mean_dice.low < row.mean_dice.value < row.mean_dice.high for row in board.rows)  # type: ignore[operator]
    assert msgspec.json.decode(msgspec.json.encode(board))["rows"][2]["model"] == "wrong | way"
    table = board_markdown(board).splitlines()
    assert len({line.replace(r"\|", "").count("|") for line in table[2:]}) == 1
    assert table[-1].startswith(r"| 3 (3–3) | wrong \| way | 0.")


def test_equal_models_share_a_rank(folder: Path, track: Any, tmp_path: Path) -> None:
    run(folder, track, 2.0, tmp_path / "b" / "one", name="one")
    run(folder, track, 2.0, tmp_path / "b" / "two", name="two")
    assert [row.rank for row in leaderboard(tmp_path / "b")[0].rows] == [1, 1]


def test_dataset_versions_are_kept_apart_and_unofficial_results_out(folder: Path, track: Any, tmp_path: Path) -> None:
    from dataclasses import replace

    boards = tmp_path / "boards"
    run(folder, track, 2.0, boards / "one")
    run(folder, replace(track, version="2.0.0", checksum="1" * 64), 2.0, boards / "two")
    evaluate(str(folder), track, out=boards / "part", options=Options(bootstrap_samples=200, limit=3))
    assert [board.dataset.version for board in leaderboard(boards)] == ["1.0.0", "2.0.0"]
    assert [len(board.rows) for board in leaderboard(boards)] == [1, 1]
    assert len(leaderboard(boards, unofficial=True)) == 3


def test_what_holds_no_results_is_named(folder: Path, track: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        leaderboard(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"holds no results\.json"):
        leaderboard(tmp_path / "empty")
    evaluate(str(folder), track, out=tmp_path / "r" / "part", options=Options(bootstrap_samples=200, limit=3))
    with pytest.raises(InputError, match=r"all 1 results .* unofficial"):
        leaderboard(tmp_path / "r")
    (tmp_path / "r" / "broken").mkdir()
    (tmp_path / "r" / "broken" / "results.json").write_text("{}")
    with pytest.raises(InputError, match="no valid results file"):
        leaderboard(tmp_path / "r")
