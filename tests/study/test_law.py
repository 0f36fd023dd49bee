"""Laws: planted coefficients come back, noise predicts nothing, and the grouping holds."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from hrtem_bench.study.law import LAWS, NOT, PREDICTS, Law, Resamples, fit_laws, held_out, hold_laws
from hrtem_bench.study.matrix import Physics, losses, seed_spread, set_means, structure_means

SETS, PLACES = 8, 11


def physics(rng: np.random.Generator, sets: int = SETS, noise: float | np.ndarray = 0.125) -> Physics:
    shape = (sets, PLACES)
    return Physics(
        sigma=rng.uniform(0.6, 1.0, shape),
        coverage=rng.uniform(0.5, 1.0, shape),
        epsilon=rng.uniform(0.05, 0.3, PLACES),
        noise=np.broadcast_to(noise, PLACES),
        distance=rng.uniform(0, 30, shape),
        trained=np.zeros(shape, bool),
        reference=np.zeros(shape),
        q_max=1.25,
    )


def laws_of(known: Physics, loss: np.ndarray, noise: float = 1e-3, samples: int = 100) -> dict[str, Law]:
    rng = np.random.default_rng(9)
    drawn = loss + noise * rng.standard_normal((samples, *loss.shape))
    return {law.name: law for law in fit_laws(known, "dice", Resamples(loss, drawn))}


def test_planted_coefficients_are_found() -> None:
    known = physics(np.random.default_rng(0))
    loss = 0.04 + 0.5 * (1 - known.sigma) - 0.2 * known.epsilon
    laws = laws_of(known, loss)
    law = laws["σ and ε"]
    assert law.coefficients == pytest.approx({"constant": 0.04, "1 − σ": 0.5, "ε": -0.2})
    assert law.skill.value == pytest.approx(1.0) and law.verdict == PREDICTS
    assert law.mae.value == pytest.approx(0.0, abs=1e-9)
    assert law.spearman.value == pytest.approx(1.0)
    assert law.over_distance is not None and law.over_distance.low is not None and law.over_distance.low > 0.9
    assert laws["coverage"].verdict != PREDICTS


def test_the_noise_of_doses_is_a_law_where_they_differ() -> None:
    rng = np.random.default_rng(0)
    known = physics(rng, noise=1 / np.sqrt(rng.uniform(5, 100, PLACES)))
    loss = 0.02 + 0.3 * (1 - known.sigma) - 0.1 * known.epsilon + 0.7 * known.noise
    laws = laws_of(known, loss)
    law = laws["σ, ε and noise"]
    assert law.coefficients == pytest.approx({"constant": 0.02, "1 − σ": 0.3, "ε": -0.1, "noise": 0.7})
    assert law.verdict == PREDICTS
    assert (laws["σ and ε"].skill.value or 0) < (law.skill.value or 0)
    assert not [name for name in laws_of(physics(rng), loss) if "noise" in name]


@pytest.mark.parametrize("seed", range(5))
def test_pure_noise_is_not_called_predictive(seed: int) -> None:
    """Held out, a fit to noise does worse than the mean on average; its R² against it is not far above 0."""
    rng = np.random.default_rng(seed)
    known = physics(rng)
    laws = laws_of(known, rng.normal(0.1, 0.03, (SETS, PLACES)))
    own = [laws[name] for name in ("σ", "coverage", "σ and ε", "coverage and ε", "distance")]
    assert all(law.verdict != PREDICTS for law in own)
    assert all(law.skill.value is not None and law.skill.value < 0.1 for law in own)


def test_what_a_set_has_of_its_own_cannot_be_learnt_from_itself() -> None:
    """The loss is a number for each set, and σ tells sets apart but not in that order: in sample σ would fit."""
    known = physics(np.random.default_rng(1), sets=3)
    level = np.array([0.9, 0.7, 0.8])
    known.sigma[:] = level[:, None]
    loss = np.broadcast_to(np.array([0.1, 0.12, 0.3])[:, None], known.sigma.shape).copy()
    law = laws_of(known, loss)["σ"]
    assert law.skill.value is not None and law.skill.value < 0 and law.verdict == NOT


def test_held_out_is_a_fit_to_the_other_sets() -> None:
    """Against numpy's least squares, one set at a time, with a pair that has no loss."""
    rng = np.random.default_rng(2)
    design = np.concatenate([np.ones((5, 7, 1)), rng.normal(size=(5, 7, 2))], axis=-1)
    loss = rng.normal(size=(2, 5, 7))
    known = np.ones((5, 7), bool)
    known[1, 3] = False
    loss[:, 1, 3] = np.nan
    found = held_out(design, loss, known)
    for b in range(2):
        for t in range(5):
            others = known & (np.arange(5) != t)[:, None]
            expected = np.linalg.lstsq(design[others], loss[b][others], rcond=None)[0]
            assert found[b, t] == pytest.approx(design[t] @ expected)


