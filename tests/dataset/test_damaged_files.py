"""Datasets that were cut off, emptied or altered end in one line that names the file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import toy_datasets

from hrtem_bench.dataset import generate, open_dataset, read_manifest, verify
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
