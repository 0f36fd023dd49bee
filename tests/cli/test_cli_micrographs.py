"""`predict` and `evaluate-images` from the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from hrtem_bench.cli import run

tifffile = pytest.importorskip("tifffile")
pytest.importorskip("rsciio")

MODEL = """
import numpy as np

def bright(images): return (images > 0).astype(np.float32)
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two micrographs in images/, one of them of another size, their labels in labels/, and bright.py."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bright.py").write_text(MODEL)
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    for name, shape in (("one", (64, 64)), ("two", (48, 80))):
        y, x = np.mgrid[: shape[0], : shape[1]]
        disc = np.hypot(y - 20, x - 24) < 12
        image = 100 + 300 * disc + np.random.default_rng(0).poisson(20, shape)
        metadata = {"imagej": True, "resolution": (25.0, 25.0), "metadata": {"unit": "nm"}}
        tifffile.imwrite(tmp_path / "images" / f"{name}.tif", image.astype(np.float32), **metadata)
        tifffile.imwrite(tmp_path / "labels" / f"{name}.tif", (255 * disc).astype(np.uint8))
    return tmp_path


def test_predict_writes_masks_and_overlays(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["predict", "bright.py:bright", "images", "--out", "found", "--probabilities"]) == 0
    assert "2 micrographs" in capsys.readouterr().out
    kinds = ("mask.tif", "overlay.png", "probability.tif")
    assert {p.name for p in (place / "found").iterdir()} == {
        "origin.json", *(f"{n}_{kind}" for n in ("one", "two") for kind in kinds),
    }  # fmt: skip
    for name in ("one", "two"):
        label = tifffile.imread(place / "labels" / f"{name}.tif")
        np.testing.assert_array_equal(tifffile.imread(place / "found" / f"{name}_mask.tif"), label)
    assert (place / "found" / "one_overlay.png").read_bytes().startswith(b"\x89PNG")


PICKY = """
import numpy as np

def bright(images):
    assert not any(side % 32 for side in images.shape[1:]), "sides"
    return (images > 0).astype(np.float32)
"""


