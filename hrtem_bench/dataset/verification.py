"""Verifying a dataset against its manifest, naming every problem; and comparing two datasets of one recipe."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_bench.dataset.row_checks import Seen, check_shard
from hrtem_bench.errors import InputError, require
from hrtem_bench.generation.assembly import PARTS
from hrtem_bench.generation.card import CARD, location_in, render_card
from hrtem_bench.generation.card_sources import without_scores
from hrtem_bench.generation.croissant import CROISSANT, HUB, render_croissant
from hrtem_bench.generation.manifest import (
    MANIFEST,
    Manifest,
    dataset_checksum,
    make_manifest,
    read_manifest,
    shards_of,
)
from hrtem_bench.generation.pictures import drawn_by, render_pictures
from hrtem_bench.generation.png import decode_png
from hrtem_bench.recipes.loading import recipe_from_dict
from hrtem_bench.recipes.plan import DatasetPlan, dataset_plan
from hrtem_bench.recipes.tables import SPLITS, Recipe, recipe_hash
from hrtem_bench.support.code_hash import code_sha256
from hrtem_bench.support.files import sha256_of
from hrtem_bench.support.parquet import file_errors, open_parquet
from hrtem_bench.support.progress import CountProgress
from hrtem_bench.support.reading import MAX_JSON, MAX_TOML, read_bounded


@dataclass(frozen=True)
class Verification:
    """What `verify` found.

    Parameters
    ----------
    problems
        One line each; none for a sound dataset.
    notes
        What is worth knowing but is no problem.
    """

    problems: tuple[str, ...]
    shards: int
    images: int
    structures: int
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether no problem was found."""
        return not self.problems


def verify(folder: str | Path, *, progress: CountProgress | None = None) -> Verification:
    """Check a dataset's folder against its manifest, and the manifest against its recipe.

    Checked are: checksums of all files; the schema; that every row is the one that the recipe gives at its place
    (structure, condition, settings, seeds); that pictures decode, masks and instances agree, and counts fit the dose;
    that no structure, mask or image is in two splits, by name or by content.

    Parameters
    ----------
    folder
        The dataset's.
    progress
        Called with (shards done, in all).

    Raises
    ------
    InputError
        If there is no dataset, or its manifest cannot be read.
    """
    require("pyarrow", "data")
    require("PIL", "data")
    folder = Path(folder)
    manifest = read_manifest(folder)
    try:
        recipe = recipe_from_dict(manifest.recipe)
    except InputError as error:
        return Verification((f"{MANIFEST}: the recipe is not valid: {error}",), 0, 0, 0)
    plan, seen = dataset_plan(recipe), Seen()
    too_few = [*_check_structures(manifest, plan)]  # where the recipe gives far more than there is, its plan takes long
    problems = [*_check_manifest(manifest, recipe), *too_few, *_check_files(folder, manifest)]
    if not too_few:
        problems += _check_shards(manifest, plan)
        for done, path in enumerate(plan.shards):
            if progress:
                progress(done, len(plan.shards))
            problems += check_shard(folder, path, plan, seen)
        if progress:
            progress(len(plan.shards), len(plan.shards))
    return Verification(
        tuple(problems), len(manifest.shards), seen.images, len(seen.structures), tuple(_notes(manifest))
    )


def _check_manifest(manifest: Manifest, recipe: Recipe) -> Iterator[str]:
    """Check what the manifest says of itself."""
    if recipe_hash(recipe) != manifest.recipe_sha256:
        yield f"{MANIFEST}: the recipe was changed: its SHA-256 is not recipe_sha256"
    if dataset_checksum(manifest.shards) != manifest.checksum:
        yield f"{MANIFEST}: checksum is not that of the shards listed"
    fresh = make_manifest(recipe, manifest.shards)
    for key in ("name", "version", "seed", "description", "default_track", "pixel_size", "tracks"):
        if getattr(fresh, key) != getattr(manifest, key):
            yield f"{MANIFEST}: {key} is not what the recipe gives"


def _check_structures(manifest: Manifest, plan: DatasetPlan) -> Iterator[str]:
    """Check that as many rows are listed as there are structures, each of which has one at least in every track."""
    for track, split in itertools.product(plan.conditions, SPLITS):
        count, rows = getattr(plan.structures(track), split), sum(s.rows for s in shards_of(manifest, track, split))
        if count > rows:
            yield (
                f"{MANIFEST}: the recipe gives {count} {split} structures to {track}, and the files listed have {rows} "
                "rows: no rows were compared"
            )


def _check_shards(manifest: Manifest, plan: DatasetPlan) -> Iterator[str]:
    """Check that the files listed, and their numbers of rows, are those that the recipe gives."""
    listed = {s.path: s.rows for s in manifest.shards}
    expected = {path: plan.rows_of(path) for path in plan.shards}
    for path in sorted(expected.keys() | listed.keys()):
        if path not in listed:
            yield f"{MANIFEST}: {path} is not listed, and the recipe gives it"
        elif path not in expected:
            yield f"{MANIFEST}: {path} is listed, and the recipe does not give it"
        elif listed[path] != expected[path]:
            yield f"{MANIFEST}: {path} has {listed[path]} rows, and the recipe gives {expected[path]}"


def _notes(manifest: Manifest) -> Iterator[str]:
    if manifest.code_sha256 != code_sha256():
        yield (
            f"{MANIFEST}: made by {manifest.code_version} with other sources than those installed (code_sha256 is "
            f"{manifest.code_sha256[:12] or 'not recorded'}, here {code_sha256()[:12]}): made again, the images may "
            "differ; the words and pictures of its card were not checked"
        )


