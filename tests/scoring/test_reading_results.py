"""Results are checked in their values, not only in their form."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.scoring import read_results
from hrtem_bench.scoring.options import Options

Content = dict[str, Any]


def scored(content: Content, **change: Any) -> None:
    content["curve"][0]["scores"]["dice"] |= change


WRONG: dict[str, tuple[Callable[[Content], object], str]] = {
    "Dice of 2": (lambda c: scored(c, value=2.0), r"curve\[0\].scores.dice.value is 2: it lies between 0 and 1"),
    "Dice below 0": (lambda c: scored(c, low=-0.5), r"curve\[0\].scores.dice.low is -0.5"),
    "crossed limits": (lambda c: scored(c, low=0.9, high=0.1), "dice.low is 0.9, above .*dice.high, 0.1"),
    "one limit": (lambda c: scored(c, low=None), "has one limit"),
    "no Dice": (lambda c: c["curve"][0]["scores"].pop("dice"), r"curve\[0\].scores lacks dice"),
    "σ of 5": (lambda c: c["curve"][1].update(sigma=5.0), r"curve\[1\].sigma is 5"),
    "another metric": (lambda c: c["curve"][0]["scores"].update(fame={"value": 1}), "scores.fame is no metric"),
    "an empty curve": (lambda c: c.update(curve=[]), "curve is empty: evaluate the model again"),
    "a condition twice": (lambda c: c["curve"].append(c["curve"][0]), "has the condition .* twice"),
    "no images": (lambda c: c["curve"][0].update(n_images=0), "has 0 images"),
    "a gap of 3": (lambda c: c["summary"]["scores"]["id_ood_gap"].update(value=3.0), "summary.scores.id_ood_gap.value"),
    "another worst": (lambda c: c["summary"].update(worst_condition="x"), "worst_condition is no condition"),
    "a turned name": (lambda c: c["model"].update(name="a\u202eb"), r"model.name holds the character U\+202E"),
    "a control character": (lambda c: c["dataset"].update(version="1\x1b[2J"), r"dataset.version .* U\+001B"),
    "an endless name": (lambda c: c["curve"][0].update(condition="x" * 5000), "5000 characters: 200 are allowed"),
    "a level of 2": (lambda c: c["settings"].update(confidence=2.0), "settings.confidence is 2"),
}


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> str:
    from fake_track import FakeTrack, predictor

    folder = tmp_path_factory.mktemp("scored")
    options = Options(bootstrap_samples=200, train_conditions=["defocus=0nm"])
    evaluate(predictor(folder, "return p"), FakeTrack(), out=folder / "r", options=options)
    return (folder / "r" / "results.json").read_text()


@pytest.mark.parametrize("kind", WRONG)
def test_a_value_that_no_evaluation_gives_is_named(kind: str, content: str, tmp_path: Path) -> None:
    change, says = WRONG[kind]
    changed = json.loads(content)
    change(changed)
    (tmp_path / "results.json").write_text(json.dumps(changed))
    with pytest.raises(InputError, match=says) as caught:
        read_results(tmp_path)
    assert "\n" not in str(caught.value) and "results.json" in str(caught.value)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "1e999"])
def test_what_is_no_number_is_refused(word: str, content: str, tmp_path: Path) -> None:
    changed = json.loads(content)
    scored(changed, value="HERE")
    (tmp_path / "results.json").write_text(json.dumps(changed).replace('"HERE"', word))
    with pytest.raises(InputError, match=r"results\.json"):
        read_results(tmp_path)
