"""`expected_loss` and `foretold`: what a network trained somewhere is expected to lose elsewhere, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hrtem_bench.conditions import Conditions
from hrtem_bench.observer.expectation import Terms, observer_at, terms
from hrtem_bench.observer.exposures import Exposure, exposure
from hrtem_bench.observer.law import Frozen, Predicted, costs, expected, loaded
from hrtem_bench.observer.sources import specimens_of
from hrtem_bench.observer.spectra import RingPowers


@dataclass(frozen=True)
class Foretold:
    """What is expected of networks trained at one set of conditions and used at another.

    Parameters
    ----------
    loss
        Cross-entropy, nats per pixel.
    dice
        0 to 1.
    matched
        The loss of networks trained at the test condition itself.
    terms
        The law's terms, and what each ring adds.
    costs
        What training elsewhere adds to ln loss, by cause, as `law.costs` has it.
    """

    loss: Predicted
    dice: Predicted
    matched: Predicted
    terms: Terms
    costs: dict[str, float]


def foretold(train: Exposure, test: Exposure, powers: RingPowers, frozen: Frozen | None = None) -> Foretold:
    """Expected loss and Dice of one pair, with their intervals and reasons.

    Parameters
    ----------
    train, test
        What a network is trained at, and where it is used.
    powers
        Of the specimens.
    frozen
        The law; the package's if left out.

    Raises
    ------
    InputError
        As `observer_at`.
    """
    frozen = frozen or loaded()
    powers.prepare([*train.conditions, *test.conditions])
    found = terms(*(observer_at(one, powers, frozen.settings) for one in (train, test)))
    loss, dice = expected(found.numbers, frozen.coefficients)
    matched, _ = expected(found.matched, frozen.coefficients)
    return Foretold(loss, dice, matched, found, costs(found.numbers, frozen.coefficients))


def expected_loss(train: Conditions, test: Conditions, specimens: str | Path | None = None) -> float:
    """The cross-entropy that a network trained at `train` is expected to have at `test`, by the model observer.

    No network and no measured image plays a part. The law's coefficients are frozen in the package, see
    docs/explanation/observer.md; their offset is that of the networks they were fitted on, so that differences
    between conditions mean more than the number alone.

    Parameters
    ----------
    train, test
        A Condition, a ConditionSet, or a sequence of conditions that count alike. The dose of each counts.
    specimens
        A dataset's folder or Hub id that keeps exit waves, or the name of a shipped kind. Left out: CdSe on carbon by
        the literature's protocol, three test structures in a field of 128 Å, pixels of 0.2 Å, ideal counting.

    Returns
    -------
    float
        Nats per pixel.

    Raises
    ------
    InputError
        For an empty set of conditions, specimens without particles or without film around them, another beam energy
        than the exit waves', and frequencies that the waves lack.
    """
    frozen = loaded()
    found = specimens_of(specimens)
    pair = exposure(train, found.detector), exposure(test, found.detector)
    return foretold(*pair, RingPowers(found, frozen.settings), frozen).loss.value
