"""Verification: whatever is changed in a dataset is found and named."""

import re
import shutil
import time

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import toy_datasets

from hrtem_bench.dataset import TrackDifference, differences, generate, read_manifest, verify
from hrtem_bench.errors import InputError
from hrtem_bench.generation.manifest import dataset_checksum, write_manifest
from hrtem_bench.generation.png import decode_png, encode_png
from hrtem_bench.recipes.loading import recipe_from_dict
from hrtem_bench.recipes.tables import recipe_hash, recipe_to_dict
from hrtem_bench.support.files import sha256_of

TEST = "data/defocus/test-00000-of-00001.parquet"


@pytest.fixture
def copy(toy_folder, tmp_path):
    return shutil.copytree(toy_folder, tmp_path / "toy")


def reseal(folder, path):
    """Write a manifest that agrees with a changed shard, as one who covers their tracks would."""
    manifest = read_manifest(folder)
    file = folder / path
    shards = tuple(
        msgspec.structs.replace(
            s, sha256=sha256_of(file), bytes=file.stat().st_size, rows=pq.ParquetFile(file).metadata.num_rows
        )
        if s.path == path
        else s
        for s in manifest.shards
    )
    write_manifest(folder, msgspec.structs.replace(manifest, shards=shards, checksum=dataset_checksum(shards)))


def edit(folder, change, path=TEST):
    """Change a shard's rows in place and reseal the manifest."""
    table = pq.read_table(folder / path)
    rows = change(table.to_pylist())
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), folder / path)
    reseal(folder, path)


def test_a_sound_dataset_has_no_problems(toy_folder):
    found = verify(toy_folder)
    assert found.ok
    assert (found.problems, found.shards, found.images, found.structures) == ((), 13, 56, 7)


@pytest.mark.parametrize("where", [0.0, 0.1, 0.35, 0.5, 0.77, 0.999])
def test_a_flipped_byte_is_found(copy, where):
    data = bytearray((copy / TEST).read_bytes())
    data[int(where * len(data))] ^= 0x10
    (copy / TEST).write_bytes(data)
    problems = verify(copy).problems
    assert any(p.startswith(TEST) for p in problems)


def test_files_missing_cut_and_added_are_found(copy):
    (copy / TEST).unlink()
    joint = copy / "data/joint/train-00000-of-00001.parquet"
    joint.write_bytes(joint.read_bytes()[:-100])
    (copy / "data/dose/extra.parquet").write_bytes(b"x")
    (copy / "README.md").unlink()
    problems = verify(copy).problems
    assert f"{TEST}: missing" in problems
    assert any(p.startswith("data/joint/train-00000-of-00001.parquet: ") and "bytes" in p for p in problems)
    assert "data/dose/extra.parquet: not in the manifest" in problems
    assert "README.md: missing" in problems


def put(column, value):
    def change(rows):
        rows[4][column] = value
        return rows

    return change


def brighter(rows):
    counts = decode_png(rows[4]["image"]["bytes"])
    rows[4]["image"]["bytes"] = encode_png(counts * 2)
    return rows


def other_mask(rows):
    rows[4]["mask"] = rows[4]["instances"] = rows[8]["mask"]
    return rows


def same_image(rows):
    rows[4]["image"] = rows[3]["image"]
    return rows


def shallow_mask(rows):
    rows[4]["mask"]["bytes"] = encode_png(decode_png(rows[4]["mask"]["bytes"]) * 255)
    return rows


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (put("C10", 12.0), "C10 is 12.0, the recipe gives"),
        (put("dose", 500.0), "dose is 500.0"),
        (put("condition_id", "defocus=10nm"), "condition_id"),
        (put("structure_id", "train-00001"), "structure_id"),
        (put("image_seed", 3), "image_seed is 3"),
        (put("zero_focus", 44.0), "zero_focus is 44.0"),
        (put("particle_count", 0), "instances go up to 1, with 0 particles"),
        (put("image", {"bytes": b"not a picture", "path": None}), "image is no PNG"),
        (brighter, "times dose × pixel area"),
        (other_mask, "not that of this structure's other images"),
        (same_image, "image is the same as that of"),
        (shallow_mask, "mask is not 0 and 1"),
    ],
)
def test_an_edited_row_is_named_even_under_a_new_seal(copy, change, words):
    edit(copy, change)
    problems = verify(copy).problems
    named = [p for p in problems if p.startswith(f"{TEST}, row 4 (defocus test-00001 defocus=0nm)")]
    assert any(words in p for p in named), problems


def test_rows_left_out_doubled_or_in_another_order_are_found(copy):
    edit(copy, lambda rows: rows[:-1])
    assert any("8 rows, the recipe gives 9" in p for p in verify(copy).problems)
    edit(copy, lambda rows: [*rows, rows[0]])
    assert any("row 8" in p for p in verify(copy).problems)


def test_leakage_between_splits_is_found_by_content(copy):
    train = pq.read_table(copy / "data/defocus/train-00000-of-00001.parquet").to_pylist()

    def leak(rows):
        for name in ("mask", "instances"):
            for k in range(3):
                rows[k][name] = train[0][name]
        return rows

    edit(copy, leak)
    assert any("row 0" in p and "train-00000 of another split: leakage" in p for p in verify(copy).problems)


