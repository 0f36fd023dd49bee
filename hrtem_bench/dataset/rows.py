"""What a row must be: replayed from the recipe, without simulating anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from hrtem_bench.conditions import Condition
from hrtem_bench.dataset.detectors import Recording, drawn_recording, mean_counts
from hrtem_bench.dataset.plan import Job, Plan
from hrtem_bench.dataset.recipe_tables import Recipe
from hrtem_bench.dataset.tracks import TrackCondition, draw
from hrtem_bench.support.child_seeds import child_seed

FAINTEST, BRIGHTEST = 0.6, 1.1
"""Mean counts over dose × pixel area × gain: what is scattered out of the image's band is missing, nothing is added."""


@dataclass(frozen=True)
class Expected:
    """A row before it is simulated: whose it is, its settings, its detector, the seed of its noise."""

    track: str
    structure_id: str
    condition_id: str
    scene: str
    repeat: int
    condition: Condition
    recording: Recording
    image_seed: int

    @property
    def label(self) -> str:
        """E.g. "defocus test-00003 defocus=-10nm"."""
        label = f"{self.track} {self.structure_id} {self.condition_id}"
        return f"{label} #{self.repeat}" if self.repeat else label


def expected_rows(plan: Plan, track: str, job: Job) -> Iterator[Expected]:
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


def check_row(row: dict[str, Any], wanted: Expected, recipe: Recipe) -> Iterator[str]:
    """What is wrong with a row, in words; nothing for a sound one."""
    columns = settings_columns(wanted.condition) | {
        "structure_id": wanted.structure_id,
        "condition_id": wanted.condition_id,
        "image_seed": wanted.image_seed,
        "pixel_size": recipe.sampling.pixel_size,
    }
    for name, value in columns.items():
        if row[name] != value:
            yield f"{name} is {row[name]!r}, the recipe gives {value!r}"
    yield from _check_specimen(row)
    yield from _check_pictures(row, recipe, wanted.recording)


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


def _check_specimen(row: dict[str, Any]) -> Iterator[str]:
    if row["particle_count"] is None or row["particle_count"] < 0:
        yield f"particle_count is {row['particle_count']}"
    if row["thickness"] is None or not 0 <= row["thickness"] < 1e5:
        yield f"thickness is {row['thickness']} Å"
    if row["zero_focus"] is None or not -1e5 < row["zero_focus"] <= 0:
        yield f"zero_focus is {row['zero_focus']} Å, and the particles lie upstream of the exit plane"


def _check_pictures(row: dict[str, Any], recipe: Recipe, recording: Recording) -> Iterator[str]:
    from hrtem_bench.dataset.encode import decode_png

    pictures = {}
    for name in ("image", "mask", "instances", "preview"):
        try:
            pictures[name] = decode_png(row[name]["bytes"])
        except (OSError, SyntaxError, ValueError, TypeError) as error:
            yield f"{name} is no PNG picture: {error}"
    if len(pictures) < 4:
        return
    image, mask, which = pictures["image"], pictures["mask"], pictures["instances"]
    shape = (recipe.sampling.pixels, recipe.sampling.pixels)
    if not image.shape == mask.shape == which.shape == shape:
        yield f"image, mask, instances have shapes {image.shape}, {mask.shape}, {which.shape}, not {shape}"
        return
    if image.dtype != np.uint16 or mask.dtype != np.uint8:
        yield f"image and mask are {image.dtype} and {mask.dtype}, not uint16 and uint8"
    if mask.max() > 1 or not np.array_equal(which > 0, mask > 0):
        yield "mask and instances do not agree, or the mask is not 0 and 1"
    if row["particle_count"] is not None and which.max() > row["particle_count"]:
        yield f"instances go up to {which.max()}, with {row['particle_count']} particles"
    if row["dose"]:
        pedestal, full = mean_counts(recording, row["dose"] * recipe.sampling.pixel_size**2)
        ratio = (float(image.mean()) - pedestal) / full
        if not FAINTEST < ratio < BRIGHTEST:
            yield f"the counts are {ratio:.2f} times dose × pixel area × gain, not {FAINTEST} to {BRIGHTEST}"
