"""The law's coefficients from rows of a study, and how a frozen law fares on rows that it has not seen."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.observer.expectation import Place, place_of, terms
from hrtem_bench.observer.exposures import parse_exposure
from hrtem_bench.observer.law import Coefficients, Estimate, Frozen
from hrtem_bench.observer.rivals import rival_scores
from hrtem_bench.observer.settings import ObserverSettings
from hrtem_bench.observer.spectra import RingPowers

Floats = NDArray[np.float64]
AREAS = (10.0, 30.0, 100.0)
"""Å²: values of the averaging area that are tried."""
FLOORS = (0.1, 0.2, 0.3, 0.5, 0.8)
"""Values of κ that are tried."""
RESAMPLES = 400


@dataclass(frozen=True)
class Pair:
    """One training set and one test condition: means over the seeds that converged.

    Parameters
    ----------
    specimens
        Name of the specimens, a key of the mapping of ring powers.
    train, test
        Conditions as text, see `parse_exposure`.
    log_loss
        ln of the mean cross-entropy, nats per pixel.
    logit_dice
        ln(Dice / (1 - Dice)) of the mean Dice.
    """

    specimens: str
    train: str
    test: str
    log_loss: float
    logit_dice: float


@dataclass(frozen=True)
class Held:
    """How a frozen law fares on the pairs of one family.

    Parameters
    ----------
    pairs, training_sets
        How many.
    rank
        Spearman's correlation of expected and measured loss over all pairs, with its interval.
    rank_in_rows
        The same within each training set, the mean over the sets.
    r2
        1 - Σ(measured - expected)² / Σ(measured - mean)² of ln loss, nothing refitted.
    r2_own_offset
        The same with α shifted to the family's mean.
    rivals
        Name -> Spearman's correlation with ln loss over all pairs; None where the rival says the same of all.
    """

    pairs: int
    training_sets: int
    rank: Estimate
    rank_in_rows: Estimate
    r2: Estimate
    r2_own_offset: Estimate
    rivals: Mapping[str, float | None]


def pairs_of(rows: Iterable[Mapping[str, Any]]) -> list[Pair]:
    """Rows of a study as pairs; networks that failed or did not converge are left out.

    Parameters
    ----------
    rows
        With the columns specimens, train, test, converged, failed ("" where it did not), nll and dice.

    Raises
    ------
    InputError
        Where nothing is left.
    """
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["converged"] and not row.get("failed"):
            groups.setdefault((row["specimens"], row["train"], row["test"]), []).append(row)
    if not groups:
        raise InputError("no network of these rows has converged: there is nothing to fit or to test a law on")
    found = []
    for key, members in groups.items():
        loss = float(np.mean([one["nll"] for one in members]))
        dice = float(np.clip(np.mean([one["dice"] for one in members]), 1e-4, 1 - 1e-4))
        found.append(Pair(*key, math.log(max(loss, 1e-9)), math.log(dice / (1 - dice))))
    return found


def places_of(
    pairs: Sequence[Pair], powers: Mapping[str, RingPowers], settings: ObserverSettings, spread: float
) -> dict[tuple[str, str], Place]:
    """The observer at every training set and test condition: (specimens, text) -> place.

    Parameters
    ----------
    powers
        Name of the specimens -> their ring powers.
    spread
        Standard deviation of C10 from image to image, Å.

    Raises
    ------
    InputError
        For specimens that have no ring powers, and as `place_of`.
    """
    texts = {(one.specimens, text) for one in pairs for text in (one.train, one.test)}
    missing = sorted({name for name, _ in texts} - set(powers))
    if missing:
        raise InputError(f"no specimens are given for the rows of {missing[0]}: give their dataset")
    exposures = {key: parse_exposure(key[1], powers[key[0]].specimens, spread) for key in sorted(texts)}
    for name, one in powers.items():
        one.prepare(condition for key, found in exposures.items() if key[0] == name for condition in found.conditions)
    return {key: place_of(found, powers[key[0]], settings) for key, found in exposures.items()}


def terms_of_pairs(pairs: Sequence[Pair], places: Mapping[tuple[str, str], Place]) -> Floats:
    """M, G and R of each pair, (pairs, 3)."""
    found = [terms(places[one.specimens, one.train], places[one.specimens, one.test]) for one in pairs]
    return np.array([(one.hardness, one.mismatch, one.delocalisation) for one in found]).reshape(-1, 3)


def fit_coefficients(
    rows: Iterable[Mapping[str, Any]],
    powers: Mapping[str, RingPowers],
    *,
    fitted_on: str,
    spread: float = 15.0,
    settings: ObserverSettings | None = None,
) -> Frozen:
    """Area, floor and coefficients that describe the rows best: least squares of ln loss, over `AREAS` and `FLOORS`.

    Parameters
    ----------
    rows
        As of `pairs_of`: the part of a study that may be fitted on.
    powers
        Name of the specimens -> their ring powers, all of the same rings.
    fitted_on
        Which rows these are, in words, for the record.
    spread
        Standard deviation of C10 from image to image, Å.
    settings
        Rings and regions; those of the defaults if left out.

    Returns
    -------
    Frozen
        Of today, without its hash: `freeze` writes it.

    Raises
    ------
    InputError
        For fewer than 8 pairs, and as `places_of`.
    """
    pairs, settings = pairs_of(rows), settings or ObserverSettings()
    if len(pairs) < 8:
        raise InputError(f"four coefficients and two settings are not fitted on {len(pairs)} pairs: give at least 8")
    measured = np.array([one.log_loss for one in pairs])
    best: tuple[float, ObserverSettings, Floats] | None = None
    for area in AREAS:
        for floor in FLOORS:
            tried = replace(settings, area=area, floor=floor)
            design = _design(terms_of_pairs(pairs, places_of(pairs, powers, tried, spread)))
            solution = np.linalg.lstsq(design, measured, rcond=None)[0]
            residual = float(np.sum((measured - design @ solution) ** 2))
            if best is None or residual < best[0]:
                best = residual, tried, solution
    assert best is not None
    residual, chosen, solution = best
    logits = np.array([one.logit_dice for one in pairs])
    line = np.column_stack([np.ones(len(pairs)), measured])
    at_zero, slope = np.linalg.lstsq(line, logits, rcond=None)[0]
    free = len(pairs) - 2
    return Frozen(
        date=datetime.date.today().isoformat(),
        fitted_on=fitted_on,
        rows=len(pairs),
        settings=chosen,
        coefficients=Coefficients(
            **dict(zip(("alpha", "beta", "gamma", "delta"), map(float, solution), strict=True)),
            residual=math.sqrt(residual / (len(pairs) - 4)),
            dice_at_zero=float(at_zero),
            dice_slope=float(slope),
            dice_residual=math.sqrt(float(np.sum((logits - line @ [at_zero, slope]) ** 2)) / free),
        ),
    )


def recalibrated(
    rows: Iterable[Mapping[str, Any]], frozen: Frozen, powers: Mapping[str, RingPowers], *, spread: float = 0.0
) -> Frozen:
    """A law with the offsets, α and that of Dice, of one's own networks; slopes and residuals stay.

    Parameters
    ----------
    rows
        As of `pairs_of`: what one's own networks were measured to lose.
    frozen, powers, spread
        As of `hold`.

    Raises
    ------
    InputError
        As `places_of`.
    """
    pairs = pairs_of(rows)
    law = frozen.coefficients
    found = terms_of_pairs(pairs, places_of(pairs, powers, frozen.settings, spread))
    measured = np.array([one.log_loss for one in pairs])
    alpha = float(np.mean(measured - found @ [law.beta, law.gamma, law.delta]))
    at_zero = float(np.mean([one.logit_dice for one in pairs] - law.dice_slope * measured))
    return msgspec.structs.replace(
        frozen, coefficients=msgspec.structs.replace(law, alpha=alpha, dice_at_zero=at_zero), sha256=""
    )


def hold(
    rows: Iterable[Mapping[str, Any]],
    frozen: Frozen,
    powers: Mapping[str, RingPowers],
    *,
    spread: float = 15.0,
    seed: int = 0,
) -> Held:
    """How a frozen law, as it is, and its rivals fare on the rows of a family.

    Intervals are of 95 %, from a bootstrap over training sets: pairs of one training set share their networks.

    Parameters
    ----------
    rows
        As of `pairs_of`.
    frozen
        Settings and coefficients; nothing is refitted.
    powers, spread
        As of `fit_coefficients`.
    seed
        Of the bootstrap.

    Raises
    ------
    InputError
        As `places_of`, and for fewer than three pairs.
    """
    pairs = pairs_of(rows)
    if len(pairs) < 3:
        raise InputError(f"a law is not tested on {len(pairs)} pairs: give at least 3")
    places = places_of(pairs, powers, frozen.settings, spread)
    law = frozen.coefficients
    expected = _design(terms_of_pairs(pairs, places)) @ [law.alpha, law.beta, law.gamma, law.delta]
    measured = np.array([one.log_loss for one in pairs])
    sets = np.unique([f"{one.specimens}\n{one.train}" for one in pairs], return_inverse=True)[1]
    rivals = rival_scores(pairs, places, powers, spread)
    rivals["condition mean of other training sets (needs networks)"] = _others(pairs, sets, measured)

    def interval(score: Callable[[Floats, Floats, NDArray[np.int64]], float]) -> Estimate:
        return _bootstrapped(score, expected, measured, sets, seed)

    return Held(
        pairs=len(pairs),
        training_sets=int(sets.max()) + 1,
        rank=interval(lambda e, m, _: _rank(e, m)),
        rank_in_rows=interval(_rank_in_rows),
        r2=interval(lambda e, m, _: _r2(e, m)),
        r2_own_offset=interval(lambda e, m, _: _r2(e + (m - e).mean(), m)),
        rivals={name: _finite(_rank(one, measured)) for name, one in rivals.items()},
    )


def _design(found: Floats) -> Floats:
    return np.column_stack([np.ones(len(found)), found])


def _rank(first: Floats, second: Floats) -> float:
    """Spearman's correlation over what both know; NaN where one does not vary."""
    from scipy import stats

    known = np.isfinite(first) & np.isfinite(second)
    if known.sum() < 3 or np.ptp(first[known]) == 0 or np.ptp(second[known]) == 0:
        return math.nan
    ranks = [stats.rankdata(one[known]) for one in (first, second)]
    return float(np.corrcoef(*ranks)[0, 1])


