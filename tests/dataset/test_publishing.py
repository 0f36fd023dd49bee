"""The Hub: uploaded to a double of it, and read back from there with the libraries users have."""

import os
import subprocess
import sys
import time

import hub_double
import pytest
import toy_datasets

from hrtem_bench.dataset import generate, publish
from hrtem_bench.errors import InputError

REPO = "lab/toy"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("publishing") / "toy"
    generate(toy_datasets.recipe(), folder, workers=1, simulate=toy_datasets.simulate)
    return folder


@pytest.fixture
def hub():
    with hub_double.running() as hub:
        yield hub


@pytest.fixture
def run(hub, tmp_path):
    """Run Python in a process of its own, since huggingface_hub reads its endpoint when it is imported."""

    def run(code, token=hub_double.TOKEN):
        env = os.environ | {
            "HF_ENDPOINT": hub.url,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HOME": str(tmp_path / "hf"),
            "HF_TOKEN": token,
        }
        code = "from hrtem_bench.dataset import *\nfrom hrtem_bench.errors import InputError\n" + code
        command = [sys.executable, "-c", code]
        return subprocess.run(command, check=False, capture_output=True, text=True, env=env, timeout=120)

    return run


def publishing(folder):
    return f"""
try:
    print(publish({str(folder)!r}, {REPO!r}, "v1.2.3").bytes)
except InputError as error:
    print("refused:", error)
"""


READING = f"""
import hashlib
from datasets import load_dataset
for streaming in (False, True):
    rows = load_dataset({REPO!r}, "defocus", split="test", revision="v1.2.3", streaming=streaming)
    pixels = b"".join(row["image"].tobytes() for row in rows)
    print(hashlib.sha256(pixels).hexdigest())
track = open_dataset({REPO!r}, "defocus", revision="v1.2.3")
samples = list(track.rows("test"))
print(hashlib.sha256(b"".join(s.image.astype("<u2").tobytes() for s in samples)).hexdigest())
print(len(list(open_exit_waves({REPO!r}, revision="v1.2.3").rows())))
for bad in (("defocus", "v9"), ("defocos", None)):
    try:
        open_dataset({REPO!r}, *bad)
    except InputError as error:
        print(error)
"""


def test_uploaded_and_loaded_back_exactly(folder, hub, run):
    import hashlib

    from hrtem_bench.dataset import open_dataset

    uploaded = run(publishing(folder))
    assert uploaded.returncode == 0, uploaded.stderr
    repository = hub.repositories[REPO]
    files = repository.commits[repository.names["v1.2.3"]]
    assert set(files) == {"README.md", "croissant.json", "eval.yaml", "manifest.json"} | {
        str(p.relative_to(folder)) for name in ("data", "pictures") for p in (folder / name).rglob("*.*")
    }
    assert f'load_dataset("{REPO}", "defocus"' in files["README.md"].decode()
    read = run(READING)
    assert read.returncode == 0, read.stderr
    lines = read.stdout.splitlines()
    pixels = b"".join(s.image.astype("<u2").tobytes() for s in open_dataset(folder, "defocus").rows("test"))
    assert lines[:3] == [hashlib.sha256(pixels).hexdigest()] * 3
    assert lines[3] == "2"
    assert "no such revision" in lines[4]
    assert "did you mean defocus?" in lines[5]


def test_an_interrupted_upload_is_taken_up(folder, hub, run):
    hub.fail_after = 4
    cut = run(publishing(folder))
    assert cut.returncode == 0, cut.stderr
    assert cut.stdout.startswith("refused: the upload to lab/toy")
    assert "run the same command again" in cut.stdout
    assert cut.stdout.count("\n") == 1
    assert not hub.repositories[REPO].tags
    sent, hub.fail_after = len(hub.uploads), None
    again = run(publishing(folder))
    assert again.stdout.strip().isdigit(), again.stdout + again.stderr
    assert len(hub.uploads) == len(set(hub.uploads)) > sent  # nothing was sent twice
    assert hub.repositories[REPO].tags == ["v1.2.3"]
    twice = run(publishing(folder))
    assert "a version is published once" in twice.stdout


def test_a_refused_token_is_one_line_and_never_shown(folder, hub, run):
    refused = run(publishing(folder), token="hf_wrong_secret")
    assert refused.stdout.startswith("refused: the upload to lab/toy: the Hub refuses the token (401)")
    assert refused.stdout.count("\n") == 1
    assert "hf_wrong_secret" not in refused.stdout + refused.stderr
    assert not hub.repositories


def test_a_dry_run_says_what_would_go(folder):
    publication = publish(folder, REPO, "v1.2.3", dry_run=True)
    assert publication.url == "https://huggingface.co/datasets/lab/toy"
    on_disk = {str(p.relative_to(folder)): p.stat().st_size for p in folder.rglob("*.parquet")}
    assert {k: v for k, v in publication.files.items() if k in on_disk} == on_disk
    assert publication.bytes > sum(on_disk.values())


def test_a_hub_that_is_not_there(folder, run, hub):
    hub.url = "http://127.0.0.1:9"
    started = time.monotonic()
    refused = run(publishing(folder))
    assert "the Hub cannot be reached" in refused.stdout
    assert time.monotonic() - started < 40


@pytest.mark.parametrize(
    ("repo", "tag", "words"),
    [(REPO, "v1.2.4", "its tag is v1.2.3"), ("toy", "v1.2.3", "organisation/name")],
)
def test_what_does_not_fit_is_refused_before_anything_is_sent(folder, repo, tag, words):
    with pytest.raises(InputError, match=words):
        publish(folder, repo, tag)


def test_a_damaged_dataset_is_not_published(folder, tmp_path):
    import shutil

    copy = shutil.copytree(folder, tmp_path / "copy")
    next(copy.rglob("*.parquet")).unlink()
    with pytest.raises(InputError, match="problems"):
        publish(copy, REPO, "v1.2.3")


def test_croissant_is_valid_and_reads_the_rows(folder):
    import json

    import mlcroissant

    dataset = mlcroissant.Dataset(str(folder / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    card = json.loads((folder / "croissant.json").read_text(encoding="utf-8"))
    for field in ("dataCollection", "dataBiases", "dataLimitations", "dataUseCases", "personalSensitiveInformation"):
        assert card[f"rai:{field}"]
    rows = list(dataset.records("defocus/test"))
    assert len(rows) == 9
    assert rows[0]["defocus/test/image"].mode == "I;16"
    assert rows[0]["defocus/test/dose"] == 400.0
