"""`predict` and `evaluate --images` from the command line."""

from __future__ import annotations

import json
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
    assert {p.name for p in (place / "found").iterdir()} == {f"{n}_{kind}" for n in ("one", "two") for kind in kinds}
    for name in ("one", "two"):
        label = tifffile.imread(place / "labels" / f"{name}.tif")
        np.testing.assert_array_equal(tifffile.imread(place / "found" / f"{name}_mask.tif"), label)
    assert (place / "found" / "one_overlay.png").read_bytes().startswith(b"\x89PNG")


def test_evaluate_scores_micrographs(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", "bright.py:bright", "--images", "images", "--labels", "labels", "--out", "scored"]) == 0
    out = capsys.readouterr().out
    assert "mean Dice 1.000" in out
    scores = json.loads((place / "scored" / "micrographs.json").read_text())
    assert [one["name"] for one in scores["images"]] == ["one", "two"]
    assert {one["metrics"]["dice"] for one in scores["images"]} == {1.0}
    assert scores["images"][0]["pixel_size"] == pytest.approx(0.4)
    assert scores["expected"] is None
    assert "evaluate" in scores["provenance"]["command"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("predict bright.py:bright nowhere --out new", "nowhere is not there"),
        ("predict bright.py:bright labels --out new", "give --pixel-size"),
        ("predict bright.py:bright images --out new --pixel-size 0", "above 0"),
        ("predict bright.py:bright images --out new --condition C10=5", "both --condition and --results"),
        ("predict bright.py:bright images --out new --condition C10=5 --results new", "new cannot be read"),
        ("predict bright.py:bright images --out /proc/none", "/proc/none"),
        ("predict otsuu images --out new", "otsu"),
        ("evaluate bright.py:bright --images images --out new", "--labels"),
        ("evaluate bright.py:bright --images images --labels images --out new", "whole numbers"),
        ("evaluate bright.py:bright --labels labels --out new", "--images"),
        ("evaluate bright.py:bright --pixel-size 0.4 --out new", "--model-pixel-size"),
    ],
)
def test_what_a_user_gets_wrong_is_one_line(
    command: str, said: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command.split()) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not (place / "new").exists()