def test_a_law_that_is_not_defined_everywhere_is_left_out() -> None:
    known = physics(np.random.default_rng(3))
    known.distance[:, 4] = np.nan
    laws = laws_of(known, 1 - known.sigma)
    assert set(laws) == {name for name in LAWS if "noise" not in name} - {"distance"}
    assert all(law.over_distance is None for law in laws.values())


def held(laws: list[Law], known: Physics, loss: np.ndarray, noise: float = 1e-3) -> dict[str, Law]:
    drawn = loss + noise * np.random.default_rng(4).standard_normal((100, *loss.shape))
    return {law.name: law for law in hold_laws(laws, known, "dice", Resamples(loss, drawn))}


def planted(known: Physics, constant: float = 0.04, slope: float = 0.5) -> np.ndarray:
    return constant + slope * (1 - known.sigma) - 0.2 * known.epsilon


def test_a_law_found_elsewhere_is_held_against_other_losses_as_it_is() -> None:
    there, here = physics(np.random.default_rng(0)), physics(np.random.default_rng(1), sets=6)
    laws = list(laws_of(there, planted(there)).values())
    law = held(laws, here, planted(here))["σ and ε"]
    assert law.coefficients == pytest.approx({"constant": 0.04, "1 − σ": 0.5, "ε": -0.2})
    assert law.skill.value == pytest.approx(1.0, abs=1e-6) and law.verdict == PREDICTS
    # Another constant: the order is right, the numbers are not, and nothing is fitted to make them so.
    shifted = held(laws, here, planted(here, constant=0.34))["σ and ε"]
    assert shifted.skill.value is not None and shifted.skill.value < 0 and shifted.verdict == NOT
    assert shifted.spearman.value == pytest.approx(1.0)
    assert shifted.mae.value == pytest.approx(0.3, abs=1e-3)
    assert held(laws, here, planted(here, slope=-0.5))["σ"].verdict == NOT


def test_what_is_beaten_by_a_law_of_elsewhere_is_of_this_study() -> None:
    there, here = physics(np.random.default_rng(0)), physics(np.random.default_rng(1))
    law = next(law for law in laws_of(there, planted(there)).values() if law.name == "ε")
    loss = planted(here)
    found = held([law], here, loss)["ε"]
    predicted = law.coefficients["constant"] + law.coefficients["ε"] * here.epsilon
    mean = (loss.sum(axis=0).sum() - loss.sum(axis=1)) / (PLACES * (SETS - 1))
    expected = 1 - ((predicted - loss) ** 2).sum() / ((mean[:, None] - loss) ** 2).sum()
    assert found.skill.value == pytest.approx(expected)


def test_laws_that_cannot_be_carried_over_are_left_out() -> None:
    there, here = physics(np.random.default_rng(0)), physics(np.random.default_rng(1))
    laws = list(laws_of(there, planted(there)).values())
    carried = held(laws, here, planted(here))
    assert not [name for name in carried if "condition" in name or name == "mean"]
    unknown = msgspec.structs.replace(laws[-1], name="σ and luck", coefficients={"constant": 0.1})
    assert "σ and luck" not in held([*laws, unknown], here, planted(here))
    lacking = replace(here, coverage=np.full_like(here.coverage, np.nan))
    assert not [name for name in held(laws, lacking, planted(here)) if "coverage" in name]
    assert (
        held(laws, physics(np.random.default_rng(2), sets=1), planted(physics(np.random.default_rng(2), sets=1))) == {}
    )


def test_one_set_has_no_law_and_three_have_no_verdict() -> None:
    assert laws_of(physics(np.random.default_rng(4), sets=1), np.ones((1, PLACES))) == {}
    known = physics(np.random.default_rng(4), sets=3)
    assert laws_of(known, 1 - known.sigma)["σ"].verdict == "undecided"


def test_means_and_spread_over_seeds() -> None:
    values = np.array([[1.0, 4.0], [3.0, 4.0], [5.0, 0.0]])
    sets = np.array([0, 0, 1])
    assert set_means(values, sets, 2) == pytest.approx(np.array([[2.0, 4.0], [5.0, 0.0]]))
    spread = seed_spread(values, sets, 2)
    assert spread[0] == pytest.approx([np.std([1, 3], ddof=1), 0.0])
    assert np.isnan(spread[1]).all()


def test_structures_that_a_track_lacks_do_not_count() -> None:
    scores = np.array([[[0.8, 0.6], [0.4, np.nan]]])
    assert structure_means(scores)[0] == pytest.approx([0.6, 0.6])
    assert structure_means(scores, np.array([3.0, 1.0]))[0] == pytest.approx([0.7, 0.6])


def test_the_drop_is_against_the_networks_trained_there() -> None:
    dice = np.array([[0.9, 0.5], [0.7, 0.8]])
    reference = np.array([[1.0, 0.0], [0.0, 0.0]])
    drop = losses({"dice": dice, "nll": dice}, reference)["drop"]
    assert drop[1, 0] == pytest.approx(0.2)
    assert np.isnan(drop[0, 0]) and np.isnan(drop[:, 1]).all()
