"""Reading a dataset: a folder, or a repository on the Hugging Face Hub."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from hrtem_bench.conditions import Condition, condition_from_dict, flat
from hrtem_bench.dataset.unaltered import check_unaltered
from hrtem_bench.errors import InputError, require
from hrtem_bench.generation.manifest import MANIFEST, Manifest, read_manifest, shards_of
from hrtem_bench.generation.png import decode_png
from hrtem_bench.generation.waves import unpack
from hrtem_bench.recipes.plan import Job
from hrtem_bench.recipes.schema import EXIT_WAVES, WAVE_COLUMNS
from hrtem_bench.recipes.tables import SPLITS
from hrtem_bench.recipes.tracks import TrackCondition
from hrtem_bench.support.parquet import file_errors, open_parquet

SETTINGS = ("energy", "C10", "C30", "C12", "phi12", "focal_spread", "angular_spread", "dose")
"""Columns that record an image's own condition; what they leave out is as in the track's nominal condition."""
COLUMNS = ("structure_id", "condition_id", "image.bytes", "mask.bytes", "instances.bytes", *SETTINGS)
DAMAGED = "its dataset is damaged"
T = TypeVar("T")


@dataclass(frozen=True)
class Sample:
    """An image of a track with its labels.

    Parameters
    ----------
    image
        (ny, nx) float32, electrons per pixel.
    mask
        (ny, nx) uint8, 0 or 1.
    instances
        (ny, nx) uint16: 0 on the background, k on particle k.
    condition
        The settings of this image, its draw from the spread included. C10 is measured from the structure's zero of
        focus.
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

    Parameters
    ----------
    axis, unit
        Of `TrackCondition.value`.
    conditions
        In the axis's order.
    checksum, version
        Of the whole dataset.
    pixel_size
        Å.
    unofficial
        Why scores on it are not those of a published track; "" for a published one.
    """

    name: str
    axis: str
    unit: str
    conditions: tuple[TrackCondition, ...]
    checksum: str
    pixel_size: float
    folder: Path
    manifest: Manifest
    unofficial: str = ""

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
        """Conditions of the track, in the order of its axis.

        Parameters
        ----------
        conditions
            Their ids; None for all.

        Raises
        ------
        InputError
            For an id that the track does not have.
        """
        known = [c.condition_id for c in self.conditions]
        for name in conditions or ():
            if name not in known:
                raise InputError(_unknown("condition", name, known, f"the track {self.name}"))
        return tuple(c for c in self.conditions if conditions is None or c.condition_id in conditions)

    def check(self, split: str) -> None:
        """Check that a split is as it was generated.

        Parameters
        ----------
        split
            "train", "validation" or "test".

        Raises
        ------
        InputError
            One line, for files or rows that differ from the manifest and the recipe.
        """
        check_unaltered(self.folder, self.manifest, self.name, split)

    def count(self, split: str, conditions: Sequence[str] | None = None, *, limit: int | None = None) -> int:
        """The number of images that `rows` gives for the same arguments.

        Parameters
        ----------
        split
            "train", "validation" or "test".
        conditions
            Ids; None for all.
        limit
            At most so many of each condition.
        """
        return sum(1 for _ in self._places(split, [c.condition_id for c in self.select(conditions)], limit))

    def rows(
        self, split: str, conditions: Sequence[str] | None = None, *, limit: int | None = None, start: int = 0
    ) -> Iterator[Sample]:
        """The images of a split with labels and condition, one at a time, structure by structure.

        Every file is read once, and only images that are given are decoded.

        Parameters
        ----------
        split
            "train", "validation" or "test".
        conditions
            Ids; None for all.
        limit
            At most so many of each condition.
        start
            So many images are skipped at the beginning.

        Raises
        ------
        InputError
            For a split, a condition or a file that is not there.
        """
        nominal = {c.condition_id: flat(c.condition) for c in self.select(conditions)}
        places = islice(self._places(split, list(nominal), limit), start, None)
        for (path, file, group), chosen in groupby(places, key=lambda place: (place.path, place.file, place.group)):
            with file_errors(path, DAMAGED):
                table = file.read_row_group(group, columns=COLUMNS, use_threads=False)
                rows = table.take([place.row for place in chosen]).to_pylist()
            yield from _samples(path, rows, nominal)

    def _places(self, split: str, names: Sequence[str], limit: int | None) -> Iterator[_Place]:
        """Where the images of the named conditions are, in the order of the files."""
        return first_of_each(_places(self._shards(split)), lambda place: place.condition_id, names, limit)

    def _shards(self, split: str) -> list[Path]:
        _check_split(split)
        return _shards(self.folder, self.manifest, self.name, split)


@dataclass(frozen=True)
class StructureWaves:
    """A structure's exit waves and labels.

    Parameters
    ----------
    waves
        (phonons, n, n) complex64 at `pixel_size` Å, at the exit plane; `imaging.render` takes them, with
        `zero_focus`.
    mask, instances
        (ny, nx) uint8 and uint16, at `output_pixel_size` Å.
    lattice, particle_count, thickness
        As in the columns of a track; thickness in Å along the beam.
    """

    structure_id: str
    waves: Any
    pixel_size: float
    zero_focus: float
    energy: float
    mask: Any
    instances: Any
    output_pixel_size: float
    lattice: str
    particle_count: int
    thickness: float


@dataclass(frozen=True)
class StoredWaves:
    """The exit waves that a dataset keeps, open for reading."""

    folder: Path
    manifest: Manifest

    def count(self, split: str = "test") -> int:
        """Number of structures of a split whose exit waves are kept; InputError for an unknown split."""
        _check_split(split)
        return sum(s.rows for s in shards_of(self.manifest, EXIT_WAVES, split))

    def rows(self, split: str = "test", structures: Sequence[str] | None = None) -> Iterator[StructureWaves]:
        """The structures of a split whose exit waves are kept, one at a time.

        Parameters
        ----------
        split
            "train", "validation" or "test"; one of which none are kept gives nothing.
        structures
            Only these, by their ids. The waves of others are not read.

        Raises
        ------
        InputError
            For a split that is none, for a structure that is not kept, and for a file that is damaged.
        """
        _check_split(split)
        missing = set(structures or ())
        for path in _shards(self.folder, self.manifest, EXIT_WAVES, split):
            file = _opened(path, WAVE_COLUMNS)
            for group in range(file.num_row_groups):
                with file_errors(path, DAMAGED):
                    (name,) = file.read_row_group(group, columns=["structure_id"])["structure_id"].to_pylist()
                    if structures is not None and name not in structures:
                        continue
                    structure = _exit_wave(file.read_row_group(group).to_pylist()[0], self.manifest.pixel_size)
                missing.discard(name)
                yield structure
        if missing:
            raise InputError(f"no exit waves of {min(missing)} are kept in {self.folder}")

    def structure(self, split: str, index: int) -> StructureWaves:
        """The exit waves and labels of one structure; no other is read.

        Parameters
        ----------
        split
            "train", "validation" or "test".
        index
            Its place in the split, from 0.

        Raises
        ------
        InputError
            If its waves are not kept, or are damaged.
        """
        name, group = Job(split, index).structure_id, index
        _check_split(split)
        for shard in shards_of(self.manifest, EXIT_WAVES, split):
            if group < shard.rows:
                path = self.folder / shard.path
                file = _opened(path, WAVE_COLUMNS)
                with file_errors(path, DAMAGED):
                    (row,) = file.read_row_group(group).to_pylist() if group < file.num_row_groups else [{}]
                    if row.get("structure_id") != name:
                        raise ValueError(f"{name} is not where the manifest has it")
                    return _exit_wave(row, self.manifest.pixel_size)
            group -= shard.rows
        raise InputError(f"no exit waves of {name} are kept in {self.folder}")


def open_exit_waves(source: str | Path, revision: str | None = None) -> StoredWaves:
    """The exit waves that a dataset keeps.

    Parameters
    ----------
    source
        The dataset's folder, or its Hub id "organisation/name".
    revision
        Of the repository: a branch, a tag or a commit.

    Raises
    ------
    InputError
        As `open_dataset`, and if the dataset keeps no exit waves.
    """
    folder, manifest = _located(source, EXIT_WAVES, revision)
    return StoredWaves(folder, manifest)


def open_dataset(source: str | Path, track: str | None = None, revision: str | None = None) -> Track:
    """A track of a dataset, whose rows are read when they are asked for.

    Parameters
    ----------
    source
        The dataset's folder, or a repository on the Hub, "organisation/name": its manifest and the track's files are
        downloaded into the Hub's cache.
    track
        Its name; the dataset's default track if not given.
    revision
        Of the repository: a branch, a tag or a commit.

    Raises
    ------
    InputError
        For a dataset, a track or a Hub that is not there.
    """
    folder, manifest = _located(source, track, revision)
    name = track or manifest.default_track
    entry = manifest.tracks[name]
    return Track(
        name=name,
        axis=entry.axis,
        unit=entry.unit,
        conditions=entry.conditions,
        checksum=manifest.checksum,
        pixel_size=manifest.pixel_size,
        folder=folder,
        manifest=manifest,
    )


def _located(source: str | Path, config: str | None, revision: str | None) -> tuple[Path, Manifest]:
    """The folder and manifest of a dataset that has the config (None: its default track), with its files downloaded."""
    require("pyarrow", "data")
    require("PIL", "data")
    folder = Path(source)
    if not folder.exists() and _is_hub_id(str(source)):
        from hrtem_bench.support.hub import download

        folder = download(str(source), revision, [MANIFEST])
        found = read_manifest(folder)
        name = config or found.default_track
        _check_config(found, name, source)
        folder = download(str(source), revision, [MANIFEST, f"data/{name}/*"])
    elif revision is not None:
        raise InputError(f"a revision belongs to a dataset on the Hub; {source} is a folder: leave the revision out")
    if not folder.is_dir():
        raise InputError(
            f"no dataset at {source}: give a dataset's folder, or its Hub id as organisation/name; "
            f"`hrtem-bench generate mini --out {source}` makes one"
        )
    manifest = read_manifest(folder)
    _check_config(manifest, config or manifest.default_track, source)
    return folder, manifest


def _check_config(manifest: Manifest, config: str, source: str | Path) -> None:
    if config == EXIT_WAVES:
        if not shards_of(manifest, EXIT_WAVES):
            raise InputError(f"the dataset {source} keeps no exit waves: give its recipe an [exit_waves] table")
    elif config not in manifest.tracks:
        raise InputError(_unknown("track", config, list(manifest.tracks), f"the dataset {source}"))


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise InputError(_unknown("split", split, SPLITS, "a dataset"))


def _shards(folder: Path, manifest: Manifest, config: str, split: str) -> list[Path]:
    paths = [folder / s.path for s in shards_of(manifest, config, split)]
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


def first_of_each(
    items: Iterable[T], name_of: Callable[[T], str], names: Collection[str], limit: int | None
) -> Iterator[T]:
    """The items with one of `names`, at most `limit` of each name. Reading stops after the last of them."""
    seen = dict.fromkeys(names, 0)
    for item in items:
        name = name_of(item)
        if name in seen and (limit is None or seen[name] < limit):
            seen[name] += 1
            yield item
        if limit is not None and min(seen.values(), default=limit) >= limit:
            return


class _Place(NamedTuple):
    """Where an image is: a row of a row group of a Parquet file."""

    path: Path
    file: Any
    group: int
    row: int
    condition_id: str


def _places(paths: Iterable[Path]) -> Iterator[_Place]:
    """Every row of the files, in order; only the column of conditions is read for it."""
    for path in paths:
        file = _opened(path, COLUMNS)
        for group in range(file.num_row_groups):
            with file_errors(path, DAMAGED):
                ids = file.read_row_group(group, columns=["condition_id"], use_threads=False)[
                    "condition_id"
                ].to_pylist()
            for row, name in enumerate(ids):
                yield _Place(path, file, group, row, name)


def _opened(path: Path, columns: Collection[str]) -> Any:
    """A Parquet file that has the columns; InputError for one that has not, or is none."""
    return open_parquet(path, columns, hint=DAMAGED)


def _samples(path: Path, rows: Iterable[dict[str, Any]], nominal: Mapping[str, dict[str, Any]]) -> Iterator[Sample]:
    """The images of a file's rows. nominal: settings of each condition, as `flat` gives them."""
    label = lru_cache(maxsize=2)(decode_png)  # a structure's mask and instances come again at every condition
    for row in rows:
        settings = {name: row[name] for name in SETTINGS}
        if not settings["C12"]:
            del settings["C12"], settings["phi12"]
        with file_errors(path, DAMAGED):
            sample = Sample(
                structure_id=row["structure_id"],
                condition_id=row["condition_id"],
                image=decode_png(row["image"]["bytes"]).astype(np.float32),
                mask=label(row["mask"]["bytes"]).astype(np.uint8),
                instances=label(row["instances"]["bytes"]).astype(np.uint16),
                condition=condition_from_dict(nominal[row["condition_id"]] | settings),
            )
        yield sample


def _exit_wave(row: dict[str, Any], output_pixel_size: float) -> StructureWaves:
    shape = (row["phonons"], row["points"], row["points"])
    return StructureWaves(
        structure_id=row["structure_id"],
        waves=unpack(row["waves"], shape, row["field"], row["band"]),
        pixel_size=row["pixel_size"],
        zero_focus=row["zero_focus"],
        energy=row["energy"],
        mask=decode_png(row["mask"]["bytes"]).astype(np.uint8),
        instances=decode_png(row["instances"]["bytes"]).astype(np.uint16),
        output_pixel_size=output_pixel_size,
        lattice=row["lattice"],
        particle_count=row["particle_count"],
        thickness=row["thickness"],
    )
