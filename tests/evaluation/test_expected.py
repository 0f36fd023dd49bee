"""The losses that the model observer expects along a track, in the results of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hrtem_bench import observer
from hrtem_bench.dataset import open_dataset
from hrtem_bench.evaluation.expected import expected_losses
from hrtem_bench.observer import RingPowers, foretold, loaded, setups_of_track, specimens_of


def test_each_condition_has_what_the_observer_expects(kept_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    track = open_dataset(kept_folder, "defocus")
    train = next(one.condition_id for one in track.conditions if one.train)
    shipped = specimens_of(structures=1)  # the toy's particles are too small for the observer's regions
    monkeypatch.setattr(observer, "specimens_of", lambda source, structures: shipped)
    found = expected_losses(track, [train])
    assert list(found) == [one.condition_id for one in track.conditions]
    powers = RingPowers(shipped, loaded().settings)
    setups = setups_of_track(track, "own", powers)
    for name, one in found.items():
        expected = foretold(setups["own", train].exposure, setups["own", name].exposure, powers).loss
        assert (one.value, one.low, one.high) == pytest.approx((expected.value, expected.low, expected.high))


def test_nothing_is_expected_where_it_cannot_be(kept_folder: Path) -> None:
    track = open_dataset(kept_folder, "defocus")
    train = [one.condition_id for one in track.conditions if one.train][:1]
    assert expected_losses(track, []) == {}
    assert expected_losses(track, train) == {}  # nothing is left of particles without their outer 3 Å
    assert expected_losses(replace(track, folder=kept_folder / "elsewhere"), train) == {}
    assert expected_losses(Rendered(), train) == {}


class Rendered:
    """A track without a folder."""

    conditions = ()
