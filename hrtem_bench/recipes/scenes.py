"""From a recipe's tables to the specimens they describe."""

from __future__ import annotations

import dataclasses
from typing import Any

from hrtem_bench.errors import InputError
from hrtem_bench.recipes.tables import Recipe, SceneTrack
from hrtem_bench.support.toml_tables import key_error


def scene_table(recipe: Recipe, key: str = "") -> dict[str, Any]:
    """The [scene] of a recipe, with the overrides of the variant `key`, "track.scene"."""
    track_name, _, scene = key.partition(".")
    track = recipe.tracks.get(track_name)
    return recipe.scene | (track.scenes[scene] if isinstance(track, SceneTrack) else {})


def scene_spec(recipe: Recipe, key: str = "") -> Any:
    """The `specimens.SceneSpec` of a recipe's specimen, "", or of a variant; InputError names what is not valid."""
    from hrtem_bench.specimens import SceneSpec

    known = [f.name for f in dataclasses.fields(SceneSpec) if f.name != "box"]
    table, where = scene_table(recipe, key), f"tracks.{key}" if key else "scene"
    for name, value in table.items():
        if name not in known:
            raise key_error(f"{where}.{name}", value, f"not known; allowed are {', '.join(known)}")
    try:
        field = recipe.sampling.field
        return SceneSpec(box=(field, field), **table)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
