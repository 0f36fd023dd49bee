"""The linear observer against closed forms, and laws that any observer obeys."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from hrtem_bench.errors import InputError
from hrtem_bench.observer import Moments, Observer, detectability, expected_cross_entropy, mixed, trained

values = st.floats(-3, 3)
three = st.tuples(values, values, values).map(np.array)


def moments(particle: np.ndarray, film: np.ndarray, spread: float = 1.0) -> Moments:
    return Moments(particle, film, spread**2 * np.eye(len(particle)))


@st.composite
def any_moments(draw: st.DrawFn) -> Moments:
    root = np.array(draw(st.lists(values, min_size=9, max_size=9))).reshape(3, 3)
    return Moments(draw(three), draw(three), root @ root.T + 0.1 * np.eye(3), draw(st.floats(0.05, 0.95)))


def binormal(d: float) -> float:
    """Bayes' cross-entropy of two normal distributions d standard deviations apart: log-odds are N(±d²/2, d²)."""

    def integrand(t: float) -> float:
        return math.exp(-0.5 * ((t - d * d / 2) / d) ** 2) / (d * math.sqrt(2 * math.pi)) * np.logaddexp(0, -t)

    low, high = d * d / 2 - 12 * d, d * d / 2 + 12 * d
    return integrate.quad(integrand, low, high, points=[0.0], limit=400)[0]


@pytest.mark.parametrize("d", [0.3, 1.0, 3.0, 6.0])
def test_one_channel_has_the_closed_form_of_two_normal_distributions(d: float) -> None:
    here = moments(np.array([d]), np.array([0.0]))
    assert detectability(here) == pytest.approx(d)
    assert expected_cross_entropy(trained(here), here) == pytest.approx(binormal(d), rel=1e-7)


@pytest.mark.parametrize("weight", [1.0, 10.0, 60.0])
def test_a_decision_on_nothing_but_noise_costs_what_the_integral_says(weight: float) -> None:
    here = moments(np.array([0.0]), np.array([0.0]))
    want = integrate.quad(
        lambda z: math.exp(-z * z / 2) / math.sqrt(2 * math.pi) * np.logaddexp(0, weight * z), -12, 12, points=[0.0]
    )[0]
    assert expected_cross_entropy(Observer(np.array([weight]), 0.0), here) == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize("cover", [0.5, 0.2])
def test_no_signal_gives_the_entropy_of_the_labels(cover: float) -> None:
    here = replace(moments(np.array([0.7, -2.0]), np.array([0.7, -2.0])), cover=cover)
    entropy = -cover * math.log(cover) - (1 - cover) * math.log(1 - cover)  # ln 2 for classes that are equally likely
    assert expected_cross_entropy(trained(here), here) == pytest.approx(entropy, rel=1e-12)


@pytest.mark.parametrize("cover", [0.5, 0.1])
def test_the_decision_is_that_of_linear_discriminant_analysis(cover: float) -> None:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    generator = np.random.default_rng(0)
    samples = [generator.standard_normal((400, 3)) @ np.diag([1.0, 0.5, 2.0]) + shift for shift in (0.4, 0.0)]
    oracle = LinearDiscriminantAnalysis(solver="lsqr", priors=[1 - cover, cover])
    oracle.fit(np.concatenate(samples), np.repeat([1, 0], 400))
    parts = [np.cov(one, rowvar=False, bias=True) for one in samples]
    covariance = np.average(parts, axis=0, weights=[cover, 1 - cover])  # as scikit-learn pools them
    found = trained(Moments(samples[0].mean(0), samples[1].mean(0), covariance, cover))
    np.testing.assert_allclose(found.weights, oracle.coef_[0])
    assert -found.threshold == pytest.approx(oracle.intercept_[0])


@given(any_moments(), any_moments())
def test_a_matched_observer_is_never_beaten(here: Moments, elsewhere: Moments) -> None:
    matched = expected_cross_entropy(trained(here), here)
    assert matched <= expected_cross_entropy(trained(elsewhere), here) + 1e-9
    assert matched <= math.log(2) + 1e-9


@given(any_moments())
def test_the_observer_does_not_depend_on_the_channels_units(here: Moments) -> None:
    scale = np.array([10.0, 0.5, -2.0])
    other = Moments(here.particle * scale, here.film * scale, here.covariance * np.outer(scale, scale), here.cover)
    assert expected_cross_entropy(trained(other), other) == pytest.approx(expected_cross_entropy(trained(here), here))


@given(any_moments(), st.floats(0.1, 0.9))
def test_a_mixture_has_the_moments_of_its_samples(first: Moments, share: float) -> None:
    second = moments(np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    found = mixed([first, second], [share, 1 - share])
    # E[xxᵀ] of a mixture is the mean of the parts'
    parts = [(share, first), (1 - share, second)]
    for name in ("particle", "film"):
        np.testing.assert_allclose(getattr(found, name), sum(w * getattr(m, name) for w, m in parts))
    square = sum(
        w * (m.covariance + (np.outer(m.particle, m.particle) + np.outer(m.film, m.film)) / 2) for w, m in parts
    )
    means = (np.outer(found.particle, found.particle) + np.outer(found.film, found.film)) / 2
    np.testing.assert_allclose(found.covariance, square - means, atol=1e-9)


def test_a_training_set_without_members_is_refused() -> None:
    with pytest.raises(InputError, match="at least one condition"):
        mixed([], [])
