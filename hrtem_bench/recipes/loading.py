"""Recipes read from TOML, the package's own or a user's, and checked."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from hrtem_bench.conditions import warn_if_suspicious
from hrtem_bench.imaging import read_curve
from hrtem_bench.recipes.checks import check_recipe
from hrtem_bench.recipes.tables import AnyTrack, KeptWaves, Multislice, Recipe, Recorder, Sampling, Structures
from hrtem_bench.recipes.tracks import track_conditions
from hrtem_bench.specimens import lattice_from_dict, lattice_to_dict
from hrtem_bench.support.reading import check_depth, parse_toml
from hrtem_bench.support.toml_tables import convert_table, plain_values, shipped_names, shipped_or_own

_TABLES: Mapping[str, type[Any]] = {
    "sampling": Sampling,
    "multislice": Multislice,
    "structures": Structures,
    "exit_waves": KeptWaves,
    "detector": Recorder,
}
_NAMING_FILES = ("scene", "detector", "tracks")
"""Keys whose tables may name files."""


def shipped_recipes() -> list[str]:
    """Names of the recipes in the package."""
    return shipped_names(_folder())


def load_recipe(name: str | Path) -> Recipe:
    """A recipe.

    Parameters
    ----------
    name
        Of a recipe in the package, or the path of a TOML file.

    Raises
    ------
    InputError
        If there is none, or it is not valid.
    """
    return parse_recipe(shipped_or_own(name, _folder(), "recipe"), Path(name).parent)


def parse_recipe(text: str, folder: Path = Path()) -> Recipe:
    """A checked Recipe from TOML text.

    Parameters
    ----------
    text
        TOML.
    folder
        Where CIF files and transfer curves that the recipe names are read from; they become part of the Recipe.

    Raises
    ------
    InputError
        Names the first key that is wrong, its value, and what is allowed.
    """
    raw = parse_toml(text, "the recipe")
    recipe = recipe_from_dict({k: _embedded(v, folder) if k in _NAMING_FILES else v for k, v in raw.items()})
    warn_if_suspicious(*(c.condition for name in recipe.tracks for c in track_conditions(recipe, name)))
    return recipe


def recipe_from_dict(raw: Mapping[str, Any]) -> Recipe:
    """As `parse_recipe`, from the tables already read (a manifest's recipe, for example)."""
    check_depth(raw, "the recipe")
    tables = plain_values(raw)
    for key, kind in _TABLES.items():
        if tables.get(key) is not None:
            tables[key] = convert_table(tables[key], kind, key)
    if isinstance(tables.get("tracks"), Mapping):
        tables["tracks"] = {
            key: convert_table(value, AnyTrack, f"tracks.{key}")  # type: ignore[arg-type]
            for key, value in tables["tracks"].items()
        }
    recipe = convert_table(tables, Recipe, "")
    check_recipe(recipe)
    return recipe


def _embedded(value: Any, folder: Path) -> Any:
    """A table with the content of every CIF file and transfer curve in place of its path, relative to `folder`.

    A recipe must hold everything that shapes the data, since a file beside it could change.
    """
    if isinstance(value, list):
        return [_embedded(one, folder) for one in value]
    if not isinstance(value, Mapping):
        return value
    if isinstance(value.get("cif"), str):
        return lattice_to_dict(lattice_from_dict({**value, "cif": str(folder / value["cif"])}))
    if isinstance(value.get("file"), str):
        curve = read_curve(folder / value["file"])
        return {"frequency": list(curve.frequency), "value": list(curve.value)}
    return {key: _embedded(one, folder) for key, one in value.items()}


def _folder() -> Any:
    return resources.files("hrtem_bench.recipes") / "shipped"
