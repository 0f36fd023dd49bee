"""Entries of the leaderboard: the checkout's own, how one is made, and what is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from fake_track import FakeTrack

from hrtem_bench.cli import run
from hrtem_bench.comparison.entries import CHECKED, CHECKSUMS, check_entry, write_entry
from hrtem_bench.comparison.leaderboard import leaderboard
from hrtem_bench.comparison.report_pages import EMBEDDED, REPORT
from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.report import report
from hrtem_bench.scoring import metrics
from hrtem_bench.scoring.metric import Metric
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.per_image import read_per_image, write_per_image
from hrtem_bench.scoring.reading import read_results
from hrtem_bench.scoring.results import write_results
from hrtem_bench.support.files import sha256_of

SUBMISSIONS = Path(__file__).parents[2] / "submissions"
ENTRIES = sorted(path for path in SUBMISSIONS.iterdir() if path.is_dir())


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the results of a model that takes brightness for probability, and its card."""
    place = tmp_path_factory.mktemp("scored")
    (place / "bright.py").write_text(
        "import numpy as np\ndef predict(images):\n    return (1 / (1 + np.exp(-2 * images))).astype(np.float32)\n"
    )
    evaluate(f"{place / 'bright.py'}:predict", FakeTrack(), out=place / "results")
    (place / "card.toml").write_text(
        'schema_version = 1\nname = "predict"\ndescription = "x"\nauthors = ["A"]\nlicence = "MIT"\n'
    )
    return place


@pytest.fixture
def entry(scored: Path, tmp_path: Path) -> Path:
    write_entry(scored / "results", scored / "card.toml", tmp_path / "bright")
    return tmp_path / "bright"


def signed(entry: Path) -> Path:
    """The entry, with checksums of whatever its files hold now."""
    names = (*CHECKED, REPORT) if (entry / REPORT).exists() else CHECKED
    lines = [f"{sha256_of(entry / name)}  {name}\n" for name in names]
    (entry / CHECKSUMS).write_text("".join(lines))
    return entry


@pytest.mark.parametrize("folder", ENTRIES, ids=lambda path: path.name)
def test_the_checkouts_entries_are_sound(folder: Path) -> None:
    assert check_entry(folder).results == read_results(folder / "results.json")


def test_an_entry_older_than_a_metric_stays_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    newer = Metric("covered", "Covered area", lambda one: float(one.prediction.mean()), best=0.0)
    monkeypatch.setattr(metrics, "METRICS", (*metrics.METRICS, newer))
    run = check_entry(SUBMISSIONS / "otsu")
    assert "covered" not in run.per_image
    assert "Covered area" not in report(run.results, run.per_image, [])


def test_the_baselines_are_the_first_entries_and_make_a_board() -> None:
    assert {"otsu", "unet_small", "unet_joint"} <= {path.name for path in ENTRIES}
    boards = leaderboard(SUBMISSIONS, baselines=["unet_small"], samples=200)
    assert {row.path for board in boards for row in board.rows} == {path.name for path in ENTRIES}


