"""Networks of a study: each by itself, taken up again, never half-written."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from hrtem_bench.errors import InputError
from hrtem_bench.scoring.run import read_run
from hrtem_bench.study import Outcome, Study, estimate, open_study, parse_study, run_networks
from hrtem_bench.study.networks import every_network, folder_of, make_remote, record_of, study_code


@pytest.fixture
def study(study_text: str) -> Study:
    return parse_study(study_text)


def calls(marks: Path) -> list[str]:
    return (marks / "calls.txt").read_text().splitlines()


def test_every_network_is_trained_and_scored_once(study: Study, tmp_path: Path) -> None:
    moved: list[tuple[int, int]] = []
    out = tmp_path / "out"
    assert run_networks(study, out, progress=lambda *p: moved.append(p)) == []
    assert moved == [(i, 6) for i in range(7)]
    assert sorted(calls(tmp_path)) == sorted(
        f"{c} {s}" for c in ("defocus=-10nm", "defocus=0nm", "defocus=-10nm defocus=0nm") for s in (0, 1)
    )
    for network in every_network(study):
        folder = folder_of(out, network)
        assert sorted(p.name for p in folder.iterdir()) == ["defocus", "dose", "log.txt", "model", "network.json"]
        assert (folder / "log.txt").read_text() == "trained\n"
        assert [len(read_run(folder / track).results.curve) for track in ("defocus", "dose")] == [3, 2]
    shutil.rmtree(folder_of(out, every_network(study)[0]) / "dose")
    (folder_of(out, every_network(study)[0]) / "network.json").unlink()
    trained = len(calls(tmp_path))
    assert run_networks(study, out) == []
    assert len(calls(tmp_path)) == trained  # only what was missing is scored again


def test_a_network_that_fails_leaves_the_others_be(study: Study, tmp_path: Path) -> None:
    out, told = tmp_path / "out", list[Outcome]()
    for mark, words in (
        ("break", "ZeroDivisionError: a mistake in two lines; the traceback is in"),
        ("refuse", "will not"),
    ):
        (tmp_path / mark).touch()
        failures = run_networks(study, out, failed=told.append)
        (tmp_path / mark).unlink()
        assert [one.name for one in failures] == ["focus-0", "focus-1"]
        assert all(words in one.error and "\n" not in one.error for one in failures)
    assert len(told) == 4
    networks = every_network(study)
    assert [one.name for one in networks if record_of(out, one)] == ["over-0", "both-0", "over-1", "both-1"]
    assert run_networks(study, out) == []
    assert not list(out.rglob("error.txt"))


def test_a_changed_study_is_refused(study: Study, tmp_path: Path) -> None:
    out = tmp_path / "out"
    study = msgspec.structs.replace(study, training=study.training[:1], seeds=1, test_tracks=[])
    run_networks(study, out)
    for change, key in (({"epochs": 3}, "epochs"), ({"seeds": 2}, "seeds"), ({"limit": 1}, "limit")):
        with pytest.raises(InputError, match=f"differs in {key}") as error:
            run_networks(msgspec.structs.replace(study, **change), out)
        assert "\n" not in str(error.value)
    run_networks(msgspec.structs.replace(study, batch_size=2, seeds=[0]), out)  # no score depends on these


def test_a_folder_of_something_else_is_refused(study: Study, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(InputError, match="holds no study"):
        run_networks(study, tmp_path)
    with pytest.raises(InputError, match="no folder of a study"):
        run_networks(study, tmp_path / "mine.txt")


def test_processes_make_the_same_networks(study: Study, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    study = msgspec.structs.replace(study, seeds=1, test_tracks=[])
    assert run_networks(study, one) == run_networks(study, two, workers=2) == []
    for network in every_network(study):
        curves = [read_run(folder_of(out, network) / "defocus").results.curve for out in (one, two)]
        assert curves[0] == curves[1]


RUN = """
import sys
from pathlib import Path
from hrtem_bench.study import load_study, run_networks
if __name__ == "__main__":
    run_networks(load_study(sys.argv[1]), Path(sys.argv[2]), workers=int(sys.argv[3]))
"""


@pytest.mark.parametrize(("workers", "how"), [(1, signal.SIGKILL), (2, signal.SIGKILL), (2, signal.SIGINT)])
def test_what_was_killed_while_training_goes_on(
    study_text: str, tmp_path: Path, workers: int, how: signal.Signals
) -> None:
    """The trainer stands still with its folder half-written; nothing takes that for a model afterwards."""
    (tmp_path / "run.py").write_text(RUN)
    (tmp_path / "toy.toml").write_text(study_text)
    slow = tmp_path / "slow"
    slow.touch()
    out = tmp_path / "out"
    command = [sys.executable, str(tmp_path / "run.py"), str(tmp_path / "toy.toml"), str(out), str(workers)]
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    half = out / "networks" / "over-0" / ".training" / "model" / "level.txt"
    for _ in range(600):
        if half.exists():
            break
        time.sleep(0.05)
    assert half.exists()
    os.kill(running.pid, how)
    running.wait(30)
    time.sleep(0.3)  # workers leave when they see that their parent is gone
    slow.unlink()
    assert not (out / "networks" / "over-0" / "model").exists()
    study = parse_study(study_text)
    assert run_networks(study, out) == []
    assert all(record_of(out, one) for one in every_network(study))
    assert not list(out.rglob(".training"))


def test_an_estimate_counts_and_learns(study: Study, tmp_path: Path) -> None:
    out, opened = tmp_path / "out", open_study(study)
    before = estimate(opened, out)
    assert (before.networks, before.finished, before.seconds) == (6, 0, None)
    assert before.images == 3 * 3 + 2 * 2
    assert before.training_images == 2 * (3 + 3 + 6)
    run_networks(study, out)
    for network in every_network(study)[2:]:
        shutil.rmtree(folder_of(out, network))
    after = estimate(opened, out)
    assert (after.networks, after.finished, after.source) == (4, 2, "finished networks")
    spent = [record_of(out, one) for one in every_network(study)[:2]]
    assert after.seconds == pytest.approx(2 * sum(one.training + one.scoring for one in spent if one))


@pytest.mark.parametrize(
    ("code", "make", "words"), [("other", True, "another hrtem-bench"), ("", False, "does not see")]
)
def test_a_worker_elsewhere_must_have_the_code_and_see_the_folder(
    study: Study, tmp_path: Path, code: str, make: bool, words: str
) -> None:
    if make:
        (tmp_path / "networks").mkdir()
    with pytest.raises(InputError, match=words) as error:
        make_remote(study, tmp_path, code or study_code(), every_network(study)[0])
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_a_cluster_makes_the_networks(study: Study, tmp_path: Path) -> None:
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        assert run_networks(study, tmp_path / "out", scheduler=cluster.scheduler_address) == []
    assert all(record_of(tmp_path / "out", one) for one in every_network(study))
