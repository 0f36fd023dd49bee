"""What Dice to expect at a condition that was not tested, from a model's own curve."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.conditions import Condition, Conditions, as_condition_set, parse_condition
from hrtem_bench.errors import InputError
from hrtem_bench.models.submission import Submission
from hrtem_bench.scoring.curve import transfer_values
from hrtem_bench.scoring.estimate import Estimate
from hrtem_bench.scoring.run import Run, read_run
from hrtem_bench.scoring.statistics import Resampling, bootstrap, interval

Floats = NDArray[np.float64]
_ROWS = 200
FROM_RESULTS = "the model's results on simulated images"


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """The Dice expected at a condition.

    Parameters
    ----------
    sigma
        σ(train, condition).
    tested_low, tested_high
        The range of σ that the model's curve covers; outside of it `dice` is that of the nearer end. None where the
        model observer was asked and no curve.
    dice
        For its interval see `expected_dice`, or `observer.foretold`.
    warnings
        What the number does not hold for.
    how
        What it comes from.
    """

    sigma: float
    tested_low: float | None
    tested_high: float | None
    dice: Estimate
    warnings: list[str]
    how: str = FROM_RESULTS


def expected_dice(run: Run, train: Conditions, condition: Condition) -> Expectation:
    """The Dice to expect at a condition, from a model's curve over σ.

    The curve is the mean Dice of each condition against its σ, made monotone (isotonic regression: the more transfer is
    shared, the higher the score) and joined by straight lines. The interval has the confidence of the results; its
    half-widths add in quadrature those of the bootstrap over structures and of the conditions' scatter about the
    monotone curve, as a normal quantile.

    Parameters
    ----------
    run
        The model's results.
    train
        The conditions of its training images.
    condition
        Where it is to be used.

    Raises
    ------
    InputError
        Where the results or the training are without σ.
    """
    from scipy import stats

    results = run.results
    if not train or any(point.sigma is None for point in results.curve):
        raise InputError(
            f"where {results.model.name} was trained is not known, so σ tells nothing: give its card [trained_on]"
        )
    sigma = np.array([point.sigma for point in results.curve], dtype=np.float64)
    value = transfer_values(as_condition_set(train), [as_condition_set(condition)], results.settings.q_max)[0]["sigma"]
    assert value is not None
    order = np.argsort(sigma, kind="stable")
    data = run.clusters()
    means = bootstrap(data, Resampling(results.settings.bootstrap_samples, results.settings.seed))
    curve = means.map(lambda m: at(isotonic(m[..., order]), sigma[order], value))
    low, high = interval(curve, results.settings.confidence)
    residual = means.estimate[order] - isotonic(means.estimate[order])
    scatter = float(np.sqrt(np.sum(residual**2) / max(len(order) - 1, 1)))
    scatter *= float(stats.norm.ppf(0.5 + 0.5 * results.settings.confidence))
    dice = float(curve.estimate)
    return Expectation(
        sigma=value,
        tested_low=float(sigma.min()),
        tested_high=float(sigma.max()),
        dice=Estimate(
            dice,
            max(0.0, dice - float(np.hypot(dice - _finite(low, dice), scatter))),
            min(1.0, dice + float(np.hypot(_finite(high, dice) - dice, scatter))),
        ),
        warnings=_warnings(value, float(sigma.min()), data.n_structures),
    )


def expectation_for(submission: Submission, condition: str | None, results: Path | None) -> Expectation | None:
    """What a model's own results let expect at a condition.

    Parameters
    ----------
    submission
        The model; its card says where it was trained.
    condition
        As text, see `parse_condition`.
    results
        Folder of the model's results.

    Returns
    -------
    Expectation or None
        None where neither a condition nor results are given.

    Raises
    ------
    InputError
        Where only one of them is given, or the results are of another model.
    """
    if results is None and condition is None:
        return None
    if condition is None or results is None:
        raise InputError("what to expect needs both --condition and --results: give the other one too, or neither")
    run = own_run(submission, results)
    trained = () if submission.trained_on is None else submission.trained_on.used()
    return expected_dice(run, trained, parse_condition(condition))


def own_run(submission: Submission, results: Path) -> Run:
    """A model's own results from their folder; InputError for those of another model."""
    run = read_run(results)
    if run.results.model.checksum != submission.checksum:
        raise InputError(f"{results} is not of this model, but of {run.results.model.name}: evaluate the model first")
    return run


def isotonic(values: Floats) -> Floats:
    """The least-squares fit that never falls along the last axis, by the min-max formula (Robertson et al., 1988)."""
    flat = values.reshape(-1, values.shape[-1])
    parts = [_isotonic(flat[i : i + _ROWS]) for i in range(0, len(flat), _ROWS)]
    return np.concatenate(parts).reshape(values.shape)


def _isotonic(values: Floats) -> Floats:
    """fit_i = max over j <= i of min over k >= i of mean(values_j ... values_k)."""
    n = values.shape[-1]
    sums = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=-1)], axis=-1)
    j, k = np.arange(n)[:, None], np.arange(n)[None, :]
    mean = np.where(k >= j, (sums[:, None, 1:] - sums[:, :-1, None]) / np.maximum(k - j + 1, 1), np.inf)
    least = np.minimum.accumulate(mean[..., ::-1], axis=-1)[..., ::-1]
    return np.where(k >= j, least, -np.inf).max(axis=-2)


def at(curve: Floats, place: Floats, value: float) -> Floats:
    """Curves (..., n) over ascending places (n,) at `value`: straight lines between, the end's value beyond."""
    right = int(np.clip(np.searchsorted(place, value), 1, max(len(place) - 1, 1)))
    if len(place) == 1:
        return curve[..., 0]
    span = place[right] - place[right - 1]
    part = float(np.clip((value - place[right - 1]) / span, 0, 1)) if span > 0 else 0.0
    return (1 - part) * curve[..., right - 1] + part * curve[..., right]


def _finite(value: Floats, otherwise: float) -> float:
    return float(value) if np.isfinite(value) else otherwise


def _warnings(sigma: float, tested: float, structures: int) -> list[str]:
    said = []
    if sigma < tested:
        said.append(
            f"σ to the training conditions is {sigma:.3f}, below the {tested:.3f} down to which the model was tested: "
            "expect no more than stated, and perhaps far less"
        )
    if structures < 2:
        said.append("the results hold one structure, so the interval leaves out how structures differ")
    return said