def test_checking_loads_no_model(entry: Path) -> None:
    """A card may name code and weights; they are not there, and what would run them is not even imported."""
    card = entry / "card.toml"
    card.write_text(card.read_text() + '[model]\nentry = "model:load"\nweights = "weights.safetensors"\n')
    code = (
        "import sys, pathlib; from hrtem_bench.comparison.entries import check_entry; "
        f"check_entry(pathlib.Path({str(signed(entry))!r})); "
        "print([m for m in ('torch', 'onnxruntime', 'safetensors') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_coreutils_read_the_checksums(entry: Path) -> None:
    done = subprocess.run(["sha256sum", "--check", "--strict", CHECKSUMS], cwd=entry, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_the_sums_of_masks_are_those_of_the_predictions(entry: Path) -> None:
    import hashlib

    columns = read_per_image(entry)
    sample = next(iter(FakeTrack().rows("test", ["defocus=10nm"])))
    standardised = (sample.image - sample.image.mean()) / sample.image.std()
    row = (columns["structure_id"] == sample.structure_id) & (columns["condition_id"] == "defocus=10nm")
    packed = np.packbits(1 / (1 + np.exp(-2 * standardised)) > 0.5)
    assert columns["mask_sha256"][row].tolist() == [hashlib.sha256(packed.tobytes()).hexdigest()]


@pytest.fixture
def reported(scored: Path, tmp_path: Path) -> Path:
    """An entry with its report."""
    pytest.importorskip("matplotlib")
    from hrtem_bench.report import report

    shutil.copytree(scored / "results", tmp_path / "results")
    results = read_results(scored / "results")
    (tmp_path / "results" / REPORT).write_text(report(results, read_per_image(scored / "results"), []))
    write_entry(tmp_path / "results", scored / "card.toml", tmp_path / "reported")
    return tmp_path / "reported"


def test_a_report_is_taken_and_linked(reported: Path) -> None:
    assert len((reported / CHECKSUMS).read_text().splitlines()) == 4
    check_entry(reported)
    (board,) = leaderboard(reported.parent, samples=200)
    assert {row.path: row.report for row in board.rows} == {
        "reported": "reported/report.html", "results": "results/report.html"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda page: page.replace("Made by", "Fade by", 1), "its sha256 differs"),
        (lambda page: "<script>alert(1)</script>" + page, "no report of this version"),
        (lambda page: page.replace("default-src 'none'", "default-src *", 1), "no report of this version"),
        (lambda page: page.replace("</body>", "<META HTTP-EQUIV=refresh></body>"), "no report of this version"),
        (lambda page: page.replace(EMBEDDED, EMBEDDED + 'e30=" ', 1), "not the report of the results"),
        (lambda page: page.replace(EMBEDDED, EMBEDDED + "%", 1), "not the report of the results"),
        (lambda page: page.replace(EMBEDDED, "", 1), "not the report of the results"),
    ],
)
def test_a_strangers_page_is_no_report(change: Callable[[str], str], says: str, reported: Path) -> None:
    page = reported / REPORT
    before = page.read_text()
    page.write_text(change(before))
    assert page.read_text() != before
    if "sha256" not in says:
        signed(reported)
    with pytest.raises(InputError, match=says) as caught:
        check_entry(reported)
    assert "\n" not in str(caught.value)


def test_a_report_of_other_results_is_refused(reported: Path) -> None:
    held = read_results(reported)
    other = msgspec.structs.replace(held, model=msgspec.structs.replace(held.model, parameters=7))
    write_results(reported / "results.json", other)
    with pytest.raises(InputError, match="not the report of the results"):
        check_entry(signed(reported))


def with_json(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def apply(entry: Path) -> None:
        content = json.loads((entry / "results.json").read_text())
        change(content)
        (entry / "results.json").write_text(json.dumps(content))
        signed(entry)

    return apply


def with_card(old: str, new: str) -> Callable[[Path], object]:
    def apply(entry: Path) -> None:
        card = entry / "card.toml"
        assert old in card.read_text()
        card.write_text(card.read_text().replace(old, new))
        signed(entry)

    return apply


def with_columns(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Path], object]:
    def apply(entry: Path) -> None:
        write_per_image(entry / "per_image.parquet", change(read_per_image(entry)))
        signed(entry)

    return apply


def set_dice(columns: dict[str, Any]) -> dict[str, Any]:
    """Two images exchange their Dice, which leaves the mean as it was."""
    columns["dice"][[0, 1]] = columns["dice"][[1, 0]]
    return columns


def narrow(content: dict[str, Any]) -> None:
    one = content["curve"][0]["scores"]["dice"]
    one["low"] = one["value"]


def lower(content: dict[str, Any]) -> None:
    content["curve"][0]["scores"]["f1"] |= {"value": 0.123, "low": 0.1}


def better(content: dict[str, Any]) -> None:
    content["summary"]["scores"]["worst_dice"]["value"] = 0.99


