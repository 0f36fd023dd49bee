"""Reading a dataset: a folder, or a repository on the Hugging Face Hub."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_bench.conditions import Condition, condition_from_dict
from hrtem_bench.dataset.manifest import MANIFEST, Manifest, read_manifest
from hrtem_bench.dataset.plan import place_of
from hrtem_bench.dataset.recipes import SPLITS
from hrtem_bench.dataset.schema import EXIT_WAVES
from hrtem_bench.dataset.tracks import TrackCondition, flat
from hrtem_bench.errors import InputError, require

SETTINGS = ("energy", "C10", "C30", "C12", "phi12", "focal_spread", "angular_spread", "dose")
"""Columns that record an image's own condition; what they leave out is as in the track's nominal condition."""


@dataclass(frozen=True)
class Sample:
    """One image.

    image: (ny, nx) float32, electrons per pixel. mask: (ny, nx) uint8, 0 or 1. instances: (ny, nx) uint16, k on
    particle k. condition: as used for this image, spread included; C10 counts from the structure's zero of focus.
    """

    structure_id: str
    condition_id: str
    image: Any
    mask: Any
    instances: Any
    condition: Condition


@dataclass(frozen=True)
class Track:
    """A track of a dataset, open for reading.

    axis, unit: of `TrackCondition.value`. conditions: in the axis's order. checksum, version: of the whole dataset.
    pixel_size: Å.
    """

    name: str
    axis: str
    unit: str
    conditions: tuple[TrackCondition, ...]
    checksum: str
    pixel_size: float
    folder: Path
    manifest: Manifest

    @property
    def dataset(self) -> str:
        """The dataset's name."""
        return self.manifest.name

    @property
    def version(self) -> str:
        """The dataset's version."""
        return self.manifest.version

    @property
    def pixels(self) -> int:
        """Pixels along each side of an image."""
        return int(self.manifest.recipe["sampling"]["pixels"])

    def select(self, conditions: Sequence[str] | None = None) -> tuple[TrackCondition, ...]:
        """The named conditions, in the axis's order, or all; InputError for one that the track has not."""
        known = [c.condition_id for c in self.conditions]
        for name in conditions or ():
            if name not in known:
                raise InputError(_unknown("condition", name, known, f"the track {self.name}"))
        return tuple(c for c in self.conditions if conditions is None or c.condition_id in conditions)

    def count(self, split: str, conditions: Sequence[str] | None = None) -> int:
        """Number of images that `rows` would give."""
        import pyarrow.parquet as pq

        names = [c.condition_id for c in self.select(conditions)]
        found = 0
        for path in self._shards(split):
            ids = pq.read_table(path, columns=["condition_id"])["condition_id"].to_pylist()
            found += sum(name in names for name in ids)
        return found

    def rows(self, split: str, conditions: Sequence[str] | None = None) -> Iterator[Sample]:
        """The images of a split, one at a time, structure by structure; only those of `conditions`, if given.

        InputError for a split, a condition or a file that is not there.
        """
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        nominal = {c.condition_id: c.condition for c in self.select(conditions)}
        wanted = pa.array(list(nominal), pa.string())
        paths = self._shards(split)
        columns = ["structure_id", "condition_id", "image.bytes", "mask.bytes", "instances.bytes", *SETTINGS]
        for path in paths:
            for batch in pq.ParquetFile(path).iter_batches(32, columns=columns):
                # Chosen before the bytes become Python objects: a condition is a small part of a track.
                for row in batch.filter(pc.is_in(batch["condition_id"], wanted)).to_pylist():
                    yield _sample(row, nominal[row["condition_id"]])

    def _shards(self, split: str) -> list[Path]:
        if split not in SPLITS:
            raise InputError(_unknown("split", split, SPLITS, "a dataset"))
        return _shards(self.folder, self.manifest, self.name, split)


@dataclass(frozen=True)
class ExitWave:
    """A test structure's exit waves and labels.

    waves: (phonons, n, n) complex64 at `pixel_size` Å, at the exit plane; `imaging.render` takes them, with
    `zero_focus`. mask, instances: (ny, nx) uint8 and uint16, at `output_pixel_size` Å.
    """

    structure_id: str
    waves: Any
    pixel_size: float
    zero_focus: float
    energy: float
    mask: Any
    instances: Any
    output_pixel_size: float


@dataclass(frozen=True)
class ExitWaves:
    """The exit waves of a dataset's test structures, open for reading."""

    folder: Path
    manifest: Manifest

    def rows(self, structures: Sequence[str] | None = None) -> Iterator[ExitWave]:
        """The structures one at a time; only those named, if given. InputError for one that is not kept."""
        import pyarrow.parquet as pq

        missing = set(structures or ())
        for path in _shards(self.folder, self.manifest, EXIT_WAVES, "test"):
            for batch in pq.ParquetFile(path).iter_batches(1):
                row = batch.to_pylist()[0]
                if structures is None or row["structure_id"] in structures:
                    missing.discard(row["structure_id"])
                    yield _exit_wave(row, self.manifest.pixel_size)
        if missing:
            raise InputError(f"no exit waves of {min(missing)} are kept in {self.folder}")


