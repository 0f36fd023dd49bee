"""A recipe in detail: which specimens are simulated, and which rows of which files each of them gives."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from hrtem_bench.conditions import Condition
from hrtem_bench.recipes.detectors import Readout, drawn_recording
from hrtem_bench.recipes.schema import EXIT_WAVES
from hrtem_bench.recipes.tables import SPLITS, Recipe, Structures
from hrtem_bench.recipes.tracks import TrackCondition, draw, track_conditions
from hrtem_bench.support.child_seeds import child_seed

SHARD_BYTES = 400_000_000
"""Shards are cut at about this size, between structures."""
BYTES_PER_PIXEL = 1.1
"""About what a pixel of electron counts takes as PNG."""


@dataclass(frozen=True, order=True)
class Job:
    """The unit of work: structure `index` of `split`, as the specimen's variant `scene`, "" for the recipe's own."""

    split: str
    index: int
    scene: str = ""

    @property
    def structure_id(self) -> str:
        """E.g. "test-00003"; the same for every variant, which share their seed."""
        return f"{self.split}-{self.index:05d}"

    @property
    def name(self) -> str:
        """E.g. "test-00003" or "test-00003-structure.silicon": names the job's file."""
        return f"{self.structure_id}-{self.scene}" if self.scene else self.structure_id


@dataclass(frozen=True)
class DatasetPlan:
    """A recipe with the conditions of each of its tracks; `dataset_plan` makes it."""

    recipe: Recipe
    conditions: Mapping[str, tuple[TrackCondition, ...]]

    @cached_property
    def scenes(self) -> list[str]:
        """The recipe's own specimen, "", and the variants "track.scene" that conditions ask for."""
        return sorted({c.scene for conditions in self.conditions.values() for c in conditions})

    @cached_property
    def jobs(self) -> list[Job]:
        """Every job that some track needs, in the order of the finished files."""
        every = (
            Job(split, index, scene)
            for split in SPLITS
            for index in range(getattr(self.recipe.structures, split))
            for scene in self.scenes
        )
        return [job for job in every if self.keeps_waves(job) or any(self.row_count(t, job) for t in self.conditions)]

    @cached_property
    def _shown(self) -> dict[tuple[str, str, bool], tuple[TrackCondition, ...]]:
        """(track, scene, in test) -> conditions: all in test, the training ones otherwise."""
        return {
            (track, scene, test): tuple(c for c in conditions if c.scene == scene and (test or c.train))
            for track, conditions in self.conditions.items()
            for scene in self.scenes
            for test in (False, True)
        }

    def structures(self, track: str) -> Structures:
        """Number of structures of each split in a track."""
        return self.recipe.tracks[track].structures or self.recipe.structures

    def shown(self, track: str, job: Job) -> tuple[TrackCondition, ...]:
        """The conditions at which a track shows a job's specimen."""
        if job.index >= getattr(self.structures(track), job.split):
            return ()
        return self._shown[track, job.scene, job.split == "test"]

    def draws(self, track: str, split: str) -> int:
        """Images of one structure at one condition: one in test, where images are paired."""
        return 1 if split == "test" else self.recipe.tracks[track].draws

    def row_count(self, track: str, job: Job) -> int:
        """The rows that a job gives to a track."""
        return len(self.shown(track, job)) * self.draws(track, job.split)

    def rows_in(self, track: str, split: str) -> int:
        """The rows of a split of a track."""
        shown = sum(split == "test" or c.train for c in self.conditions[track])
        return int(getattr(self.structures(track), split)) * shown * self.draws(track, split)

    @cached_property
    def shards(self) -> dict[str, list[Job]]:
        """Path of each file -> its jobs, in order. A split without rows has one file without rows."""
        return {
            shard_path(track, split, index, len(groups)): group
            for track in self.conditions
            for split in SPLITS
            for groups in [self._groups(track, split)]
            for index, group in enumerate(groups)
        } | self._wave_shards

    @cached_property
    def _wave_shards(self) -> dict[str, list[Job]]:
        """As `shards`, for the exit waves; a split that keeps none has no file."""
        limit = max(1, int(SHARD_BYTES / self.wave_bytes))
        found: dict[str, list[Job]] = {}
        for split in SPLITS:
            keeping = [job for job in self.jobs if job.split == split and self.keeps_waves(job)]
            groups = [keeping[k : k + limit] for k in range(0, len(keeping), limit)]
            found |= {shard_path(EXIT_WAVES, split, k, len(groups)): group for k, group in enumerate(groups)}
        return found

    @property
    def wave_bytes(self) -> float:
        """Bytes of one specimen's exit waves: two half-precision numbers for each coefficient inside the band."""
        coefficients = math.pi * (self.recipe.wave_band * self.recipe.sampling.field) ** 2
        return 4 * coefficients * self.recipe.multislice.phonons

    def keeps_waves(self, job: Job) -> bool:
        """Whether a job's exit waves go into the dataset."""
        keep = self.recipe.exit_waves
        return keep is not None and not job.scene and job.index < keep.count(job.split)

    def rows_of(self, path: str) -> int:
        """The rows of one file."""
        config = place_of(path).config
        return sum(1 if config == EXIT_WAVES else self.row_count(config, job) for job in self.shards[path])

    def _groups(self, track: str, split: str) -> list[list[Job]]:
        limit = int(SHARD_BYTES / (BYTES_PER_PIXEL * self.recipe.sampling.pixels**2))
        groups: list[list[Job]] = [[]]
        rows = 0
        for job in self.jobs:
            count = self.row_count(track, job) if job.split == split else 0
            if count and rows and rows + count > limit:
                groups.append([])
                rows = 0
            if count:
                groups[-1].append(job)
                rows += count
        return groups


