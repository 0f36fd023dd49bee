"""The law's coefficients from rows of a study, by least squares of ln loss."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.observer.decision import stacked_moments
from hrtem_bench.observer.expectation import Place, observer_at, terms_at
from hrtem_bench.observer.exposures import joined
from hrtem_bench.observer.law import Coefficients, Frozen, log_losses
from hrtem_bench.observer.settings import ObserverSettings
from hrtem_bench.observer.setups import Key, Setup

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TrainTestPair:
    """One training set and one test condition: means over the seeds that converged.

    Parameters
    ----------
    specimens
        Name of the specimens.
    train, test
        Conditions as text.
    log_loss
        ln of the mean cross-entropy, nats per pixel.
    logit_dice
        ln(Dice / (1 - Dice)) of the mean Dice.
    doubt
        1 - the networks' mean confidence max(p, 1 - p) over pixels; NaN where the rows do not have it.
    block
        The part of the study, "" where the rows do not have it.
    """

    specimens: str
    train: str
    test: str
    log_loss: float
    logit_dice: float
    doubt: float
    block: str = ""

    @property
    def keys(self) -> tuple[Key, Key]:
        """Of the setups of training and test."""
        return (self.specimens, self.train), (self.specimens, self.test)


def pairs_of(rows: Iterable[Mapping[str, Any]]) -> list[TrainTestPair]:
    """Rows of a study as pairs; networks that failed or did not converge are left out.

    Parameters
    ----------
    rows
        With the columns specimens, train, test, converged, failed ("" where it did not), nll, dice and, if they have
        it, confidence.

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
        doubt = 1 - float(np.mean([one.get("confidence", math.nan) for one in members]))
        block = members[0].get("block", "")
        found.append(TrainTestPair(*key, math.log(max(loss, 1e-9)), math.log(dice / (1 - dice)), doubt, block))
    return found


def places_of(
    pairs: Sequence[TrainTestPair], setups: Mapping[Key, Setup], settings: ObserverSettings | None = None
) -> dict[Key, Place]:
    """The observer at every training set and test condition of the pairs.

    Parameters
    ----------
    pairs
        Of training sets and test conditions, as text.
    setups
        Of every text, or of every condition that a training set joins by semicolons.
    settings
        As of `observer_at`.

    Raises
    ------
    InputError
        For a text that has no setup, and as `observer_at`.
    """
    chosen = {key: setup_of(key, setups) for one in pairs for key in one.keys}
    wanted: dict[int, tuple[Any, list[Any]]] = {}
    for one in chosen.values():
        wanted.setdefault(id(one.powers), (one.powers, []))[1].extend(one.exposure.conditions)
    for powers, conditions in wanted.values():
        powers.prepare(conditions)
    return {key: observer_at(one.exposure, one.powers, settings) for key, one in chosen.items()}


def setup_of(key: Key, setups: Mapping[Key, Setup]) -> Setup:
    """The setup of a text, joined of those of its parts where it has none of its own; InputError where it cannot be."""
    if key in setups:
        return setups[key]
    parts = [setups.get((key[0], part.strip())) for part in key[1].split(";")]
    if None in parts or len({id(one.powers) for one in parts if one}) != 1:
        raise InputError(f"no setup is given for {key[1]} of {key[0]}")
    known = [one for one in parts if one]
    return Setup(joined([one.exposure for one in known]), known[0].powers)


def terms_of_pairs(pairs: Sequence[TrainTestPair], places: Mapping[Key, Place]) -> Floats:
    """M, G, (T - M)₊, (M - T)₊ and F of each pair, (pairs, 5)."""
    found = np.empty((len(pairs), 5))
    of_train: dict[Key, list[int]] = {}
    for number, one in enumerate(pairs):
        of_train.setdefault(one.keys[0], []).append(number)
    for train, numbers in of_train.items():
        tests = [places[pairs[k].keys[1]] for k in numbers]
        found[numbers] = terms_at(places[train], tests, stacked_moments([one.moments for one in tests]))
    return found


