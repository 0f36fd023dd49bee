"""manifest.json: what a dataset is, how it was made, and the checksum of every shard."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import msgspec

import hrtem_bench
from hrtem_bench.errors import InputError
from hrtem_bench.recipes.plan import place_of
from hrtem_bench.recipes.schema import SCHEMA_VERSION
from hrtem_bench.recipes.tables import Recipe, recipe_hash, recipe_to_dict
from hrtem_bench.recipes.tracks import TrackCondition, track_axis, track_conditions
from hrtem_bench.support.code_hash import code_sha256
from hrtem_bench.support.files import write_aside
from hrtem_bench.support.reading import read_json

MANIFEST = "manifest.json"
LARGEST_PIXEL = 1e4
"""Å, of an image."""


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the dataset.

    Parameters
    ----------
    path
        Relative to the dataset's folder.
    sha256
        Hexadecimal.
    rows, bytes
        How many.
    """

    path: str
    sha256: str
    rows: int
    bytes: int


class TrackEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A track in the manifest.

    Parameters
    ----------
    axis, unit
        Of its values; unit "" if there is none.
    conditions
        In the order of the axis.
    """

    axis: str
    unit: str
    conditions: tuple[TrackCondition, ...]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The content of manifest.json.

    Parameters
    ----------
    checksum
        SHA-256 over the shards' lines, as `sha256sum` prints them.
    code_sha256
        Hash of the code that made the shards, see `support.code_hash`; "" where it was not recorded.
    waves_sha256
        Like `dataset_checksum`, over the exit waves of another dataset that the images were rendered from; "" for
        simulated ones.
    """

    schema_version: int
    name: str
    version: str
    description: str
    default_track: str
    recipe: dict[str, Any]
    recipe_sha256: str
    code_version: str
    seed: int
    pixel_size: Annotated[float, msgspec.Meta(gt=0, le=LARGEST_PIXEL)]
    tracks: dict[str, TrackEntry]
    shards: tuple[Shard, ...]
    checksum: str
    code_sha256: str = ""
    waves_sha256: str = ""


def make_manifest(recipe: Recipe, shards: Sequence[Shard], waves_sha256: str = "") -> Manifest:
    """The manifest of a recipe's shards; waves_sha256: of the exit waves that they were rendered from, if any."""
    tracks = {}
    for name in recipe.tracks:
        axis, unit = track_axis(recipe, name)
        tracks[name] = TrackEntry(axis=axis, unit=unit, conditions=track_conditions(recipe, name))
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name=recipe.name,
        version=recipe.version,
        description=recipe.description,
        default_track=recipe.default_track,
        recipe=recipe_to_dict(recipe),
        recipe_sha256=recipe_hash(recipe),
        code_version=hrtem_bench.__version__,
        seed=recipe.seed,
        pixel_size=recipe.sampling.pixel_size,
        tracks=tracks,
        shards=tuple(shards),
        checksum=dataset_checksum(shards),
        code_sha256=code_sha256(),
        waves_sha256=waves_sha256,
    )


def dataset_checksum(shards: Sequence[Shard]) -> str:
    """SHA-256 over the lines "sha256  path" of the shards, sorted by path."""
    lines = sorted((s.path, s.sha256) for s in shards)
    return hashlib.sha256("".join(f"{digest}  {path}\n" for path, digest in lines).encode()).hexdigest()


def shards_of(manifest: Manifest, config: str, split: str | None = None) -> list[Shard]:
    """The shards of a track or of the exit waves; of one of its splits, or of all."""
    wanted = (config,) if split is None else (config, split)
    return [shard for shard in manifest.shards if place_of(shard.path)[: len(wanted)] == wanted]


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write manifest.json, aside and renamed."""
    text = msgspec.json.format(msgspec.json.encode(manifest, enc_hook=_plain), indent=2).decode()
    write_aside(folder / MANIFEST, text + "\n")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a dataset's folder; InputError if there is none, or it is not valid."""
    path = folder / MANIFEST
    if not path.exists():
        raise InputError(
            f"no dataset in {folder}: it has no {MANIFEST}; make one with `hrtem-bench generate mini --out {folder}`"
        )
    manifest = read_json(path, Manifest, "manifest")
    if manifest.schema_version != SCHEMA_VERSION:
        raise InputError(
            f"{path} has schema version {manifest.schema_version}, this hrtem-bench reads {SCHEMA_VERSION}: make the "
            "dataset again, or install the version that made it"
        )
    for shard in manifest.shards:
        _check_place(folder, shard.path)
    return manifest


def _check_place(folder: Path, name: str) -> None:
    """Raise InputError for a shard whose path is not data/CONFIG/NAME.parquet below the dataset's folder."""
    if not re.fullmatch(r"data/\w+/\w[\w-]*\.parquet", name):
        raise InputError(
            f"{folder / MANIFEST} is no valid manifest: it lists {name!r}, and shards are data/CONFIG/NAME.parquet"
        )
    # The Hub's cache links each file to one that it keeps elsewhere, as a relative link; `data` itself is no link.
    root = folder.resolve()
    if (folder / name).parent.resolve() != root.joinpath(*name.split("/")[:-1]):
        raise InputError(f"{folder / name} lies outside {folder}: a folder on the way is a symbolic link")


def _plain(value: Any) -> Any:
    if isinstance(value, MappingProxyType):
        return dict(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
