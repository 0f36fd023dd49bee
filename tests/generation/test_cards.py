"""Cards and their sources agree: templates, manifest and results on one side, what is rendered on the other."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest
import toy_datasets
import update_cards

from hrtem_bench.dataset import generate, load_recipe, read_manifest
from hrtem_bench.generation.card import render_body
from hrtem_bench.generation.card_sources import SCORES, BaselineScores, baseline_scores, render_scores, without_scores
from hrtem_bench.generation.manifest import dataset_checksum
from hrtem_bench.models.shipped_baselines import baseline_names
from hrtem_bench.recipes.plan import dataset_plan
from hrtem_bench.recipes.tables import recipe_hash
from hrtem_bench.scoring.reading import read_results

ROOT = Path(__file__).parents[2]
MINI = update_cards.CARD.parent


def test_the_scores_are_those_of_the_shipped_results():
    source = (ROOT / "data_cards" / SCORES).read_text(encoding="utf-8")
    assert source == update_cards.render_scores_source(ROOT / "submissions"), "run benchmarks/update_cards.py"
    models = {s.model for s in msgspec.json.decode(source, type=list[BaselineScores])}
    assert {"otsu", "unet_small"} <= models <= set(baseline_names())


def test_the_rendered_card_is_what_its_sources_give():
    rendered = update_cards.CARD.read_text(encoding="utf-8")
    assert rendered == render_body(read_manifest(MINI), update_cards.LOCATION), "run benchmarks/update_cards.py"
    for name in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", rendered):
        assert (MINI / name).is_file()


def test_the_rendered_card_is_of_the_dataset_that_the_package_makes_and_scores():
    manifest = read_manifest(MINI)
    assert manifest.recipe_sha256 == recipe_hash(load_recipe("mini"))
    assert manifest.checksum == dataset_checksum(manifest.shards)
    scored = (read_results(path) for path in (ROOT / "submissions").glob("*/results.json"))
    assert {one.dataset.checksum for one in scored} == {manifest.checksum}


def test_baselines_are_trained_on_specimens_and_images_such_as_those_they_are_scored_on():
    training, mini = load_recipe(ROOT / "baselines" / "training.toml"), load_recipe("mini")
    for name in ("seed", "sampling", "scene", "multislice", "settings", "detector", "coherence", "nodes"):
        assert getattr(training, name) == getattr(mini, name), name
    first, other = dataset_plan(training).conditions["joint"], dataset_plan(mini).conditions["joint"]
    assert [one for one in first if one.train] == [one for one in other if one.train]
    cards = [tomllib.loads(path.read_text("utf-8")) for path in (ROOT / "baselines").glob("*/card.toml")]
    trained = [one["trained_on"] for one in cards if "trained_on" in one]
    assert len({one["dataset_checksum"] for one in trained}) == 1 and len(trained) == 3


def test_a_card_has_the_scores_of_its_own_dataset_alone(tmp_path):
    toy = generate(toy_datasets.recipe(), tmp_path, workers=1, simulate=toy_datasets.simulate)
    assert baseline_scores(toy.checksum) == []
    assert "## Baselines" not in (tmp_path / "README.md").read_text(encoding="utf-8")
    scored = msgspec.structs.replace(toy, checksum=read_manifest(MINI).checksum)
    section = render_scores(scored, "some/where")
    assert "--data some/where" in section
    for s in baseline_scores(scored.checksum):
        (line,) = [line for line in section.splitlines() if f"| `{s.model}` |" in line]
        numbers = [float(n) for n in re.findall(r"\d\.\d{3}", line)]
        expected = [n for score in (s.id_dice, s.worst_dice, s.area_dice) for n in score or ()]
        assert numbers == pytest.approx(expected, abs=6e-4)
        assert f"`{s.worst_condition}`" in line
    card = render_body(scored, "some/where")
    assert section.strip() in card
    assert without_scores(card) == render_body(msgspec.structs.replace(scored, checksum="0"), "some/where").replace(
        "`0`", f"`{scored.checksum}`"
    )
