"""A test set that is new: the dataset's recipe with another seed."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import msgspec

from hrtem_bench.dataset import Manifest, Recipe, Track, generate, open_dataset
from hrtem_bench.errors import InputError
from hrtem_bench.recipes.loading import recipe_from_dict
from hrtem_bench.recipes.tables import Structures, recipe_hash
from hrtem_bench.support.progress import CountProgress


def fresh_recipe(manifest: Manifest, track: str, seed: int) -> Recipe:
    """The recipe of a new test set for one track: as many test structures, none for training, everything else the same.

    manifest: of the public dataset. InputError for a track that it has not, and for its own seed.
    """
    recipe = recipe_from_dict(manifest.recipe)
    if track not in recipe.tracks:
        raise InputError(f"the dataset {manifest.name} has no track {track!r}: it has {', '.join(recipe.tracks)}")
    if seed == recipe.seed:
        raise InputError(f"seed {seed} is the dataset's own: its test set would be the public one; give another")
    one = recipe.tracks[track]
    structures = Structures(train=0, validation=0, test=(one.structures or recipe.structures).test)
    return msgspec.structs.replace(
        recipe,
        name=f"{recipe.name}-fresh",
        seed=seed,
        default_track=track,
        structures=structures,
        tracks={track: msgspec.structs.replace(one, structures=None)},
        exit_waves=None,
    )


def fresh_track(
    manifest: Manifest, track: str, seed: int, cache: Path | None = None, progress: CountProgress | None = None
) -> Track:
    """The track of a fresh test set, see `fresh_recipe`; generated unless the folder `cache` holds it.

    cache: by default `cache_folder`. progress: as in `generate`.
    """
    recipe = fresh_recipe(manifest, track, seed)
    folder = (cache or cache_folder()) / f"{recipe.name}-{track}-{seed}-{recipe_hash(recipe)[:12]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    generate(recipe, folder, progress=progress)
    return replace(open_dataset(folder, track), unofficial=f"a fresh test set, made from seed {seed}")


def cache_folder() -> Path:
    """Where fresh test sets are kept: hrtem-bench/fresh below XDG_CACHE_HOME, by default ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hrtem-bench" / "fresh"
