"""The pictures of a dataset's card: examples across each track, T(q) of its conditions, histograms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hrtem_bench.generation.figures import Line, curves_svg, histogram_svg
from hrtem_bench.generation.manifest import Manifest
from hrtem_bench.generation.png import decode_png, encode_png
from hrtem_bench.physics import ctf
from hrtem_bench.recipes.plan import place_of
from hrtem_bench.support.files import write_aside_bytes
from hrtem_bench.support.parquet import open_parquet

PICTURES = "pictures"
STRUCTURES, CONDITIONS = 2, 8
"""At most so many structures by so many conditions in a picture of examples."""


def write_pictures(folder: Path, manifest: Manifest) -> None:
    """Write the card's pictures beside the dataset."""
    (folder / PICTURES).mkdir(exist_ok=True)
    for name, data in render_pictures(folder, manifest).items():
        write_aside_bytes(folder / name, data)


def render_pictures(folder: Path, manifest: Manifest) -> dict[str, bytes]:
    """Path in the dataset -> bytes of a picture: a pure function of the dataset's files and matplotlib's version."""
    made = {f"{PICTURES}/{track}.png": _examples(folder, manifest, track) for track in manifest.tracks}
    made |= {f"{PICTURES}/{track}.svg": _transfer(manifest, track).encode() for track in manifest.tracks}
    thickness, diameters = _drawn(folder, manifest)
    made[f"{PICTURES}/thickness.svg"] = histogram_svg(thickness, "thickness, Å", "structures").encode()
    made[f"{PICTURES}/size.svg"] = histogram_svg(
        diameters, "diameter of the circle of a particle's area, Å", "particles"
    ).encode()
    return made


def examples_shown(manifest: Manifest, track: str) -> list[str]:
    """The conditions in a track's picture of examples: evenly chosen along its axis, with the first and the last."""
    ids = [c.condition_id for c in manifest.tracks[track].conditions]
    chosen = np.linspace(0, len(ids) - 1, min(len(ids), CONDITIONS)).round().astype(int)
    return [ids[k] for k in chosen]


def _examples(folder: Path, manifest: Manifest, track: str) -> bytes:
    """Previews of the first test structures, one to a row, over the conditions."""
    columns = examples_shown(manifest, track)
    rows: dict[str, dict[str, Any]] = {}
    for shard in manifest.shards:
        if place_of(shard.path) != (track, "test"):
            continue
        for batch in open_parquet(folder / shard.path).iter_batches(
            8, columns=["structure_id", "condition_id", "preview.bytes"]
        ):
            for row in batch.to_pylist():
                if row["structure_id"] in rows or len(rows) < STRUCTURES:
                    rows.setdefault(row["structure_id"], {})[row["condition_id"]] = decode_png(row["preview"]["bytes"])
    size = next((len(p) for pictures in rows.values() for p in pictures.values()), 1)
    blank = np.zeros((size, size), np.uint8)
    strips = [np.hstack([pictures.get(c, blank) for c in columns]) for pictures in rows.values()]
    return encode_png(np.vstack(strips) if strips else blank)


def _transfer(manifest: Manifest, track: str) -> str:
    q = np.linspace(0, 0.5 / manifest.pixel_size, 480)
    lines = [
        Line(c.condition_id.partition("=")[2], q, np.asarray(ctf(q, np.zeros_like(q), c.condition)), not c.train)
        for c in manifest.tracks[track].conditions
    ]
    return curves_svg(lines, "spatial frequency, 1/Å", "T(q), along x", (-1.0, 1.0))


def _drawn(folder: Path, manifest: Manifest) -> tuple[list[float], list[float]]:
    """Thickness of each structure of the default track, and diameter of each of its particles, Å."""
    seen: dict[str, float] = {}
    diameters: list[float] = []
    for shard in manifest.shards:
        if place_of(shard.path)[0] != manifest.default_track:
            continue
        file = open_parquet(folder / shard.path)
        for batch in file.iter_batches(8, columns=["structure_id", "thickness", "instances.bytes"]):
            for row in batch.to_pylist():
                if row["structure_id"] not in seen:
                    seen[row["structure_id"]] = row["thickness"]
                    pixels = np.bincount(decode_png(row["instances"]["bytes"]).ravel())[1:]
                    area = pixels[pixels > 0] * manifest.pixel_size**2
                    diameters += (2 * np.sqrt(area / np.pi)).tolist()
    return list(seen.values()) or [0.0], diameters or [0.0]
