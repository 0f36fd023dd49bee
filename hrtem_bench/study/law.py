"""Laws of few parameters that predict a loss from σ, coverage and ε, judged on training sets they were not fitted to.

A law is a sum of features with a coefficient each, by least squares over pairs of training set and test condition. Each
training set is predicted from a fit to all others. What a law has to beat stands beside it: the mean of the other sets,
the distance on the track's axis, the noise of the test condition's dose where that varies, and the mean of the other
sets at the same test condition, which knows how hard each condition is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.scoring.statistics import Replicates, interval
from hrtem_bench.scoring.summary import finite
from hrtem_bench.study.matrix import Physics

Floats = NDArray[np.float64]
LAWS: Mapping[str, tuple[str, ...]] = {
    "mean": (),
    "distance": ("distance",),
    "condition": ("condition",),
    "noise": ("noise",),
    "σ": ("1 − σ",),
    "coverage": ("1 − coverage",),
    "ε": ("ε",),
    "σ and ε": ("1 − σ", "ε"),
    "coverage and ε": ("1 − coverage", "ε"),
    "σ, ε and noise": ("1 − σ", "ε", "noise"),
    "coverage, ε and noise": ("1 − coverage", "ε", "noise"),
    "condition and σ": ("condition", "1 − σ"),
    "condition and coverage": ("condition", "1 − coverage"),
}
"""Law -> its features beside a constant. "condition": a constant for each test condition; "noise": that of its dose."""
BASELINES = ("mean", "distance", "condition", "noise")
TO_BEAT, PREDICTS, UNDECIDED, NOT = "to beat", "predicts", "undecided", "does not predict"
_LEAST_SETS = 2
_SAME_NOISE = 1e-9
_ENOUGH_SETS = 4
"""Training sets left out, at least, for a law to be called predictive: of fewer the intervals mean little."""


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A number with its interval; None where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Law(msgspec.Struct, frozen=True, kw_only=True):
    """How a law fares on training sets left out.

    target: "dice", "nll" or "drop", see `matrix.losses`. coefficients: of the fit to all, by feature, that of
    conditions left out. skill: 1 − its squared error over that of the mean of the other sets; above 0 it beats the
    mean. over_distance: the same against the law of distance, None where that is not defined. mae: mean absolute error.
    spearman: rank correlation of prediction and loss. verdict: "predicts", where the interval of the skill lies above 0
    and four training sets or more were left out; "undecided"; "does not predict"; "to beat" for the mean itself.
    """

    name: str
    target: str
    coefficients: dict[str, float]
    skill: Score
    over_distance: Score | None
    mae: Score
    spearman: Score
    verdict: str


@dataclass(frozen=True)
class Resamples:
    """A loss and its replicates: estimate (T, C); samples (B, T, C), over structures and seeds."""

    estimate: Floats
    samples: Floats


def features_of(physics: Physics) -> dict[str, Floats]:
    """Each feature as (T, C, p)."""
    sets, places = physics.sigma.shape
    one_hot = np.broadcast_to(np.eye(places), (sets, places, places))
    return {
        "constant": np.ones((sets, places, 1)),
        "distance": physics.distance[..., None],
        "condition": one_hot,
        "1 − σ": 1.0 - physics.sigma[..., None],
        "1 − coverage": 1.0 - physics.coverage[..., None],
        "ε": np.broadcast_to(physics.epsilon[:, None], (sets, places, 1)),
        "noise": np.broadcast_to(physics.noise[:, None], (sets, places, 1)),
    }


def fit_laws(physics: Physics, target: str, loss: Resamples, *, confidence: float = 0.95, seed: int = 0) -> list[Law]:
    """Every law of `LAWS` that is defined at all pairs with a loss, in that order; none for fewer than two sets.

    One with as many features as the other sets have pairs is left out: it would fit anything. So is one with noise
    where the dose is the same throughout.

    Intervals are those of a bootstrap that draws structures, seeds and training sets: BCa, widened for few sets, see
    `scoring.statistics.interval`. The sets drawn are those whose errors are added up; the fits are not made anew.
    """
    known = np.isfinite(loss.estimate)
    if np.count_nonzero(known.any(axis=1)) < _LEAST_SETS:
        return []
    draws = _draws(len(known), len(loss.samples), seed)
    features = features_of(physics)
    made: dict[str, _Errors] = {}
    laws = []
    for name, chosen in LAWS.items():
        design = _design(chosen, features)
        if not np.isfinite(design[known]).all() or known.sum() - known.sum(axis=1).max() <= design.shape[-1]:
            continue
        if "noise" in chosen and np.ptp(features["noise"][known]) < _SAME_NOISE:
            continue
        made[name] = _errors(design, loss, known)
        laws.append(_law(name, target, _coefficients(chosen, design, loss.estimate, known), made, draws, confidence))
    return laws


def hold_laws(
    laws: Sequence[Law], physics: Physics, target: str, loss: Resamples, *, confidence: float = 0.95, seed: int = 0
) -> list[Law]:
    """Laws of another study, with the coefficients found there, held against this one's loss; none is fitted.

    Those for the target that are sums of features known here (so none with constants for single conditions). What they
    have to beat is as in `fit_laws`, of this study. Intervals are as there.
    """
    known = np.isfinite(loss.estimate)
    if np.count_nonzero(known.any(axis=1)) < _LEAST_SETS:
        return []
    draws = _draws(len(known), len(loss.samples), seed)
    features = features_of(physics)
    every = np.concatenate([loss.estimate[None], loss.samples])
    beaten = {name: _design(LAWS[name], features) for name in ("mean", "distance")}
    made = {name: _errors(one, loss, known) for name, one in beaten.items() if np.isfinite(one[known]).all()}
    held = []
    for law in laws:
        if law.target != target or law.name == "mean" or "condition" in LAWS.get(law.name, ("condition",)):
            continue
        terms = [value * features[name][..., 0] for name, value in law.coefficients.items()]
        predicted = np.sum(terms, axis=0)
        if not np.isfinite(predicted[known]).all():
            continue
        own = _errors_of(np.broadcast_to(predicted, every.shape), every, known)
        held.append(_law(law.name, target, law.coefficients, made | {law.name: own}, draws, confidence))
    return held


def held_out(design: Floats, loss: Floats, known: NDArray[np.bool_]) -> Floats:
    """Predictions (B, T, C) of each training set from a fit to all others. design (T, C, p), loss (B, T, C).

    Least squares by the normal equations, with features scaled to unit length and the solution of least norm where the
    others do not determine it, as for a test condition that they lack.
    """
    rows = np.where(known[..., None], design, 0.0)
    scale = np.sqrt((rows**2).sum(axis=(0, 1)))
    rows, every = rows / np.where(scale > 0, scale, 1.0), design / np.where(scale > 0, scale, 1.0)
    squares = np.einsum("tcp,tcq->tpq", rows, rows)
    inverse = np.linalg.pinv(squares.sum(axis=0) - squares, rcond=1e-10, hermitian=True)
    products = np.einsum("tcp,btc->btp", rows, np.where(known, loss, 0.0))
    others = products.sum(axis=1, keepdims=True) - products
    coefficients = np.einsum("tpq,btq->btp", inverse, others)
    return np.einsum("tcp,btp->btc", every, coefficients)


def _design(chosen: Sequence[str], features: Mapping[str, Floats]) -> Floats:
    """A constant and the features chosen, (T, C, p)."""
    return np.concatenate([features[one] for one in ("constant", *chosen)], axis=-1)


@dataclass(frozen=True)
class _Errors:
    """Squared and absolute errors summed over test conditions, (1 + B, T); predictions and losses, (1 + B, T, C)."""

    squared: Floats
    absolute: Floats
    count: Floats
    predicted: Floats
    loss: Floats


def _errors(design: Floats, loss: Resamples, known: NDArray[np.bool_]) -> _Errors:
    """The first row is the estimate, the others its replicates."""
    every = np.concatenate([loss.estimate[None], loss.samples])
    return _errors_of(held_out(design, every, known), every, known)


def _errors_of(predicted: Floats, every: Floats, known: NDArray[np.bool_]) -> _Errors:
    predicted = np.where(known, predicted, np.nan)
    gap = np.where(known, predicted - every, 0.0)
    return _Errors((gap**2).sum(axis=-1), np.abs(gap).sum(axis=-1), known.sum(axis=-1).astype(float), predicted, every)


def _draws(sets: int, samples: int, seed: int) -> NDArray[np.intp]:
    """Which training sets are drawn, (B, T)."""
    return np.random.default_rng([seed, sets]).integers(sets, size=(samples, sets))


def _law(
    name: str,
    target: str,
    coefficients: dict[str, float],
    made: Mapping[str, _Errors],
    draws: NDArray[np.intp],
    confidence: float,
) -> Law:
    own, mean = made[name], made["mean"]
    ratio = _skill(own, mean)
    skill = _interval(ratio, draws, confidence)
    far = made.get("distance")

    def ranks(row: int, sets: NDArray[np.intp]) -> float:
        return _spearman(own.predicted[row][sets], own.loss[row][sets])

    return Law(
        name=name,
        target=target,
        coefficients=coefficients,
        skill=skill,
        over_distance=None if far is None else _interval(_skill(own, far), draws, confidence),
        mae=_interval(lambda row, sets: _sum(own.absolute[row], sets) / _sum(own.count, sets), draws, confidence),
        spearman=Score(value=None) if name == "mean" else _interval(ranks, draws, confidence),
        verdict=TO_BEAT if name == "mean" else _verdict(skill, draws.shape[1]),
    )


def _skill(own: _Errors, other: _Errors) -> Callable[[int, NDArray[np.intp]], float]:
    def skill(row: int, sets: NDArray[np.intp]) -> float:
        below = _sum(other.squared[row], sets)
        return 1.0 - _sum(own.squared[row], sets) / below if below > 0 else np.nan

    return skill


def _sum(values: Floats, sets: NDArray[np.intp]) -> float:
    return float(values[sets].sum())


def _interval(score: Callable[[int, NDArray[np.intp]], float], draws: NDArray[np.intp], confidence: float) -> Score:
    """score(row of the replicates, training sets counted) with its interval over draws and leaving out one set."""
    every = np.arange(draws.shape[1])
    replicates = Replicates(
        np.array(score(0, every)),
        np.array([score(1 + row, sets) for row, sets in enumerate(draws)]),
        np.array([score(0, np.delete(every, one)) for one in every]),
    )
    low, high = interval(replicates, confidence)
    return Score(value=finite(replicates.estimate), low=finite(low), high=finite(high))


def _spearman(a: Floats, b: Floats) -> float:
    """Rank correlation over the finite pairs; NaN where one side is constant, up to rounding."""
    from scipy import stats

    keep = np.isfinite(a) & np.isfinite(b)
    a, b = a[keep], b[keep]
    if len(a) < 3 or np.ptp(a) <= 1e-9 * np.abs(a).max() or np.ptp(b) == 0:
        return np.nan
    x, y = stats.rankdata(a), stats.rankdata(b)
    return float(np.corrcoef(x, y)[0, 1])


def _verdict(skill: Score, sets: int) -> str:
    if skill.value is None or skill.value <= 0:
        return NOT
    return PREDICTS if sets >= _ENOUGH_SETS and skill.low is not None and skill.low > 0 else UNDECIDED


def _coefficients(chosen: tuple[str, ...], design: Floats, loss: Floats, known: NDArray[np.bool_]) -> dict[str, float]:
    """Of the fit to all pairs; those of single test conditions, with the constant that goes with them, are left out."""
    from scipy import linalg

    found = linalg.lstsq(design[known], loss[known])[0]
    if "condition" in chosen:
        return {chosen[-1]: float(found[-1])} if len(chosen) > 1 else {}
    return {"constant": float(found[0])} | {name: float(v) for name, v in zip(chosen, found[1:], strict=True)}


__all__ = [
    "BASELINES", "LAWS", "NOT", "PREDICTS", "TO_BEAT", "UNDECIDED", "Law", "Resamples", "Score", "features_of",
    "fit_laws", "held_out", "hold_laws",
]  # fmt: skip