def dataset_plan(recipe: Recipe) -> DatasetPlan:
    """The plan of a recipe: a pure function of it."""
    return DatasetPlan(recipe, {name: track_conditions(recipe, name) for name in recipe.tracks})


def shard_path(track: str, split: str, index: int, count: int) -> str:
    """Path of a shard inside the dataset's folder."""
    return f"data/{track}/{split}-{index:05d}-of-{count:05d}.parquet"


class ShardPlace(NamedTuple):
    """Where a shard belongs: its config, which is a track or the exit waves, and its split."""

    config: str
    split: str


def place_of(path: str) -> ShardPlace:
    """The place of a shard, by its path."""
    _, config, name = path.split("/")
    return ShardPlace(config, name.partition("-")[0])


@dataclass(frozen=True)
class Expected:
    """A row before it is simulated: its structure, condition, settings, detector, and the seed of its noise."""

    track: str
    structure_id: str
    condition_id: str
    scene: str
    repeat: int
    condition: Condition
    recording: Readout
    image_seed: int

    @property
    def label(self) -> str:
        """E.g. "defocus test-00003 defocus=-10nm"."""
        label = f"{self.track} {self.structure_id} {self.condition_id}"
        return f"{label} #{self.repeat}" if self.repeat else label


def expected_rows(plan: DatasetPlan, track: str, job: Job) -> Iterator[Expected]:
    """The rows that a job gives to a track, in order: a pure function of its arguments."""
    for c in plan.shown(track, job):
        for k in range(plan.draws(track, job.split)):
            yield _expected(plan.recipe, track, job, c, k)


def settings_columns(c: Condition) -> dict[str, float | None]:
    """The columns that record an image's condition."""
    return {
        "energy": c.energy,
        "C10": c.C10,
        "C30": c.C30,
        "C12": c.aberrations.get("C12", 0.0),
        "phi12": c.aberrations.get("phi12", 0.0),
        "focal_spread": c.focal_spread,
        "angular_spread": c.angular_spread,
        "dose": c.dose,
    }


def _expected(recipe: Recipe, track: str, job: Job, c: TrackCondition, k: int) -> Expected:
    names = (track, c.condition_id, job.split, job.index, k)
    generator = np.random.default_rng(child_seed(recipe.seed, "spread", *names))
    return Expected(
        track=track,
        structure_id=job.structure_id,
        condition_id=c.condition_id,
        scene=c.scene,
        repeat=k,
        condition=draw(c.condition, recipe.tracks[track].spread, generator),
        recording=drawn_recording(recipe, c.camera, np.random.default_rng(child_seed(recipe.seed, "detector", *names))),
        image_seed=child_seed(recipe.seed, "noise", *names),
    )
