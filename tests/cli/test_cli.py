from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import hrtem_bench as hb
from hrtem_bench.cli import run
from hrtem_bench.cli.printing import bytes_text, duration

TINY = """
name = "tiny"
version = "1.0.0"
seed = 1
description = "For tests."
default_track = "defocus"
sampling = { pixels = 96, pixel_size = 0.4, simulation_pixel_size = 0.2 }
structures = { train = 2, validation = 1, test = 2 }
scene = { lattices = ["CdSe"], count = [1, 1], diameter = [18, 20], film_thickness = [20, 20] }
multislice = { slice_thickness = 4.0, phonons = 1, displacement = 0.08 }
exit_waves = { structures = 2 }
imaging = { energy = 300e3, focal_spread = 10.0, dose = 400.0 }

[tracks.defocus]
kind = "scan"
axis = "defocus"
unit = "nm"
values = [-10, 10]
train = [-10]
spread = { C10 = 15.0 }
"""
ID = "defocus=-10nm"
COMMANDS = (
    "quickstart", "generate", "render", "verify", "publish", "show", "train", "evaluate", "evaluate-rendered",
    "evaluate-fresh", "evaluate-images", "predict", "compare", "leaderboard",
    "seeds", "submit", "transfer", "predict-shift", "design", "study",
)  # fmt: skip
MODELS = """
import numpy as np

def logits(images): return 3 * images
def small(images): return np.zeros((len(images), 3, 3), np.float32)
def broken(images): return np.full(images.shape, np.nan, np.float32)
def good(images): return (1 / (1 + np.exp(-3 * images))).astype(np.float32)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny dataset in data/, a baseline trained on it in run/, and models.py."""
    place = tmp_path_factory.mktemp("cli")
    (place / "tiny.toml").write_text(TINY)
    (place / "models.py").write_text(MODELS)
    assert run(["generate", str(place / "tiny.toml"), "--out", str(place / "data"), "--workers", "1"]) == 0
    command = f"train unet_small --data {place / 'data'} --conditions {ID} --steps 2 --out {place / 'run'}"
    assert run(command.split()) == 0
    return place


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on standard error."""
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"hrtem-bench {hb.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_names_every_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 0
    out = capsys.readouterr().out
    for command in COMMANDS:
        assert f" {command} " in out


def test_python_m_is_the_command() -> None:
    command = [sys.executable, "-m", "hrtem_bench"]
    answer = subprocess.run([*command, "--version"], check=True, capture_output=True, text=True)
    assert answer.stdout == f"hrtem-bench {hb.__version__}\n"
    refused = subprocess.run([*command, "nonsense"], check=False, capture_output=True, text=True)
    assert refused.returncode == 2 and "No such command 'nonsense'" in refused.stderr


def test_the_help_and_the_page_about_models_name_every_shipped_baseline() -> None:
    from hrtem_bench.cli.options import Model
    from hrtem_bench.models import read_card
    from hrtem_bench.models.shipped_baselines import baseline_at, baseline_names

    page = (Path(__file__).parents[2] / "docs" / "how-to" / "models.md").read_text("utf-8")
    lines = next(part for part in page.split("\n- ") if part.startswith("a shipped baseline:"))
    (argument,) = Model.__metadata__
    (named,) = re.findall(r"shipped baseline \(([\w, ]+)\)", argument.help)
    for name in baseline_names():
        assert f"`{name}`" in lines
        model = read_card(baseline_at(name)).model
        assert model is not None
        to_be_trained = model.weights is None and model.entry is None
        assert (name in named.split(", ")) is not to_be_trained


def test_starting_up_loads_nothing_heavy() -> None:
    code = "import sys, hrtem_bench.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    heavy = {"torch", "numba", "matplotlib", "scipy", "ase", "datasets", "pyarrow", "pandas", "PIL", "numpy"}
    assert heavy & set(loaded) == set()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("nonsense", "No such command 'nonsense'"),
        ("transfer --train C10=0", "Missing option '--test'"),
        ("transfer --train C9=5 --test C10=0", "unknown coefficient 'C9'"),
        ("transfer --train C10 --test C10=0", "has no '='"),
        ("transfer --train C10=0 --test C10=0 --q-max 0", "q_max"),
        ("transfer --train C10=0 --test C10=0 --weight round", "--weight"),
        ("transfer --train C10=0 --test C10=0 --out plot.pdf", ".svg or .png"),
        ("transfer --train C10=0 --test C10=1 --out /proc/none/plot.svg", "/proc/none"),
        ("generate nosuch --out {new}", "no recipe 'nosuch'"),
        ("generate mini --out {place}", "not empty"),
        ("generate mini --out {new} --workers 0", "--workers"),
        ("verify {new}", "no dataset"),
        ("publish {data} --repo a/b --tag v9", "v1.0.0"),
        ("publish {data} --repo a --tag v1.0.0", "organisation/name"),
        ("show {new}", "no dataset"),
        ("show {data} --track dose", "no track 'dose'"),
        ("show {data} --structures 0", "--structures"),
        ("show {data} --out {new}.pdf", ".svg or .png"),
        ("show {data} --out /proc/none/sheet.png", "/proc/none"),
        ("compare {new}", "{new}"),
        ("leaderboard {new}", "{new}"),
        ("compare {new} --out pairs.svg", ".json"),
        ("seeds {new} {new}", "{new}"),
        ("leaderboard {new} --out board.pdf", ".html, .md or .json"),
        ("generate {place}/tiny.toml --out {new} --device tpu", "--device"),
        ("train nosuch --data {data} --conditions x --out {new}", "no baseline 'nosuch'"),
        ("train otsu --data {data} --conditions x --out {new}", "nothing to train"),
        ("train unet_small --data {new} --conditions x --out {new}", "no dataset"),
        ("train unet_small --data {data} --track dose --conditions x --out {new}", "'dose'"),
        ("train unet_small --data {data} --conditions defocus=-11nm --out {new}", "defocus=-11nm"),
        ("train unet_small --data {data} --conditions defocus=-10nm --out {place}", "exists already"),
        ("train unet_small --data {data} --conditions defocus=-10nm --out /proc/none/run", "/proc/none"),
        ("evaluate unet_smal --data {data} --out {new}", "unet_small"),
        ("evaluate otsu --data {new} --out {new}", "no dataset"),
        ("evaluate otsu --data {data} --track dose --out {new}", "'dose'"),
        ("evaluate otsu --data {data} --conditions defocus=3nm --out {new}", "defocus=3nm"),
        ("evaluate otsu --data {data} --limit 0 --out {new}", "--limit"),
        ("evaluate otsu --data {data} --out /proc/none", "/proc/none"),
        ("evaluate-rendered otsu --data {data} --grid C10=a --out {new}", "FIRST:LAST:STEP"),
        ("evaluate-rendered otsu --data {data} --out {new}", "either --grid or --conditions-file"),
        ("evaluate-rendered otsu --data {data} --grid C10=0 --conditions-file x.toml --out {new}", "either --grid or"),
        (
            "evaluate-rendered otsu --data {data} --grid C10=0 --train-conditions x --out {new}",
            "neither a condition of the",
        ),
        ("evaluate-rendered otsu --data {data} --conditions-file {new}.toml --out {new}", "cannot be read"),
        ("evaluate-fresh otsu --data {data} --seed 1 --out {new}", "the dataset's own"),
        ("evaluate-fresh otsu --data {data} --out {new}", "--seed"),
        ("evaluate otsu --data {data} --conditions {new}.toml --out {new}", "--conditions-file {new}.toml"),
        ("evaluate otsu --data {data} --grid C10=0 --out {new}", "hrtem-bench evaluate-rendered MODEL --grid"),
        ("evaluate otsu --data {data} --fresh 3 --out {new}", "hrtem-bench evaluate-fresh MODEL --seed"),
        ("evaluate otsu --data {data} --results {new} --out {new}", "hrtem-bench evaluate-fresh MODEL --public"),
        ("evaluate {place}/models.py:logits --data {data} --out {new}", "logits"),
        ("evaluate {place}/models.py:good --output logit --data {data} --out {new}", "--output"),
        ("evaluate {place}/models.py:good --threshold 2 --data {data} --out {new}", "threshold"),
        ("evaluate {place}/models.py:small --data {data} --out {new}", "shape"),
        ("evaluate {place}/models.py:broken --data {data} --out {new}", "NaN"),
        ("evaluate {place}/models.py:absent --data {data} --out {new}", "absent"),
    ],
)
def test_what_a_user_gets_wrong_is_one_line_and_leaves_nothing(
    command: str, said: str, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new"
    capsys.readouterr()
    assert run(command.format(place=place, data=place / "data", new=new).split()) == 2
    line = one_line(capsys)
    assert line.startswith("hrtem-bench: ")
    assert said.format(new=new) in line
    assert "Traceback" not in line
    assert list(tmp_path.iterdir()) == []
    assert sorted(p.name for p in place.iterdir() if not p.name.startswith("__")) == [
        "data", "models.py", "run", "tiny.toml",
    ]  # fmt: skip


def test_units_in_text_mean_what_the_plain_numbers_mean(capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for condition in ("energy=200e3,C10=-600,C30=1.2e7", "energy=200kV,defocus=60nm,C30=1.2mm"):
        assert run(["transfer", "--train", "C10=100,energy=200kV", "--test", condition]) == 0
        said.append(re.findall(r"\d\.\d{4}", capsys.readouterr().out))
    assert len(said[0]) == 4
    assert said[0] == said[1]


def test_no_dataset_named_and_none_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["evaluate", "otsu"]) == 2
    assert "hrtem-bench generate mini --out" in one_line(capsys)


def test_ctrl_c_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hrtem_bench.physics.transfer_table", interrupted)
    assert run(["transfer", "--train", "C10=0", "--test", "C10=1"]) == 130
    assert one_line(capsys) == "hrtem-bench: interrupted"


def test_transfer_prints_the_numbers_of_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    command = "transfer --q-max 1.25 --train C10=100,focal_spread=10 --train C10=80 --test C10=-250,focal_spread=10"
    assert run(command.split()) == 0
    train = [hb.Condition(C10=100, focal_spread=10), hb.Condition(C10=80)]
    test = hb.Condition(C10=-250, focal_spread=10)
    expected = [hb.epsilon(test, 1.25), hb.sigma(train, test, 1.25), hb.coverage(train, test, 1.25)]
    out = capsys.readouterr().out
    row = next(line for line in out.splitlines() if "C10=-250" in line)
    assert [float(number) for number in re.findall(r"\d\.\d{4}", row)] == pytest.approx(expected, abs=1e-4)
    assert "1.25 1/Å" in out


@pytest.mark.parametrize(("suffix", "start"), [(".svg", b"<?xml"), (".png", b"\x89PNG")])
def test_transfer_draws(suffix: str, start: bytes, tmp_path: Path) -> None:
    out = tmp_path / f"shift{suffix}"
    assert run(["transfer", "--train", "C10=100", "--test", "C10=-100", "--out", str(out)]) == 0
    assert out.read_bytes().startswith(start)
    assert [p.name for p in tmp_path.iterdir()] == [out.name]


def test_generate_again_changes_nothing(place: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in (place / "data").rglob("*")}
    assert run(["generate", str(place / "tiny.toml"), "--out", str(place / "data")]) == 0
    assert {p: p.stat().st_mtime_ns for p in (place / "data").rglob("*")} == before


def test_verify_tells_a_sound_dataset_from_another(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", str(place / "data")]) == 0
    assert capsys.readouterr().out.rstrip().endswith("sound")
    copy = tmp_path / "copy"
    shutil.copytree(place / "data", copy)
    shard = next(copy.rglob("test-*.parquet"))
    shard.write_bytes(shard.read_bytes()[:-1] + b"\0")
    assert run(["verify", str(copy)]) == 1
    assert shard.name in capsys.readouterr().out


@pytest.mark.parametrize(("name", "start"), [("sheet.svg", b"<?xml"), ("sheet.png", b"\x89PNG"), (None, b"\x89PNG")])
def test_show_draws_a_contact_sheet(
    name: str | None, start: bytes, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    out = [] if name is None else ["--out", name]
    assert run(["show", str(place / "data"), "--structures", "1", *out]) == 0
    assert [p.name for p in tmp_path.iterdir()] == [name or "data_defocus.png"]
    assert (tmp_path / (name or "data_defocus.png")).read_bytes().startswith(start)


def test_evaluate_writes_results_and_a_page(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "results"
    command = f"evaluate {place / 'run'} --data {place / 'data'} --out {out}"
    assert run(command.split()) == 0
    assert str(out / "report.html") in capsys.readouterr().out
    results = json.loads((out / "results.json").read_text())
    assert [point["condition"] for point in results["curve"]] == [ID, "defocus=10nm"]
    assert [point["C10"] for point in results["curve"]] == [100.0, -100.0]
    assert [point["in_distribution"] for point in results["curve"]] == [True, False]
    assert [point["n_structures"] for point in results["curve"]] == [2, 2]
    assert "evaluate" in results["provenance"]["command"]
    assert (out / "per_image.parquet").is_file()
    page = (out / "report.html").read_text()
    assert "<svg" in page
    assert "http:" not in page.split("<main")[0] and "https:" not in page.split("<main")[0]


def test_what_to_expect_of_own_micrographs(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = tmp_path / "results"
    assert run(f"evaluate {place / 'run'} --data {place / 'data'} --out {results}".split()) == 0
    np.save(tmp_path / "mine.npy", np.random.default_rng(0).poisson(60, (64, 80)))
    command = f"predict {place / 'run'} {tmp_path / 'mine.npy'} --pixel-size 0.4 --results {results}"
    command += f" --out {tmp_path / 'found'} --condition"
    capsys.readouterr()
    assert run([*command.split(), "C10=100,focal_spread=10"]) == 0
    assert re.search(r"expected Dice 0\.\d{3} \(0\.\d{3} to [01]\.\d{3}\)", capsys.readouterr().out)
    assert run([*command.split(), "energy=80e3,C10=5000,focal_spread=60"]) == 0
    assert "note: σ to the training conditions is 0." in capsys.readouterr().out
    assert run([*command.replace(str(place / "run"), "otsu").split(), "C10=100"]) == 2
    assert "not of this model" in one_line(capsys)


def test_limit_makes_a_result_unofficial(place: Path, tmp_path: Path) -> None:
    command = f"evaluate {place}/models.py:good --data {place / 'data'} --limit 1 --out {tmp_path / 'r'}"
    assert run(command.split()) == 0
    results = json.loads((tmp_path / "r" / "results.json").read_text())
    assert results["settings"]["official"] is False
    assert {point["n_images"] for point in results["curve"]} == {1}


def test_a_models_contract_can_be_given(place: Path, tmp_path: Path) -> None:
    """logits with --output logits score as the same model's probabilities do."""
    base = f"--data {place / 'data'} --conditions {ID} --out {tmp_path}"
    assert run(f"evaluate {place}/models.py:logits --output logits {base}/logits".split()) == 0
    assert run(f"evaluate {place}/models.py:good {base}/good".split()) == 0
    logits, good = (json.loads((tmp_path / n / "results.json").read_text())["curve"][0] for n in ("logits", "good"))
    ours, theirs = (one["scores"] for one in (logits, good))
    assert ours["dice"]["value"] == pytest.approx(theirs["dice"]["value"], abs=1e-6)
    assert ours["nll"]["value"] == pytest.approx(theirs["nll"]["value"], rel=1e-5)


