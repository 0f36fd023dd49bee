"""STUDY.toml: what is read, and what is refused with key, value and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from hrtem_bench.dataset import load_recipe
from hrtem_bench.dataset.tracks import track_conditions
from hrtem_bench.errors import InputError
from hrtem_bench.study import load_study, open_study, parse_study, shipped_studies
from hrtem_bench.study.networks import every_network


@pytest.mark.parametrize("name", ["full", "mini"])
def test_shipped_studies_fit_the_recipe_of_their_name(name: str) -> None:
    study = load_study(name)
    assert name in shipped_studies() and study.data == name
    trained = {one.condition_id for one in track_conditions(load_recipe(name), study.track) if one.train}
    assert all(set(one.conditions) <= trained for one in study.training)


def test_networks_go_seed_by_seed(study_text: str) -> None:
    names = [one.name for one in every_network(parse_study(study_text))]
    assert names == ["over-0", "focus-0", "both-0", "over-1", "focus-1", "both-1"]


def test_as_many_images_whatever_a_set_holds(study_text: str) -> None:
    study = parse_study(study_text.replace("seeds = 2", "seeds = 2\nimages_shown = 1600"))
    assert [study.epochs_of(count) for count in (40, 200, 10_000)] == [40, 8, 1]
    assert parse_study(study_text).epochs_of(40) is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("seeds = 2", "seeds = 0", "seeds = 0"),
        ("seeds = 2", "seeds = [1, 1]", "seeds: 1 is given twice"),
        ("seeds = 2", "sead = 2", "sead is not known"),
        ('track = "defocus"', "", "track is missing"),
        ('name = "over"', 'name = "a/b"', "training[0].name = 'a/b'"),
        ('name = "over"', 'name = "both"', "'both' is given twice"),
        ('conditions = ["defocus=-10nm"]', "conditions = []", "training[0].conditions"),
        ('conditions = ["defocus=-10nm"]', 'condition = ["x"]', "condition is not known"),
        ("seeds = 2", "seeds = 2\ndevice = 'tpu'", "unknown device 'tpu'"),
        ("seeds = 2", "seeds = 1000000", "networks"),
        ("seeds = 2", "seeds = 2\nepochs = 2\nimages_shown = 9", "images_shown = 9: give this or epochs"),
        ("seeds = 2", "seeds = ", "not TOML"),
        ("[[training]]", "[[teaching]]", "no table [[training]]"),
    ],
)
def test_mistakes_name_the_key(study_text: str, old: str, new: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        parse_study(study_text.replace(old, new))
    assert words in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("defocus=-10nm", "defocus=-11nm", "did you mean defocus=-10nm?"),
        ("defocus=-10nm", "defocus=10nm", "training images at"),  # the track has it for tests alone
        ('track = "defocus"', 'track = "tilt"', "no track 'tilt'"),
        ('test_tracks = ["dose"]', 'test_tracks = ["tilt"]', "no track 'tilt'"),
        ("square", "nowhere", "there is no baseline"),
    ],
)
def test_what_the_data_or_the_baseline_have_not(study_text: str, old: str, new: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        open_study(parse_study(study_text.replace(old, new)))
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_study_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"shipped are full, mini"):
        load_study("nothing")
    with pytest.raises(InputError, match="cannot be read"):
        load_study(tmp_path / "nothing.toml")
