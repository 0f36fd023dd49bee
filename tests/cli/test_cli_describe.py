"""`describe` from the command line: what it prints and writes, and what it refuses in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hrtem_bench.cli import run
from hrtem_bench.micrographs.description import read_description

tifffile = pytest.importorskip("tifffile")
pytest.importorskip("rsciio")

MODEL = """
import numpy as np

def bright(images): return (images > 1.8).astype(np.float32)
"""
PIXEL, RADIUS, DISCS = 0.5, 20.0, ((60, 60), (60, 190), (180, 120))
"""Å, and pixels."""


def profile() -> np.ndarray:
    """Discs of height 1 with soft edges."""
    y, x = np.mgrid[:256, :256]
    return np.asarray(sum(1 / (1 + np.exp((np.hypot(y - i, x - j) - RADIUS) / 1.5)) for i, j in DISCS))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two micrographs of bright discs in images/, and bright.py."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bright.py").write_text(MODEL)
    (tmp_path / "images").mkdir()
    discs = profile()
    for seed in (0, 1):
        image = np.random.default_rng(seed).poisson(400 * (1 + 0.5 * discs)).astype(np.uint16)
        metadata = {"imagej": True, "resolution": (10 / PIXEL, 10 / PIXEL), "metadata": {"unit": "nm"}}
        tifffile.imwrite(tmp_path / "images" / f"discs_{seed}.tif", image, **metadata)
    return tmp_path


def test_numbers_and_page(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["describe", "images", "--energy", "200kV", "--crystal", "Au", "--model", "bright.py:bright"]
    assert run([*command, "--out", "told"]) == 0
    said = capsys.readouterr().out
    assert "not known: defocus (underfocus > 0)" in said
    assert "no Thon rings" in said
    told = read_description(place / "told")
    assert told.energy == 200e3
    assert told.greys == "counts"
    # 400 electrons per pixel of 0.25 Å², and half as many again on the discs
    cover = len(DISCS) * np.pi * RADIUS**2 / 256**2
    assert told.dose.value == pytest.approx(400 / PIXEL**2 * (1 + 0.5 * cover), rel=0.02)
    assert told.particle_count.value == len(DISCS)
    assert told.particle_diameter.value == pytest.approx(2 * RADIUS * PIXEL, rel=0.02)
    assert told.particle_cover.value == pytest.approx(cover, rel=0.05)
    greys, on = 1 + 0.5 * profile(), profile() > 0.5
    assert told.contrast.value == pytest.approx(greys[on].mean() / greys[~on].mean() - 1, abs=0.01)
    assert told.expected is None
    assert "does not say where it was trained" in told.expected_how
    page = (place / "told" / "description.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 3  # two images and the spectrum
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")


def test_the_description_of_other_images_is_kept(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["describe", "images", "--out", "told"]) == 0
    before = (place / "told" / "description.json").read_bytes()
    assert run(["describe", "images", "--out", "told"]) == 0
    capsys.readouterr()
    assert run(["describe", "images/discs_0.tif", "--out", "told"]) == 2
    assert "description of other images" in capsys.readouterr().err
    assert (place / "told" / "description.json").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["images", "--energy", "200"], "energy is in eV"),
        (["images", "--energy", "3nm"], "is no unit"),
        (["images", "--cs", "1.2kV"], "is no unit"),
        (["images", "--crystal", "Xx"], "unknown lattice"),
        (["images", "--crystal", "none.cif"], "no CIF file"),
        (["images", "--pixel-size", "-1"], "pixel size"),
        (["images", "--model", "bright.py:dark"], "dark"),
        (["images", "--results", "images"], "name the model"),
        (["none.tif"], "not there"),
        (["plain.npy"], "pixel size"),
        (["bright.py"], "no known format"),
        (["images", "--model", "bright.py:bright", "--results", "images"], "images"),
    ],
)
def test_refused_in_one_line(place: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    np.save(place / "plain.npy", np.random.default_rng(0).poisson(9, (64, 64)))
    assert run(["describe", *arguments, "--out", "told"]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (place / "told").exists()