def test_specimens_too_faint_to_be_marked_may_share_an_empty_mask(tmp_path):
    generate(toy_datasets.recipe(), tmp_path, workers=1, simulate=toy_datasets.unmarked)
    assert verify(tmp_path).ok


def test_another_schema_is_found(copy):
    table = pq.read_table(copy / TEST).replace_schema_metadata(None)
    pq.write_table(table, copy / TEST)
    reseal(copy, TEST)
    assert any("columns or their types" in p for p in verify(copy).problems)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"seed": 7,', '"seed": 8,', "recipe"),
        ('"rows": 9', '"rows": 10', "has 10 rows, and the recipe gives 9"),
        ('"value": -10.0', '"value": -11.0', "tracks is not what the recipe gives"),
        ('"checksum": "', '"checksum": "0', "checksum is not that of the shards"),
        ('"pixels": 32', '"pixels": "x"', "the recipe is not valid"),
    ],
)
def test_an_edited_manifest_is_found(copy, old, new, words):
    path = copy / "manifest.json"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    assert any(p.startswith("manifest.json") and words in p for p in verify(copy).problems)


def test_a_recipe_that_claims_far_more_structures_is_refused_without_its_plan(copy):
    manifest = read_manifest(copy)
    recipe = recipe_from_dict(manifest.recipe | {"structures": {"train": 2, "validation": 2, "test": 99_999}})
    write_manifest(
        copy, msgspec.structs.replace(manifest, recipe=recipe_to_dict(recipe), recipe_sha256=recipe_hash(recipe))
    )
    before = time.process_time()
    problems = verify(copy).problems
    assert time.process_time() - before < 2  # the plan of so many takes 40 s
    assert (
        "manifest.json: the recipe gives 99999 test structures to defocus, and the files listed have 9 rows: "
        "no rows were compared"
    ) in problems


def test_how_far_two_makings_differ(toy_folder, copy, tmp_path):
    def one_more_electron(rows):
        counts = decode_png(rows[4]["image"]["bytes"])
        counts[3, 5] += 2
        rows[4]["image"]["bytes"] = encode_png(counts)
        return rows

    edit(copy, one_more_electron)
    found = {d.track: d for d in differences(toy_folder, copy)}
    assert list(found) == ["defocus", "dose", "structure", "joint"]
    assert found["defocus"] == TrackDifference("defocus", 17, 1 / (17 * 32 * 32), 0.0, 2)
    assert all(d.pixels == d.largest == 0 for name, d in found.items() if name != "defocus")
    other = toy_datasets.recipe(toy_datasets.TOML.replace("seed = 7", "seed = 8"))
    generate(other, tmp_path / "other", workers=1, simulate=toy_datasets.simulate)
    with pytest.raises(InputError, match="different recipes"):
        differences(toy_folder, tmp_path / "other")


@pytest.mark.parametrize("name", ["README.md", "croissant.json"])
def test_edited_words_are_found(copy, name):
    text = (copy / name).read_text(encoding="utf-8")
    (copy / name).write_text(text.replace("1.2.3", "1.2.4", 1), encoding="utf-8")
    (problem,) = verify(copy).problems
    assert problem.startswith(f"{name}: is not what the")


def test_an_edited_picture_is_found(copy):
    (copy / "pictures/dose.svg").write_text("<svg/>")
    (copy / "pictures/dose.png").unlink()
    assert verify(copy).problems == (
        "pictures/dose.png: missing",
        "pictures/dose.svg: is not what the dataset gives",
    )


def test_other_code_is_a_note_and_no_problem(copy, capsys):
    from hrtem_bench.cli import run

    assert len(read_manifest(copy).code_sha256) == 64
    assert verify(copy).notes == ()
    manifest = msgspec.structs.replace(read_manifest(copy), code_sha256="0" * 64)
    write_manifest(copy, manifest)
    assert manifest.checksum == dataset_checksum(manifest.shards)  # the code is no part of it
    (copy / "README.md").write_text("as other code words it")
    found = verify(copy)
    assert found.ok
    (note,) = found.notes
    assert "other sources than those installed" in note
    assert "000000000000" in note
    assert run(["verify", str(copy)]) == 0
    assert f"note: {note}\n" in capsys.readouterr().out


def test_a_manifest_that_does_not_say_its_code_is_read(copy):
    path = copy / "manifest.json"
    path.write_text(re.sub(r',\s*"code_sha256": "\w+"', "", path.read_text()))
    (note,) = verify(copy).notes
    assert "not recorded" in note


def test_a_manifest_that_cannot_be_read_is_an_input_error(copy):
    (copy / "manifest.json").write_text('{"schema_version": 1')
    with pytest.raises(InputError, match="is no valid manifest"):
        verify(copy)
    (copy / "manifest.json").unlink()
    with pytest.raises(InputError, match=r"no manifest\.json"):
        verify(copy)


def test_edited_exit_waves_are_named(copy):
    path = "data/exit_waves/test-00000-of-00001.parquet"

    def change(rows):
        rows[0]["waves"] = rows[0]["waves"][:-2]
        rows[1]["waves"] = bytes(len(rows[1]["waves"]))
        return rows

    edit(copy, change, path)
    problems = verify(copy).problems
    assert any(p.startswith(f"{path}, row 0 (exit_waves test-00000)") and "damaged" in p for p in problems)
    assert any(p.startswith(f"{path}, row 1") and "mean intensity is 0" in p for p in problems)
