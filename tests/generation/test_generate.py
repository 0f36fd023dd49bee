"""Generation: the same bytes with any number of workers, through interruptions and failures."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import toy_datasets

import hrtem_bench
from hrtem_bench.dataset import generate, read_manifest, verify
from hrtem_bench.errors import InputError
from hrtem_bench.generation import generate as generation
from hrtem_bench.generation.assembly import PARTS


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy") / "one"
    manifest = generate(toy_datasets.recipe(), folder, workers=1, simulate=toy_datasets.simulate)
    return folder, manifest


def test_the_folder_is_whole(finished):
    folder, manifest = finished
    assert verify(folder).problems == ()
    assert read_manifest(folder) == manifest
    assert not list(folder.rglob(".*"))
    rows = {(s.path.split("/")[1], s.path.split("/")[2].split("-")[0]): s.rows for s in manifest.shards}
    assert rows == {
        ("defocus", "train"): 3 * 2, ("defocus", "validation"): 2, ("defocus", "test"): 3 * 3,
        ("dose", "train"): 2 * 2, ("dose", "validation"): 2, ("dose", "test"): 2 * 2,
        ("structure", "train"): 1, ("structure", "validation"): 1, ("structure", "test"): 2 * 2,
        ("joint", "train"): 3 * 2, ("joint", "validation"): 2, ("joint", "test"): 3 * 5,
        ("exit_waves", "test"): 2,
    }  # fmt: skip


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_do_not_change_a_byte(finished, tmp_path, workers):
    done = []
    generate(
        toy_datasets.recipe(),
        tmp_path / "many",
        workers=workers,
        simulate=toy_datasets.simulate,
        progress=toy_datasets.counting(done),
    )
    assert toy_datasets.files(tmp_path / "many") == toy_datasets.files(finished[0])
    assert done == [(k, 9) for k in range(10)]


@pytest.mark.slow
def test_four_workers_simulate_the_same_bytes(tmp_path):
    """With multislice itself, on specimens of a few thousand atoms."""
    recipe = toy_datasets.recipe(
        toy_datasets.TOML.replace("whole = false", "whole = false\ndiameter = 8\ngap = 2\nfilm_thickness = [10, 20]")
    )
    one, four = (generate(recipe, tmp_path / str(workers), workers=workers) for workers in (1, 4))
    assert one.checksum == four.checksum
    assert toy_datasets.files(tmp_path / "1") == toy_datasets.files(tmp_path / "4")
    assert verify(tmp_path / "4").ok


def test_a_finished_dataset_is_left_as_it_is(finished):
    before = toy_datasets.files(finished[0])
    again = generate(toy_datasets.recipe(), finished[0], simulate=toy_datasets.dying)
    assert again == finished[1]
    assert toy_datasets.files(finished[0]) == before


def start(folder: Path, workers: int) -> subprocess.Popen:
    here = Path(toy_datasets.__file__)
    process = subprocess.Popen(
        [sys.executable, str(here), str(folder), str(workers)], start_new_session=True, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while len(list((folder / PARTS).glob("*.arrow"))) < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


def wait_for_group(group: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError("worker processes outlived their parent")


@pytest.mark.parametrize(("workers", "how"), [(1, signal.SIGKILL), (2, signal.SIGKILL), (2, signal.SIGINT)])
def test_killed_and_run_again(finished, tmp_path, workers, how):
    folder = tmp_path / "killed"
    process = start(folder, workers)
    if how == signal.SIGINT:
        os.killpg(process.pid, how)  # what Ctrl-C in a terminal does: parent and workers get it
    else:
        process.send_signal(how)
    process.wait(20)
    wait_for_group(process.pid)
    kept = {p.name for p in (folder / PARTS).glob("*.arrow")}
    assert kept
    assert not (folder / "manifest.json").exists()
    with pytest.raises(InputError, match="no dataset"):
        verify(folder)
    done = []
    generate(
        toy_datasets.recipe(),
        folder,
        workers=1,
        simulate=toy_datasets.simulate,
        progress=toy_datasets.counting(done),
    )
    assert done[0] == (len(kept), 9)
    assert toy_datasets.files(folder) == toy_datasets.files(finished[0])


def test_killed_while_putting_together(finished, tmp_path, monkeypatch):
    from hrtem_bench.generation import assembly

    def failing(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(assembly, "sha256_of", failing)
        with pytest.raises(KeyboardInterrupt):
            generate(toy_datasets.recipe(), tmp_path, workers=1, simulate=toy_datasets.simulate)
    generate(toy_datasets.recipe(), tmp_path, workers=1, simulate=toy_datasets.dying)  # nothing is simulated again
    assert toy_datasets.files(tmp_path) == toy_datasets.files(finished[0])


@pytest.mark.parametrize(
    ("simulate", "workers", "words"),
    [
        (toy_datasets.dying, 2, "a worker died.*test-0000.*run the same command again"),
        (toy_datasets.hungry, 1, "test-00000: out of memory.*run the same command again, with fewer workers"),
        (toy_datasets.hungry, 2, "test-0.*: out of memory.*run the same command again, with fewer workers"),
        (toy_datasets.full_disk, 1, "test-00000: .*No space left on device.*run the same command again"),
        (toy_datasets.full_disk, 2, "test-0.*: .*No space left on device.*run the same command again"),
        (toy_datasets.broken, 1, "test-00000: ZeroDivisionError: a mistake in two lines; .*run the same command"),
        (toy_datasets.broken, 2, "test-0.*: ZeroDivisionError: a mistake in two lines; .*run the same command"),
    ],
)
def test_failures_are_explained_and_what_is_done_is_kept(finished, tmp_path, simulate, workers, words):
    with pytest.raises(InputError, match=words) as caught:
        generate(toy_datasets.recipe(), tmp_path, workers=workers, simulate=simulate)
    assert "\n" not in str(caught.value)
    assert list((tmp_path / PARTS).glob("train-*.arrow"))
    generate(toy_datasets.recipe(), tmp_path, workers=1, simulate=toy_datasets.simulate)
    assert toy_datasets.files(tmp_path) == toy_datasets.files(finished[0])


@pytest.mark.parametrize("workers", [1, 2])
def test_of_what_nobody_foresaw_the_traceback_is_kept(tmp_path, workers):
    with pytest.raises(InputError) as caught:
        generate(toy_datasets.recipe(), tmp_path, workers=workers, simulate=toy_datasets.broken)
    name = str(caught.value).partition(":")[0]
    log = tmp_path / PARTS / f"{name}.log"
    assert str(log) in str(caught.value)
    text = log.read_text(encoding="utf-8")
    assert text.startswith("Traceback")
    assert 'raise ZeroDivisionError("a mistake' in text
    assert text.endswith("ZeroDivisionError: a mistake\nin two lines\n")


def test_a_log_goes_when_its_structure_is_made(tmp_path):
    from hrtem_bench.generation.assembly import log_path, open_parts
    from hrtem_bench.generation.generate import GenerationRun, run_job
    from hrtem_bench.recipes.plan import Job

    recipe, job = toy_datasets.recipe(), Job("test", 0)
    open_parts(tmp_path, recipe)
    with pytest.raises(InputError, match="ZeroDivisionError"):
        run_job(GenerationRun(recipe, tmp_path, "cpu", toy_datasets.broken), job)
    assert log_path(tmp_path, job).exists()
    run_job(GenerationRun(recipe, tmp_path, "cpu", toy_datasets.simulate), job)
    assert not log_path(tmp_path, job).exists()


def test_a_file_that_cannot_be_written_whole_is_not_left_half(finished, tmp_path):
    code = f"""