def test_a_grid_with_the_conditions_trained_at(place: Path, tmp_path: Path) -> None:
    command = (
        f"evaluate-rendered {place / 'models.py'}:good --data {place / 'data'} --grid C10=50,100 --out {tmp_path / 'r'}"
    )
    assert run([*command.split(), "--train-conditions", ID, "--train-conditions", "C10=50"]) == 0
    curve = json.loads((tmp_path / "r" / "results.json").read_text())["curve"]
    assert [point["in_distribution"] for point in curve] == [True, False]
    assert all(0 < point["sigma"] <= 1 for point in curve)


def test_a_grid_of_conditions(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = (
        f"evaluate-rendered {place / 'run'} --data {place / 'data'} --grid C10=-100:100:100 --out {tmp_path / 'r'}"
    )
    assert run(command.split()) == 0
    assert "not an official result" in capsys.readouterr().out
    results = json.loads((tmp_path / "r" / "results.json").read_text())
    assert [point["C10"] for point in results["curve"]] == [-100, 0, 100]
    assert results["dataset"]["track"] == "rendered"
    assert not results["settings"]["official"]
    assert "unofficial run" in (tmp_path / "r" / "report.html").read_text()


def test_a_fresh_test_set(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    base = f"evaluate-fresh {place}/models.py:good --data {place / 'data'} --seed 5"
    assert run(f"{base} --out {tmp_path / 'r'}".split()) == 0
    assert "On new structures good has a mean Dice of" in capsys.readouterr().out
    shift = json.loads((tmp_path / "r" / "fresh.json").read_text())
    fresh, public = (json.loads((tmp_path / name / "results.json").read_text()) for name in ("r", "r/public"))
    assert (fresh["settings"]["official"], public["settings"]["official"]) == (False, True)
    for one, new, old in zip(shift["conditions"], fresh["curve"], public["curve"], strict=True):
        assert one["difference"]["value"] == pytest.approx(
            new["scores"]["dice"]["value"] - old["scores"]["dice"]["value"]
        )
        assert new["scores"]["dice"] != old["scores"]["dice"]
    assert run(f"{base} --public {tmp_path / 'r/public'} --out {tmp_path / 'again'}".split()) == 0
    assert json.loads((tmp_path / "again" / "fresh.json").read_text()) == shift
    assert not (tmp_path / "again" / "public").exists()


def test_dry_run_makes_nothing(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = f"generate {place / 'tiny.toml'} --out {tmp_path / 'new'} --dry-run"
    assert run(command.split()) == 0
    assert "5 structures" in capsys.readouterr().out
    assert run(f"publish {place / 'data'} --repo a/b --tag v1.0.0 --dry-run".split()) == 0
    assert "would send" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_a_dataset_against_itself_does_not_differ(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(f"verify {place / 'data'} --against {place / 'data'}".split()) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("│ defocus"))
    assert re.findall(r"\d+", row) == ["7", "0", "0", "0"]  # 2 + 1 images at -10 nm, 2 structures at both


def test_compare_and_leaderboard(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for model in (place / "run", "otsu"):
        command = f"evaluate {model} --data {place / 'data'} --out {tmp_path / 'results' / Path(model).name}"
        assert run(command.split()) == 0
    capsys.readouterr()
    both = [str(tmp_path / "results" / name) for name in ("run", "otsu")]
    assert run(["compare", *both, "--out", str(tmp_path / "pairs.json")]) == 0
    assert "mean of all" in capsys.readouterr().out
    (pair,) = json.loads((tmp_path / "pairs.json").read_text())["pairs"]
    assert [one["condition"] for one in pair["conditions"]] == [ID, "defocus=10nm"]
    assert {p.name for p in tmp_path.iterdir()} == {"results", "pairs.json", "pairs.svg", "pairs.png"}
    for name in ("board.md", "board.json", "board.html"):
        assert run(["leaderboard", str(tmp_path / "results"), "--out", str(tmp_path / name)]) == 0
    assert "U-Net, small" in (tmp_path / "board.md").read_text()
    assert run(["leaderboard", str(tmp_path / "results"), "--baseline", "run", "--out", str(tmp_path / "b.json")]) == 0
    (board,) = json.loads((tmp_path / "b.json").read_text())
    assert next(row for row in board["rows"] if row["path"] == "run")["standing"]["relative_error"]["value"] == 1
    capsys.readouterr()
    assert run(["leaderboard", str(tmp_path / "results"), "--baseline", "nosuch"]) == 2
    assert "no baseline 'nosuch'" in one_line(capsys)
    assert run(["seeds", *both, "--out", str(tmp_path / "seeds.json")]) == 0
    assert "new training" in capsys.readouterr().out
    assert json.loads((tmp_path / "seeds.json").read_text())["trainings"] == 2
    assert run(["seeds", both[0], both[0]]) == 2
    assert "given twice" in one_line(capsys)
    assert 'href="results/run/report.html"' in (tmp_path / "board.html").read_text()
    (board,) = json.loads((tmp_path / "board.json").read_text())
    assert {row["model"] for row in board["rows"]} == {"U-Net, small", "Classical, Otsu's threshold"}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(3, "3 seconds"), (119, "119 seconds"), (121, "2 minutes"), (8000, "2 hours"), (3e5, "3 days")],
)
def test_times_for_people(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (123456, "123 kB"), (161_000_000, "161 MB")]
)
def test_sizes_for_people(count: int, said: str) -> None:
    assert bytes_text(count) == said


def test_quickstart(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command on a tiny recipe, made before, and a model just trained, in place of the shipped ones."""
    monkeypatch.setattr("hrtem_bench.cli.evaluation.quickstart.RECIPE", str(place / "tiny.toml"))
    monkeypatch.setattr("hrtem_bench.cli.evaluation.quickstart.MODELS", (str(place / "run"), "otsu"))
    out = tmp_path / "quickstart"
    shutil.copytree(place / "data", out / "data")
    assert run(["quickstart", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert f"Look at {out / 'report.html'}" in said
    assert len(re.findall(r": \d+ s$", said, flags=re.MULTILINE)) == 4  # data, two models, the report
    page = (out / "report.html").read_text()
    assert "U-Net, small" in page
    assert "Classical" in page
    assert {p.name for p in out.iterdir()} == {"data", "run", "otsu", "report.html", "figures"}


@pytest.mark.parametrize(
    "command", ["generate mini", "evaluate otsu", "compare a b", "transfer --train C10=0 --test C10=1"]
)
@pytest.mark.parametrize("empty", [["--out", ""], ["--out="]])
def test_an_empty_path_is_refused(command, empty, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run([*command.split(), *empty]) == 2
    assert capsys.readouterr().err == "hrtem-bench: --out is empty: give it a value or leave it out\n"
    assert run(["evaluate", ""]) == 2
    assert "an argument is empty" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["imitate", "tailor"])
def test_an_option_that_must_be_given_says_so(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    said = capsys.readouterr().out
    assert "object at" not in said and "[required]" in said[said.index("--crystal") :]
    assert run([command, "images"]) == 2
    assert "--crystal" in capsys.readouterr().err
