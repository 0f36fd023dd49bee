"""From micrographs of unknown settings to a network that works on them, by the one command that does it all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hrtem_bench.cli import run
from hrtem_bench.dataset import generate, open_dataset, parse_recipe

HIDDEN = """
name = "hidden"
version = "1.0.0"
seed = 99
description = "Micrographs whose settings this test alone knows."
default_track = "defocus"

[sampling]
pixels = 288
pixel_size = 0.38
simulation_pixel_size = 0.19

[structures]
train = 0
validation = 0
test = 8

[scene]
lattices = ["Au"]
shapes = ["wulff", "lens", "sphere"]
surface_energies = { 111 = 1.0, 100 = 1.2 }
lens_aspect = [0.6, 0.8]
diameter = [24, 42]
count = [2, 4]
gap = 6.0
film = "a-C"
film_thickness = [35, 55]
film_roughness = 4.0

[multislice]
phonons = 4
method = "real-space"

[imaging]
energy = 200e3
coherence = "quadrature"
focal_spread = 14.0
angular_spread = 0.1
dose = 700.0

[detector]
camera = "scintillator-good"
offset = 60
spread = { width = [0.85, 0.85] }

[tracks.defocus]
kind = "scan"
axis = "defocus"
unit = "nm"
values = [52]
train = [52]
base = { C12 = 25.0, phi12 = 0.5 }
spread = { C10 = 15.0 }
"""


@pytest.mark.slow
def test_micrographs_of_unknown_settings_are_segmented(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tifffile = pytest.importorskip("tifffile")
    pytest.importorskip("torch")
    generate(parse_recipe(HIDDEN), tmp_path / "hidden", workers=1)
    track = open_dataset(tmp_path / "hidden", "defocus")
    masks = {}
    (tmp_path / "images").mkdir()
    for sample in track.rows("test"):
        scale = {"imagej": True, "resolution": (10 / 0.38, 10 / 0.38), "metadata": {"unit": "nm"}}
        tifffile.imwrite(tmp_path / "images" / f"{sample.structure_id}.tif", sample.image.astype(np.uint16), **scale)
        masks[sample.structure_id] = sample.mask > 0
    out = tmp_path / "mine"
    known = ["--crystal", "Au", "--energy", "200kV", "--structures", "28", "--workers", "1"]
    assert run(["tailor", str(tmp_path / "images"), *known, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    found = {name: tifffile.imread(out / "found" / f"{name}_mask.tif") > 0 for name in masks}
    dice = [2 * (found[name] & mask).sum() / (found[name].sum() + mask.sum()) for name, mask in masks.items()]
    print(said, (out / "recipe.toml").read_text("utf-8"), dice, np.mean(dice))
    assert np.mean(dice) >= 0.90