import resource, sys
sys.path.insert(0, {str(Path(toy_datasets.__file__).parent)!r})
import toy_datasets
from hrtem_bench.dataset import generate
from hrtem_bench.errors import InputError
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
try:
    generate(toy_datasets.recipe(), {str(tmp_path)!r}, workers=1, simulate=toy_datasets.simulate)
except InputError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert re.match(rf"(train-0000\d: )?cannot write to {re.escape(str(tmp_path))}: File too large; ", ran.stdout)
    assert ran.stdout.count("\n") == 1
    assert not list(tmp_path.rglob("*.tmp"))
    generate(toy_datasets.recipe(), tmp_path, workers=1, simulate=toy_datasets.simulate)
    assert toy_datasets.files(tmp_path) == toy_datasets.files(finished[0])


def test_folders_that_cannot_be_used(finished, tmp_path):
    other = toy_datasets.recipe(toy_datasets.TOML.replace("seed = 7", "seed = 8"))
    with pytest.raises(InputError, match="holds another dataset, toy"):
        generate(other, finished[0], workers=1, simulate=toy_datasets.simulate)
    with pytest.raises(InputError):
        generate(toy_datasets.recipe(), tmp_path / "a", workers=1, simulate=toy_datasets.full_disk)
    with pytest.raises(InputError, match="unfinished dataset of another recipe"):
        generate(other, tmp_path / "a", workers=1, simulate=toy_datasets.simulate)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty and holds no dataset"):
        generate(other, tmp_path / "b", workers=1, simulate=toy_datasets.simulate)
    with pytest.raises(InputError, match="is not a folder"):
        generate(other, tmp_path / "b" / "thesis.txt", workers=1, simulate=toy_datasets.simulate)
    with pytest.raises(InputError, match="cannot write to"):
        generate(other, tmp_path / "b" / "thesis.txt" / "c", workers=1, simulate=toy_datasets.simulate)
    assert [p.name for p in (tmp_path / "b").iterdir()] == ["thesis.txt"]


