"""How far two makings of one recipe differ: on machines where rounding differs, a few electrons here and there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_bench.dataset.manifest import Manifest, read_manifest
from hrtem_bench.dataset.plan import place_of
from hrtem_bench.dataset.schema import EXIT_WAVES
from hrtem_bench.errors import InputError, require


@dataclass(frozen=True)
class Difference:
    """Of one track: images compared; shares of image and of mask pixels that differ; largest difference, electrons."""

    track: str
    images: int
    pixels: float
    mask_pixels: float
    largest: int


def differences(folder: str | Path, other: str | Path) -> list[Difference]:
    """How far two datasets made from one recipe differ, track by track. InputError if their recipes are not one."""
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


def _difference(track: str, one: Path, two: Path, manifest: Manifest) -> Difference:
    images = pixels = image_pixels = mask_pixels = largest = 0
    for shard in manifest.shards:
        config, _ = place_of(shard.path)
        if config != track or config == EXIT_WAVES:
            continue
        for a, b in zip(_pictures(one / shard.path), _pictures(two / shard.path), strict=True):
            apart = np.abs(a["image"].astype(int) - b["image"])
            images += 1
            pixels += apart.size
            image_pixels += int(np.count_nonzero(apart))
            mask_pixels += int(np.count_nonzero(a["mask"] != b["mask"]))
            largest = max(largest, int(apart.max()))
    return Difference(track, images, image_pixels / max(pixels, 1), mask_pixels / max(pixels, 1), largest)


def _pictures(path: Path) -> Any:
    import pyarrow.parquet as pq

    from hrtem_bench.dataset.encode import decode_png

    if not path.is_file():
        raise InputError(f"{path} is missing: run `hrtem-bench verify` on its dataset")
    for batch in pq.ParquetFile(path).iter_batches(8, columns=["image.bytes", "mask.bytes"]):
        for row in batch.to_pylist():
            yield {name: decode_png(row[name]["bytes"]) for name in ("image", "mask")}
