"""`predict-shift` from the command line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hrtem_bench.cli import run

COMMAND = ["predict-shift", "--train", "defocus=-10nm"]


def test_it_prints_losses_with_reasons_and_draws_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tests = ["--test", "defocus=-10nm", "--test", "dose=50,camera=k3-300kV"]
    assert run([*COMMAND, *tests, "--out", str(tmp_path / "shift.png")]) == 0
    said = capsys.readouterr().out
    assert "defocus=-10nm: hardness" in said  # trained there, nothing is lost by training
    assert re.search(r"dose=50,camera=k3-300kV: (mismatch|hardness|harder|easier|texture): .{20}", said)
    assert "law of 20" in said and "study wide" in said
    assert (tmp_path / "shift.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--test", "dose=0"], "dose must be above 0"),
        (["--test", "dose=inf"], "dose"),
        (["--test", "camera=none-such"], "none-such"),
        (["--test", "focus=3"], "focus"),
        (["--test", "energy=200kV"], "the exit waves of CdSe on carbon at"),
        (["--test", ";"], "no condition is given"),
        (["--test", "dose=9", "--data", "no-such-folder"], "no specimens 'no-such-folder'"),
        (["--test", "dose=9", "--out", "shift.doc"], ".svg or .png"),
        ([part for k in range(13) for part in ("--test", f"dose={k + 9}")] + ["--out", "s.png"], "draw them in parts"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(more: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*COMMAND, *more]) == 2
    said = capsys.readouterr().err
    assert words in said and len(said.splitlines()) == 1


def test_the_offset_of_results_needs_their_dataset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*COMMAND, "--test", "dose=9", "--results", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
