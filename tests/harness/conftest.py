"""A small made-up track and models for it, so that the harness is tested without simulating anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from hrtem_bench.conditions import Condition
from hrtem_bench.errors import InputError

SIZE = 32
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


@dataclass(frozen=True)
class FakeCondition:
    condition_id: str
    value: float
    condition: Condition
    train: bool
    spread: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class FakeSample:
    structure_id: str
    condition_id: str
    image: np.ndarray
    mask: np.ndarray
    instances: np.ndarray
    condition: Condition


@dataclass(frozen=True)
class FakeTrack:
    """Discs on noise; the further the defocus from 0, the weaker the disc."""

    name: str = "defocus"
    axis: str = "defocus"
    unit: str = "nm"
    dataset: str = "fake"
    version: str = "1.0.0"
    checksum: str = "0" * 64
    pixel_size: float = 0.4
    n_structures: int = 6
    values: tuple[float, ...] = (-10.0, 0.0, 10.0, 20.0)
    reads: list[str] = field(default_factory=list)

    @property
    def conditions(self) -> tuple[FakeCondition, ...]:
        return tuple(
            FakeCondition(f"defocus={v:g}nm", v, Condition(C10=-10 * v, focal_spread=10.0), v == 0, {"C10": 15.0})
            for v in self.values
        )

    def select(self, conditions: Sequence[str] | None = None) -> tuple[FakeCondition, ...]:
        known = [one.condition_id for one in self.conditions]
        for name in conditions or ():
            if name not in known:
                raise InputError(f"the track has no condition {name!r}: it has {', '.join(known)}")
        return tuple(one for one in self.conditions if conditions is None or one.condition_id in conditions)

    def rows(self, split: str, conditions: Sequence[str] | None = None) -> Iterator[FakeSample]:
        for condition in self.select(conditions):
            self.reads.append(condition.condition_id)
            for structure in range(self.n_structures):
                yield self._sample(structure, condition)

    def _sample(self, structure: int, condition: FakeCondition) -> FakeSample:
        rng = np.random.default_rng([structure, int(condition.value) + 100])
        y, x = np.mgrid[:SIZE, :SIZE]
        mask = (y - 12 - structure) ** 2 + (x - 14) ** 2 < (5 + structure) ** 2
        rate = 20 + mask * 60 / (1 + abs(condition.value) / 3)
        return FakeSample(
            structure_id=f"s{structure}",
            condition_id=condition.condition_id,
            image=rng.poisson(rate).astype(np.float32),
            mask=mask.astype(np.uint8),
            instances=mask.astype(np.uint16),
            condition=condition.condition.replace(C10=condition.condition.C10 + 15.0 * rng.standard_normal()),
        )


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
        return (1 / (1 + np.exp(-self.steepness * images))).astype(np.float32)


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
