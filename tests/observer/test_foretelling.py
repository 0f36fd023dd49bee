"""Expected losses of shipped specimens, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.observer import (
    ObserverSettings,
    RingPowers,
    exposure,
    foretold,
    freeze,
    loaded,
    observer_at,
    parse_exposure,
    specimens_of,
    terms,
)
from hrtem_bench.observer.settings import TEXTURE
from hrtem_bench.observer.specimens import SpecimenSet

LENS = {"focal_spread": 10.0, "dose": 400.0}


@pytest.fixture(scope="module")
def shipped() -> SpecimenSet:
    return specimens_of(structures=1)


@pytest.fixture(scope="module")
def powers(shipped: SpecimenSet) -> RingPowers:
    return RingPowers(shipped, loaded().settings)


def test_training_elsewhere_costs_and_training_there_does_not(powers: RingPowers) -> None:
    here, there = (exposure(hb.Condition(defocus=focus, **LENS)) for focus in (-100.0, 100.0))
    places = observer_at(here, powers), observer_at(there, powers)
    assert terms(places[0], places[0]).mismatch == 0
    assert terms(*places).mismatch > 0
    both = exposure((*here.conditions, *there.conditions))
    assert terms(observer_at(both, powers), places[1]).mismatch < terms(*places).mismatch


def test_less_dose_is_harder(powers: RingPowers) -> None:
    found = [
        observer_at(exposure(hb.Condition(defocus=100.0, focal_spread=10.0, dose=dose)), powers)
        for dose in (400, 100, 25)
    ]
    hardness = [one.hardness for one in found]
    assert sorted(hardness) == hardness
    density = [one.information.sum() for one in found]
    assert sorted(density, reverse=True) == density


def test_what_sets_training_and_test_apart_has_a_sign(powers: RingPowers) -> None:
    bright, dim = (
        observer_at(exposure(hb.Condition(defocus=100.0, focal_spread=10.0, dose=dose)), powers) for dose in (400, 50)
    )
    up, down = terms(dim, bright), terms(bright, dim)
    assert up.harder == down.easier == pytest.approx(dim.hardness - bright.hardness)
    assert up.easier == down.harder == 0
    # noise hides the film's texture: who never saw it clearly is surprised by it
    assert up.texture > 0 == down.texture
    assert terms(bright, bright).numbers == terms(dim, bright).matched == (bright.hardness, 0, 0, 0, 0)


def test_the_texture_is_the_share_of_its_ring(shipped: SpecimenSet) -> None:
    settings = ObserverSettings()
    assert settings.edges[settings.texture_ring] <= TEXTURE < settings.edges[settings.texture_ring + 1]
    assert ObserverSettings(edges=(0.3, 0.6)).texture_ring == ObserverSettings(edges=(0.01, 0.1)).texture_ring == 0
    condition = hb.Condition(defocus=100.0, focal_spread=10.0)
    powers = RingPowers(shipped, settings)
    power, place = powers.at(condition), observer_at(exposure(condition), powers)
    # without noise, of one specimen, it is the power in the ring over that in the image
    assert place.texture == pytest.approx(np.log(power.whole[0, settings.texture_ring] / power.variance[0]))


def test_the_number_is_that_of_the_record() -> None:
    train, test = hb.Condition(defocus=-100.0, **LENS), hb.Condition(defocus=100.0, **LENS)
    value = hb.expected_loss(train, test)
    specimens = specimens_of()
    found = foretold(exposure(train), exposure(test), RingPowers(specimens, loaded().settings))
    assert value == found.loss.value
    assert found.loss.low < value < found.loss.high
    assert 0 < found.dice.low < found.dice.value < found.dice.high < 1
    # the causes are what lies between it and training there
    assert sum(found.costs.values()) == pytest.approx(np.log(found.loss.value / found.matched.value))


def test_powers_are_kept_in_a_file(shipped: SpecimenSet, tmp_path: Path) -> None:
    condition = hb.Condition(defocus=50.0, **LENS)
    first = RingPowers(shipped, file=tmp_path / "powers.npz").at(condition)

    def unread() -> None:
        raise AssertionError("the waves were read again")

    again = RingPowers(replace(shipped, read=unread), file=tmp_path / "powers.npz").at(condition.replace(dose=1.0))
    np.testing.assert_array_equal(first.particle, again.particle)
    (tmp_path / "powers.npz").write_bytes(b"PK damaged")
    np.testing.assert_array_equal(
        RingPowers(shipped, file=tmp_path / "powers.npz").at(condition).particle, first.particle
    )


def test_text_names_settings_and_a_camera(shipped: SpecimenSet) -> None:
    found = parse_exposure("defocus=-10nm,dose=100e/A2,camera=k3-300kV;defocus=5nm", shipped, spread=15.0)
    assert len(found.conditions) == 6
    assert sum(found.weights) == pytest.approx(1)
    # three nodes have the variance of the spread
    c10 = np.array([one.C10 for one in found.conditions[:3]])
    assert np.array(found.weights[:3]) * 2 @ (c10 - 100.0) ** 2 == pytest.approx(15.0**2)
    assert found.detectors[0].dqe0 == 0.95
    assert found.detectors[3] is None
    assert found.conditions[0].dose == 100.0
    assert found.conditions[3].dose == 400.0  # the recipe's


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: replace(one, mask=np.zeros_like(one.mask)), "no particle is left"),
        (lambda one: replace(one, mask=np.ones_like(one.mask)), "nothing but particles"),
        (lambda one: replace(one, mask=_dots(one.mask)), "no particle is left"),
    ],
    ids=["no particles", "no film", "emptied by erosion"],
)
def test_specimens_with_one_region_are_refused(shipped: SpecimenSet, change: object, message: str) -> None:
    changed = replace(shipped, read=lambda: (change(one) for one in shipped.read()))  # type: ignore[operator]
    with pytest.raises(InputError, match=message):
        RingPowers(changed).at(hb.Condition(**LENS))


def _dots(mask: np.ndarray) -> np.ndarray:
    dots = np.zeros_like(mask)
    dots[::64, ::64] = 1
    return dots


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: parse_exposure(" ; ", s), "no condition is given"),
        (lambda s: exposure(()), "at least one Condition"),
        (lambda s: parse_exposure("dose=0", s), "dose must be above 0"),
        (lambda s: parse_exposure("dose=inf", s), "dose"),
        (lambda s: RingPowers(s).at(hb.Condition(energy=200e3)), "200000 eV and the exit waves"),
        (lambda s: RingPowers(replace(s, band=0.5)).at(hb.Condition()), "kept up to 0.5 1/Å"),
        (lambda s: specimens_of("gold on tin"), "no specimens 'gold on tin'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(shipped: SpecimenSet, call: object, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        call(shipped)  # type: ignore[operator]
    assert "\n" not in str(caught.value)


def test_frozen_coefficients_cannot_be_changed_unseen(tmp_path: Path) -> None:
    path = tmp_path / "frozen.json"
    assert freeze(loaded(), path) == loaded(path)
    path.write_text(path.read_text().replace('"beta": 1.', '"beta": 2.'))
    with pytest.raises(InputError, match="was changed after it was frozen"):
        loaded(path)
