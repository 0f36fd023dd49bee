"""The examples in docs/dataset.md, run on a dataset of a few seconds."""

import doctest
import re
from pathlib import Path

import toy_datasets

import hrtem_bench as hb
from hrtem_bench.dataset import generate, open_dataset
from hrtem_bench.dataset.sources import card_source

PAGE = Path(__file__).parents[2] / "docs" / "dataset.md"


def test_the_examples_run_and_print_what_they_say(tmp_path, monkeypatch):
    generate(toy_datasets.recipe(), tmp_path / "data" / "mini", workers=1, simulate=toy_datasets.simulate)
    monkeypatch.chdir(tmp_path)
    result = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert result.attempted >= 7
    assert result.failed == 0


def test_the_condition_of_the_example_is_in_no_track_and_that_of_the_card(tmp_path):
    call = re.search(r"hb\.Condition\(.*?\)", PAGE.read_text(encoding="utf-8"))[0]
    assert call in card_source("exit_waves.md")
    condition = eval(call, {"hb": hb})
    folder = tmp_path / "toy"
    manifest = generate(toy_datasets.recipe(), folder, workers=1, simulate=toy_datasets.simulate)
    for track in manifest.tracks:
        assert condition not in [c.condition for c in open_dataset(folder, track).conditions]
