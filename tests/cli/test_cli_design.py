"""`hrtem-bench design` from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from hrtem_bench.cli import run

TARGET = ["--target", "C10=-200:200:100,focal_spread=10", "--q-max", "1.25"]


def test_it_prints_a_plan_with_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--out", str(tmp_path / "plan.svg"), "--plan", str(tmp_path / "plan.toml")]
    assert run(["design", *TARGET, "--budget", "2", "--spread", "C10=15", *files]) == 0
    said = capsys.readouterr().out
    for words in ("adds", "evenly spaced", "all candidates", "the best alone", "does not know noise", "all "):
        assert words in said
    assert (tmp_path / "plan.svg").read_bytes().startswith(b"<?xml")
    assert "[tracks.planned]" in (tmp_path / "plan.toml").read_text()


def test_of_a_dataset_it_chooses_among_training_conditions(
    toy_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["design", "--data", str(toy_folder), "--budget", "1", "--out", str(tmp_path / "plan.png")]
    assert run(command) == 0
    said = capsys.readouterr().out
    assert f"--data {toy_folder} --track defocus --conditions defocus=-10nm --out" in said
    assert (tmp_path / "plan.png").read_bytes().startswith(b"\x89PNG")


def test_doses_that_differ_are_said_not_to_count(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["design", "--target", "C10=100,dose=30", "--target", "C10=150,dose=400", "--budget", "1"]) == 0
    assert "says nothing about noise" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("design --budget 2", "give --target"),
        ("design --budget 1000000000 --target C10=-400:400:50", "give at most 24"),
        ("design --budget 0 --target C10=1", "budget"),
        ("design --target C10=1", "--budget"),
        ("design --budget 1 --target C10=1 --out a.pdf", "must end in"),
        ("design --budget 1 --target C10=1 --plan a.json", "must end in .toml"),
        ("design --budget 1 --target C10=1 --candidates C11=3", "--candidates C11=3"),
        ("design --budget 1 --data nowhere", "no dataset"),
        ("design --budget 1 --data nowhere --candidates C10=1", "give --candidates or --data"),
        ("design --budget 1 --target C10=0", "nothing is transferred"),
        ("design --budget 1 --target C10=1 --spread dose=3", "--spread"),
    ],
)
def test_mistakes_are_one_line(
    command: str, words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(command.split()) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and words in error
