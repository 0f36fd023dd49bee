"""Comparing the rows of a dataset's files with those that the recipe gives."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_bench.errors import InputError, one_line
from hrtem_bench.generation.png import decode_png
from hrtem_bench.generation.waves import unpack
from hrtem_bench.recipes.detectors import Readout
from hrtem_bench.recipes.plan import DatasetPlan, Expected, Job, expected_rows, place_of, settings_columns
from hrtem_bench.recipes.schema import EXIT_WAVES, arrow_schema, columns_of
from hrtem_bench.recipes.tables import Recipe
from hrtem_bench.support.parquet import open_parquet

FAINTEST, BRIGHTEST = 0.6, 1.1
"""Mean counts over dose × pixel area × gain: what is scattered out of the image's band is missing, nothing is added."""


FAINTEST_WAVE, BRIGHTEST_WAVE = 0.5, 1.05
"""Mean intensity of an exit wave: the incident one's, less what is scattered out of the band."""


@dataclass
class Seen:
    """What the rows so far have shown: the structure of each mask and image."""

    structures: set[str] = field(default_factory=set)
    mask_of: dict[str, str] = field(default_factory=dict)
    owner_of_mask: dict[str, str] = field(default_factory=dict)
    image_at: dict[str, str] = field(default_factory=dict)
    images: int = 0


def check_shard(folder: Path, name: str, plan: DatasetPlan, seen: Seen) -> list[str]:
    """The problems of the rows of one file; `seen` is updated. A missing file has none."""
    import pyarrow as pa

    if not (folder / name).is_file():
        return []
    config = place_of(name).config
    jobs, problems = plan.shards[name], []
    expected: list[Any] = jobs if config == EXIT_WAVES else [r for j in jobs for r in expected_rows(plan, config, j)]
    try:
        file = open_parquet(folder / name)
        if not file.schema_arrow.equals(arrow_schema(columns_of(config)), check_metadata=True):
            return [f"{name}: the columns or their types are not those of {config}"]
        if file.metadata.num_rows != len(expected):
            problems.append(f"{name}: {file.metadata.num_rows} rows, the recipe gives {len(expected)}")
        rows = (row for batch in file.iter_batches(8) for row in batch.to_pylist())
        for number, (row, wanted) in enumerate(zip(rows, expected, strict=False)):
            label = f"{config} {wanted.structure_id}" if isinstance(wanted, Job) else wanted.label
            problems += [f"{name}, row {number} ({label}): {p}" for p in _check(row, wanted, plan, seen)]
    except (pa.ArrowException, OSError, InputError) as error:
        problems.append(f"{name}: {one_line(error)}")
    return problems


def _check(row: dict[str, Any], wanted: Expected | Job, plan: DatasetPlan, seen: Seen) -> Iterator[str]:
    if isinstance(wanted, Job):
        yield from _check_waves(row, wanted, plan)
        yield from _check_mask(row, wanted.structure_id, seen)
    else:
        seen.images += 1
        yield from check_row(row, wanted, plan.recipe)
        yield from _check_mask(row, f"{wanted.structure_id} {wanted.scene}".strip(), seen)
        yield from _check_image(row, wanted, seen)


def _check_mask(row: dict[str, Any], specimen: str, seen: Seen) -> Iterator[str]:
    """Check that a specimen has the same mask everywhere, and that no other structure has it unless it is empty."""
    structure = str(row["structure_id"])
    seen.structures.add(structure)
    mask = hashlib.sha256(row["mask"]["bytes"] or b"").hexdigest()
    if seen.mask_of.setdefault(specimen, mask) != mask:
        yield "the mask is not that of this structure's other images"
    owner = seen.owner_of_mask.setdefault(mask, structure)
    if owner != structure and _marks_anything(row["mask"]["bytes"]):
        leak = " of another split: leakage" if owner.split("-")[0] != structure.split("-", maxsplit=1)[0] else ""
        yield f"the mask is that of {owner}{leak}"


def _marks_anything(data: bytes) -> bool:
    try:
        return bool(decode_png(data).any())
    except (OSError, SyntaxError, ValueError, TypeError):
        return False  # no picture, which is a problem of its own


def _check_image(row: dict[str, Any], wanted: Expected, seen: Seen) -> Iterator[str]:
    image = hashlib.sha256(row["image"]["bytes"] or b"").hexdigest()
    before = seen.image_at.setdefault(image, wanted.label)
    if before != wanted.label:
        yield f"the image is the same as that of {before}"


def _check_waves(row: dict[str, Any], job: Job, plan: DatasetPlan) -> Iterator[str]:
    recipe = plan.recipe
    columns = {
        "structure_id": job.structure_id,
        "phonons": recipe.multislice.phonons,
        "field": recipe.sampling.field,
        "band": recipe.wave_band,
        "pixel_size": recipe.sampling.field / row["points"],
    }
    for name, value in columns.items():
        if row[name] != value:
            yield f"{name} is {row[name]!r}, the recipe gives {value!r}"
    try:
        waves = unpack(row["waves"], (row["phonons"], row["points"], row["points"]), row["field"], row["band"])
    except InputError as error:
        yield str(error)
        return
    intensity = float(np.mean(np.abs(waves) ** 2))
    if not FAINTEST_WAVE < intensity < BRIGHTEST_WAVE:
        yield f"the waves' mean intensity is {intensity:.3g}, not {FAINTEST_WAVE} to {BRIGHTEST_WAVE}"


def check_row(row: dict[str, Any], wanted: Expected, recipe: Recipe) -> Iterator[str]:
    """The problems of a row, in words; none for a sound one."""
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


def _check_specimen(row: dict[str, Any]) -> Iterator[str]:
    if row["particle_count"] is None or row["particle_count"] < 0:
        yield f"particle_count is {row['particle_count']}"
    if row["thickness"] is None or not 0 <= row["thickness"] < 1e5:
        yield f"thickness is {row['thickness']} Å"
    if row["zero_focus"] is None or not -1e5 < row["zero_focus"] <= 0:
        yield f"zero_focus is {row['zero_focus']} Å, and the particles lie upstream of the exit plane"


def _check_pictures(row: dict[str, Any], recipe: Recipe, recording: Readout) -> Iterator[str]:
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
        full = row["dose"] * recipe.sampling.pixel_size**2 * recording.gain
        ratio = (float(image.mean()) - recording.offset) / full
        if not FAINTEST < ratio < BRIGHTEST:
            yield f"the counts are {ratio:.2f} times dose × pixel area × gain, not {FAINTEST} to {BRIGHTEST}"
