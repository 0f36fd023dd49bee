"""A tiny track of discs with fringes in noise, in place of a generated folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.conditions import Condition
from hrtem_bench.dataset import TrackCondition
from hrtem_bench.errors import InputError

FRINGE = 2.15
"""Å: the (110) spacing of CdSe."""


def disc_image(seed: int, size: int = 64, pixel_size: float = 0.4) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Counts (ny, nx) of a fringed disc on a speckled field at 64 electrons per pixel, and the disc."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    cy, cx = rng.uniform(0.35, 0.65, 2) * size
    mask = np.hypot(y - cy, x - cx) < 0.25 * size
    angle = rng.uniform(0, np.pi)
    fringes = np.cos(2 * np.pi * (np.cos(angle) * x + np.sin(angle) * y) * pixel_size / FRINGE)
    expected = 64 * (1 + 0.5 * fringes * mask)
    return rng.poisson(expected).astype(np.float32), mask.astype(np.uint8)


IDS = ("defocus=-10nm", "defocus=0nm")


@dataclass(frozen=True)
class DiscTrack:
    """What training asks of a track: images at two conditions, which look alike."""

    name: str = "defocus"
    checksum: str = "0" * 64
    pixel_size: float = 0.4
    size: int = 64

    @property
    def conditions(self) -> tuple[TrackCondition, ...]:
        return tuple(
            TrackCondition(condition_id=name, value=float(k), condition=Condition(C10=100.0 - 100 * k), train=True)
            for k, name in enumerate(IDS)
        )

    def select(self, conditions: list[str] | None = None) -> tuple[TrackCondition, ...]:
        for name in conditions or ():
            if name not in IDS:
                raise InputError(f"the track {self.name} has no condition {name!r}")
        return tuple(one for one in self.conditions if conditions is None or one.condition_id in conditions)

    def rows(self, split: str, conditions: list[str] | None = None) -> Iterator[SimpleNamespace]:
        first, count = {"train": (0, 12), "validation": (100, 4), "test": (200, 6)}[split]
        for seed in range(first, first + count):
            for condition in conditions or IDS[:1]:
                image, mask = disc_image(seed, self.size, self.pixel_size)
                yield SimpleNamespace(
                    structure_id=f"s{seed}", condition_id=condition, image=image, mask=mask,
                    instances=mask.astype(np.uint16), condition=Condition(C10=100.0 + seed, dose=400.0),
                )  # fmt: skip
