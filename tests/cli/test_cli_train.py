"""`hrtem-bench train`."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hrtem_bench.cli import run

pytest.importorskip("torch")


def test_it_trains_at_chosen_conditions_and_evaluate_takes_the_folder(
    baseline: Path, toy_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "trained"
    where = ["--data", str(toy_folder), "--conditions", "defocus=-10nm", "--out", str(out)]
    assert (
        run(["train", str(baseline), *where, "--steps", "3", "--seed", "4", "--augment", "blur=1", "--name", "N"]) == 0
    )
    assert "validation: loss" in capsys.readouterr().out
    card = (out / "card.toml").read_text()
    assert 'name = "N"' in card and "seed = 4" in card and "blur = 1.0" in card
    assert run(["evaluate", str(out), "--data", str(toy_folder), "--out", str(tmp_path / "results")]) == 0


def test_all_conditions_are_those_with_training_images(baseline: Path, toy_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "trained"
    where = ["--data", str(toy_folder), "--all-conditions", "--out", str(out), "--steps", "2"]
    assert run(["train", str(baseline), *where]) == 0
    assert "defocus=0nm" in (out / "card.toml").read_text()


def test_settings_are_rendered_from_kept_waves(baseline: Path, kept_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "trained"
    settings = ["defocus=-7nm,dose=200", "defocus=12nm,camera=k3-300kV"]
    asked = [word for one in settings for word in ("--settings", one)]
    assert run(["train", str(baseline), "--data", str(kept_folder), "--out", str(out), "--steps", "2", *asked]) == 0
    record = tomllib.loads((out / "card.toml").read_text())["trained_on"]
    assert record["track"] == "rendered" and record["conditions"] == settings and record["images"] == 6
    assert {one["dose"] for one in record["condition"]} == {200.0, 400.0}
    assert run(["evaluate", str(out), "--data", str(kept_folder), "--out", str(tmp_path / "results")]) == 0


def test_settings_that_cannot_be_rendered_are_said_in_one_line(
    baseline: Path, toy_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["train", str(baseline), "--data", str(toy_folder), "--out", str(tmp_path / "out"), "--settings"]
    assert run([*asked, "defocus=-7nm"]) == 2
    assert "keeps no exit waves of train structures" in capsys.readouterr().err
    assert run([*asked, "defocus=-7nm", "--settings", "defocus=-7nm"]) == 2
    assert "given twice" in capsys.readouterr().err
    assert run([*asked, "defocus=-7nm", "--conditions", "defocus=0nm"]) == 2
    assert "say what to train at" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "say what to train at"),
        (["--conditions", "defocus=0nm", "--all-conditions"], "say what to train at"),
        (["--conditions", "defocus=0nm", "--device", "cuda:77"], "no device cuda:77"),
        (["--conditions", "defocus=0nm", "--device", "tpu"], "unknown device 'tpu'"),
        (["--conditions", "defocus=0nm", "--augment", "fog=1"], "fog"),
        (["--conditions", "defocus=0nm", "--augment", "blur=much"], "write NAME=NUMBER"),
        (["--conditions", "defocus=3nm"], "did you mean"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    options: list[str], words: str, baseline: Path, toy_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(["train", str(baseline), "--data", str(toy_folder), "--out", str(out), *options]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert not out.exists()
