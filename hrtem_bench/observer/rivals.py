"""What else might foretell the loss: distances of conditions, ε and σ, distances of image spectra, confidence.

The observer, distances of conditions, ε and σ need no image of the test condition. Distances of spectra need images of
it, measured or rendered; those here are of the observer's own renders. What needs networks says so in its name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.conditions import Condition, ConditionSet
from hrtem_bench.observer.expectation import Place
from hrtem_bench.observer.exposures import Exposure
from hrtem_bench.observer.fitting import Pair
from hrtem_bench.observer.setups import Key, Setup

Floats = NDArray[np.float64]
OTHERS = "condition mean of other training sets (needs networks there)"
DOUBT = "1 - mean confidence (needs the network and images)"


def rival_scores(pairs: Sequence[Pair], places: Mapping[Key, Place], setups: Mapping[Key, Setup]) -> dict[str, Floats]:
    """Name -> a number for each pair that should grow with the loss, (pairs,).

    Distances are to the nearest training condition: of focus in nm, of dose as |Δ ln dose|, no dose as a dose of 1.
    ε of the test condition counts with its sign turned, σ as 1 - σ, over the band up to the last ring. Distances of
    image spectra are of S, the powers of whole images with their noise in the rings: the root mean square of Δ ln S;
    Fréchet's distance of normal distributions of ln S over specimens (Dowson and Landau, J. Multivariate Analysis 12
    (1982) 450); the maximum mean discrepancy of ln S with a Gaussian kernel of width 1 (Gretton and others, JMLR 13
    (2012) 723).
    """
    found: dict[str, list[float]] = {}
    for one in pairs:
        train, test = (setups[key] for key in one.keys)
        spectra = [places[key].spectra for key in one.keys]
        edge = test.powers.settings.edges[-1]
        scores = _of_conditions(train.exposure, test.exposure, edge) | {
            "distance of image spectra": float(np.sqrt(np.mean((spectra[0].mean(0) - spectra[1].mean(0)) ** 2))),
            "Fréchet distance of image spectra": frechet(*spectra),
            "maximum mean discrepancy of image spectra": discrepancy(*spectra),
            DOUBT: one.doubt,
        }
        for name, value in scores.items():
            found.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in found.items()}


def frechet(first: Floats, second: Floats) -> float:
    """|μ - μ′|² + tr(C + C′ - 2 (C C′)^½) of the normal distributions of two samples, rows."""
    apart = float(np.sum((first.mean(0) - second.mean(0)) ** 2))
    if min(len(first), len(second)) < 2:
        return apart
    here, there = (np.atleast_2d(np.cov(one, rowvar=False)) for one in (first, second))
    # the trace of (C C′)^½ is the sum of the roots of C C′'s eigenvalues, which are not negative
    crossed = np.sqrt(np.maximum(np.linalg.eigvals(here @ there).real, 0.0)).sum()
    return apart + float(np.trace(here) + np.trace(there) - 2 * crossed)


def discrepancy(first: Floats, second: Floats) -> float:
    """The maximum mean discrepancy of two samples, rows, squared, with the kernel exp(-½ |x - y|²)."""

    def kernel(a: Floats, b: Floats) -> float:
        return float(np.exp(-0.5 * ((a[:, None] - b) ** 2).sum(-1)).mean())

    return kernel(first, first) + kernel(second, second) - 2 * kernel(first, second)


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


__all__ = ["DOUBT", "OTHERS", "discrepancy", "frechet", "rival_scores"]