def open_exit_waves(source: str | Path, revision: str | None = None) -> ExitWaves:
    """The exit waves of the dataset in a folder, or in a repository on the Hub; arguments and errors as `open_dataset`.

    Raises InputError if the dataset keeps none.
    """
    folder, manifest = _located(source, EXIT_WAVES, revision)
    return ExitWaves(folder, manifest)


def open_dataset(source: str | Path, track: str, revision: str | None = None) -> Track:
    """A track of the dataset in a folder, or of a repository "organisation/name" on the Hub at `revision`.

    Of a repository, the manifest and the track's files are downloaded into the Hub's cache. Raises InputError
    for a dataset, a track or a Hub that is not there.
    """
    folder, manifest = _located(source, track, revision)
    entry = manifest.tracks[track]
    return Track(
        name=track,
        axis=entry.axis,
        unit=entry.unit,
        conditions=entry.conditions,
        checksum=manifest.checksum,
        pixel_size=manifest.pixel_size,
        folder=folder,
        manifest=manifest,
    )


def _located(source: str | Path, config: str, revision: str | None) -> tuple[Path, Manifest]:
    """The folder and the manifest of a dataset that has the config, its files at hand."""
    require("pyarrow", "data")
    require("PIL", "data")
    folder = Path(source)
    if not folder.exists() and _is_hub_id(str(source)):
        from hrtem_bench.dataset.hub import download

        folder = download(str(source), revision, [MANIFEST])
        _check_config(read_manifest(folder), config, source)
        folder = download(str(source), revision, [MANIFEST, f"data/{config}/*"])
    elif revision is not None:
        raise InputError(f"a revision belongs to a dataset on the Hub; {source} is a folder: leave the revision out")
    if not folder.is_dir():
        raise InputError(
            f"no dataset at {source}: give a dataset's folder, or its Hub id as organisation/name; "
            f"`hrtem-bench generate mini --out {source}` makes one"
        )
    manifest = read_manifest(folder)
    _check_config(manifest, config, source)
    return folder, manifest


def _check_config(manifest: Manifest, config: str, source: str | Path) -> None:
    if config == EXIT_WAVES:
        if not any(place_of(s.path)[0] == EXIT_WAVES for s in manifest.shards):
            raise InputError(f"the dataset {source} keeps no exit waves: give its recipe an [exit_waves] table")
    elif config not in manifest.tracks:
        raise InputError(_unknown("track", config, list(manifest.tracks), f"the dataset {source}"))


def _shards(folder: Path, manifest: Manifest, config: str, split: str) -> list[Path]:
    paths = [folder / s.path for s in manifest.shards if place_of(s.path) == (config, split)]
    for path in paths:
        if not path.is_file():
            raise InputError(f"{path} is missing: run `hrtem-bench verify {folder}`")
    return paths


def _is_hub_id(source: str) -> bool:
    return source.count("/") == 1 and not source.startswith((".", "/", "~")) and not source.endswith("/")


def _unknown(kind: str, name: str, known: Sequence[str], where: str) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"{where} has no {kind} {name!r}: {hint}it has {', '.join(known)}"


def _sample(row: dict[str, Any], nominal: Condition) -> Sample:
    from hrtem_bench.dataset.encode import decode_png

    settings = {name: row[name] for name in SETTINGS}
    if not settings["C12"]:
        del settings["C12"], settings["phi12"]
    return Sample(
        structure_id=row["structure_id"],
        condition_id=row["condition_id"],
        image=decode_png(row["image"]["bytes"]).astype(np.float32),
        mask=decode_png(row["mask"]["bytes"]).astype(np.uint8),
        instances=decode_png(row["instances"]["bytes"]).astype(np.uint16),
        condition=condition_from_dict(flat(nominal) | settings),
    )


def _exit_wave(row: dict[str, Any], output_pixel_size: float) -> ExitWave:
    from hrtem_bench.dataset.encode import decode_png
    from hrtem_bench.dataset.waves import unpack

    shape = (row["phonons"], row["points"], row["points"])
    return ExitWave(
        structure_id=row["structure_id"],
        waves=unpack(row["waves"], shape, row["field"], row["band"]),
        pixel_size=row["pixel_size"],
        zero_focus=row["zero_focus"],
        energy=row["energy"],
        mask=decode_png(row["mask"]["bytes"]).astype(np.uint8),
        instances=decode_png(row["instances"]["bytes"]).astype(np.uint16),
        output_pixel_size=output_pixel_size,
    )
