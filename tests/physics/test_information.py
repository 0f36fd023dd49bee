"""ε, σ and coverage: closed forms, SciPy's quadrature, laws, and the documented edge cases.

The definitions are those of docs/explanation/information.md.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import scipy.integrate
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st

from hrtem_bench import Condition, coverage, ctf, epsilon, sigma, wavelength
from hrtem_bench.conditions import ConditionSet, Spread
from hrtem_bench.errors import InputError
from hrtem_bench.physics import transfer_table
from hrtem_bench.physics.band import set_symmetry

Q = 2.5
TOLERANCE = 1e-4  # stated in hrtem_bench/physics/information.py
A_HAIR = {"C12": 1e-9}  # makes a condition not round without changing its transfer


def _slope(condition: Condition) -> float:
    """a in χ = a q² for a condition with defocus alone."""
    return math.pi * wavelength(condition.energy) * condition.C10


@pytest.mark.parametrize("C10", [-4000.0, -100.0, -1.0, 37.0, 4000.0])
def test_epsilon_of_pure_defocus(C10: float) -> None:
    # ∫ sin²(a q²) q dq over the band = Q²/2 · (½ - sin(2aQ²)/(4aQ²)).
    condition = Condition(C10=C10)
    x = 2 * _slope(condition) * Q**2
    assert epsilon(condition, Q) == pytest.approx(0.5 - math.sin(x) / (2 * x), abs=1e-8)


def test_epsilon_of_pure_defocus_radially() -> None:
    # ∫ sin²(a q²) dq = Q/2 - ½∫ cos(2aq²) dq, a Fresnel integral.
    condition = Condition(C10=-150.0)
    scale = math.sqrt(4 * abs(_slope(condition)) / math.pi)
    _, cosine = scipy.special.fresnel(scale * Q)
    assert epsilon(condition, Q, "radial") == pytest.approx(0.5 - cosine / (2 * scale * Q), abs=1e-8)


def test_epsilon_of_pure_spherical_aberration() -> None:
    # 1.2 mm at 200 keV: χ runs through 11,600 rad. In u = q² again a Fresnel integral.
    condition = Condition(energy=200e3, C30=1.2e7)
    c = 0.5 * math.pi * wavelength(200e3) ** 3 * 1.2e7
    scale = math.sqrt(4 * c / math.pi)
    _, cosine = scipy.special.fresnel(scale * Q**2)
    assert epsilon(condition, Q) == pytest.approx(0.5 - cosine / (2 * scale * Q**2), abs=1e-7)


def test_epsilon_of_pure_astigmatism() -> None:
    # The mean over φ of cos(2 a u cos 2φ) is J0(2 a u), u = q².
    condition = Condition(aberrations={"C12": 80.0, "phi12": 0.7})
    a = math.pi * wavelength(300e3) * 80.0
    oscillating, _ = scipy.integrate.quad(lambda u: scipy.special.j0(2 * a * u), 0, Q**2, limit=500)
    assert epsilon(condition, Q) == pytest.approx(0.5 - oscillating / (2 * Q**2), abs=1e-7)


def test_epsilon_behind_an_aperture() -> None:
    # Only the disc |q| <= α/λ carries anything; its share of the band is (α/λQ)².
    condition = Condition(C10=-300.0, aperture=17.0)
    edge = 0.017 / wavelength(300e3)
    x = 2 * _slope(condition) * edge**2
    expected = (0.5 - math.sin(x) / (2 * x)) * (edge / Q) ** 2
    assert epsilon(condition, Q) == pytest.approx(expected, abs=1e-8)


def _exactly(function: Callable[[np.ndarray], np.ndarray], conditions: list[Condition]) -> float:
    """∫ function(q) q dq over the band with SciPy, split where T of any (round) condition changes sign."""
    q = np.linspace(0, Q, 200_001)
    splits = [0.0, Q]
    for condition in conditions:
        transfer = ctf(q, 0.0, condition.replace(focal_spread=0.0))
        change = np.flatnonzero(np.diff(np.sign(transfer)))
        before, after = transfer[change], transfer[change + 1]
        splits += list(q[change] + (q[1] - q[0]) * before / (before - after))
    return math.fsum(
        scipy.integrate.fixed_quad(lambda x: function(x) * x, low, high, n=12)[0]
        for low, high in itertools.pairwise(np.unique(splits))
    )


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (Condition(C10=-100.0, focal_spread=10.0), Condition(C10=50.0, focal_spread=10.0)),
        (Condition(C10=-100.0), Condition(C10=50.0)),
        (Condition(C10=-250.0), Condition(energy=200e3, C10=-700.0)),
        (
            Condition(energy=200e3, C10=-670.0, C30=1.2e7, focal_spread=30.0),
            Condition(energy=200e3, C10=-1500.0, C30=1.2e7, focal_spread=30.0),
        ),
    ],
)
def test_sigma_and_coverage_against_scipy(train: Condition, test: Condition) -> None:
    def amplitude(condition: Condition) -> Callable[[np.ndarray], np.ndarray]:
        return lambda q: np.abs(ctf(q, 0.0, condition))

    a, b, both = amplitude(train), amplitude(test), [train, test]
    shared = _exactly(lambda q: a(q) * b(q), both)
    norm = math.sqrt(_exactly(lambda q: a(q) ** 2, both) * _exactly(lambda q: b(q) ** 2, both))
    assert sigma(train, test, Q) == pytest.approx(shared / norm, abs=TOLERANCE)
    # The smaller of the two has further kinks, where they cross: split there by comparing on a fine grid.
    q = np.linspace(0, Q, 2_000_001)
    smaller = np.minimum(np.abs(ctf(q, 0.0, train)), np.abs(ctf(q, 0.0, test)))
    covered = scipy.integrate.trapezoid(smaller * q, q) / _exactly(b, both)
    assert coverage(train, test, Q) == pytest.approx(covered, abs=TOLERANCE)


def test_long_oscillations_are_followed() -> None:
    # With many cycles and no common ratio the two |sin| become independent, their phases s and t uniform:
    # E|sin| = 2/π and E sin² = ½, so σ → (2/π)²/½; and with P(|sin s| > x) = (2/π) arccos x,
    # E min(|sin s|, |sin t|) = ∫ (2/π)² arccos² x dx = (4/π²)(π - 2).
    one, other = Condition(C10=4000.0), Condition(C10=-4000.0 * math.sqrt(2))
    assert sigma(one, other, Q) == pytest.approx(8 / math.pi**2, abs=1e-3)
    assert coverage(one, other, Q) == pytest.approx(2 * (math.pi - 2) / math.pi, abs=1e-3)


@pytest.mark.parametrize("weight", ["area", "radial", lambda q: np.exp(-((q / 0.7) ** 2))])
@pytest.mark.parametrize(
    "lens",
    [
        Condition(focal_spread=8.0),
        Condition(energy=200e3, C30=1e5, angular_spread=0.3),
        Condition(aperture=25.0),
    ],
)
def test_polar_and_radial_integrals_agree(lens: Condition, weight: str) -> None:
    train = [lens.replace(C10=v) for v in (-120.0, -60.0)]
    test = [lens.replace(C10=v) for v in (20.0, 90.0, 150.0)]
    polar_train, polar_test = ([c.replace(aberrations=A_HAIR) for c in s] for s in (train, test))
    for signed in (False, True):
        assert sigma(polar_train, polar_test, Q, weight, signed) == pytest.approx(
            sigma(train, test, Q, weight, signed), abs=2 * TOLERANCE
        )
    assert coverage(polar_train, test, Q, weight) == pytest.approx(coverage(train, test, Q, weight), abs=2 * TOLERANCE)
    assert epsilon(polar_test, Q, weight) == pytest.approx(epsilon(test, Q, weight), abs=2 * TOLERANCE)


def test_turning_both_conditions_changes_nothing() -> None:
    def turned(by: float) -> float:
        one = Condition(C10=-80.0, aberrations={"C12": 60.0, "phi12": 0.1 + by, "C21": 300.0, "phi21": by})
        other = Condition(C10=-80.0, aberrations={"C23": 500.0, "phi23": 0.4 + by})
        return sigma(one, other, Q)

    assert turned(0.77) == pytest.approx(turned(0.0), abs=2 * TOLERANCE)


VALUES = st.floats(-400, 400, allow_nan=False)
ROUND = st.builds(
    Condition,
    energy=st.sampled_from([80e3, 200e3, 300e3]),
    C10=VALUES,
    C30=st.floats(-1e5, 1e5),
    focal_spread=st.floats(0, 50),
    angular_spread=st.floats(0, 1),
    aperture=st.none() | st.floats(1, 60),
)
ASTIGMATIC = st.builds(
    lambda c, value, angle: c.replace(aberrations={"C12": value, "phi12": angle}),
    ROUND,
    st.floats(-50, 50),
    st.floats(-4, 4),
)
SETS = st.lists(ROUND, min_size=1, max_size=3) | ASTIGMATIC


@settings(max_examples=40, deadline=None)
@given(SETS, SETS, st.sampled_from([0.5, Q]), st.sampled_from(["area", "radial"]))
def test_laws(train: Condition, test: Condition, q_max: float, weight: str) -> None:
    value = sigma(train, test, q_max, weight)
    assert 0.0 <= value <= 1.0
    assert sigma(test, train, q_max, weight) == pytest.approx(value, abs=1e-12)
    signed = sigma(train, test, q_max, weight, signed=True)
    assert -1.0 <= signed <= 1.0
    assert 0.0 <= coverage(train, test, q_max, weight) <= 1.0
    strength = epsilon(train, q_max, weight)
    assert 0.0 <= strength <= 1.0
    if strength > 1e-30:
        assert sigma(train, train, q_max, weight) == pytest.approx(1.0, abs=1e-12)
        assert coverage(train, train, q_max, weight) == pytest.approx(1.0, abs=1e-12)


def test_nothing_transferred_gives_zero_never_nan() -> None:
    nothing, something = Condition(focal_spread=10.0), Condition(C10=-50.0)
    assert epsilon(nothing) == 0.0
    for one, other in ((nothing, something), (something, nothing), (nothing, nothing)):
        assert sigma(one, other) == 0.0
        assert sigma(one, other, signed=True) == 0.0
        assert coverage(one, other) == 0.0


def test_faint_transfer_keeps_its_shape() -> None:
    # sin χ ≈ χ ∝ q² for both, so the amplitude spectra have one shape.
    assert sigma(Condition(C10=1e-120), Condition(C10=3e-120)) == pytest.approx(1.0, abs=1e-9)


def test_contrast_reversal_counts_only_when_signed() -> None:
    over, under = Condition(C10=90.0, focal_spread=5.0), Condition(C10=-90.0, focal_spread=5.0)
    assert sigma(over, under) == pytest.approx(1.0, abs=1e-12)
    assert sigma(over, under, signed=True) == pytest.approx(-1.0, abs=1e-12)
    assert sigma([over, under], over, signed=True) == 0.0  # the two cancel in the mean


def test_coverage_is_one_sided() -> None:
    sharp, damped = Condition(C10=-60.0, focal_spread=5.0), Condition(C10=-60.0, focal_spread=40.0)
    assert coverage(sharp, damped) == pytest.approx(1.0, abs=1e-12)
    assert coverage(damped, sharp) < 0.5


def test_a_set_counts_each_member_alike() -> None:
    one, other = Condition(C10=-60.0), Condition(C10=-300.0)
    assert epsilon([one, other]) == pytest.approx(0.5 * (epsilon(one) + epsilon(other)), abs=1e-6)
    assert epsilon([one, one, other]) == pytest.approx((2 * epsilon(one) + epsilon(other)) / 3, abs=1e-6)
    assert sigma([one, one], one) == pytest.approx(1.0, abs=1e-12)


def test_dose_plays_no_part() -> None:
    assert sigma(Condition(C10=-60.0, dose=30.0), Condition(C10=-60.0)) == pytest.approx(1.0, abs=1e-12)


def test_a_power_spectrum_weights_the_area() -> None:
    condition = Condition(C10=-150.0)
    assert epsilon(condition, Q, lambda q: np.full_like(q, 3.0)) == pytest.approx(epsilon(condition, Q))
    # A narrow peak picks out T² at one frequency.
    peaked = epsilon(condition, Q, lambda q: np.exp(-0.5 * ((q - 0.8) / 0.001) ** 2))
    assert peaked == pytest.approx(float(ctf(0.8, 0.0, condition)) ** 2, abs=1e-3)


def test_table_rows_are_the_single_values() -> None:
    train = [Condition(C10=-100.0, focal_spread=10.0), Condition(C10=-115.0, focal_spread=10.0)]
    tests = [Condition(C10=50.0, focal_spread=10.0), train, Condition(C10=-40.0, aberrations={"C12": 30.0})]
    for signed in (False, True):
        rows = transfer_table(train, tests, q_max=2.0, weight="radial", signed=signed)
        assert len(rows) == 3
        for row, test in zip(rows, tests, strict=True):
            assert row == pytest.approx(
                {
                    "epsilon": epsilon(test, 2.0, "radial"),
                    "sigma": sigma(train, test, 2.0, "radial", signed),
                    "coverage": coverage(train, test, 2.0, "radial"),
                },
                abs=2 * TOLERANCE,
            )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c: epsilon([]), "at least one Condition"),
        (lambda c: sigma(c, ["C10=3"]), "expected a Condition"),
        (lambda c: epsilon(c, q_max=0.0), "q_max must be positive"),
        (lambda c: epsilon(c, q_max=math.nan), "q_max must be positive"),
        (lambda c: epsilon(c, weight="volume"), "unknown weight 'volume'"),
        (lambda c: epsilon(c, weight=lambda q: -q), "the weight must be"),
        (lambda c: epsilon(c, weight=lambda q: 0 * q), "the weight must be"),
        (lambda c: epsilon(c, weight=lambda q: np.nan * q), "the weight must be"),
    ],
)
def test_unusable_arguments_are_one_line(call: Callable[[Condition], float], words: str) -> None:
    with pytest.raises(InputError, match=words) as error:
        call(Condition(C10=-50.0))
    assert "\n" not in str(error.value)


def test_astigmatism_of_every_direction_is_integrated_over_a_small_part_of_the_circle() -> None:
    spread = {"phi12": Spread(math.pi / math.sqrt(12), "uniform")}
    turned = ConditionSet.about(Condition(C10=100.0, C12=50.0, phi12=0.0, focal_spread=10.0), spread)
    assert set_symmetry(turned) == 2 * len({c.aberrations["phi12"] for c in turned.conditions}) > 20
    # One member apart takes the symmetry away and next to nothing of the set: the long way round.
    odd = ConditionSet((*turned.conditions, Condition(C12=50.0, phi12=0.1)), (*turned.weights, 1e-9))
    assert set_symmetry(odd) == 2
    train = ConditionSet.about(Condition(C10=-100.0, focal_spread=10.0), {"C10": 15.0})
    ((short, long),) = zip(transfer_table(train, [turned], 1.25), transfer_table(train, [odd], 1.25), strict=True)
    assert short == pytest.approx(long, abs=TOLERANCE)


def test_directions_that_are_not_all_or_do_not_count_alike_keep_the_symmetry_of_one() -> None:
    members = [Condition(C12=20.0, phi12=math.pi * k / 6) for k in range(6)]
    assert set_symmetry(ConditionSet(tuple(members))) == 12
    assert set_symmetry(ConditionSet(tuple(members), (1.0, 1.0, 1.0, 1.0, 1.0, 2.0))) == 2
    assert set_symmetry(ConditionSet(tuple(members[:4]))) == 2
    assert set_symmetry(ConditionSet(tuple(m.replace(C23=5.0, phi23=0.0) for m in members))) == 1
    assert set_symmetry(ConditionSet((Condition(C10=50.0),))) == 0