def _check_files(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Check that the listed files are there and complete, and that there are no others."""
    for shard in manifest.shards:
        path = folder / shard.path
        if not path.is_file():
            yield f"{shard.path}: missing"
        elif path.stat().st_size != shard.bytes:
            yield f"{shard.path}: {path.stat().st_size} bytes, the manifest says {shard.bytes}"
        elif sha256_of(path) != shard.sha256:
            yield f"{shard.path}: its content was changed: SHA-256 is not that of the manifest"
    listed = {s.path for s in manifest.shards}
    for path in sorted((folder / "data").rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in listed:
            yield f"{name}: not in the manifest"
    yield from _check_cards(folder, manifest)
    if (folder / PARTS).exists():
        yield f"{PARTS}: left over; run the same generate command again, it removes them"


def _check_cards(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Check that card, pictures and croissant.json follow from the dataset, if the same code wrote them."""
    for name in (CARD, CROISSANT):
        if not (folder / name).is_file():
            yield f"{name}: missing"
    if manifest.code_sha256 != code_sha256():
        return
    if (folder / CARD).is_file() and not _is_card(folder, manifest, _text(folder / CARD)):
        yield f"{CARD}: is not what the dataset gives"
    if (folder / CROISSANT).is_file() and not _is_croissant(manifest, _text(folder / CROISSANT)):
        yield f"{CROISSANT}: is not what the manifest gives"
    yield from _check_pictures(folder, manifest)


def _text(path: Path) -> str:
    return read_bounded(path, MAX_TOML).decode("utf-8", "replace")


def _is_card(folder: Path, manifest: Manifest, text: str) -> bool:
    try:
        return without_scores(text) == without_scores(render_card(folder, manifest, location_in(text)))
    except (InputError, OSError):
        return True  # a file that it describes cannot be read, which is a problem of its own


def _is_croissant(manifest: Manifest, text: str) -> bool:
    try:
        card = json.loads(text)
        location = card["url"].removeprefix(HUB).lstrip("/") or None
        return text == render_croissant(manifest, location, card.get("datePublished"))
    except (ValueError, LookupError, AttributeError, TypeError):
        return False


def _check_pictures(folder: Path, manifest: Manifest) -> Iterator[str]:
    import pyarrow as pa

    try:
        pictures = render_pictures(folder, manifest)
    except (pa.ArrowException, OSError, ValueError, SyntaxError, TypeError):
        return  # a file that they show cannot be read, which is a problem of its own
    for name, data in pictures.items():
        if not (folder / name).is_file():
            yield f"{name}: missing"
        elif not _is_picture(read_bounded(folder / name, MAX_JSON), data):
            yield f"{name}: is not what the dataset gives"


def _is_picture(found: bytes, drawn: bytes) -> bool:
    """Whether a picture is the one drawn here; one by another version of matplotlib cannot be compared, and passes."""
    one, other = (drawn_by(data.decode("utf-8", "replace")) for data in (found, drawn))
    return found == drawn or ("" not in (one, other) and one != other)


@dataclass(frozen=True)
class TrackDifference:
    """How two makings of a track differ.

    Parameters
    ----------
    track
        Its name.
    images
        How many were compared.
    pixels, mask_pixels
        Shares of pixels that differ.
    largest
        Difference, electrons.
    """

    track: str
    images: int
    pixels: float
    mask_pixels: float
    largest: int


def differences(folder: str | Path, other: str | Path) -> list[TrackDifference]:
    """How far two datasets made from one recipe differ, track by track.

    Parameters
    ----------
    folder, other
        Their folders.

    Raises
    ------
    InputError
        If the recipes differ.
    """
    require("pyarrow", "data")
    require("PIL", "data")
    one, two = Path(folder), Path(other)
    manifest, counterpart = read_manifest(one), read_manifest(two)
    if manifest.recipe_sha256 != counterpart.recipe_sha256:
        raise InputError(
            f"{one} and {two} are made from different recipes, {manifest.name} {manifest.version} and "
            f"{counterpart.name} {counterpart.version}: only makings of one recipe compare pixel by pixel"
        )
    return [_difference(track, one, two, manifest) for track in manifest.tracks]


def _difference(track: str, one: Path, two: Path, manifest: Manifest) -> TrackDifference:
    images = pixels = image_pixels = mask_pixels = largest = 0
    for shard in shards_of(manifest, track):
        for a, b in zip(_labelled_images(one / shard.path), _labelled_images(two / shard.path), strict=True):
            apart = np.abs(a["image"].astype(int) - b["image"])
            images += 1
            pixels += apart.size
            image_pixels += int(np.count_nonzero(apart))
            mask_pixels += int(np.count_nonzero(a["mask"] != b["mask"]))
            largest = max(largest, int(apart.max()))
    return TrackDifference(track, images, image_pixels / max(pixels, 1), mask_pixels / max(pixels, 1), largest)


def _labelled_images(path: Path) -> Any:
    if not path.is_file():
        raise InputError(f"{path} is missing: run `hrtem-bench verify` on its dataset")
    names = ("image.bytes", "mask.bytes")
    for batch in open_parquet(path, names).iter_batches(8, columns=names):
        for row in batch.to_pylist():
            with file_errors(path):
                pictures = {name: decode_png(row[name]["bytes"]) for name in ("image", "mask")}
            yield pictures
