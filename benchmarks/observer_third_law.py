"""A third law as a hypothesis: the same terms fitted on one half of the study `wide`, and tested on the other.

    python benchmarks/observer_third_law.py --wide OUT --powers CACHE

The halves are those of benchmarks/observer_halves.py. Settings are chosen one after the other, by the sum of R², the
rank correlation and that within training sets where each training set of the first half is foretold from the others.
Nothing is frozen: frozen.json stays. Written is the table of docs/explanation/observer.md.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from observer_halves import half_of
from observer_law import rendered_setups
from page import OBSERVER, write_between

from hrtem_bench.dataset.rendered_samples import parse_setting
from hrtem_bench.observer import (
    ObserverSettings,
    Setup,
    loaded,
    pairs_of,
    places_of,
)
from hrtem_bench.observer.agreement import mean_of_known, r_squared, rank, ranks_of_rows
from hrtem_bench.observer.fitting import TrainTestPair, left_out, terms_of_pairs, training_sets, with_constant
from hrtem_bench.observer.law import log_losses
from hrtem_bench.study.table import all_rows

MARKS = "<!-- third law: written by benchmarks/observer_third_law.py -->", "<!-- end of third law -->"
TRIED = {
    "area": (4.0, 8.0, 16.0, 32.0),
    "floor": (0.03, 0.1, 0.3, 0.6),
    "standardised": (0.4, 0.6, 0.8, 1.0),
    "edge_loss": (0.03, 0.1, 0.2),
}
ROUNDS = 2
NAMES = ("alpha", "beta", "gamma", "delta", "tau")
Setups = Mapping[tuple[str, str], Setup]


def half(pairs: Sequence[TrainTestPair], number: int) -> list[TrainTestPair]:
    return [one for one, own in zip(pairs, half_of(pairs), strict=True) if own == number]


def design(pairs: Sequence[TrainTestPair], setups: Setups, settings: ObserverSettings) -> np.ndarray:
    return with_constant(terms_of_pairs(pairs, places_of(pairs, setups, settings)))


def scores(expected: np.ndarray, pairs: Sequence[TrainTestPair]) -> tuple[float, float, float]:
    """R², rank correlation, rank correlation within training sets."""
    measured = losses(pairs)
    inner = mean_of_known(ranks_of_rows(expected, measured, training_sets(pairs)))
    return r_squared(expected, measured), rank(expected, measured), inner


def losses(pairs: Sequence[TrainTestPair]) -> np.ndarray:
    return np.array([one.log_loss for one in pairs])


def chosen(pairs: Sequence[TrainTestPair], setups: Setups) -> ObserverSettings:
    """Settings by one after the other, from those that are frozen."""
    # pairs of one text are left out together, whatever the specimens: they share the conditions
    sets = np.unique([one.train for one in pairs], return_inverse=True)[1]
    measured, alike = losses(pairs), np.ones(len(pairs))

    def score(settings: ObserverSettings) -> float:
        return sum(scores(left_out(design(pairs, setups, settings), measured, sets, alike), pairs))

    best = loaded().settings
    reached = score(best)
    for _ in range(ROUNDS):
        for name, values in TRIED.items():
            for value in values:
                tried = replace(best, **{name: value})
                if tried != best and (found := score(tried)) > reached + 1e-6:
                    best, reached = tried, found
        print(best, f"{reached:.3f}", flush=True)
    return best


def least_squares(pairs: Sequence[TrainTestPair], setups: Setups, settings: ObserverSettings) -> Any:
    return np.linalg.lstsq(design(pairs, setups, settings), losses(pairs), rcond=None)[0]


def table(pairs: Sequence[TrainTestPair], setups: Setups) -> str:
    """Markdown: laws by their numbers on the half that was not fitted on."""
    law = loaded()
    first, second = half(pairs, 0), half(pairs, 1)
    settings = chosen(first, setups)
    own = least_squares(first, setups, law.settings)
    new = least_squares(first, setups, settings)
    frozen = law.coefficients
    laws = {
        "the frozen law, as it is": (law.settings, np.array([getattr(frozen, name) for name in NAMES])),
        "its settings, coefficients of the first half": (law.settings, own),
        "settings and coefficients of the first half": (settings, new),
    }
    lines = [
        f"| first half {len(first)} pairs, second half {len(second)} | a, κ, λ, b | α, β, γ, δ, τ | R², second half "
        "| rank correlation | within training sets | R², first half (fitted) |",
        f"|{7 * '---|'}",
    ]
    for name, (where, coefficients) in laws.items():
        there, here = (design(half_pairs, setups, where) @ coefficients for half_pairs in (second, first))
        settled = f"{where.area:g}, {where.floor:g}, {where.standardised:g}, {where.edge_loss:g}"
        found = " | ".join(f"{one:.2f}" for one in scores(there, second))
        lines.append(
            f"| {name} | {settled} | {', '.join(f'{one:.2f}' for one in coefficients)} | {found} "
            f"| {scores(here, first)[0]:.2f} |"
        )
    return "\n".join(lines).replace(" -", " −")


def residuals(pairs: Sequence[TrainTestPair], setups: Setups) -> str:
    """Markdown: ln of measured over expected loss by the frozen law, on the first half, by what the pairs are."""
    law, first = loaded(), half(pairs, 0)
    found = terms_of_pairs(first, places_of(first, setups, law.settings))
    expected, measured = log_losses(found, law.coefficients), losses(first)
    lines = ["| first half, by | pairs | ln(measured / expected) | spread | rank correlation |", f"|{5 * '---|'}"]
    for name, labels in groups(first, found[:, 1]).items():
        for label in dict.fromkeys(sorted(labels)):
            own = np.array(labels) == label
            apart = measured[own] - expected[own]
            numbers = f"{apart.mean():+.2f} | {apart.std():.2f} | {rank(expected[own], measured[own]):.2f}"
            lines.append(f"| {name}: {label.partition('. ')[2] or label} | {own.sum()} | {numbers} |")
    return "\n".join(lines).replace("| -", "| −")


def groups(pairs: Sequence[TrainTestPair], mismatch: np.ndarray) -> dict[str, list[str]]:
    """Name -> a label of each pair; a number before ". " puts labels in order."""
    trains = [[parse_setting(text, {}) for text in one.train.split(";")] for one in pairs]
    tests = [parse_setting(one.test, {}) for one in pairs]
    apart = [min(abs(c.C10 - at.C10) for c, _ in train) for train, (at, _) in zip(trains, tests, strict=True)]
    known = [camera in {name for _, name in train} for train, (_, camera) in zip(trains, tests, strict=True)]
    return {
        "material": [one.specimens.partition("-")[0] for one in pairs],
        "film": [one.specimens.partition("-")[2] for one in pairs],
        "conditions trained at": [str(len(train)) for train in trains],
        "camera": ["of the training set" if one else "another" for one in known],
        "dose at the test, e/Å²": _binned([at.dose or 0.0 for at, _ in tests], (60, 120, 240)),
        "nearest training focus, nm": _binned([one / 10 for one in apart], (2, 5, 10, 20)),
        "mismatch G": _binned(mismatch, (0.05, 0.1, 0.2, 0.4, 0.8)),
    }


def _binned(values: Sequence[float] | np.ndarray, edges: Sequence[float]) -> list[str]:
    names = [f"below {edges[0]}", *(f"{a} to {b}" for a, b in itertools.pairwise(edges)), f"above {edges[-1]}"]
    return [f"{k}. {names[k]}" for k in np.digitize(values, edges)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wide", type=Path, required=True)
    parser.add_argument("--powers", type=Path, required=True)
    asked = parser.parse_args()
    start = time.process_time()
    rows = all_rows(asked.wide).to_pylist()
    pairs, setups = pairs_of(rows), rendered_setups(rows, "wide", asked.wide, asked.powers, loaded().settings)
    text = f"{residuals(pairs, setups)}\n\n{table(pairs, setups)}"
    print(text, f"{time.process_time() - start:.0f} s of CPU", sep="\n")
    write_between(OBSERVER, MARKS, text)


if __name__ == "__main__":
    main()
