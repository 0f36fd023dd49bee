"""Datasets that were cut off, emptied or altered end in one line that names the file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import toy_datasets

from hrtem_bench.cli import run
from hrtem_bench.dataset import generate, open_dataset, open_exit_waves, read_manifest, verify
from hrtem_bench.errors import InputError

SHARD = "data/defocus/test-00000-of-00001.parquet"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("damaged") / "toy"
    generate(toy_datasets.recipe(), folder, workers=1, simulate=toy_datasets.simulate)
    return folder


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "toy"))


@pytest.mark.parametrize("kind", ["truncated", "empty", "without columns"])
def test_a_damaged_shard_is_named(copy: Path, kind: str) -> None:
    shard = copy / SHARD
    if kind == "without columns":
        pq.write_table(pa.table({"condition_id": ["defocus=0nm"]}), shard)
    else:
        shard.write_bytes(shard.read_bytes()[:1000] if kind == "truncated" else b"")
    with pytest.raises(InputError, match=SHARD) as caught:
        list(open_dataset(copy, "defocus").rows("test"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["../../../etc/passwd", "/etc/passwd", "data/../../x.parquet", "data/a/b/c.parquet"])
def test_a_path_that_climbs_out_is_refused(copy: Path, name: str) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["shards"][0]["path"] = name
    (copy / "manifest.json").write_text(json.dumps(manifest))
    for use in (read_manifest, verify, lambda folder: open_dataset(folder, "defocus")):
        with pytest.raises(InputError, match="manifest"):
            use(copy)


def test_a_folder_that_is_a_link_is_refused(copy: Path, tmp_path: Path) -> None:
    (copy / "data" / "defocus").rename(tmp_path / "elsewhere")
    (copy / "data" / "defocus").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="symbolic link"):
        open_dataset(copy, "defocus")


WAVES = "data/exit_waves/test-00000-of-00001.parquet"


@pytest.mark.parametrize("kind", ["truncated", "empty", "overwritten", "without waves", "too few"])
def test_damaged_exit_waves_are_named(copy: Path, kind: str) -> None:
    shard = copy / WAVES
    whole, table = shard.read_bytes(), pq.read_table(shard)
    if kind == "without waves":
        pq.write_table(table.drop_columns(["waves"]), shard)
    elif kind == "too few":
        pq.write_table(table.set_column(1, "waves", pa.array([b"1234"] * len(table))), shard)
    else:
        damaged = {"truncated": whole[:1000], "empty": b"", "overwritten": whole[:2000] + bytes(5000) + whole[7000:]}
        shard.write_bytes(damaged[kind])
    with pytest.raises(InputError, match=WAVES) as caught:
        list(open_exit_waves(copy).rows())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["truncated", "empty", "overwritten", "no picture"])
def test_evaluate_names_a_damaged_shard(copy: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    shard = copy / SHARD
    whole, table = shard.read_bytes(), pq.read_table(shard)
    if kind == "no picture":
        rows = table.to_pylist()
        rows[0]["image"]["bytes"] = b"GIF89a"
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), shard)
    else:
        damaged = {"truncated": whole[:1000], "empty": b"", "overwritten": whole[:2000] + bytes(3000) + whole[5000:]}
        shard.write_bytes(damaged[kind])
    (copy.parent / "net.py").write_text("def half(images):\n    return 0 * images + 0.5\n")
    command = ["evaluate", f"{copy.parent / 'net.py'}:half", "--data", str(copy), "--out", str(copy.parent / "out")]
    assert run(command) == 2
    said = capsys.readouterr().err.strip()
    assert SHARD in said and said.startswith("hrtem-bench: ") and "\n" not in said


@pytest.mark.parametrize("size", [0.0, -1.0, 1e30])
def test_a_pixel_size_that_no_image_has_is_refused(size: float, copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | {"pixel_size": size}))
    for use in (read_manifest, verify, lambda folder: open_dataset(folder, "defocus")):
        with pytest.raises(InputError, match="is no valid manifest: Expected `float`"):
            use(copy)


def test_a_manifest_nested_deep_is_refused(copy: Path) -> None:
    manifest = (copy / "manifest.json").read_text()
    deep = "[" * 100_000 + "]" * 100_000
    (copy / "manifest.json").write_text(manifest.replace('"scene": {', f'"scene": {{"crystals": {deep},', 1))
    for use in (read_manifest, verify, lambda folder: open_dataset(folder, "defocus")):
        with pytest.raises(InputError, match="nested too deep"):
            use(copy)
