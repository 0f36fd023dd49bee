"""A baseline that trains in no time, and a study of it on the toy dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from hrtem_bench.cli import run

CARD = """schema_version = 1
name = "Square"
description = "Smoothed squares."
authors = ["A. Tester"]
licence = "BSD-3-Clause"

[model]
entry = "model:load"
train = "train:train"

[input]
normalisation = "standardised"
output = "probabilities"
"""
MODEL = """
import numpy as np

def load(folder):
    level = float((folder / "level.txt").read_text())
    return lambda images: (1 / (1 + np.exp(-level * images))).astype(np.float32)
"""
TRAIN = """
import shutil
import time
from pathlib import Path

from hrtem_bench.errors import InputError


def train(data, track, conditions, out, *, seed=0, epochs=None):
    here = Path(__file__).parent
    marks = here.parent
    with (marks / "calls.txt").open("a") as file:
        file.write(f"{' '.join(conditions)} {seed}\\n")
    if (marks / "refuse").exists() and conditions == ["defocus=0nm"]:
        raise InputError("it will not be trained here")
    if (marks / "break").exists() and conditions == ["defocus=0nm"]:
        raise ZeroDivisionError("a mistake\\nin two lines")
    out.mkdir(parents=True)
    (out / "level.txt").write_text(str(1.0 + len(conditions) + 0.3 * seed))
    while (marks / "slow").exists():
        time.sleep(0.05)
    for name in ("card.toml", "model.py"):
        shutil.copy(here / name, out / name)
    print("trained")
"""
STUDY = """
name = "toy"
data = "{data}"
track = "defocus"
baseline = "{baseline}"
seeds = 2
test_tracks = ["dose"]

[[training]]
name = "over"
conditions = ["defocus=-10nm"]

[[training]]
name = "focus"
conditions = ["defocus=0nm"]

[[training]]
name = "both"
conditions = ["defocus=-10nm", "defocus=0nm"]
"""


def write_baseline(folder: Path) -> Path:
    """The folder of the baseline; files refuse, break and slow beside it change what it does, calls.txt tells."""
    folder.mkdir()
    for name, text in (("card.toml", CARD), ("model.py", MODEL), ("train.py", TRAIN)):
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    """The baseline's folder, in tmp_path."""
    return write_baseline(tmp_path / "square")


@pytest.fixture
def study_text(toy_folder: Path, baseline: Path) -> str:
    """A STUDY.toml: three training sets by two seeds, tested on two tracks."""
    return STUDY.format(data=toy_folder, baseline=baseline)


@pytest.fixture(scope="session")
def finished(toy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of such a study that has run from the command line, to be read, and its STUDY.toml."""
    place = tmp_path_factory.mktemp("study")
    text = STUDY.format(data=toy_folder, baseline=write_baseline(place / "square"))
    (place / "toy.toml").write_text(text)
    assert run(["study", str(place / "toy.toml"), "--out", str(place / "out")]) == 0
    return place / "out", text
