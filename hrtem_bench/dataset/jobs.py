"""The units of work: one specimen of one split, and the tracks that see it."""

from __future__ import annotations

from dataclasses import dataclass

from hrtem_bench.dataset.recipes import SPLITS, Recipe, Structures
from hrtem_bench.dataset.tracks import TrackCondition, track_conditions


@dataclass(frozen=True, order=True)
class Job:
    """Structure `index` of `split`, as the variant `scene` of the specimen ("" for the recipe's own)."""

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


def jobs(recipe: Recipe) -> list[Job]:
    """Every job of a recipe that some track needs, in the order of the finished files."""
    return [
        Job(split, index, scene)
        for split in SPLITS
        for index in range(getattr(recipe.structures, split))
        for scene in scene_keys(recipe)
        if any(job_conditions(recipe, name, Job(split, index, scene)) for name in recipe.tracks)
    ]


def scene_keys(recipe: Recipe) -> list[str]:
    """The recipe's own specimen, "", and its variants "track.scene", as far as conditions ask for them."""
    used = {c.scene for name in recipe.tracks for c in track_conditions(recipe, name)}
    return sorted(used)


def job_conditions(recipe: Recipe, track: str, job: Job) -> tuple[TrackCondition, ...]:
    """The conditions at which a track shows a job's structure: all for test, the training ones otherwise."""
    if job.index >= getattr(track_structures(recipe, track), job.split):
        return ()
    return tuple(
        c for c in track_conditions(recipe, track) if c.scene == job.scene and (c.train or job.split == "test")
    )


def track_structures(recipe: Recipe, track: str) -> Structures:
    """Number of structures of each split in a track."""
    return recipe.tracks[track].structures or recipe.structures


def images_per_condition(recipe: Recipe, track: str, split: str) -> int:
    """Images of one structure at one condition: the track's draws in training, one in test, where images are paired."""
    return 1 if split == "test" else recipe.tracks[track].draws
