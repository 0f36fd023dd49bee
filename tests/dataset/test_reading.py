"""Reading: what `datasets` and `open_dataset` give back is what was written."""

import io
import socket
import subprocess
import sys
import time

import numpy as np
import pyarrow.parquet as pq
import pytest
import toy_datasets
from PIL import Image

from hrtem_bench.dataset import generate, open_dataset, open_exit_waves, reader, verify
from hrtem_bench.errors import InputError
from hrtem_bench.generation.simulation import make_structure
from hrtem_bench.generation.waves import pack, unpack
from hrtem_bench.recipes.plan import Job
from hrtem_bench.recipes.schema import COLUMNS, WAVE_COLUMNS, columns_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reading") / "toy"
    generate(toy_datasets.recipe(), folder, workers=1, simulate=toy_datasets.simulate)
    return folder


@pytest.fixture(scope="module")
def written():
    """The rows of every test structure in the defocus track, straight from where they are made."""
    jobs = [Job("test", k) for k in range(3)]
    return [r for job in jobs for r in make_structure(toy_datasets.recipe(), job, toy_datasets.simulate)["defocus"]]


def exact(picture, row, column):
    mode = "I;16" if column == "image" else "L"
    assert picture.mode == mode
    expected = np.asarray(Image.open(io.BytesIO(row[column]["bytes"])))
    np.testing.assert_array_equal(np.asarray(picture), expected)


@pytest.mark.parametrize("streaming", [False, True])
def test_load_dataset_is_exact(folder, written, tmp_path, streaming):
    from datasets import Image as ImageFeature
    from datasets import load_dataset

    loaded = load_dataset(str(folder), "defocus", split="test", streaming=streaming, cache_dir=str(tmp_path))
    assert list(loaded.features) == list(COLUMNS)
    for name, kind in COLUMNS.items():
        feature = loaded.features[name]
        assert isinstance(feature, ImageFeature) if kind == "image" else feature.dtype == kind
    rows = list(loaded)
    assert len(rows) == len(written) == 9
    for row, expected in zip(rows, written, strict=True):
        for column in ("image", "mask", "instances", "preview"):
            exact(row[column], expected, column)
        for column in [c for c, kind in COLUMNS.items() if kind != "image"]:
            assert row[column] == expected[column]


def test_every_config_loads_and_defocus_is_the_default(folder, tmp_path):
    from datasets import get_dataset_config_names, load_dataset

    assert sorted(get_dataset_config_names(str(folder))) == ["defocus", "dose", "exit_waves", "joint", "structure"]
    for config, split, rows in (
        ("dose", "train", 4),
        ("joint", "test", 15),
        ("structure", "validation", 1),
        ("exit_waves", "test", 2),
    ):
        assert len(load_dataset(str(folder), config, split=split, cache_dir=str(tmp_path))) == rows
    waves = load_dataset(str(folder), "exit_waves", split="test", cache_dir=str(tmp_path))
    assert {name: f.dtype for name, f in waves.features.items() if WAVE_COLUMNS[name] != "image"} == {
        name: kind for name, kind in WAVE_COLUMNS.items() if kind != "image"
    }
    assert [row["waves"] for row in waves] == [
        make_structure(toy_datasets.recipe(), Job("test", k), toy_datasets.simulate)["exit_waves"][0]["waves"]
        for k in range(2)
    ]
    default = load_dataset(str(folder), split="validation", cache_dir=str(tmp_path))
    assert default["condition_id"] == ["defocus=-10nm", "defocus=0nm"]


def test_card_counts_are_those_of_the_files(folder):
    import yaml

    card = yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert card["license"] == "cc-by-4.0"
    for info in card["dataset_info"]:
        assert [f["name"] for f in info["features"]] == list(columns_of(info["config_name"]))
        for split in info["splits"]:
            files = list((folder / "data" / info["config_name"]).glob(f"{split['name']}-*.parquet"))
            assert split["num_examples"] == sum(pq.ParquetFile(f).metadata.num_rows for f in files)


def test_the_default_track_is_opened_where_none_is_named(folder):
    assert open_dataset(folder).name == "defocus"


