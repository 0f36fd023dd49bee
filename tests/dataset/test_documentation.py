"""The examples in docs/reference/dataset.md and examples/, run on a dataset of a few seconds."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
import toy_datasets

import hrtem_bench as hb
from hrtem_bench.dataset import generate, open_dataset, open_exit_waves
from hrtem_bench.generation.card_sources import card_source
from hrtem_bench.imaging import camera

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "dataset.md"


def test_the_condition_of_the_example_is_in_no_track_and_that_of_the_card(tmp_path):
    call = re.search(r"hb\.Condition\(.*?\)", PAGE.read_text(encoding="utf-8"))[0]
    assert call in card_source("exit_waves.md")
    condition = eval(call, {"hb": hb})
    folder = tmp_path / "toy"
    manifest = generate(toy_datasets.recipe(), folder, workers=1, simulate=toy_datasets.simulate)
    for track in manifest.tracks:
        assert condition not in [c.condition for c in open_dataset(folder, track).conditions]


def test_the_example_of_four_cameras(tmp_path):
    script = runpy.run_path(str(PAGE.parents[2] / "examples" / "detectors.py"))
    generate(toy_datasets.recipe(), tmp_path / "toy", workers=1, simulate=toy_datasets.simulate)
    script["main"](str(tmp_path / "toy"), str(tmp_path / "out.png"))
    assert (tmp_path / "out.png").stat().st_size > 10_000
    wave = next(open_exit_waves(tmp_path / "toy").rows())
    ideal, counting, good, poor = script["images"](wave, hb.Condition(C10=-100.0, dose=400.0)).values()
    assert counting.mean() / ideal.mean() == pytest.approx(0.95, abs=0.02)
    for name, image in (("scintillator-good", good), ("scintillator-poor", poor)):
        assert image.mean() / ideal.mean() == pytest.approx(camera(name).gain, rel=0.02)


def test_the_example_of_an_image_and_its_spectrum(tmp_path):
    script = runpy.run_path(str(PAGE.parents[2] / "examples" / "image_and_spectrum.py"))
    fringes = 100 + np.cos(2 * np.pi * np.arange(64) * 8 / 64) * np.ones((64, 1))
    y, x = np.unravel_index(np.argmax(script["power_spectrum"](fringes)), (64, 64))
    assert (y, abs(x - 32)) == (32, 8)
    generate(toy_datasets.recipe(), tmp_path / "toy", workers=1, simulate=toy_datasets.simulate)
    script["main"](str(tmp_path / "toy"), "defocus", "defocus=0nm", "test-00001", str(tmp_path / "out.png"))
    assert (tmp_path / "out.png").stat().st_size > 10_000
