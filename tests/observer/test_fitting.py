"""Fitting and testing the law on rows that were made by a law that is known, and agreement against SciPy."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import hrtem_bench as hb
from hrtem_bench.errors import InputError
from hrtem_bench.observer import (
    ObserverSettings,
    RingPowers,
    Setup,
    exposure,
    fit_coefficients,
    foreseen,
    hold,
    loaded,
    pairs_of,
    places_of,
    recalibrated,
    setups_of_rows,
    specimens_of,
)
from hrtem_bench.observer.agreement import bootstrapped, r_squared, rank, ranks_of_rows
from hrtem_bench.observer.fitting import left_out, setup_of, terms_of_pairs
from hrtem_bench.observer.law import log_losses
from hrtem_bench.observer.rivals import OTHERS, discrepancy, frechet

TEXTS = ["defocus=-10nm", "defocus=10nm", "defocus=0nm,dose=50", "defocus=20nm"]
SETTINGS = ObserverSettings(area=8.0, floor=0.1, standardised=0.5, edge_loss=0.02)
KNOWN = {"alpha": -1.5, "beta": 1.2, "gamma": 0.3, "eta": 0.9, "zeta": 0.4, "phi": 0.2}


@pytest.fixture(scope="module")
def powers() -> RingPowers:
    return RingPowers(specimens_of(structures=2), SETTINGS)


@pytest.fixture(scope="module")
def rows(powers: RingPowers) -> list[dict]:
    """Losses by the law `KNOWN`, exactly; two seeds whose mean is the law's."""
    bare = [row(train, test) for train in TEXTS for test in TEXTS]
    pairs = pairs_of(bare)
    found = terms_of_pairs(pairs, places_of(pairs, setups_of_rows(bare, {"own": powers}), SETTINGS))
    losses = np.exp(log_losses(found, replace_law(**KNOWN)))
    return [
        row(one.train, one.test, loss=share * loss)
        for one, loss in zip(pairs, losses, strict=True)
        for share in (0.8, 1.2)
    ]


def row(train: str, test: str, loss: float = 0.1, **more: object) -> dict:
    dice = 1 / (1 + loss)
    return {"specimens": "own", "train": train, "test": test, "converged": True, "nll": loss, "dice": dice} | more


def replace_law(**values: float):
    import msgspec

    return msgspec.structs.replace(loaded().coefficients, **values)


def test_a_law_is_found_again(rows: list[dict], powers: RingPowers) -> None:
    setups = setups_of_rows(rows, {"own": powers})
    found = fit_coefficients(rows, setups, fitted_on="itself", settings=SETTINGS)
    law = found.coefficients
    assert {name: getattr(law, name) for name in KNOWN} == pytest.approx(KNOWN, rel=1e-6)
    assert law.residual < 1e-6
    assert found.rows == len(TEXTS) ** 2
    # and held on its own rows it foretells them all
    held = hold(foreseen(rows, found, setups))
    assert held.rank.value == pytest.approx(1)
    assert held.rank_in_rows.value == pytest.approx(1)
    assert held.r2.value == pytest.approx(1)
    assert held.training_sets == len(TEXTS)
    # an offset of its own
    other = [one | {"nll": 2 * one["nll"]} for one in rows]
    assert recalibrated(other, found, setups).coefficients.alpha == pytest.approx(-1.5 + math.log(2))
    held = hold(foreseen(other, found, setups))
    assert held.r2.value < 1
    assert held.r2_own_offset.value == pytest.approx(1)


def test_rivals_say_what_they_are(rows: list[dict], powers: RingPowers) -> None:
    setups = setups_of_rows(rows, {"own": powers})
    found = foreseen(rows, loaded(), setups)
    held = hold(found)
    assert held.rivals[OTHERS][0] < 1
    assert math.isnan(held.rivals["1 - mean confidence (needs the network and images)"][0])
    for k in (1, 4, 11):
        train, test = (setups["own", text].exposure for text in (found.pairs[k].train, found.pairs[k].test))
        a, b = (hb.ConditionSet(one.conditions, one.weights) for one in (train, test))
        assert found.rivals["σ"][k] == pytest.approx(1 - hb.sigma(a, b, q_max=1.25), abs=2e-4)
        assert found.rivals["ε"][k] == pytest.approx(-hb.epsilon(b, q_max=1.25), abs=2e-4)
        apart = abs(train.conditions[1].C10 - test.conditions[1].C10) / 10  # the middle ones of three
        assert found.rivals["distance of focus (nm)"][k] == pytest.approx(apart)


def test_the_mean_of_other_training_sets_leaves_the_own_out(rows: list[dict], powers: RingPowers) -> None:
    found = foreseen(rows, loaded(), setups_of_rows(rows, {"own": powers}))
    for pair, value in zip(found.pairs, found.rivals[OTHERS], strict=True):
        others = [one.log_loss for one in found.pairs if one.test == pair.test and one.train != pair.train]
        assert value == pytest.approx(np.mean(others))
    # of a family with one training set there are none
    alone = foreseen([one for one in rows if one["train"] == TEXTS[0]], loaded(), setups_of_rows(rows, {"own": powers}))
    assert np.isnan(alone.rivals[OTHERS]).all()