def fit_coefficients(
    rows: Iterable[Mapping[str, Any]],
    setups: Mapping[Key, Setup],
    *,
    fitted_on: str,
    settings: ObserverSettings | None = None,
) -> Frozen:
    """The coefficients that describe rows best, by least squares of ln loss; every pair has the same weight.

    Parameters
    ----------
    rows
        As of `pairs_of`: the part of a study that may be fitted on.
    setups
        As of `places_of`.
    fitted_on
        Which rows these are, in words, for the record.
    settings
        The observer's; the defaults if left out.

    Returns
    -------
    Frozen
        Of today, without its hash: `freeze` writes it.

    Raises
    ------
    InputError
        For fewer than 8 pairs or 2 training sets, and as `places_of`.
    """
    pairs, settings = pairs_of(rows), settings or ObserverSettings()
    sets = training_sets(pairs)
    if len(pairs) < 8 or sets.max() < 1:
        raise InputError(
            f"six coefficients are not fitted on {len(pairs)} pairs of {sets.max() + 1} training sets: "
            "give at least 8 of 2"
        )
    design = with_constant(terms_of_pairs(pairs, places_of(pairs, setups, settings)))
    return Frozen(
        date=datetime.date.today().isoformat(),
        fitted_on=fitted_on,
        rows=len(pairs),
        settings=settings,
        coefficients=_coefficients(pairs, design),
    )


def _coefficients(pairs: Sequence[TrainTestPair], design: Floats) -> Coefficients:
    """Of the law with the spread about it, and of the line that gives Dice."""
    measured, logits = (np.array([getattr(one, name) for one in pairs]) for name in ("log_loss", "logit_dice"))
    solution, residual = _least_squares(design, measured)
    (at_zero, slope), off = _least_squares(with_constant(measured[:, None]), logits)
    names = ("alpha", "beta", "gamma", "eta", "zeta", "phi")
    return Coefficients(
        **dict(zip(names, solution.tolist(), strict=True)),
        residual=residual,
        dice_at_zero=float(at_zero),
        dice_slope=float(slope),
        dice_residual=off,
    )


def left_out(design: Floats, measured: Floats, sets: NDArray[np.int64]) -> Floats:
    """Predictions of each pair by least squares on the pairs of all other training sets, (pairs,)."""
    found = np.empty(len(measured))
    for one in np.unique(sets):
        own = sets == one
        found[own] = design[own] @ _least_squares(design[~own], measured[~own])[0]
    return found


def training_sets(pairs: Sequence[TrainTestPair]) -> NDArray[np.int64]:
    """The number of each pair's training set, from 0, (pairs,)."""
    found: NDArray[np.int64] = np.unique([f"{one.specimens}\n{one.train}" for one in pairs], return_inverse=True)[1]
    return found


def with_constant(found: Floats) -> Floats:
    """Columns of terms after one of ones."""
    return np.column_stack([np.ones(len(found)), found])


def recalibrated(rows: Iterable[Mapping[str, Any]], frozen: Frozen, setups: Mapping[Key, Setup]) -> Frozen:
    """A law with the offsets, α and that of Dice, of one's own networks; slopes and residuals stay.

    Parameters
    ----------
    rows
        As of `pairs_of`: what one's own networks were measured to lose.
    frozen
        The law.
    setups
        As of `places_of`.

    Raises
    ------
    InputError
        As `places_of`.
    """
    pairs = pairs_of(rows)
    law = frozen.coefficients
    found = terms_of_pairs(pairs, places_of(pairs, setups, frozen.settings))
    measured = np.array([one.log_loss for one in pairs])
    alpha = law.alpha + float(np.mean(measured - log_losses(found, law)))
    at_zero = float(np.mean([one.logit_dice for one in pairs] - law.dice_slope * measured))
    return msgspec.structs.replace(
        frozen, coefficients=msgspec.structs.replace(law, alpha=alpha, dice_at_zero=at_zero), sha256=""
    )


def _least_squares(design: Floats, measured: Floats) -> tuple[Floats, float]:
    """Coefficients, and the standard deviation about them."""
    solution = np.asarray(np.linalg.lstsq(design, measured, rcond=None)[0], float)
    apart = measured - design @ solution
    return solution, math.sqrt(float(apart @ apart) / max(len(measured) - design.shape[1], 1))
