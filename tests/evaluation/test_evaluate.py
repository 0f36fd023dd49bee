"""The whole run on a made-up track: results, files, and what is left behind when it fails."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_track import predictor

from hrtem_bench.errors import InputError
from hrtem_bench.evaluation.evaluate import evaluate
from hrtem_bench.evaluation.examples import make_examples
from hrtem_bench.models.contract import InputContract
from hrtem_bench.scoring.options import Options
from hrtem_bench.scoring.per_image import read_per_image
from hrtem_bench.scoring.reading import read_results, results_schema

QUICK = Options(bootstrap_samples=200)
TOLD = Options(bootstrap_samples=200, train_conditions=["defocus=0nm"])


def test_a_whole_run(folder: Path, track: Any, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    seen: list[tuple[str, int, int]] = []
    run = evaluate(
        str(folder), track, out=out, options=QUICK, command="hrtem-bench evaluate x",
        progress=lambda *args: seen.append(args),
    )  # fmt: skip
    assert sorted(path.name for path in out.iterdir()) == ["per_image.parquet", "results.json"]
    results = read_results(out)
    assert results == run.results
    assert results.schema_version == 2
    assert [p.condition for p in results.curve] == [c.condition_id for c in track.conditions]
    assert [p.in_distribution for p in results.curve] == [False, True, False, False]
    assert all((p.n_images, p.n_structures) == (6, 6) for p in results.curve)
    for p in results.curve:
        for name in ("dice", "nll", "double_softmax_ce"):
            one = p.scores[name]
            assert one.low is not None and one.high is not None and one.low <= one.value <= one.high
        assert 0 < p.epsilon <= 1 and 0 < p.sigma <= 1 and 0 < p.coverage <= 1
    assert results.train.conditions == ["defocus=0nm"]
    assert results.summary.best_condition == "defocus=0nm"
    assert results.summary.scores["id_ood_gap"].value > 0
    assert results.settings.q_max == pytest.approx(0.5 / 0.4)
    assert results.settings.official
    assert results.provenance.command == "hrtem-bench evaluate x"
    assert results.dataset.checksum == track.checksum
    assert seen[-1][0].startswith("s5, batches of ")
    assert seen[-1][1:] == (24, 24)
    columns = read_per_image(out)
    assert len(columns["dice"]) == 24
    for p in results.curve:
        assert columns["dice"][columns["condition_id"] == p.condition].mean() == pytest.approx(p.dice.value)
    jittered = columns["C10"][columns["condition_id"] == "defocus=10nm"]
    assert np.ptp(jittered) > 0 and abs(jittered.mean() + 100) < 30


def test_results_follow_their_published_schema(folder: Path, track: Any, tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    evaluate(str(folder), track, out=tmp_path / "out", options=QUICK)
    content = json.loads((tmp_path / "out" / "results.json").read_text())
    jsonschema.validate(content, results_schema())
    content["curve"][0]["scores"]["dise"] = {"value": 0.5, "low": None, "high": None}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, results_schema())


@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_scores_do_not_depend_on_the_batch_size(folder: Path, track: Any, batch_size: int) -> None:
    one = evaluate(str(folder), track, options=QUICK).per_image
    other = evaluate(str(folder), track, options=Options(bootstrap_samples=200, batch_size=batch_size)).per_image
    for name in ("dice", "iou", "nll"):
        assert np.allclose(one[name], other[name], rtol=1e-6)


def test_the_same_run_gives_the_same_numbers(folder: Path, track: Any) -> None:
    first, second = (evaluate(str(folder), track, options=QUICK).results for _ in range(2))
    assert first.curve == second.curve
    assert first.summary == second.summary


def test_the_same_scores_from_every_normalisation_that_the_model_undoes(track: Any, tmp_path: Path) -> None:
    """A model that standardises by itself is not changed by gain and offset."""
    code = "x = images - images.mean((1, 2), keepdims=True)\nx /= x.std((1, 2), keepdims=True)\n"
    model = predictor(tmp_path, code + "return 1 / (1 + np.exp(-2 * x))")
    scores = [
        evaluate(model, track, options=Options(bootstrap_samples=200, contract=InputContract(normalisation=name)))
        for name in ("standardised", "minmax", "counts", "own")
    ]
    for one in scores[1:]:
        assert np.allclose(one.per_image["nll"], scores[0].per_image["nll"], atol=1e-4)
        assert one.results.settings.input.normalisation != "standardised"


def test_classes_have_overlap_but_no_likelihood(track: Any, tmp_path: Path) -> None:
    model = predictor(tmp_path, "return (p > 0.5).astype(int)")
    run = evaluate(
        model, track, out=tmp_path / "out",
        options=Options(bootstrap_samples=200, contract=InputContract(output="classes")),
    )  # fmt: skip
    assert all("nll" not in p.scores and p.dice.value > 0 for p in run.results.curve)
    assert np.isnan(read_per_image(tmp_path / "out")["nll"]).all()
    assert "spearman_sigma_nll" not in run.results.summary.scores


def test_a_function_has_sigma_only_where_its_training_is_told(track: Any, tmp_path: Path) -> None:
    model = predictor(tmp_path, "return p")
    silent = evaluate(model, track, options=QUICK).results
    assert all(p.sigma is None and p.epsilon is not None for p in silent.curve)
    assert "id_ood_gap" not in silent.summary.scores
    told = evaluate(model, track, options=Options(bootstrap_samples=200, train_conditions=["defocus=0nm"])).results
    assert "id_ood_gap" in told.summary.scores
    assert [round(p.sigma, 1) for p in told.curve].index(1.0) == 1


def test_a_limit_or_a_selection_is_unofficial(folder: Path, track: Any) -> None:
    limited = evaluate(str(folder), track, options=Options(bootstrap_samples=200, limit=2)).results
    assert not limited.settings.official
    assert limited.settings.limit == 2
    assert {p.n_images for p in limited.curve} == {2}
    chosen = Options(bootstrap_samples=200, conditions=["defocus=10nm", "defocus=-10nm"])
    part = evaluate(str(folder), track, options=chosen).results
    assert not part.settings.official
    assert [p.condition for p in part.curve] == ["defocus=-10nm", "defocus=10nm"]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("return p[:, :-1]", "shape"),
        ("return p[..., None]", "put the channels before the rows"),
        ("return np.where(p > 0.5, np.nan, p)", "NaN"),
        ("return np.log(p / (1 - p))", "logits"),
        ("return images.astype(int)", "int64"),
        ("return None", "NoneType"),
        ("raise RuntimeError('out of\\nmemory')", "RuntimeError: out of memory"),
        ("return p + 0 * len(images) if len(images) == 1 else p[::-1]", "batch"),
        ("return np.random.default_rng().random(images.shape)", "from call to call"),
    ],
)
def test_a_broken_model_is_named_before_the_run_and_leaves_nothing(
    code: str, says: str, track: Any, tmp_path: Path
) -> None:
    out = tmp_path / "a" / "b"
    with pytest.raises(InputError, match=says) as caught:
        evaluate(predictor(tmp_path, code), track, out=out, options=QUICK)
    assert "\n" not in str(caught.value)
    assert not out.parent.exists()
    assert len(track.reads) == 1


def test_a_model_that_turns_bad_midway_leaves_nothing(track: Any, tmp_path: Path) -> None:
    model = predictor(tmp_path, "calls.append(1)\nreturn p if len(calls) < 8 else p * np.nan")
    with pytest.raises(InputError, match="NaN"):
        evaluate(model, track, out=tmp_path / "out", options=QUICK)
    assert not (tmp_path / "out").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(InputError, match="NaN"):
        evaluate(predictor(tmp_path, "return p * np.nan"), track, out=tmp_path / "mine", options=QUICK)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_a_constant_model_is_scored_with_a_warning(track: Any, tmp_path: Path) -> None:
    run = evaluate(predictor(tmp_path, "return p * 0"), track, options=QUICK)
    assert run.results.warnings == ["the model returned 0 at every pixel of 3 trial images"]
    assert all(p.dice.value == 0 for p in run.results.curve)


def test_resampling_is_reported(track: Any, tmp_path: Path) -> None:
    contract = InputContract(pixel_size=0.8)
    model = predictor(tmp_path, "assert images.shape[1:] == (16, 16)\nreturn p")
    run = evaluate(model, track, options=Options(bootstrap_samples=200, contract=contract))
    assert "resampled from 0.4 Å per pixel to the model's 0.8 Å" in run.results.warnings[0]
    assert run.results.curve[1].dice.value > 0.7


def test_a_batch_too_large_for_the_memory_is_split(track: Any, tmp_path: Path) -> None:
    whole = evaluate(predictor(tmp_path, "return p"), track, options=QUICK)
    code = "if len(images) > 2: raise RuntimeError('CUDA out of memory. Tried to allocate')\nreturn p"
    split = evaluate(predictor(tmp_path, code), track, options=QUICK)
    assert np.allclose(split.per_image["nll"], whole.per_image["nll"], rtol=1e-6)
    with pytest.raises(InputError, match="out of memory"):
        evaluate(predictor(tmp_path, "raise MemoryError('out of memory')"), track, options=QUICK)


def test_a_normalisation_applied_twice_is_suspected(track: Any, tmp_path: Path) -> None:
    """A model that subtracts the mean count by itself, of images that have lost it already."""
    code = "return 1 / (1 + np.exp(-0.3 * (images - 45.0)))"
    model = predictor(tmp_path, code)
    (warning,) = evaluate(model, track, options=TOLD).results.warnings
    assert "with its declared normalisation, standardised, and 1.00" in warning
    assert warning.endswith("with counts: is the declared one right, or applied twice?")
    right = replace(TOLD, contract=InputContract(normalisation="counts"))
    assert evaluate(model, track, options=right).results.warnings == []


def test_unknown_conditions_and_odd_options_are_named(folder: Path, track: Any, tmp_path: Path) -> None:
    for options in (Options(conditions=["defocus=7nm"]), Options(train_conditions=["defocus=7nm"])):
        with pytest.raises(InputError, match=r"no condition 'defocus=7nm': it has defocus=-10nm, defocus=0nm"):
            evaluate(str(folder), track, out=tmp_path / "out", options=options)
    with pytest.raises(InputError, match="no condition to score"):
        evaluate(str(folder), track, options=Options(conditions=[]))
    for wrong in ({"batch_size": 0}, {"limit": 0}, {"bootstrap_samples": 5}, {"confidence": 1.0}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            Options(**wrong)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("where", ["a file", "below a file", "unwritable"])
def test_an_unwritable_folder_is_named_before_the_model_is_loaded(where: str, track: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("keep")
    out = {"a file": tmp_path / "file", "below a file": tmp_path / "file" / "x", "unwritable": Path("/proc/x/y")}[where]
    with pytest.raises(InputError, match="cannot be written to") as caught:
        evaluate("no_such_model", track, out=out)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "file").read_text() == "keep"


def test_broken_results_are_refused_in_one_line(folder: Path, track: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    evaluate(str(folder), track, out=out, options=QUICK)
    text = (out / "results.json").read_text()
    for old, new, says in (
        (
            '"schema_version": 2',
            '"schema_version": 1',
            "schema_version 1; .*evaluate the model again: `hrtem-bench evaluate",
        ),
        ('"official": true', '"official": 3', r"bool.*\$\.settings\.official"),
        ('"iou":', '"iuo":', r"curve\[0\].scores.iuo is no metric"),
        ("{", "", "no valid results file"),
    ):
        (out / "results.json").write_text(text.replace(old, new, 1))
        with pytest.raises(InputError, match=says) as caught:
            read_results(out)
        assert "\n" not in str(caught.value)
    (out / "results.json").unlink()
    with pytest.raises(InputError, match="cannot be read"):
        read_results(out)
    (out / "per_image.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="cannot be read"):
        read_per_image(out)


@dataclass(frozen=True)
class Chosen:
    title: str
    condition_id: str
    structure_id: str


def test_examples_show_what_was_scored(folder: Path, track: Any) -> None:
    run = evaluate(str(folder), track, options=QUICK)
    (one,) = make_examples(run, [Chosen("worst", "defocus=20nm", "s4")])
    row = (run.per_image["condition_id"] == "defocus=20nm") & (run.per_image["structure_id"] == "s4")
    assert one.dice == pytest.approx(run.per_image["dice"][row][0])
    assert one.image.shape == one.mask.shape == one.probability.shape == (32, 32)
    assert (one.title, one.pixel_size) == ("worst", 0.4)
    with pytest.raises(InputError, match="no s99"):
        make_examples(run, [Chosen("", "defocus=20nm", "s99")])
