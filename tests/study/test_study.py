"""Studies: their settings, their networks, their rows, and taking them up again."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest

from hrtem_bench.cli import run
from hrtem_bench.errors import InputError
from hrtem_bench.study import parse_study, read_rows, run_study, waiting
from hrtem_bench.study.cost import seconds_of
from hrtem_bench.study.networks import drawn_sets, networks
from hrtem_bench.study.settings import Draw, DrawnRange, load_study, shipped_studies
from hrtem_bench.study.table import TABLE, write_rows

pytest.importorskip("torch")

STUDY = """
name = "tiny"
network = "{network}"

[training]
steps = 3
batch_size = 2
crop = 16

[[specimens]]
name = "toy"
data = "{data}"
material = "CdSe"
film = "below"

[[blocks]]
name = "defocus"
specimens = ["toy"]
track = "defocus"
train = [["defocus=-10nm"], ["defocus=-10nm", "defocus=0nm"]]
seeds = {seeds}
"""


@pytest.fixture
def text(baseline: Path, toy_folder: Path) -> str:
    return STUDY.format(network=baseline, data=toy_folder, seeds=2)


def column(table: Any, name: str) -> list[Any]:
    return list(table[name].to_pylist())


def test_a_row_for_each_network_and_test_condition(text: str, tmp_path: Path) -> None:
    table = run_study(parse_study(text), tmp_path / "out", workers=1)
    assert table.num_rows == 2 * 2 * 3
    assert set(column(table, "test")) == {"defocus=-10nm", "defocus=0nm", "defocus=10nm"}
    assert set(column(table, "train")) == {"defocus=-10nm", "defocus=-10nm;defocus=0nm"}
    assert set(column(table, "seed")) == {0, 1}
    assert all(0 <= one <= 1 for one in column(table, "dice"))
    assert all(one > 0 for one in column(table, "nll")) and all(one > 0 for one in column(table, "nll_se"))
    assert read_rows(tmp_path / "out" / TABLE).equals(table)


def test_the_same_seed_gives_the_same_rows(text: str, tmp_path: Path) -> None:
    one, other = (run_study(parse_study(text), tmp_path / name, workers=1) for name in "ab")
    keep = [name for name in one.column_names if name != "seconds"]
    assert one.select(keep).equals(other.select(keep))


def test_a_study_that_is_enlarged_keeps_what_it_has(
    text: str, baseline: Path, toy_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    before = run_study(parse_study(text), out, workers=1)
    larger = parse_study(STUDY.format(network=baseline, data=toy_folder, seeds=3))
    assert len(waiting(larger, out)) == 2
    after = run_study(larger, out, workers=1)
    assert after.num_rows == before.num_rows + 2 * 3
    assert {tuple(row.items()) for row in before.to_pylist()} <= {tuple(row.items()) for row in after.to_pylist()}


def test_the_table_alone_is_enough_to_go_on_from(text: str, tmp_path: Path) -> None:
    run_study(parse_study(text), tmp_path / "one", workers=1, most=3)
    assert len(waiting(parse_study(text), tmp_path / "two")) == 4
    assert len(waiting(parse_study(text), tmp_path / "two", [tmp_path / "one" / TABLE])) == 1
    assert not (tmp_path / "two").exists()


def test_rows_that_are_none_are_told_before_specimens_are_made(text: str, tmp_path: Path) -> None:
    (tmp_path / "rows.parquet").write_bytes(b"x")
    for path in (tmp_path / "rows.parquet", tmp_path / "absent.parquet"):
        with pytest.raises(InputError, match=f"{path.name} cannot be read"):
            run_study(parse_study(text), tmp_path / "one", rows=[path])
    assert not list(tmp_path.glob("one/data/*"))


def test_networks_trained_together_have_the_rows_of_those_trained_alone(text: str, tmp_path: Path) -> None:
    alone = run_study(parse_study(text), tmp_path / "alone", workers=1).to_pylist()
    together = run_study(parse_study(text), tmp_path / "together", workers=1, together=3).to_pylist()
    for one, other in zip(alone, together, strict=True):
        assert (one["name"], one["test"], one["cycles"]) == (other["name"], other["test"], other["cycles"])
        assert other["nll"] == pytest.approx(one["nll"], rel=1e-3)


def test_a_folder_of_another_study_or_of_other_data_is_refused(
    text: str, baseline: Path, kept_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run_study(parse_study(text), out, workers=1, most=1)
    with pytest.raises(InputError, match="is of the study 'tiny', not of 'other'"):
        run_study(parse_study(text.replace('name = "tiny"', 'name = "other"')), out, workers=1)
    with pytest.raises(InputError, match="has rows of toy from the dataset"):
        run_study(parse_study(STUDY.format(network=baseline, data=kept_folder, seeds=2)), out, workers=1)


def test_a_network_that_fails_is_marked_and_the_others_go_on(text: str, tmp_path: Path) -> None:
    broken = text + '\n[[blocks]]\nname = "broken"\nspecimens = ["toy"]\ntrack = "defocus"\n'
    broken += 'train = [["defocus=0nm"]]\nfunction = "model:broken"\n'
    table = run_study(parse_study(broken), tmp_path / "out", workers=1)
    failed = [row for row in table.to_pylist() if row["failed"]]
    assert len(failed) == 1 and "no such network" in failed[0]["failed"] and not failed[0]["converged"]
    assert table.num_rows == 13


WAVES = """
[[blocks]]
name = "waves"
specimens = ["toy"]
train = [["defocus=-9nm,dose=100"], ["defocus=9nm,camera=k3-300kV", "defocus=2nm"]]
test = ["defocus=0nm", "dose=50"]
test_structures = 1
"""


def test_images_are_rendered_at_settings_from_kept_waves(baseline: Path, kept_folder: Path, tmp_path: Path) -> None:
    text = STUDY.format(network=baseline, data=kept_folder, seeds=1) + WAVES
    study = parse_study(text.replace("seeds = 1\n", "seeds = 1\nspread = 0.0\n"))
    seconds = seconds_of(study, waiting(study, tmp_path), tmp_path)
    table = run_study(study, tmp_path, workers=1)
    rows = [row for row in table.to_pylist() if row["block"] == "waves"]
    assert {row["test"] for row in rows} == {"defocus=0nm", "dose=50"} and {row["images"] for row in rows} == {1}
    assert not any(row["failed"] for row in rows) and len(rows) == 4
    assert 0 < seconds < 60
    assert seconds_of(study, waiting(study, tmp_path), tmp_path) == 0


def test_a_dry_run_counts_what_other_tables_hold(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "study.toml").write_text(text)
    run_study(parse_study(text), tmp_path / "one", workers=1, most=3)
    asked = ["study", str(tmp_path / "study.toml"), "--out", str(tmp_path / "two"), "--dry-run", "--rows"]
    assert run([*asked, str(tmp_path / "one" / TABLE)]) == 0
    said = capsys.readouterr().out
    assert "4 networks, 1 to train" in said and "about" in said
    assert not (tmp_path / "two").exists()


def test_networks_trained_afresh_are_held_against_the_rows(
    text: str, baseline: Path, toy_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "study.toml"
    path.write_text(STUDY.format(network=baseline, data=toy_folder, seeds=3))
    asked = ["study", str(path), "--out", str(tmp_path / "out"), "--workers", "1"]
    assert run([*asked, "--check", "1"]) == 2
    assert "no training set has 3 networks" in capsys.readouterr().err
    for more in (["--dry-run"], ["--most", "1"], ["--together", "2"], ["--device", "cuda"]):
        assert run([*asked, "--check", "1", *more]) == 2
        assert "goes with --rows and --workers alone" in capsys.readouterr().err
    assert run(asked) == 0
    before = (tmp_path / "out" / TABLE).read_bytes()
    assert run([*asked, "--check", "2"]) == 0
    said = capsys.readouterr().out
    assert said.count(": like the rows") == 2 and said.count("seed 3") == 2
    assert (tmp_path / "out" / TABLE).read_bytes() == before
    table = read_rows(tmp_path / "out" / TABLE)
    easier = table.set_column(table.column_names.index("nll"), "nll", pc.multiply(table["nll"], 0.2).cast("float32"))
    write_rows(tmp_path / "out" / TABLE, easier)
    assert run([*asked, "--check", "1"]) == 1
    assert "UNLIKE the rows" in capsys.readouterr().out


def test_killed_and_run_again_it_goes_on(text: str, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(text)
    out = tmp_path / "out"
    command = [
        sys.executable,
        "-c",
        "from hrtem_bench.cli import main; main()",
        "study",
        str(tmp_path / "study.toml"),
        "--out",
        str(out),
    ]
    process = subprocess.Popen([*command, "--workers", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.time() + 60
    while not list(out.glob("parts/*.parquet")) and process.poll() is None and time.time() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert len(waiting(parse_study(text), out)) < 4
    assert run_study(parse_study(text), out, workers=1).num_rows == 12


def test_drawn_sets_fill_their_ranges_and_grow_without_changing() -> None:
    ranges = {"defocus": DrawnRange(low=-25, high=25, unit="nm"), "dose": DrawnRange(low=30, high=600, scale="log")}
    few, many = (drawn_sets(Draw(count=n, ranges=ranges, cameras=["ideal"], mixtures=[1, 3])) for n in (8, 64))
    assert many[:8] == few
    assert [len(one) for one in few] == [1, 3] * 4
    values = np.array(
        [float(part.split(",")[0].removeprefix("defocus=").removesuffix("nm")) for s in many for part in s]
    )
    assert -25 <= values.min() < -20 and 20 < values.max() <= 25 and abs(values.mean()) < 2
    assert all(part.endswith(",camera=ideal") for one in many for part in one)


def test_no_two_networks_share_a_name() -> None:
    for name in shipped_studies():
        names = [one.name for one in networks(load_study(name))]
        assert len(set(names)) == len(names) > 40


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('specimens = ["toy"]', 'specimens = ["toys"]', "[[specimens]] has toy"),
        ('train = [["defocus=-10nm"], ["defocus=-10nm", "defocus=0nm"]]', "train = []", "give training sets"),
        ('["defocus=-10nm", "defocus=0nm"]', "[]", "at least one condition"),
        ('["defocus=-10nm", "defocus=0nm"]', '["defocus=-10nm"]', "given twice"),
        ('track = "defocus"\n', "", "give the conditions to test at"),
        ("seeds = 2", "seeds = 0", "seeds"),
        ("seeds = 2", "sedes = 2", "sedes"),
        ('film = "below"\n', "", "film is missing"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_in_one_line(old: str, new: str, words: str, text: str) -> None:
    assert old in text
    with pytest.raises(InputError) as caught:
        parse_study(text.replace(old, new))
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_the_command_says_what_there_is_to_do_and_does_it(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "study.toml").write_text(text)
    command = ["study", str(tmp_path / "study.toml"), "--out", str(tmp_path / "out"), "--workers", "1"]
    assert run([*command, "--dry-run"]) == 0
    assert "4 networks, 4 to train" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()
    assert run(command) == 0
    said = capsys.readouterr().out
    assert "4 networks, " in said and "12 rows of 4 networks" in said