def beyond(content: dict[str, Any]) -> None:
    content["curve"][0]["scores"]["f1"]["value"] = 1.5


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "code": (lambda e: (e / "model.py").write_text("raise SystemExit"), "model.py does not belong"),
    "a link": (lambda e: ((e / "card.toml").unlink(), (e / "card.toml").symlink_to("/etc/hosts")), "does not belong"),
    "a folder": (lambda e: (e / "figures").mkdir(), "figures does not belong"),
    "a file gone": (lambda e: (e / "per_image.parquet").unlink(), "lacks per_image.parquet"),
    "a large file": (lambda e: (e / "README.md").write_bytes(bytes(6 << 20)), "larger than 5 MiB"),
    "another file": (lambda e: (e / "card.toml").write_text("x"), "its sha256 differs"),
    "no checksums": (lambda e: (e / CHECKSUMS).write_text("x\n"), "should read `sha256  name`"),
    "few checksums": (lambda e: (e / CHECKSUMS).write_text("ab  card.toml\n"), "one line each"),
    "no author": (with_card('authors = ["A"]', "authors = []"), "needs authors"),
    "no licence": (with_card('licence = "MIT"', ""), "needs licence"),
    "another model": (with_card('name = "predict"', 'name = "other"'), "is of 'other'"),
    "training untold": (with_json(lambda c: c["train"].update(conditions=["defocus=0nm"])), "lacks the training"),
    "part of the images": (with_json(lambda c: c["settings"].update(official=False)), "not official"),
    "own settings": (with_json(lambda c: c["settings"].update(confidence=0.5)), "confidence is 0.5; an entry has 0.95"),
    "endless bootstrap": (with_json(lambda c: c["settings"].update(bootstrap_samples=10**9)), "more than ten times"),
    "another score": (with_json(lower), "f1.value of defocus=-10nm is 0.123"),
    "a score beyond its range": (with_json(beyond), r"curve\[0\].scores.f1.value is 1.5"),
    "a better Dice": (with_json(lambda c: c["curve"][0]["scores"]["dice"].update(value=0.99)), "do not give the curve"),
    "a narrow interval": (with_json(narrow), "dice.low of"),
    "a better summary": (with_json(better), "worst_dice.value of the summary"),
    "images that do not fit": (with_columns(set_dice), "do not belong together"),
    "an image twice": (
        with_columns(lambda c: {n: np.concatenate([v[1:], v[-1:]]) for n, v in c.items()}),
        "do not give the curve|every structure once",
    ),
    "no sums of masks": (
        with_columns(lambda c: {n: v for n, v in c.items() if n != "mask_sha256"}), "no column mask_sha256"
    ),
    "a broken table": (lambda e: ((e / "per_image.parquet").write_bytes(b"PAR1"), signed(e)), "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_is_named_in_one_line(kind: str, entry: Path) -> None:
    change, says = WRONG[kind]
    change(entry)
    with pytest.raises(InputError, match=says) as caught:
        check_entry(entry)
    assert "\n" not in str(caught.value)


def test_a_table_that_unpacks_to_much_is_not_unpacked(entry: Path) -> None:
    count = 2_000_000
    columns = {name: np.zeros(count) for name in read_per_image(entry)}
    write_per_image(entry / "per_image.parquet", columns)
    with pytest.raises(InputError, match="unpacks to 2000000 rows"):
        check_entry(signed(entry))


def test_a_long_text_in_a_table_of_scores_is_refused(entry: Path) -> None:
    """As an array of NumPy every row would take the room of the longest."""
    columns = read_per_image(entry)
    columns["mask_sha256"] = np.array(["x" * 201, *columns["mask_sha256"][1:]])
    write_per_image(entry / "per_image.parquet", columns)
    with pytest.raises(InputError, match="mask_sha256 holds something else than texts of up to 200"):
        check_entry(signed(entry))


def test_names_and_places(scored: Path, entry: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lower-case"):
        check_entry(tmp_path / "Bright!")
    with pytest.raises(InputError, match="there is no folder"):
        check_entry(tmp_path / "absent")
    with pytest.raises(InputError, match="is there already"):
        write_entry(scored / "results", scored / "card.toml", entry)
    with pytest.raises(InputError, match="cannot be read"):
        write_entry(scored, scored / "card.toml", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_an_entry_that_would_not_pass_leaves_nothing(scored: Path, tmp_path: Path) -> None:
    limited = Options(limit=2)
    evaluate(f"{scored / 'bright.py'}:predict", FakeTrack(), out=tmp_path / "part", options=limited)
    with pytest.raises(InputError, match="not official"):
        write_entry(tmp_path / "part", scored / "card.toml", tmp_path / "entries" / "part")
    assert list((tmp_path / "entries").iterdir()) == []


def test_the_command(scored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "entries" / "bright"
    made = ["submit", str(scored / "results"), "--card", str(scored / "card.toml"), "--out", str(out)]
    assert run(made) == 0
    assert "open a pull request" in capsys.readouterr().out
    assert run(["submit", "--check", str(out)]) == 0
    assert "is sound: predict, defocus fake 1.0.0" in capsys.readouterr().out
    for wrong in (made, ["submit"], [*made, "--check", str(out)], ["submit", "--check", str(tmp_path)]):
        assert run(wrong) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_classes_make_an_entry_too(scored: Path, tmp_path: Path) -> None:
    from hrtem_bench.models.contract import InputContract

    (tmp_path / "m.py").write_text("def predict(images):\n    return (images > 0).astype(int)\n")
    options = replace(Options(), contract=InputContract(output="classes"))
    evaluate(f"{tmp_path / 'm.py'}:predict", FakeTrack(), out=tmp_path / "results", options=options)
    assert (
        write_entry(tmp_path / "results", scored / "card.toml", tmp_path / "classes").results.curve[0].scores.get("nll")
        is None
    )
