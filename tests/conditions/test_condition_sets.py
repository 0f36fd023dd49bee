"""Weighted sets: the quadrature over a spread against exact and converged integrals, and the laws of weights."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
import scipy.integrate
from hypothesis import given, settings
from hypothesis import strategies as st

import hrtem_bench as hb
from hrtem_bench.conditions import Condition, ConditionSet, Spread, as_condition_set
from hrtem_bench.conditions.sets import MOST_MEMBERS
from hrtem_bench.errors import InputError
from hrtem_bench.physics import transfer_spectrum, transfer_table

HERE = Condition(focal_spread=10.0)
Q = np.linspace(0.0, 2.5, 4001)


def exact_spectrum(q: np.ndarray, nominal: Condition, spread: Spread) -> np.ndarray:
    """P(q) of a spread of C10: ½ E_t² (1 - C cos 2πλ C10 q²), C the characteristic function of the distribution."""
    phase = 2 * math.pi * hb.wavelength(nominal.energy) * q**2
    if spread.distribution == "normal":
        damping = np.exp(-0.5 * (phase * spread.std) ** 2)
    else:
        damping = np.sinc(math.sqrt(3) * phase * spread.std / math.pi)
    envelope = np.exp(-((0.5 * phase * nominal.focal_spread) ** 2))
    return np.asarray(0.5 * envelope * (1 - damping * np.cos(phase * nominal.C10)))


def integral(values: np.ndarray) -> float:
    return float(scipy.integrate.simpson(values * Q, x=Q))


SPREADS = [Spread(15.0), Spread(50.0), Spread(15.0, "uniform"), Spread(40.0, "uniform")]


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("C10", [0.0, -250.0])
def test_epsilon_sigma_and_coverage_of_a_spread_are_those_of_the_exact_integral(spread: Spread, C10: float) -> None:
    trained, nominal = HERE.replace(C10=100.0), HERE.replace(C10=C10)
    sets = [ConditionSet.about(one, {"C10": spread}) for one in (trained, nominal)]
    a, b = (exact_spectrum(Q, one, spread) for one in (trained, nominal))
    np.testing.assert_allclose(transfer_spectrum(Q, 0.0, sets[1]), b, atol=3e-4)
    (row,) = transfer_table(sets[0], [sets[1]])
    assert row["epsilon"] == pytest.approx(integral(b) / (2.5**2 / 2), abs=3e-4)
    shared = integral(np.sqrt(a * b)) / math.sqrt(integral(a) * integral(b))
    assert row["sigma"] == pytest.approx(shared, abs=1e-3)
    covered = integral(np.sqrt(np.minimum(a, b))) / integral(np.sqrt(b))
    assert row["coverage"] == pytest.approx(covered, abs=1e-3)


@pytest.mark.parametrize(
    ("spread", "steps"),
    [
        ({"C10": Spread(15.0), "C30": Spread(3e4, "uniform")}, 201),
        ({"C10": Spread(15.0), "focal_spread": Spread(2.0)}, 201),
        ({"C10": Spread(15.0), "C30": Spread(3e4), "focal_spread": Spread(2.0, "uniform")}, 61),
    ],
)
def test_several_settings_at_once_against_a_fine_grid(spread: dict[str, Spread], steps: int) -> None:
    # The reference: equal steps over ±6 standard deviations, or the middles of equal parts of a uniform range.
    nominal, q = HERE.replace(C10=60.0, C30=1e5), np.linspace(0.05, 1.5, 60)
    axes = []
    for one in spread.values():
        edge = 6.0 if one.distribution == "normal" else math.sqrt(3)
        nodes = (np.arange(steps) + 0.5) / steps * 2 * edge - edge
        weights = np.exp(-0.5 * nodes**2) if one.distribution == "normal" else np.ones(steps)
        axes.append((one.std * nodes, weights / weights.sum()))
    shifts = dict(zip(spread, np.meshgrid(*(nodes for nodes, _ in axes), indexing="ij"), strict=True))
    weights = np.einsum("i,j,k->ijk" if len(axes) == 3 else "i,j->ij", *(w for _, w in axes))
    wave = hb.wavelength(nominal.energy)
    expected = []
    for one in q:
        spherical = nominal.C30 + shifts.get("C30", 0.0)
        chi = math.pi * wave * one**2 * (nominal.C10 + shifts["C10"] + 0.5 * wave**2 * one**2 * spherical)
        width = nominal.focal_spread + shifts.get("focal_spread", 0.0)
        envelope = np.exp(-((math.pi * wave * width * one**2) ** 2))
        expected.append(np.sum(weights * envelope * np.sin(chi) ** 2))
    found = transfer_spectrum(q, 0.0, ConditionSet.about(nominal, spread))
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_a_direction_that_is_any_gives_a_round_spectrum() -> None:
    # Uniform over a half turn, twofold astigmatism has every direction: P is ½ (1 - J0(2πλ C12 q²)) at every azimuth.
    from scipy.special import j0

    every = ConditionSet.about(Condition(C12=40.0), {"phi12": Spread(math.pi / (2 * math.sqrt(3)), "uniform")})
    q = np.linspace(0.0, 1.25, 50)
    expected = 0.5 * (1 - j0(2 * math.pi * hb.wavelength(300e3) * 40.0 * q**2))
    for azimuth in (0.0, 0.4, 1.1):
        found = transfer_spectrum(q * math.cos(azimuth), q * math.sin(azimuth), every)
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_many_drawn_conditions_agree_with_the_quadrature() -> None:
    rng = np.random.default_rng(1)
    drawn = ConditionSet(tuple(HERE.replace(C10=value) for value in 15.0 * rng.standard_normal(400)))
    assert hb.sigma(drawn, ConditionSet.about(HERE, {"C10": 15.0}), 1.25) > 0.999


@pytest.mark.parametrize("spread", [{}, {"C10": 0.0}, {"dose": 30.0}, None])
def test_without_a_spread_the_condition_stands_alone(spread: dict[str, float] | None) -> None:
    assert ConditionSet.about(HERE, spread) == ConditionSet((HERE,))


@given(
    st.dictionaries(
        st.sampled_from(["C10", "C30", "C12", "phi12", "focal_spread", "angular_spread"]),
        st.builds(Spread, st.floats(0.1, 1.5), st.sampled_from(["normal", "uniform"])),
        min_size=1,
    )
)
@settings(max_examples=15, deadline=None)
def test_weights_mean_and_deviation(spread: dict[str, Spread]) -> None:
    nominal = Condition(C10=50.0, C30=1e4, C12=20.0, phi12=0.3, focal_spread=30.0, angular_spread=15.0)
    found = ConditionSet.about(nominal, spread)
    assert len(found) <= MOST_MEMBERS
    assert sum(found.weights) == pytest.approx(1.0)
    for name, one in spread.items():
        values = np.array([getattr(c, name) if hasattr(c, name) else c.aberrations[name] for c in found.conditions])
        mean = np.dot(found.weights, values)
        centre = getattr(nominal, name) if hasattr(nominal, name) else nominal.aberrations[name]
        assert mean == pytest.approx(centre, rel=1e-6)
        assert math.sqrt(np.dot(found.weights, (values - mean) ** 2)) == pytest.approx(one.std, rel=3e-3)


def test_the_transfer_spectrum_is_the_weighted_mean() -> None:
    one, other = Condition(C10=60.0), Condition(C10=-200.0)
    mixed = ConditionSet((one, other), (3.0, 1.0))
    assert mixed.weights == (0.75, 0.25)
    assert hb.epsilon(mixed) == pytest.approx(0.75 * hb.epsilon(one) + 0.25 * hb.epsilon(other), abs=1e-5)
    assert hb.epsilon(mixed) == pytest.approx(hb.epsilon([one, one, one, other]), abs=1e-12)
    assert hb.sigma(ConditionSet((one, other), (1.0, 0.0)), one) == pytest.approx(1.0, abs=1e-9)


def test_a_mixture_weighs_its_sets_and_not_their_members() -> None:
    spread, alone = ConditionSet.about(HERE, {"C10": 15.0}), HERE.replace(C10=300.0)
    mixed = ConditionSet.mixture([spread, alone])
    assert len(mixed) == len(spread) + 1
    assert mixed.weights[-1] == pytest.approx(0.5)
    q = np.linspace(0, 1, 20)
    both = [transfer_spectrum(q, 0.0, one) for one in (spread, alone)]
    np.testing.assert_allclose(transfer_spectrum(q, 0.0, mixed), np.mean(both, axis=0))
    weighed = ConditionSet.mixture([spread, alone], [1.0, 3.0])
    np.testing.assert_allclose(transfer_spectrum(q, 0.0, weighed), np.average(both, axis=0, weights=[1, 3]))


def test_a_set_is_a_value() -> None:
    one = ConditionSet.about(HERE, {"C10": 15.0})
    assert one == ConditionSet.about(HERE, {"C10": Spread(15.0)})
    assert hash(one) == hash(copy.deepcopy(one))
    assert pickle.loads(pickle.dumps(one)) == one
    assert as_condition_set(one) is one
    assert as_condition_set(HERE) == as_condition_set([HERE]) == ConditionSet((HERE,))
    with pytest.raises(AttributeError):
        one.weights = ()  # type: ignore[misc]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ConditionSet(()), "at least one Condition"),
        (lambda: as_condition_set(["C10=3"]), "expected a Condition"),  # type: ignore[list-item]
        (lambda: ConditionSet((HERE,), (1.0, 2.0)), "as many weights"),
        (lambda: ConditionSet((HERE, HERE), (-1.0, 2.0)), "none below 0"),
        (lambda: ConditionSet((HERE,), (0.0,)), "not all 0"),
        (lambda: ConditionSet((HERE,), (math.nan,)), "a weight must be finite"),
        (lambda: ConditionSet.mixture([HERE], [1.0, 2.0]), "1 sets need as many weights"),
        (lambda: ConditionSet.about(HERE, {"energy": 3.0}), "energy cannot be spread"),
        (lambda: ConditionSet.about(HERE, {"C10": -3.0}), "std is a standard deviation"),
        (lambda: ConditionSet.about(HERE, dict.fromkeys(("C10", "C12", "C21", "C23", "C30", "C32", "C34"), 1.0)),
         "at most 6"),
        (lambda: Spread(1.0, "cauchy"), "distribution must be"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_cannot_be_a_set_is_one_line(make: object, words: str) -> None:
    with pytest.raises(InputError, match=words) as error:
        make()  # type: ignore[operator]
    assert "\n" not in str(error.value)
