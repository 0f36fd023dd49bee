"""A whole study on a toy: its matrices against the results of its networks, its ranking, its files and its page."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import hrtem_bench as hb
from hrtem_bench.cli import run
from hrtem_bench.comparison.report_pages import PAGE_START
from hrtem_bench.errors import InputError
from hrtem_bench.scoring.run import read_run
from hrtem_bench.study import analyse, open_study, parse_study, read_study
from hrtem_bench.study.networks import every_network, folder_of
from hrtem_bench.study.ranking import ranked


def test_matrices_are_those_of_the_networks(finished: tuple[Path, str]) -> None:
    out, text = finished
    found, opened = read_study(out), open_study(parse_study(text))
    assert found.sets == ["over", "focus", "both"]
    assert [one.condition for one in found.tests] == [
        "defocus=-10nm", "defocus=0nm", "defocus=10nm", "dose=75", "dose=300",
    ]  # fmt: skip
    for row, name in enumerate(found.sets):
        networks = [one for one in every_network(opened.study) if one.training.name == name]
        runs = [[read_run(folder_of(out, one) / track) for track in ("defocus", "dose")] for one in networks]
        dice = np.array([[point.dice for one in pair for point in one.results.curve] for pair in runs])
        assert found.matrices.array("dice")[row] == pytest.approx(dice.mean(axis=0))
        assert found.matrices.array("dice_seed_sd")[row] == pytest.approx(dice.std(axis=0, ddof=1))
    conditions = {one.condition_id: one for one in opened.track.conditions}
    both = (conditions[name] for name in ("defocus=-10nm", "defocus=10nm"))
    train, test = (hb.ConditionSet.about(one.condition, one.spread) for one in both)
    assert found.matrices.sigma[0][2] == pytest.approx(hb.sigma(train, test, found.q_max), abs=1e-3)
    assert found.matrices.coverage[0][2] == pytest.approx(hb.coverage(train, test, found.q_max), abs=1e-3)
    assert found.matrices.distance[0] == [0.0, 10.0, 20.0, None, None]
    assert found.matrices.trained == [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [1, 1, 0, 0, 0]]
    drop, dice = found.matrices.array("drop"), found.matrices.array("dice")
    assert drop[:, 0] == pytest.approx(dice[0, 0] - dice[:, 0])  # against the set trained there alone


def test_the_table_has_a_row_for_each_network_and_condition(finished: tuple[Path, str]) -> None:
    out, _ = finished
    table = pq.read_table(out / "matrix.parquet").to_pydict()
    assert len(table["dice"]) == 6 * 5
    found = read_study(out)
    rows = [i for i, name in enumerate(table["training"]) if name == "both" and table["condition"][i] == "dose=75"]
    assert [table["seed"][i] for i in rows] == [0, 1]
    assert np.mean([table["dice"][i] for i in rows]) == pytest.approx(found.matrices.dice[2][3])
    assert [table["sigma"][i] for i in rows] == [found.matrices.sigma[2][3]] * 2


def test_the_ranking_is_by_mean_dice(finished: tuple[Path, str]) -> None:
    out, _ = finished
    found = read_study(out)
    means = dict(zip(found.sets, found.matrices.array("dice").mean(axis=1), strict=True))
    assert [one.name for one in found.ranking] == sorted(means, key=lambda name: -means[name])
    for one in found.ranking:
        assert one.mean.value == pytest.approx(means[one.name])
        assert one.behind.value == pytest.approx(found.ranking[0].mean.value - means[one.name], abs=1e-12)
        assert one.coverage_mean == pytest.approx(found.matrices.array("coverage")[found.sets.index(one.name)].mean())


def test_the_page_is_self_contained(finished: tuple[Path, str]) -> None:
    out, _ = finished
    page = (out / "report.html").read_text()
    assert page.startswith(PAGE_START)
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    found = read_study(out)
    assert found.conclusions[0].split(" has the highest")[0] == found.ranking[0].name
    for name in ("matrix-dice", "matrix-sigma", "law-sigma", "ranking"):
        assert (out / "figures" / f"{name}.svg").is_file()
        assert f'id="{name}-' in page


def test_the_same_study_gives_the_same_words(finished: tuple[Path, str]) -> None:
    out, text = finished
    assert analyse(open_study(parse_study(text)), out)[0] == read_study(out)


def test_laws_of_another_study_are_held_against_this_one(
    finished: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of itself here: what is not fitted anew has the errors of the fit to all, so no more than of sets left out."""
    out, text = finished
    again = tmp_path / "out"
    shutil.copytree(out, again)
    (tmp_path / "toy.toml").write_text(text)
    assert run(["study", str(tmp_path / "toy.toml"), "--out", str(again), "--laws", str(out)]) == 0
    assert "1 − Dice by laws found by the study toy" in capsys.readouterr().out
    found, alone = read_study(again), read_study(out)
    assert alone.elsewhere is None
    assert found.elsewhere is not None and (found.elsewhere.study, found.elsewhere.dataset) == ("toy", "toy")
    assert found.laws == alone.laws
    own = {(law.target, law.name): law for law in found.laws}
    assert found.elsewhere.laws
    for law in found.elsewhere.laws:
        fitted = own[law.target, law.name]
        assert law.coefficients == fitted.coefficients
        assert law.skill.value is not None and fitted.skill.value is not None
        assert law.skill.value >= fitted.skill.value
    assert "found by the study toy on toy" in (again / "report.html").read_text()
    assert "by the study toy on toy" in found.conclusions[-1]


def test_laws_that_cannot_be_read_are_said_before_anything_runs(
    study_text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "toy.toml").write_text(study_text)
    out = tmp_path / "out"
    assert run(["study", str(tmp_path / "toy.toml"), "--out", str(out), "--laws", str(tmp_path / "none.json")]) == 2
    assert "none.json cannot be read" in capsys.readouterr().err
    assert not out.exists()


def test_a_failed_network_is_one_line_and_status_2(
    study_text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "toy.toml").write_text(study_text)
    command = ["study", str(tmp_path / "toy.toml"), "--out", str(tmp_path / "out")]
    (tmp_path / "refuse").touch()
    assert run(command) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "failed: focus-0: it will not be trained here"
    assert "no network of the training set focus is finished" in lines[-1]
    (tmp_path / "refuse").unlink()
    assert run(command) == 0


def test_a_dry_run_makes_nothing(study_text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "toy.toml").write_text(study_text)
    assert run(["study", str(tmp_path / "toy.toml"), "--out", str(tmp_path / "out"), "--dry-run"]) == 0
    assert "6 networks, 3 training sets by 2 seeds; 0 are finished; each is scored on 13" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_files_that_are_not_a_study(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(InputError, match="no valid study"):
        read_study(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        read_study(tmp_path / "other.json")


def test_planted_differences_are_ranked_and_told_apart() -> None:
    """Twelve structures, three sets: one clearly ahead, two alike but for noise."""
    from test_law import physics

    rng = np.random.default_rng(0)
    hard = rng.uniform(0, 0.1, (12, 11))
    dice = np.stack([level - hard + 0.002 * rng.standard_normal((12, 11)) for level in (0.8, 0.9, 0.8)])
    names = ["a", "b", "c"]
    rows = ranked(dice, np.arange(3), names, [["x"]] * 3, [f"t{i}" for i in range(11)], physics(rng, sets=3))
    assert rows[0].name == "b" and rows[0].behind.value == 0
    assert all(one.p_holm < 0.01 and one.behind.low is not None and one.behind.low > 0.09 for one in rows[1:])
    assert all(one.seed_sd is None for one in rows)
