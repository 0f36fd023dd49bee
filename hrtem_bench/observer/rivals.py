"""What else might foretell the loss: distances of conditions, ε and σ, distances of image spectra, confidence.

The observer, distances of conditions, ε and σ need no image of the test condition. Distances of spectra need images of
it, measured or rendered; those here are of the observer's own renders. What needs networks says so in its name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.conditions import Condition, ConditionSet
from hrtem_bench.observer.expectation import Place
from hrtem_bench.observer.exposures import Exposure
from hrtem_bench.observer.fitting import TrainTestPair
from hrtem_bench.observer.setups import Key, Setup

Floats = NDArray[np.float64]
NODES = 2**16
"""Of the quadrature for ε and σ: conditions that are not round would take more than ranks need."""
OTHERS = "condition mean of other training sets (needs networks there)"
DOUBT = "1 - mean confidence (needs the network and images)"


def rival_scores(
    pairs: Sequence[TrainTestPair], places: Mapping[Key, Place], setups: Mapping[Key, Setup]
) -> dict[str, Floats]:
    """Name -> a number for each pair that should grow with the loss, (pairs,).

    Distances are to the nearest training condition: of focus in nm, of dose as |Δ ln dose|, no dose as a dose of 1.
    ε of the test condition counts with its sign turned, σ as 1 - σ, over the band up to the last ring. Distances of
    image spectra are of S, the powers of whole images with their noise in the rings: the root mean square of Δ ln S;
    Fréchet's distance of normal distributions of ln S over specimens (Dowson and Landau, J. Multivariate Analysis 12
    (1982) 450); the maximum mean discrepancy of ln S with a Gaussian kernel of width 1 (Gretton and others, JMLR 13
    (2012) 723).
    """
    known = [[setups[key].exposure for key in one.keys] for one in pairs]
    spectra = [[places[key].spectra for key in one.keys] for one in pairs]
    edge = setups[pairs[0].keys[1]].powers.settings.edges[-1]
    middles = {id(one): _middles(one) for both in known for one in both}

    def nearest(value: Callable[[Condition], float]) -> Floats:
        """The mean over the test set's conditions of the distance to the nearest training condition."""
        return np.array([
            np.mean([min(abs(value(a) - value(b)) for a in middles[id(train)]) for b in middles[id(test)]])
            for train, test in known
        ])  # fmt: skip

    return {
        "distance of focus (nm)": nearest(lambda one: one.C10 / 10),
        "distance of ln dose": nearest(lambda one: math.log(one.dose) if one.dose else 0.0),
        **_transfer(known, edge),
        "distance of image spectra": np.array([
            np.sqrt(np.mean((a.mean(0) - b.mean(0)) ** 2)) for a, b in spectra
        ]),
        "Fréchet distance of image spectra": np.array([frechet(*both) for both in spectra]),
        "maximum mean discrepancy of image spectra": np.array([discrepancy(*both) for both in spectra]),
        DOUBT: np.array([one.doubt for one in pairs]),
    }  # fmt: skip


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


def _transfer(known: Sequence[Sequence[Exposure]], edge: float) -> dict[str, Floats]:
    """-ε of the test set and 1 - σ of both, of each pair; sets that occur often are integrated once."""
    from hrtem_bench.physics import transfer_spectra

    numbers: dict[str, int] = {}
    sets: list[ConditionSet] = []
    where = np.empty((len(known), 2), np.int64)
    of_object: dict[int, int] = {}
    for row, both in enumerate(known):
        for column, one in enumerate(both):
            if id(one) not in of_object:
                text = f"{one.conditions} {one.weights}"
                if text not in numbers:
                    numbers[text] = len(sets)
                    sets.append(ConditionSet(one.conditions, one.weights))
                of_object[id(one)] = numbers[text]
            where[row, column] = of_object[id(one)]
    spectra = transfer_spectra(sets, edge, most=NODES)
    # rounded, so that conditions of equal transfer, such as ±C10 without C30, are ties and not put in an order
    own, shared = spectra.epsilon().round(6), spectra.sigma(spectra.power).round(6)
    return {"ε": -own[where[:, 1]], "σ": 1 - shared[where[:, 0], where[:, 1]]}


def _middles(one: Exposure) -> list[Condition]:
    """The nominal conditions: members of the greatest weight."""
    most = max(one.weights)
    return [c for c, weight in zip(one.conditions, one.weights, strict=True) if weight > 0.999 * most]
