"""Runs that were interrupted, killed or broken off go on where they were, and end as if nothing had happened."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_track import FakeTrack, predictor

from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.scoring.options import Options

QUICK = Options(bootstrap_samples=200)
TOLD = Options(bootstrap_samples=200, train_conditions=["defocus=0nm"])


class Killed(BaseException):
    pass


def kill_after(count: int) -> Any:
    """A progress callback that stops the run after so many images, as a signal would."""

    def progress(what: str, done: int, total: int) -> None:
        if done >= count:
            raise Killed

    return progress


@pytest.fixture
def long_track() -> FakeTrack:
    """Of 80 images, so that scores are kept on the way."""
    return FakeTrack(n_structures=20)


@pytest.mark.parametrize("limit", [None, 17])
def test_an_interrupted_run_resumes_and_ends_the_same(
    limit: int | None, folder: Path, long_track: FakeTrack, tmp_path: Path
) -> None:
    track: Any = long_track
    options = replace(QUICK, limit=limit)
    whole = evaluate(str(folder), track, out=tmp_path / "whole", options=options)
    out = tmp_path / "out"
    with pytest.raises(Killed):
        evaluate(str(folder), track, out=out, options=options, progress=kill_after(50))
    assert not (out / "results.json").exists()
    track.reads.clear()
    resumed = evaluate(str(folder), track, out=out, options=options)
    trial, rest = track.reads
    assert trial == 0 and 32 <= rest <= 50
    assert resumed.results.curve == whole.results.curve
    assert resumed.results.summary == whole.results.summary
    assert (out / "per_image.parquet").read_bytes() == (tmp_path / "whole" / "per_image.parquet").read_bytes()
    assert sorted(path.name for path in out.iterdir()) == ["per_image.parquet", "results.json"]


KILLED = """
import os, signal, sys
sys.path.insert(0, {here!r})
from fake_track import FakeTrack
from hrtem_bench.evaluation import evaluate
from hrtem_bench.scoring import Options


def progress(what, done, total):
    if done >= {after}:
        os.kill(os.getpid(), signal.SIGKILL)


track, options = FakeTrack(n_structures=20), Options(bootstrap_samples=200, batch_size=4)
evaluate({folder!r}, track, out={out!r}, options=options, progress=progress)
"""


def test_a_killed_process_resumes_to_the_same_results_file(folder: Path, long_track: FakeTrack, tmp_path: Path) -> None:
    """Killed before anything was kept, right after it was, and some images later; then left to finish."""
    evaluate(str(folder), long_track, out=tmp_path / "whole", options=replace(QUICK, batch_size=4))
    out = tmp_path / "out"
    for after in (6, 32, 50, 99):
        script = KILLED.format(here=str(Path(__file__).parent), folder=str(folder), out=str(out), after=after)
        code = subprocess.run([sys.executable, "-c", script], check=False, timeout=120).returncode
        assert code == (0 if after == 99 else -signal.SIGKILL)
        assert (out / "results.json").exists() is (after == 99)
    assert sorted(path.name for path in out.iterdir()) == ["per_image.parquet", "results.json"]
    contents = [json.loads((path / "results.json").read_text()) for path in (out, tmp_path / "whole")]
    for content in contents:
        del content["provenance"]
    assert contents[0] == contents[1]


def test_another_model_or_setting_does_not_resume(folder: Path, long_track: FakeTrack, tmp_path: Path) -> None:
    track: Any = long_track
    out = tmp_path / "out"
    with pytest.raises(Killed):
        evaluate(str(folder), track, out=out, options=QUICK, progress=kill_after(50))
    (folder / "steep.py").write_text("STEEPNESS = 1.0\n")
    track.reads.clear()
    again = evaluate(str(folder), track, out=out, options=QUICK)
    assert track.reads == [0, 0]
    assert again.results.curve == evaluate(str(folder), track, options=QUICK).results.curve


def test_a_function_whose_weights_changed_unseen_does_not_resume(long_track: FakeTrack, tmp_path: Path) -> None:
    track: Any = long_track
    (tmp_path / "weights.txt").write_text("1.0")
    code = f"return p * float(open({str(tmp_path / 'weights.txt')!r}).read())"
    model, out = predictor(tmp_path, code), tmp_path / "out"
    with pytest.raises(Killed):
        evaluate(model, track, out=out, options=QUICK, progress=kill_after(50))
    (tmp_path / "weights.txt").write_text("0.9")
    track.reads.clear()
    evaluate(model, track, out=out, options=QUICK)
    assert track.reads == [0, 0]


def test_a_damaged_partial_file_is_scored_again(folder: Path, long_track: FakeTrack, tmp_path: Path) -> None:
    track: Any = long_track
    out = tmp_path / "out"
    with pytest.raises(Killed):
        evaluate(str(folder), track, out=out, options=QUICK, progress=kill_after(50))
    for file in (out / ".partial").glob("*.scores.json"):
        file.write_bytes(file.read_bytes()[:40])
    again = evaluate(str(folder), track, out=out, options=QUICK)
    assert again.results.curve == evaluate(str(folder), track, options=QUICK).results.curve


def test_a_crash_of_the_model_keeps_what_is_finished(long_track: FakeTrack, tmp_path: Path) -> None:
    """A model that fails at its 41st image, then works: what was kept is not given to it again."""
    track: Any = long_track
    code = "seen = len(open(LOG).read())\nif seen == 40: raise RuntimeError('gone')\n"
    code = code.replace("LOG", repr(str(tmp_path / "log"))) + "calls.append(len(images))\nreturn p"
    (tmp_path / "log").write_text("")

    def progress(what: str, done: int, total: int) -> None:
        (tmp_path / "log").write_text("." * done)

    options = replace(TOLD, batch_size=4)
    model = predictor(tmp_path, code)
    with pytest.raises(InputError, match="RuntimeError: gone"):
        evaluate(model, track, out=tmp_path / "out", options=options, progress=progress)
    assert (tmp_path / "out" / ".partial").exists()
    assert not (tmp_path / "out" / "results.json").exists()
    (tmp_path / "log").write_text("")
    track.reads.clear()
    resumed = evaluate(model, track, out=tmp_path / "out", options=options)
    assert track.reads == [0, 32]
    assert resumed.results.curve == evaluate(model, track, options=options).results.curve
