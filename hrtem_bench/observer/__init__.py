"""The model observer: from spectra of specimens at a condition to the expected loss of a network that nobody ran."""

from __future__ import annotations

from hrtem_bench.observer.decision import (
    Moments,
    Observer,
    channel_shares,
    detectability,
    expected_cross_entropy,
    mixed,
    trained,
)
from hrtem_bench.observer.expectation import Place, Terms, observer_at, terms
from hrtem_bench.observer.exposures import Exposure, exposure, parse_exposure
from hrtem_bench.observer.fitting import fit_coefficients, pairs_of, places_of, recalibrated
from hrtem_bench.observer.foretelling import Foretold, expected_loss, foretold
from hrtem_bench.observer.holding import Foreseen, Held, foreseen, hold
from hrtem_bench.observer.law import Coefficients, Frozen, Predicted, freeze, loaded
from hrtem_bench.observer.settings import ObserverSettings
from hrtem_bench.observer.setups import Setup, setups_of_rows, setups_of_track
from hrtem_bench.observer.sources import KINDS, SINGLE_PARTICLES, ship, simulated_specimens, specimens_of
from hrtem_bench.observer.spectra import RingPowers

__all__ = [
    "KINDS",
    "SINGLE_PARTICLES",
    "Coefficients",
    "Exposure",
    "Foreseen",
    "Foretold",
    "Frozen",
    "Held",
    "Moments",
    "Observer",
    "ObserverSettings",
    "Place",
    "Predicted",
    "RingPowers",
    "Setup",
    "Terms",
    "channel_shares",
    "detectability",
    "expected_cross_entropy",
    "expected_loss",
    "exposure",
    "fit_coefficients",
    "foreseen",
    "foretold",
    "freeze",
    "hold",
    "loaded",
    "mixed",
    "observer_at",
    "pairs_of",
    "parse_exposure",
    "places_of",
    "recalibrated",
    "setups_of_rows",
    "setups_of_track",
    "ship",
    "simulated_specimens",
    "specimens_of",
    "terms",
    "trained",
]  # fmt: skip
