"""Whether the files of one split are those that the dataset was made with: checksums, and settings of rows.

This is the cheap part of `verify`, done before every evaluation. Nothing is decoded.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hrtem_bench.conditions import Condition
from hrtem_bench.errors import InputError
from hrtem_bench.generation.manifest import MANIFEST, Manifest, dataset_checksum, shards_of
from hrtem_bench.recipes.loading import load_recipe, recipe_from_dict, shipped_recipes
from hrtem_bench.recipes.plan import DatasetPlan, Expected, dataset_plan, expected_rows, place_of, settings_columns
from hrtem_bench.recipes.schema import EXIT_WAVES
from hrtem_bench.recipes.tables import Recipe, recipe_hash
from hrtem_bench.recipes.tracks import track_axis
from hrtem_bench.support.files import sha256_of
from hrtem_bench.support.parquet import read_table


def check_unaltered(folder: Path, manifest: Manifest, config: str, split: str) -> None:
    """Raise InputError, one line, unless a split of a config, which is a track or the exit waves, is as it was made.

    Checked are the manifest's checksum over the files it lists; the size and SHA-256 of each file of the split; and,
    for a track, that conditions and settings of the rows are those that the recipe gives.
    """
    hint = f"generate or download it again; `hrtem-bench verify {folder}` says more"
    if dataset_checksum(manifest.shards) != manifest.checksum:
        raise InputError(f"{folder / MANIFEST}: checksum is not that of the files listed: {hint}")
    shards = shards_of(manifest, config, split)
    for shard in shards:
        path = folder / shard.path
        if not path.is_file():
            raise InputError(f"{path} is missing: {hint}")
        if path.stat().st_size != shard.bytes or sha256_of(path) != shard.sha256:
            raise InputError(f"{path} was changed: its SHA-256 is not that of {MANIFEST}: {hint}")
    if config == EXIT_WAVES:
        return
    plan = dataset_plan(_recipe(folder, manifest, hint))
    entry = manifest.tracks[config]
    if (entry.axis, entry.unit, entry.conditions) != (*track_axis(plan.recipe, config), plan.conditions[config]):
        raise InputError(f"{folder / MANIFEST}: the conditions of {config} are not those of its recipe: {hint}")
    due = plan.rows_in(config, split)
    rows = [row for shard in shards for row in _rows(folder / shard.path)]
    if len(rows) != due:
        raise InputError(f"{folder}: {config}, {split} has {len(rows)} images, its recipe gives {due}: {hint}")
    for row, wanted in zip(rows, _expected(plan, config, split), strict=True):
        for name, value in _columns(wanted).items():
            if row[name] != value:
                raise InputError(
                    f"{folder}: {name} of {wanted.label} is {row[name]!r}, its recipe gives {value!r}: {hint}"
                )


def published_defoci(name: str, version: str, track: str, split: str) -> dict[tuple[str, str], float] | None:
    """C10 in Å of every image of a split of a shipped recipe, by structure and condition.

    None if this version ships no such recipe, version or track. Of several images of one structure at one condition, as
    in training splits, the last is given.
    """
    recipe = load_recipe(name) if name in shipped_recipes() else None
    if recipe is None or recipe.version != version or track not in recipe.tracks:
        return None
    expected = _expected(dataset_plan(recipe), track, split)
    return {(one.structure_id, one.condition_id): one.condition.C10 for one in expected}


def _recipe(folder: Path, manifest: Manifest, hint: str) -> Recipe:
    """The recipe that the manifest holds, after comparing with it what the manifest says besides."""
    recipe = recipe_from_dict(manifest.recipe)
    due = {
        "recipe_sha256": recipe_hash(recipe), "name": recipe.name, "version": recipe.version, "seed": recipe.seed,
        "pixel_size": recipe.sampling.pixel_size,
    }  # fmt: skip
    wrong = next((name for name, value in due.items() if getattr(manifest, name) != value), None)
    if wrong is not None:
        raise InputError(f"{folder / MANIFEST}: {wrong} is not that of its recipe: {hint}")
    return recipe


def _expected(plan: DatasetPlan, track: str, split: str) -> Iterable[Expected]:
    paths = [path for path in plan.shards if place_of(path) == (track, split)]
    return (row for path in paths for job in plan.shards[path] for row in expected_rows(plan, track, job))


def _columns(wanted: Expected) -> dict[str, Any]:
    names = {"structure_id": wanted.structure_id, "condition_id": wanted.condition_id}
    return names | settings_columns(wanted.condition)


def _rows(path: Path) -> list[dict[str, Any]]:
    """The columns that say what an image is, without the pictures."""
    names = ["structure_id", "condition_id", *settings_columns(Condition())]
    rows: list[dict[str, Any]] = read_table(path, names).to_pylist()
    return rows