def test_open_dataset_gives_counts_labels_and_conditions(folder, written):
    track = open_dataset(folder, "defocus")
    assert (track.name, track.axis, track.unit, track.pixel_size, track.pixels) == ("defocus", "defocus", "nm", 0.5, 32)
    assert (track.dataset, track.version, len(track.checksum)) == ("toy", "1.2.3", 64)
    samples = list(track.rows("test"))
    assert track.count("test") == len(samples) == 9
    for sample, row in zip(samples, written, strict=True):
        assert (sample.image.dtype, sample.mask.dtype, sample.instances.dtype) == (np.float32, np.uint8, np.uint16)
        np.testing.assert_array_equal(sample.image, np.asarray(Image.open(io.BytesIO(row["image"]["bytes"]))))
        assert (sample.structure_id, sample.condition_id) == (row["structure_id"], row["condition_id"])
        assert (sample.condition.C10, sample.condition.dose) == (row["C10"], 400.0)
        assert sample.condition.focal_spread == 10.0
        nominal = next(c for c in track.conditions if c.condition_id == sample.condition_id)
        assert 0 < abs(sample.condition.C10 - nominal.condition.C10) <= 4 * nominal.spread["C10"]


def test_rows_of_chosen_conditions(folder):
    track = open_dataset(folder, "defocus")
    chosen = list(track.rows("test", ["defocus=10nm", "defocus=-10nm"]))
    assert len(chosen) == track.count("test", ["defocus=10nm", "defocus=-10nm"]) == 6
    assert {s.condition_id for s in chosen} == {"defocus=10nm", "defocus=-10nm"}
    assert list(track.rows("train", ["defocus=10nm"])) == []


def test_the_first_rows_of_each_condition_and_those_after_a_start(folder):
    track = open_dataset(folder, "defocus")
    everything = [(s.structure_id, s.condition_id, s.image.sum()) for s in track.rows("test")]
    first = [(s.structure_id, s.condition_id, s.image.sum()) for s in track.rows("test", limit=2)]
    assert first == [one for one in everything if one[0] != "test-00002"]
    assert track.count("test", limit=2) == 6
    for start in (0, 4, 9, 20):
        rest = [(s.structure_id, s.condition_id, s.image.sum()) for s in track.rows("test", start=start)]
        assert rest == everything[start:]
    chosen = track.rows("test", ["defocus=10nm"], limit=2, start=1)
    assert [(s.structure_id, s.condition_id) for s in chosen] == [("test-00001", "defocus=10nm")]


def test_what_is_left_out_is_not_decoded(folder, monkeypatch):
    decoded = []
    track = open_dataset(folder, "defocus")
    original = reader.decode_png
    monkeypatch.setattr(reader, "decode_png", lambda data: decoded.append(data) or original(data))
    assert len(list(track.rows("test", start=8))) == 1
    assert len(decoded) <= 3
    decoded.clear()
    assert len(list(track.rows("test"))) == 9
    assert len(decoded) <= 9 + 2 * 3  # every image, and the labels of three structures once


def test_labels_of_a_structure_are_its_samples_own(folder):
    """They are decoded once and yet not shared: what is done to one sample's is not done to another's."""
    first, second, *_ = open_dataset(folder, "defocus").rows("test")
    assert first.structure_id == second.structure_id
    first.mask[:], first.instances[:] = 7, 7
    assert second.mask.max() <= 1 and second.instances.max() < 7


def test_same_structure_same_mask_at_every_condition(folder):
    masks = {}
    for name in ("defocus", "dose", "joint"):
        for sample in open_dataset(folder, name).rows("test"):
            before = masks.setdefault(sample.structure_id, sample.mask)
            np.testing.assert_array_equal(before, sample.mask)
    assert len(masks) == 3


