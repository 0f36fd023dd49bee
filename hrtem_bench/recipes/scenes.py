"""From a recipe's tables to the specimens they describe."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hrtem_bench.errors import InputError
from hrtem_bench.recipes.tables import Recipe, SceneTrack
from hrtem_bench.support.toml_tables import key_error


def embed_crystals(raw: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The tables of a recipe with the content of every CIF file in place of its path, relative to `folder`.

    A recipe must hold everything that shapes the data, since a file beside it could change.
    """
    tables = dict(raw)
    if isinstance(tables.get("scene"), Mapping):
        tables["scene"] = _embedded(tables["scene"], folder)
    if isinstance(tables.get("tracks"), Mapping):
        tables["tracks"] = {
            name: {**track, "scenes": {key: _embedded(scene, folder) for key, scene in track["scenes"].items()}}
            if isinstance(track, Mapping) and isinstance(track.get("scenes"), Mapping)
            else track
            for name, track in tables["tracks"].items()
        }
    return tables


def _embedded(scene: Any, folder: Path) -> Any:
    if not isinstance(scene, Mapping) or not isinstance(scene.get("crystals"), list):
        return scene
    return {**scene, "crystals": [_from_cif(crystal, folder) for crystal in scene["crystals"]]}


def _from_cif(crystal: Any, folder: Path) -> Any:
    if not isinstance(crystal, Mapping) or not isinstance(crystal.get("cif"), str):
        return crystal
    from hrtem_bench.specimens import lattice_from_dict, lattice_to_dict

    return lattice_to_dict(lattice_from_dict({**crystal, "cif": str(folder / crystal["cif"])}))


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
