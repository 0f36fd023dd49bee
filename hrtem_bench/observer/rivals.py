"""What else might foretell the loss without a network: distances of conditions, ε and σ, distance of image spectra."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.conditions import Condition, ConditionSet
from hrtem_bench.observer.expectation import Place
from hrtem_bench.observer.exposures import Exposure, parse_exposure
from hrtem_bench.observer.spectra import RingPowers

Floats = NDArray[np.float64]


class Names(Protocol):
    """A training set and a test condition of some specimens, as text."""

    @property
    def specimens(self) -> str: ...

    @property
    def train(self) -> str: ...

    @property
    def test(self) -> str: ...


def rival_scores(
    pairs: Sequence[Names], places: Mapping[tuple[str, str], Place], powers: Mapping[str, RingPowers], spread: float
) -> dict[str, Floats]:
    """Name -> a number for each pair that should grow with the loss, (pairs,).

    Distances are to the nearest training condition: of focus in nm, of dose as |Δ ln dose|, no dose as a dose of 1.
    ε of the test condition counts with its sign turned, σ as 1 - σ, over the band up to the last ring. The distance of
    image spectra is the root mean square over rings of Δ ln S, S the power of whole images with their noise.
    """
    exposures = {key: parse_exposure(key[1], powers[key[0]].specimens, spread) for key in places}
    found: dict[str, list[float]] = {}
    for one in pairs:
        keys = (one.specimens, one.train), (one.specimens, one.test)
        train, test = (exposures[key] for key in keys)
        edge = powers[one.specimens].settings.edges[-1]
        difference = places[keys[0]].spectrum - places[keys[1]].spectrum
        scores = _of_conditions(train, test, edge) | {
            "distance of image spectra": float(np.sqrt(np.mean(difference**2)))
        }
        for name, value in scores.items():
            found.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in found.items()}


def _of_conditions(train: Exposure, test: Exposure, edge: float) -> dict[str, float]:
    from hrtem_bench.physics import epsilon, sigma

    sets = [ConditionSet(one.conditions, one.weights) for one in (train, test)]
    middles = _middles(train), _middles(test)
    return {
        "distance of focus (nm)": _nearest(middles[0], middles[1], lambda one: one.C10 / 10),
        "distance of ln dose": _nearest(middles[0], middles[1], lambda one: math.log(one.dose) if one.dose else 0.0),
        "ε": -float(epsilon(sets[1], q_max=edge)),
        "σ": 1 - float(sigma(sets[0], sets[1], q_max=edge)),
    }


def _middles(one: Exposure) -> list[Condition]:
    """The nominal conditions: members of the greatest weight."""
    most = max(one.weights)
    return [c for c, weight in zip(one.conditions, one.weights, strict=True) if weight > 0.999 * most]


def _nearest(train: Sequence[Condition], test: Sequence[Condition], value: Any) -> float:
    return float(np.mean([min(abs(value(a) - value(b)) for a in train) for b in test]))


__all__ = ["rival_scores"]