def test_a_condition_no_track_has_is_rendered_from_exit_waves(folder):
    import hrtem_bench as hb

    kept = list(open_exit_waves(folder).rows())
    assert [s.structure_id for s in kept] == ["test-00000", "test-00001"]
    condition = hb.Condition(C10=-320.0, C30=2e5, focal_spread=8.0)
    for k, s in enumerate(kept):
        simulated = toy_datasets.simulate(toy_datasets.recipe(), Job("test", k))
        np.testing.assert_array_equal(s.mask, simulated.mask)
        kwargs = {"output_pixel_size": s.output_pixel_size, "zero_focus": s.zero_focus}
        # The toy's waves go beyond the band that multislice keeps; what is lost there is left out on both sides.
        band = unpack(pack(simulated.waves, 16.0, 4 / 3), simulated.waves.shape, 16.0, 4 / 3)
        np.testing.assert_allclose(
            hb.render(s.waves, condition, pixel_size=s.pixel_size, **kwargs),
            hb.render(band, condition, pixel_size=0.25, **kwargs),
            rtol=1e-5,
        )
    assert [s.structure_id for s in open_exit_waves(folder).rows("test", ["test-00001"])] == ["test-00001"]
    with pytest.raises(InputError, match="no exit waves of test-00002"):
        list(open_exit_waves(folder).rows("test", ["test-00002"]))

    with pytest.raises(InputError, match="no split 'tset': did you mean test"):
        list(open_exit_waves(folder).rows("tset"))


ALL_SPLITS = toy_datasets.TOML.replace(
    "[exit_waves]\nstructures = 2", "[exit_waves]\nstructures = { train = 2, validation = 1, test = 3 }"
)


def test_exit_waves_of_every_split_can_be_kept(tmp_path):
    recipe = toy_datasets.recipe(ALL_SPLITS)
    generate(recipe, tmp_path / "toy", workers=1, simulate=toy_datasets.simulate)
    assert verify(tmp_path / "toy").problems == ()
    kept = open_exit_waves(tmp_path / "toy")
    ids = {split: [s.structure_id for s in kept.rows(split)] for split in ("train", "validation", "test")}
    assert ids == {
        "train": ["train-00000", "train-00001"],
        "validation": ["validation-00000"],
        "test": ["test-00000", "test-00001", "test-00002"],
    }
    assert {split: kept.count(split) for split in ids} == {"train": 2, "validation": 1, "test": 3}
    mask = toy_datasets.simulate(recipe, Job("train", 1)).mask
    np.testing.assert_array_equal(next(kept.rows("train", ["train-00001"])).mask, mask)
    card = (tmp_path / "toy" / "README.md").read_text()
    assert "the first 2 train, 1 validation, 3 test structures" in " ".join(card.split())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda f: open_dataset(f / "none", "defocus"), "no dataset at .*generate mini"),
        (lambda f: open_dataset(f.parent, "defocus"), "no manifest.json"),
        (lambda f: open_dataset(f, "defocos"), "no track 'defocos': did you mean defocus\\?"),
        (lambda f: list(open_dataset(f, "defocus").rows("dev")), "no split 'dev'.*train, validation, test"),
        (lambda f: list(open_dataset(f, "defocus").rows("test", ["defocus=11nm"])), "'defocus=11nm'.*defocus=10nm"),
        (lambda f: open_dataset(f, "defocus", revision="v1"), "leave the revision out"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(folder, call, words):
    with pytest.raises(InputError, match=words) as caught:
        call(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("silent", [False, True], ids=["refuses", "never answers"])
def test_an_unreachable_hub_is_one_line_within_seconds(silent):
    code = """
from hrtem_bench.dataset import open_dataset
from hrtem_bench.errors import InputError
try:
    open_dataset("nobody/nothing-of-this-name", "defocus")
except InputError as error:
    print(error)
"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1] if silent else 9
        env = {"HF_ENDPOINT": f"http://127.0.0.1:{port}", "HF_HUB_DISABLE_XET": "1", "HOME": "/nonexistent"}
        started = time.monotonic()
        command = [sys.executable, "-c", code]
        ran = subprocess.run(command, capture_output=True, text=True, env=env, check=True, timeout=60)
    assert time.monotonic() - started < 20
    assert "the Hub cannot be reached" in ran.stdout
    assert ran.stdout.count("\n") == 1
