"""What tests of several layers share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import toy_datasets
from fake_track import FakeTrack
from hypothesis import settings

settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


@pytest.fixture(scope="session")
def toy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy dataset, to be read and not written: it keeps the exit waves of two of its three test structures."""
    from hrtem_bench.dataset import generate

    folder = tmp_path_factory.mktemp("shared") / "toy"
    generate(toy_datasets.recipe(), folder, workers=1, simulate=toy_datasets.simulate)
    return folder


@pytest.fixture(scope="session")
def kept_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy dataset, to be read and not written, that keeps the exit waves of structures of every split."""
    from hrtem_bench.dataset import generate

    folder = tmp_path_factory.mktemp("shared") / "kept"
    kept = "[exit_waves]\nstructures = { train = 3, validation = 1, test = 2 }\n"
    text = toy_datasets.TOML.replace("[exit_waves]\nstructures = 2\n", kept)
    generate(toy_datasets.recipe(text), folder, workers=1, simulate=toy_datasets.simulate)
    return folder


@pytest.fixture
def track() -> FakeTrack:
    return FakeTrack()


MODEL = """
from dataclasses import dataclass

import numpy as np

from .steep import STEEPNESS


@dataclass
class Logistic:
    steepness: float

    def __call__(self, images):
        return (0.5 + 0.5 * np.tanh(0.5 * self.steepness * images)).astype(np.float32)


def load(folder):
    return Logistic(STEEPNESS)
"""

CARD = """schema_version = 1
name = "Logistic"
description = "Brightness to probability."
authors = ["A. Tester"]
licence = "BSD-3-Clause"

[model]
entry = "model:load"
weights = "weights.safetensors"

[input]
normalisation = "standardised"
output = "probabilities"
"""

TRAINED_ON = """
[trained_on]
track = "defocus"
conditions = ["defocus=0nm"]
dataset_checksum = "abc"
seed = 3

[[trained_on.condition]]
C10 = 3.0
focal_spread = 10.0

[[trained_on.condition]]
C10 = -12.0
focal_spread = 10.0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A submission folder with card, code in two modules, and weights of 12 parameters."""
    safetensors = pytest.importorskip("safetensors.numpy")
    path = tmp_path / "logistic"
    path.mkdir()
    (path / "model.py").write_text(MODEL)
    (path / "steep.py").write_text("STEEPNESS = 2.0\n")
    (path / "card.toml").write_text(CARD + TRAINED_ON)
    safetensors.save_file({"a": np.zeros((3, 4), np.float32)}, path / "weights.safetensors")
    return path


NETWORK = """
import torch


def network():
    return torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(4, 1, 1))


def broken():
    raise RuntimeError("no such network")
"""

NETWORK_CARD = """schema_version = 1
name = "Small"

[model]
network = "model:network"

[input]
output = "logits"
"""


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    """A folder whose card names a network of two layers, to be trained, and whose code has one that raises."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "card.toml").write_text(NETWORK_CARD)
    (folder / "model.py").write_text(NETWORK)
    return folder
