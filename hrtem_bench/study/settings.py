"""STUDY.toml: which networks to train and where to test them, read from TOML and checked before anything is trained."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import msgspec

from hrtem_bench.dataset import Track, open_dataset
from hrtem_bench.errors import InputError
from hrtem_bench.models.runtime import Runtime
from hrtem_bench.models.shipped_baselines import baseline_at
from hrtem_bench.support.reading import parse_toml
from hrtem_bench.support.toml_tables import convert_table, key_error, shipped_names, shipped_or_own

Text = Annotated[str, msgspec.Meta(min_length=1)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
FOLDER_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.=+-]*$"
MOST_NETWORKS = 100_000


class TrainingSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Networks trained at these conditions of the study's track; `name` is part of their folders' names."""

    name: Annotated[str, msgspec.Meta(pattern=FOLDER_NAME)]
    conditions: list[str]


class Study(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A study before it is run: a network for each training set and seed, each tested at every condition.

    data: a dataset's folder or Hub id. track: of the training conditions. baseline: a shipped baseline's name or a
    folder with card.toml, whose `train` trains the networks. seeds: so many from 0, or these. epochs: None for the
    baseline's own. images_shown: in place of epochs, so many that each network is shown about as many images, whatever
    its training set holds. test_tracks: tested on besides the study's own track. device: where networks run, and are
    trained if the baseline's trainer takes a device. batch_size: of scoring, None to find it by trying. limit: test
    images per condition, None for all.
    """

    name: Annotated[str, msgspec.Meta(pattern=FOLDER_NAME)]
    data: Text
    track: Text
    baseline: Text
    training: list[TrainingSet]
    seeds: Positive | list[Annotated[int, msgspec.Meta(ge=0)]] = 1
    epochs: Positive | None = None
    images_shown: Positive | None = None
    test_tracks: list[str] = []
    device: str = "cpu"
    batch_size: Positive | None = None
    limit: Positive | None = None
    description: str = ""

    def epochs_of(self, images: int) -> int | None:
        """Epochs of a network whose training set holds so many images; None for the baseline's own."""
        return self.epochs if self.images_shown is None else max(1, round(self.images_shown / images))

    def every_seed(self) -> list[int]:
        """The seeds of each training set's networks."""
        return list(range(self.seeds)) if isinstance(self.seeds, int) else self.seeds


@dataclass(frozen=True)
class Opened:
    """A study with its data and baseline at hand. tracks: the study's own first, then the further ones to test on."""

    study: Study
    tracks: tuple[Track, ...]
    baseline: Path

    @property
    def track(self) -> Track:
        """The track of the training conditions."""
        return self.tracks[0]


def shipped_studies() -> list[str]:
    """Names of the studies in the package."""
    return shipped_names(_folder())


def load_study(name: str | Path) -> Study:
    """A study of the package by name, or a user's own by the path of its TOML file; InputError if it is not valid."""
    return parse_study(shipped_or_own(name, _folder(), "study"))


def parse_study(text: str) -> Study:
    """A checked Study from TOML text; InputError names the first key that is wrong, its value and what is allowed."""
    raw = parse_toml(text, "the study")
    training = raw.get("training")
    if not isinstance(training, list) or not training:
        raise InputError("the study has no table [[training]]: give at least one, with name and conditions")
    sets = [convert_table(one, TrainingSet, f"training[{index}]") for index, one in enumerate(training)]
    study = convert_table({**raw, "training": sets}, Study, "the study")
    _check(study)
    return study


def open_study(study: Study) -> Opened:
    """The study with its tracks and baseline; InputError for a track, condition or baseline that is not there."""
    folder = baseline_at(study.baseline)
    tracks = tuple(open_dataset(study.data, name) for name in (study.track, *study.test_tracks))
    trained = [one.condition_id for one in tracks[0].conditions if one.train]
    for index, one in enumerate(study.training):
        for name in one.conditions:
            if name not in trained:
                close = difflib.get_close_matches(name, trained, n=1)
                hint = f"did you mean {close[0]}? " if close else ""
                raise key_error(
                    f"training[{index}].conditions",
                    name,
                    f"{hint}the track {study.track} has training images at {', '.join(trained)}",
                )
    return Opened(study, tracks, folder)


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The keys in which two tables differ."""
    return [key for key in dict.fromkeys([*one, *other]) if one.get(key) != other.get(key)]


def _check(study: Study) -> None:
    for index, one in enumerate(study.training):
        if not one.conditions:
            raise key_error(f"training[{index}].conditions", [], "name at least one condition of the track")
        _no_repeats(f"training[{index}].conditions", one.conditions)
    _no_repeats("the names of [[training]]", [one.name for one in study.training])
    if not study.every_seed():
        raise key_error("seeds", [], "give at least one seed, or how many")
    _no_repeats("seeds", study.every_seed())
    _no_repeats("test_tracks", [study.track, *study.test_tracks])
    if study.epochs is not None and study.images_shown is not None:
        raise key_error("images_shown", study.images_shown, "give this or epochs, not both")
    Runtime(study.device)
    count = len(study.training) * len(study.every_seed())
    if count > MOST_NETWORKS:
        raise InputError(f"the study has {count} networks: at most {MOST_NETWORKS} are allowed")


def _no_repeats(where: str, values: Sequence[Any]) -> None:
    for one, count in Counter(values).items():
        if count > 1:
            raise InputError(f"{where}: {one!r} is given twice")


def _folder() -> Any:
    return resources.files("hrtem_bench.study") / "studies"


__all__ = ["Opened", "Study", "TrainingSet", "differing", "load_study", "open_study", "parse_study", "shipped_studies"]
