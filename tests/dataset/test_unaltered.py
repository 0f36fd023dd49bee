"""Altered data are refused before a model is scored on them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hrtem_bench.dataset import open_dataset
from hrtem_bench.dataset.unaltered import published_defoci
from hrtem_bench.errors import InputError
from hrtem_bench.generation.manifest import dataset_checksum, read_manifest, write_manifest
from hrtem_bench.support.files import sha256_of

Change = Callable[[pa.Table], pa.Table]


def half(table: pa.Table) -> pa.Table:
    return table.slice(0, table.num_rows // 2)


def far(table: pa.Table) -> pa.Table:
    place = table.schema.get_field_index("C10")
    return table.set_column(place, table.schema.field(place), pa.array([1e9] * table.num_rows, table["C10"].type))


@pytest.fixture
def data(toy_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(toy_folder, tmp_path / "toy"))


def altered(folder: Path, change: Change) -> Path:
    track = open_dataset(folder, "defocus")
    path = next((folder / "data" / track.name).glob("test-*.parquet"))
    pq.write_table(change(pq.read_table(path)), path)
    return path


def test_what_was_generated_passes(data: Path) -> None:
    track = open_dataset(data, "defocus")
    for split in ("train", "validation", "test"):
        track.check(split)
        assert track.count(split) == sum(1 for _ in track.rows(split))


@pytest.mark.parametrize("change", [half, far])
def test_another_file_is_refused(change: Change, data: Path) -> None:
    altered(data, change)
    with pytest.raises(InputError, match=r"test-.*was changed: its SHA-256 is not that of manifest\.json") as caught:
        open_dataset(data, "defocus").check("test")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "says"), [(half, r"test has \d+ images, its recipe gives \d+"), (far, "C10 of .* is 1000000000.0, its")]
)
def test_rows_are_those_of_the_recipe_even_where_the_manifest_agrees(change: Change, says: str, data: Path) -> None:
    path = altered(data, change)
    manifest = read_manifest(data)
    name = path.relative_to(data).as_posix()
    shards = tuple(
        msgspec.structs.replace(one, sha256=sha256_of(path), bytes=path.stat().st_size) if one.path == name else one
        for one in manifest.shards
    )
    with pytest.raises(InputError, match="checksum is not that of the files listed"):
        write_manifest(data, msgspec.structs.replace(manifest, shards=shards))
        open_dataset(data, "defocus").check("test")
    write_manifest(data, msgspec.structs.replace(manifest, shards=shards, checksum=dataset_checksum(shards)))
    with pytest.raises(InputError, match=says):
        open_dataset(data, "defocus").check("test")


@pytest.mark.parametrize(
    ("field", "value"),
    [("pixel_size", 0.6), ("version", "9.9.9"), ("name", "mini"), ("seed", 8), ("recipe_sha256", "0")],
)
def test_a_manifest_that_is_not_of_its_recipe(field: str, value: object, data: Path) -> None:
    write_manifest(data, msgspec.structs.replace(read_manifest(data), **{field: value}))
    with pytest.raises(InputError, match=rf"manifest\.json: {field} is not that of its recipe"):
        open_dataset(data, "defocus").check("test")


def test_the_axis_is_that_of_the_recipe(data: Path) -> None:
    manifest = read_manifest(data)
    entry = msgspec.structs.replace(manifest.tracks["defocus"], axis="dose")
    write_manifest(data, msgspec.structs.replace(manifest, tracks={**manifest.tracks, "defocus": entry}))
    with pytest.raises(InputError, match="the conditions of defocus are not those of its recipe"):
        open_dataset(data, "defocus").check("test")


def test_the_shipped_recipe_says_where_its_images_are() -> None:
    from hrtem_bench.dataset import load_recipe

    recipe = load_recipe("mini")
    defoci = published_defoci("mini", recipe.version, "defocus", "test")
    assert defoci is not None and all(name.startswith("test-") for name, _ in defoci)
    assert published_defoci("mini", "0.0.0", "defocus", "test") is None
    assert published_defoci("none", "1.0.0", "defocus", "test") is None