def test_parts_of_other_code_are_not_mixed_in(finished, tmp_path, monkeypatch):
    from hrtem_bench.generation import assembly

    with pytest.raises(InputError):
        generate(toy_datasets.recipe(), tmp_path, workers=1, simulate=toy_datasets.full_disk)
    kept = toy_datasets.files(tmp_path)
    version = hrtem_bench.__version__
    for name, value, words in (("code_sha256", lambda: "0" * 64, "other sources"), ("__version__", "9.9.9", version)):
        with monkeypatch.context() as patch:
            patch.setattr(assembly if name == "code_sha256" else hrtem_bench, name, value)
            with pytest.raises(InputError, match=f"unfinished dataset of .*{words}.*delete it"):
                generate(toy_datasets.recipe(), tmp_path, workers=1, simulate=toy_datasets.simulate)
    assert toy_datasets.files(tmp_path) == kept
    generate(toy_datasets.recipe(), tmp_path, workers=1, simulate=toy_datasets.simulate)
    assert toy_datasets.files(tmp_path) == toy_datasets.files(finished[0])


def test_code_is_told_by_names_and_content_of_what_shapes_rows(tmp_path):
    from hrtem_bench.support.code_hash import SHAPING, sha256_of_sources

    package = Path(hrtem_bench.__file__).parent
    assert all((package / part).exists() for part in SHAPING)
    (tmp_path / "physics").mkdir()
    (tmp_path / "physics" / "a.py").write_text("x = 1\n")
    (tmp_path / "report.py").write_text("")
    first = sha256_of_sources(tmp_path, SHAPING)
    (tmp_path / "report.py").write_text("y = 1")
    (tmp_path / "physics" / "notes.txt").write_text("not code")
    assert sha256_of_sources(tmp_path, SHAPING) == first
    (tmp_path / "physics" / "a.py").write_text("x = 2\n")
    second = sha256_of_sources(tmp_path, SHAPING)
    (tmp_path / "physics" / "a.py").rename(tmp_path / "physics" / "b.py")
    third = sha256_of_sources(tmp_path, SHAPING)
    (tmp_path / "physics" / "c.cu").write_text("a kernel")
    assert len({first, second, third, sha256_of_sources(tmp_path, SHAPING)}) == 4


def test_a_gpu_is_not_given_a_process_for_every_core(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    assert [generation.default_workers(device) for device in ("cpu", "cuda")] == [64, generation.GPU_WORKERS]


def test_two_runs_do_not_write_into_one_folder(tmp_path):
    process = start(tmp_path / "x", 1)
    try:
        with pytest.raises(InputError, match="another run"):
            generate(toy_datasets.recipe(), tmp_path / "x", workers=1, simulate=toy_datasets.simulate)
    finally:
        process.kill()
        process.wait()


def test_a_track_does_not_depend_on_the_others(finished, tmp_path):
    text = toy_datasets.TOML
    alone = text[: text.index("[tracks.dose]")]
    generate(toy_datasets.recipe(alone), tmp_path / "alone", workers=1, simulate=toy_datasets.simulate)
    both = [toy_datasets.files(f / "data" / "defocus") for f in (tmp_path / "alone", finished[0])]
    assert both[0] == both[1]