def _rank_in_rows(expected: Floats, measured: Floats, sets: NDArray[np.int64]) -> float:
    found = [_rank(expected[sets == one], measured[sets == one]) for one in np.unique(sets)]
    known = [one for one in found if math.isfinite(one)]
    return float(np.mean(known)) if known else math.nan


def _r2(expected: Floats, measured: Floats) -> float:
    total = float(np.sum((measured - measured.mean()) ** 2))
    return 1 - float(np.sum((measured - expected) ** 2)) / total if total else math.nan


def _others(pairs: Sequence[Pair], sets: NDArray[np.int64], measured: Floats) -> Floats:
    """Mean ln loss of the other training sets at each pair's test condition; NaN where there are none."""
    where = np.unique([f"{one.specimens}\n{one.test}" for one in pairs], return_inverse=True)[1]
    found = np.full(len(pairs), math.nan)
    for i in range(len(pairs)):
        other = (where == where[i]) & (sets != sets[i])
        if other.any():
            found[i] = measured[other].mean()
    return found


def _bootstrapped(
    score: Callable[[Floats, Floats, NDArray[np.int64]], float],
    expected: Floats,
    measured: Floats,
    sets: NDArray[np.int64],
    seed: int,
) -> Estimate:
    """A score with its interval over resampled training sets; each drawn set counts as one of its own."""
    generator = np.random.default_rng(seed)
    members = [np.flatnonzero(sets == one) for one in range(int(sets.max()) + 1)]
    found = []
    for _ in range(RESAMPLES):
        drawn = generator.integers(len(members), size=len(members))
        chosen = np.concatenate([members[one] for one in drawn])
        labels = np.repeat(np.arange(len(drawn)), [len(members[one]) for one in drawn])
        found.append(score(expected[chosen], measured[chosen], labels))
    known = [one for one in found if math.isfinite(one)]
    value = score(expected, measured, sets)
    low, high = np.quantile(known, [0.025, 0.975]) if known else (value, value)
    return Estimate(value, float(low), float(high))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


__all__ = [
    "AREAS", "FLOORS", "Held", "Pair", "fit_coefficients", "hold", "pairs_of", "places_of", "recalibrated",
    "terms_of_pairs",
]  # fmt: skip