def test_a_family_is_some_of_the_pairs(rows: list[dict], powers: RingPowers) -> None:
    found = foreseen(rows, loaded(), setups_of_rows(rows, {"own": powers}))
    kept = np.array([one.test != TEXTS[0] for one in found.pairs])
    part = found.family(kept)
    assert [one.test for one in part.pairs].count(TEXTS[0]) == 0
    np.testing.assert_array_equal(part.measured, [one.log_loss for one in part.pairs])
    with pytest.raises(InputError, match="not tested on 0 pairs"):
        hold(found.family(np.zeros(len(kept), bool)))


def test_networks_that_did_not_converge_are_left_out() -> None:
    one = row("a", "b", 0.2)
    (pair,) = pairs_of([one, row("a", "b", 9.0, converged=False), row("a", "b", 9.0, failed="it diverged")])
    assert pair.log_loss == pytest.approx(math.log(0.2))
    assert pair.logit_dice == pytest.approx(-math.log(0.2))
    with pytest.raises(InputError, match="no network of these rows has converged"):
        pairs_of([one | {"converged": False}])


def test_pairs_are_foretold_from_other_training_sets() -> None:
    design = np.column_stack([np.ones(6), np.arange(6.0)])
    measured = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 50.0])
    sets = np.array([0, 0, 1, 1, 1, 2])
    assert left_out(design, measured, sets)[5] == pytest.approx(5.0)  # from the line through the others
    assert left_out(design, measured, sets)[0] < -1  # the outlier draws that line


def test_a_training_set_is_joined_of_its_conditions(powers: RingPowers) -> None:
    ends = [hb.Condition(defocus=one) for one in (-100.0, 100.0)]
    setups = {("own", text): Setup(exposure(one), powers) for text, one in zip("ab", ends, strict=True)}
    found = setup_of(("own", "a;b"), setups)
    assert found.exposure.conditions == tuple(ends)
    assert found.exposure.weights == (0.5, 0.5)
    with pytest.raises(InputError, match="no setup is given for a;c"):
        setup_of(("own", "a;c"), setups)


@pytest.mark.parametrize(("kept", "message"), [(slice(0, 4), "are not fitted on 2 pairs"), (slice(0, 0), "converged")])
def test_too_few_pairs_are_refused(rows: list[dict], powers: RingPowers, kept: slice, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fit_coefficients(rows[kept], setups_of_rows(rows, {"own": powers}), fitted_on="nothing")


def test_rows_of_other_specimens_are_refused(rows: list[dict], powers: RingPowers) -> None:
    with pytest.raises(InputError, match="no specimens are given for the rows of own"):
        setups_of_rows(rows, {"theirs": powers})


def test_agreement_is_that_of_scipy() -> None:
    generator = np.random.default_rng(0)
    first, second = generator.standard_normal((2, 30))
    first[:5] = first[0]  # ties
    assert rank(first, second) == pytest.approx(stats.spearmanr(first, second)[0])
    assert math.isnan(rank(np.zeros(30), second))
    sets = np.repeat([0, 1], 15)
    want = np.mean([stats.spearmanr(first[sets == k], second[sets == k])[0] for k in (0, 1)])
    assert ranks_of_rows(first, second, sets).mean() == pytest.approx(want)
    line = stats.linregress(first, second)
    assert r_squared(line.intercept + line.slope * first, second) == pytest.approx(line.rvalue**2)


def test_the_interval_is_of_training_sets_not_of_pairs() -> None:
    generator = np.random.default_rng(1)
    sets = np.repeat(np.arange(20), 50)
    measured = generator.standard_normal(20)[sets]  # pairs of a set are alike: 20 numbers, not 1000
    found = bootstrapped(lambda i: float(measured[i].mean()), sets)
    assert found.high - found.low == pytest.approx(2 * 1.96 * measured.std() / math.sqrt(20), rel=0.25)


def test_distances_of_samples() -> None:
    generator = np.random.default_rng(2)
    first = generator.standard_normal((500, 2))
    assert frechet(first, first) == pytest.approx(0, abs=1e-9)
    # normal distributions whose covariances commute: |Δμ|² + Σ (σ - σ′)²
    moved = 3 * first + np.array([1.0, 0.0])
    change = moved.mean(0) - first.mean(0)
    roots = np.sqrt(np.linalg.eigvalsh(np.cov(first, rowvar=False)))
    assert frechet(first, moved) == pytest.approx(change @ change + np.sum((2 * roots) ** 2))
    assert discrepancy(first, first) == pytest.approx(0, abs=1e-12)
    assert discrepancy(np.zeros((1, 1)), np.full((1, 1), 2.0)) == pytest.approx(2 - 2 * math.exp(-2))


def test_settings_of_the_powers_may_differ_in_all_but_geometry(rows: list[dict], powers: RingPowers) -> None:
    pairs, setups = pairs_of(rows), setups_of_rows(rows, {"own": powers})
    found = [terms_of_pairs(pairs, places_of(pairs, setups, one)) for one in (SETTINGS, replace(SETTINGS, area=100.0))]
    assert np.all(found[1][:, 0] < found[0][:, 0])  # a larger area makes every condition easier
    np.testing.assert_array_equal(found[0][:, 4], found[1][:, 4])  # the texture has no area
