"""A dask cluster of several processes: the same bytes, also when one of them is killed on the way."""

import os
import signal
import threading
import time

import pytest
import toy_datasets

from hrtem_bench.dataset import generate, verify
from hrtem_bench.errors import InputError
from hrtem_bench.generation.assembly import PARTS
from hrtem_bench.generation.generate import GenerationRun, run_remote
from hrtem_bench.recipes.plan import Job
from hrtem_bench.support.code_hash import code_sha256


@pytest.mark.slow
def test_a_cluster_gives_the_same_bytes_with_a_worker_killed(tmp_path):
    from distributed import Client, LocalCluster

    generate(toy_datasets.recipe(), tmp_path / "alone", workers=1, simulate=toy_datasets.simulate)
    folder = tmp_path / "cluster"
    with LocalCluster(n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            pids = list(client.run(os.getpid).values())

        def kill_one():
            while not list((folder / PARTS).glob("*.arrow")):
                time.sleep(0.02)
            os.kill(pids[0], signal.SIGKILL)

        killer = threading.Thread(target=kill_one)
        killer.start()
        generate(toy_datasets.recipe(), folder, scheduler=cluster.scheduler_address, simulate=toy_datasets.slow)
        killer.join()
    assert toy_datasets.files(folder) == toy_datasets.files(tmp_path / "alone")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("simulate", "words"),
    [
        (toy_datasets.dying, r"test-0000\d.*: one worker after another died on it; finished structures are kept"),
        (toy_datasets.broken, r"test-0000\d.*: ZeroDivisionError: .*; its traceback is in .*\.log; finished"),
    ],
)
def test_a_structure_that_cannot_be_made_on_a_cluster_is_named(tmp_path, simulate, words):
    import dask
    from distributed import LocalCluster

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        pytest.raises(InputError, match=words) as caught,
    ):
        generate(toy_datasets.recipe(), tmp_path, scheduler=cluster.scheduler_address, simulate=simulate)
    assert "\n" not in str(caught.value)
    generate(toy_datasets.recipe(), tmp_path, workers=1, simulate=toy_datasets.simulate)
    assert verify(tmp_path).ok


@pytest.mark.parametrize(
    ("code", "folder", "words"), [("other", PARTS, "has another hrtem-bench"), (code_sha256(), "", "does not see")]
)
def test_a_worker_with_other_code_or_another_disk_is_refused(tmp_path, code, folder, words):
    (tmp_path / folder).mkdir(exist_ok=True)
    with pytest.raises(InputError, match=words) as caught:
        run_remote(GenerationRun(toy_datasets.recipe(), tmp_path, "cpu", toy_datasets.simulate), Job("test", 0), code)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.rglob("*.arrow"))


def test_no_scheduler_is_one_line(tmp_path, monkeypatch):
    from hrtem_bench.generation import generate as generation

    monkeypatch.setattr(generation, "CONNECT_TIMEOUT", 1.0)
    with pytest.raises(InputError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9") as caught:
        generate(toy_datasets.recipe(), tmp_path, scheduler="tcp://127.0.0.1:9", simulate=toy_datasets.simulate)
    assert "\n" not in str(caught.value)