def test_a_network_that_wants_sides_of_a_multiple_gets_them(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "picky.py").write_text(PICKY)
    assert run(["predict", "bright.py:bright", "images", "--out", "expected"]) == 0
    capsys.readouterr()
    assert run(["predict", "picky.py:bright", "images", "--out", "found"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "two.tif: the model takes images whose sides are multiples of 32 pixels: those of 48 x 80" in said
    assert "one.tif: the model" not in said  # of 64 x 64 pixels
    for name in ("one", "two"):
        masks = [tifffile.imread(place / out / f"{name}_mask.tif") for out in ("expected", "found")]
        np.testing.assert_array_equal(*masks)


def test_evaluate_scores_micrographs(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run(["evaluate-images", "bright.py:bright", "--images", "images", "--labels", "labels", "--out", "scored"]) == 0
    )
    out = capsys.readouterr().out
    assert "mean Dice 1.000" in out
    scores = json.loads((place / "scored" / "micrographs.json").read_text())
    assert [one["name"] for one in scores["images"]] == ["one", "two"]
    assert {one["metrics"]["dice"] for one in scores["images"]} == {1.0}
    assert scores["images"][0]["pixel_size"] == pytest.approx(0.4)
    assert scores["expected"] is None
    assert "evaluate" in scores["provenance"]["command"]


@pytest.fixture
def movie(place: Path) -> np.ndarray:
    """A disc that grows, as the stack images/movie.tif; the discs (5, 48, 64)."""
    y, x = np.mgrid[:48, :64]
    discs = np.stack([np.hypot(y - 20, x - 24) < radius for radius in (6, 8, 10, 12, 14)])
    frames = (100 + 300 * discs).astype(np.float32)
    metadata = {"imagej": True, "resolution": (25.0, 25.0), "metadata": {"unit": "nm", "axes": "TYX"}}
    tifffile.imwrite(place / "images" / "movie.tif", frames, **metadata)
    return discs


def test_predict_writes_a_page_for_each_frame(
    place: Path, movie: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["predict", "bright.py:bright", "images", "--out", "found", "--probabilities"]) == 0
    assert "7 micrographs, files: 3" in capsys.readouterr().out
    with tifffile.TiffFile(place / "found" / "movie_mask.tif") as file:
        assert file.imagej_metadata["frames"] == len(file.pages) == 5
        assert file.imagej_metadata["unit"] == "nm"
        np.testing.assert_array_equal(file.asarray(), 255 * movie)
    np.testing.assert_array_equal(tifffile.imread(place / "found" / "movie_probability.tif"), movie.astype(np.float32))
    overlays = sorted(path.name for path in (place / "found").glob("movie_overlay*"))
    assert overlays == ["movie_overlay_1.png", "movie_overlay_3.png", "movie_overlay_5.png"]


@pytest.mark.parametrize("single", [False, True])
def test_evaluate_scores_every_frame(
    single: bool, place: Path, movie: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    """Against its own label, or all against the third frame's."""
    label = movie[2] if single else movie
    tifffile.imwrite(place / "labels" / "movie.tif", label.astype(np.uint8), photometric="minisblack")
    assert (
        run(["evaluate-images", "bright.py:bright", "--images", "images", "--labels", "labels", "--out", "scored"]) == 0
    )
    assert "movie (5 frames)" in capsys.readouterr().out
    images = json.loads((place / "scored" / "micrographs.json").read_text())["images"]
    assert [one["frame"] for one in images] == [1, 2, 3, 4, 5, None, None]
    areas = movie.sum(axis=(1, 2))
    expected = (
        2 * np.minimum(areas, areas[2]) / (areas + areas[2]) if single else np.ones(5)
    )  # the discs are concentric
    assert [one["metrics"]["dice"] for one in images[:5]] == pytest.approx(expected.tolist())


def test_what_is_wrong_with_any_file_is_said_before_the_model_runs(
    place: Path, movie: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "bright.py").write_text("def bright(images):\n    raise SystemExit('ran')\n")
    tifffile.imwrite(place / "labels" / "movie.tif", movie[:4].astype(np.uint8), photometric="minisblack")
    np.save(place / "images" / "zebra.npy", np.zeros((9, 9)))
    assert run(["evaluate-images", "bright.py:bright", "--images", "images", "--labels", "labels", "--out", "new"]) == 2
    assert "4 labels for the 5 images of movie" in capsys.readouterr().err
    assert run(["predict", "bright.py:bright", "images", "--out", "new"]) == 2
    assert "zebra.npy does not say its pixel size" in capsys.readouterr().err
    assert not (place / "new").exists()


def test_a_frame_that_cannot_be_used_leaves_nothing_half_written(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = np.random.default_rng(0).random((3, 16, 16))
    frames[2, 0, 0] = np.nan
    np.save(place / "movie.npy", frames)
    assert run(["predict", "bright.py:bright", "movie.npy", "--pixel-size", "0.4", "--out", "new"]) == 2
    assert "in frame 3" in capsys.readouterr().err
    assert [path.name for path in (place / "new").iterdir() if path.suffix != ".png"] == ["origin.json"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("predict bright.py:bright nowhere --out new", "nowhere is not there"),
        ("predict bright.py:bright labels --out new", "give --pixel-size"),
        ("predict bright.py:bright images --out new --pixel-size 0", "between 0.001 and 10000 Å, not 0"),
        ("predict bright.py:bright images --out new --pixel-size 1e-300", "not 1e-300"),
        ("predict bright.py:bright images --out new --condition C10=5", "both --condition and --results"),
        ("predict bright.py:bright images --out new --condition C10=5 --results new", "new cannot be read"),
        ("predict bright.py:bright images --out /proc/none", "/proc/none"),
        ("predict otsuu images --out new", "otsu"),
        ("evaluate-images bright.py:bright --images images --out new", "--labels"),
        ("evaluate-images bright.py:bright --images images --labels images --out new", "whole numbers"),
        ("evaluate bright.py:bright --labels labels --out new", "evaluate-images MODEL --images"),
        ("evaluate bright.py:bright --images images --out new", "evaluate-images MODEL --images"),
        ("evaluate bright.py:bright --label-name *=*_m --out new", "evaluate-images MODEL --images"),
        *((f"evaluate-images bright.py:bright --images images --labels labels --out new {option}", option.split()[0])
          for option in ("--grid dose=1,2", "--fresh 3", "--data mini", "--conditions x", "--limit 2",
                         "--batch-size 2")),
        ("predict bright.py:bright images --out new --edge-offset nan", "--edge-offset"),
        ("evaluate-images bright.py:bright --images images --labels labels --label-name x --out new",
         "--label-name 'x'"),
        ("evaluate bright.py:bright --pixel-size 0.4 --out new", "--model-pixel-size"),
    ],
)  # fmt: skip
def test_what_a_user_gets_wrong_is_one_line(
    command: str, said: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command.split()) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not (place / "new").exists()


EVALUATE = ["evaluate-images", "bright.py:bright", "--images", "images", "--labels", "labels", "--out", "out"]


def test_results_of_another_model_or_other_images_are_not_overwritten(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(EVALUATE) == 0
    kept = {path.name: path.read_bytes() for path in (place / "out").iterdir()}
    (place / "dark.py").write_text(MODEL.replace(">", "<").replace("bright", "dark"))
    (place / "more").mkdir()
    np.save(place / "more" / "one.npy", np.eye(64, dtype=np.float32))
    capsys.readouterr()
    for command, said in (
        (["predict", "dark.py:dark", "images", "--out", "out"], "another model"),
        (["evaluate-images", "dark.py:dark", *EVALUATE[2:]], "another model"),
        (["predict", "bright.py:bright", "images", "--out", "out", "--edge-offset", "4"], "other settings"),
        (["predict", "bright.py:bright", "more", "--out", "out", "--pixel-size", "0.4"], "other settings"),
        ([*EVALUATE[:3], "images/one.tif", *EVALUATE[4:]], "other images, such as two"),
    ):
        assert run(command) == 2
        assert said in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (place / "out").iterdir()} == kept
    assert run(EVALUATE) == 0
    (place / "out" / "origin.json").unlink()
    assert run(EVALUATE) == 2
    assert "is there already" in capsys.readouterr().err


def test_labels_whose_names_differ_by_a_pattern(place: Path) -> None:
    for name in ("one", "two"):
        (place / "labels" / f"{name}.tif").rename(place / "labels" / f"label_{name}.tif")
    assert run([*EVALUATE, "--label-name", "*=label_*"]) == 0
    scores = json.loads((place / "out" / "micrographs.json").read_text())
    assert {one["metrics"]["dice"] for one in scores["images"]} == {1.0}


def test_edges_that_follow_another_convention_are_told(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Labels whose radius is 10 pixels of 0.4 Å where the model's is 12."""
    for name, shape in (("one", (64, 64)), ("two", (48, 80))):
        y, x = np.mgrid[: shape[0], : shape[1]]
        tifffile.imwrite(place / "labels" / f"{name}.tif", (np.hypot(y - 20, x - 24) < 10).astype(np.uint8))
    assert run(EVALUATE) == 0
    said = capsys.readouterr().out
    assert "the best offset on these very labels" in said
    found = re.search(r"edges lie (\S+) Å \((\S+) pixels\) from the labels'", said)
    assert found is not None
    assert [float(one) for one in found.groups()] == pytest.approx([0.8, 2.0], rel=0.06)
    scores = json.loads((place / "out" / "micrographs.json").read_text())
    assert scores["edges"]["area_ratio"] == pytest.approx(1.44, rel=0.02)
    assert scores["edges"]["best_offset"] == pytest.approx(-0.8, abs=0.3)
    assert scores["edges"]["dice_at_best_offset"] > 0.97
    assert scores["means"]["dice"]["value"] == pytest.approx(2 / 2.44, rel=0.02)
    offset = str(scores["edges"]["best_offset"])
    assert run(["predict", "bright.py:bright", "images", "--out", "moved", "--edge-offset", offset]) == 0
    mask = tifffile.imread(place / "moved" / "one_mask.tif") > 0
    label = tifffile.imread(place / "labels" / "one.tif") > 0
    assert 2 * np.count_nonzero(mask & label) / (mask.sum() + label.sum()) > 0.97


def test_warnings_name_the_file(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tifffile.imwrite(place / "labels" / "one.tif", np.full((64, 64), 3, np.uint8))
    assert run(EVALUATE) == 0
    out = capsys.readouterr().out.replace("\n", " ")
    assert "warning: labels/one.tif: no pixel is 0" in out
    assert "warning: labels/two.tif: it is a threshold" in out


FAILING = MODEL.replace(
    "return",
    "(Path('asked').open('a').write(f'{images.shape[1]} '), 1 / (not Path('fail').exists() or "
    "images.shape[2] < 80)); return",
).replace("import numpy", "from pathlib import Path\nimport numpy")


@pytest.mark.parametrize("command", ["predict", "evaluate-images"])
def test_an_interrupted_run_does_not_do_again_what_it_finished(
    command: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "bright.py").write_text(FAILING)
    tifffile.imwrite(place / "images" / "one.tif", np.full((64, 64), 3.0, np.float32))
    images = ["images"] if command == "predict" else ["--images", "images", "--labels", "labels"]
    given = [command, "bright.py:bright", *images, "--pixel-size", "0.4", "--out"]
    assert run([*given, "whole"]) == 0
    (place / "fail").touch()
    assert run([*given, "out"]) == 2
    assert "division by zero" in capsys.readouterr().err
    assert (place / "out" / "one_mask.tif").exists() and not (place / "out" / "two_mask.tif").exists()
    (place / "out" / ".two_mask.tif.123.tmp").touch()  # what a killed run leaves
    (place / "fail").unlink()
    (place / "asked").unlink()
    assert run([*given, "out"]) == 0
    assert "every pixel is 3" in capsys.readouterr().out  # what was warned of before is said again
    assert "48" in (asked := (place / "asked").read_text().split()) and asked[-1] == "48"
    assert asked.count("64") == 1  # the trial images, of 64 pixels, and not images/one.tif
    names = sorted(path.name for path in (place / "whole").iterdir())
    assert sorted(path.name for path in (place / "out").iterdir()) == names
    for name in (one for one in names if not one.endswith(".json")):
        assert (place / "out" / name).read_bytes() == (place / "whole" / name).read_bytes()
    if command == "evaluate-images":
        both = [json.loads((place / folder / "micrographs.json").read_text()) for folder in ("whole", "out")]
        assert both[0]["images"] == both[1]["images"] and both[0]["warnings"] == both[1]["warnings"]


def test_what_changed_in_between_is_done_again(place: Path) -> None:
    (place / "bright.py").write_text(FAILING)
    (place / "fail").touch()
    given = ["predict", "bright.py:bright", "images", "--out", "out"]
    assert run(given) == 2
    (place / "fail").unlink()
    (place / "asked").unlink()
    assert run([*given, "--probabilities"]) == 0
    assert (place / "out" / "one_probability.tif").exists()


def test_every_label_of_a_stack_is_looked_at(
    place: Path, movie: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = movie.astype(np.uint8)
    labels[[1, 3]] = 7
    tifffile.imwrite(place / "labels" / "movie.tif", labels, photometric="minisblack")
    assert run(EVALUATE) == 0
    assert "labels/movie.tif, frames 2, 4: no pixel is 0" in capsys.readouterr().out.replace("\n", " ")
    tifffile.imwrite(place / "labels" / "movie.tif", labels.astype(np.int16) - 5, photometric="minisblack")
    (place / "bright.py").write_text("def bright(images):\n    raise SystemExit('ran')\n")
    assert run([*EVALUATE[:-1], "new"]) == 2
    assert "labels/movie.tif, frame 1, is no label" in capsys.readouterr().err
