"""What the masks in a folder were made from, so that nothing of another model, or of other images, is overwritten."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hrtem_bench.errors import InputError
from hrtem_bench.support.files import write_aside
from hrtem_bench.support.reading import MIB, read_json
from hrtem_bench.support.versioned_json import json_text

ORIGIN = "origin.json"
_MADE = ("*_mask.tif", "*_probability.tif", "*_overlay*.png", "micrographs.json")


class Origin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """model: its checksum. settings: what else the masks depend on. images: by name, see `_digest`."""

    model: str
    settings: str
    images: dict[str, str]


def origin_of(model: str, settings: str, paths: Sequence[Path]) -> Origin:
    """What masks of these files by this model (its checksum), with these settings, are made from."""
    return Origin(model=model, settings=settings, images={path.stem: _digest(path) for path in paths})


def check_origin(out: Path, origin: Origin, whole: bool) -> None:
    """Raise InputError where `out` holds results of another origin; nothing is written.

    whole: whether the results are of all images together, as scores are, so that `out` may hold none of others.
    """
    advice = "choose another --out, or empty that folder"
    if not (out / ORIGIN).exists():
        found = next((path for pattern in _MADE for path in out.glob(pattern)), None)
        if found is not None:
            raise InputError(f"{found} is there already, and {out} does not say what it was made from: {advice}")
        return
    held = read_json(out / ORIGIN, Origin, "record of what masks were made from")
    if held.model != origin.model:
        raise InputError(f"{out} holds the results of another model: {advice}")
    if held.settings != origin.settings:
        raise InputError(f"{out} holds results with other settings ({held.settings}): {advice}")
    other = next((name for name, digest in held.images.items() if origin.images.get(name, digest) != digest), None)
    if other is not None:
        raise InputError(f"{out} holds the results of another image of the name {other}: {advice}")
    missing = next((name for name in held.images if name not in origin.images), None)
    if whole and missing is not None:
        raise InputError(f"{out} holds the results of other images, such as {missing}: {advice}")


def write_origin(out: Path, origin: Origin, name: str) -> None:
    """Write origin.json, with the images that it held before and the one of this name, whose results come."""
    path = out / ORIGIN
    before = read_json(path, Origin, "record of what masks were made from").images if path.exists() else {}
    held = msgspec.structs.replace(origin, images=before | {name: origin.images[name]})
    write_aside(path, json_text(held))


def _digest(path: Path) -> str:
    """The size of a file and the SHA-256 of its first MiB: movies are too large to be hashed whole."""
    with path.open("rb") as file:
        return f"{path.stat().st_size}:{hashlib.sha256(file.read(MIB)).hexdigest()}"
