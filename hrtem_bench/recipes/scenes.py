"""From a recipe's tables to the specimens they describe."""

from __future__ import annotations

import dataclasses

from hrtem_bench.errors import InputError
from hrtem_bench.recipes.tables import Recipe, SceneTrack
from hrtem_bench.specimens import SceneSpec
from hrtem_bench.support.toml_tables import key_error


def scene_spec(recipe: Recipe, key: str = "") -> SceneSpec:
    """The specimen of a recipe, "", or of a variant, "track.scene"; InputError names what is not valid."""
    name, _, scene = key.partition(".")
    track = recipe.tracks.get(name)
    table = recipe.scene | (track.scenes[scene] if isinstance(track, SceneTrack) else {})
    where = f"tracks.{key}" if key else "scene"
    known = [f.name for f in dataclasses.fields(SceneSpec) if f.name != "box"]
    for name, value in table.items():
        if name not in known:
            raise key_error(f"{where}.{name}", value, f"not known; allowed are {', '.join(known)}")
    try:
        field = recipe.sampling.field
        return SceneSpec(box=(field, field), **table)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
