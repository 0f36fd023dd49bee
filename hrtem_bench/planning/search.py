"""The best sets of a given size: all are tried if they are few, else greedy growth and exchanges."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError

IndexSets = NDArray[np.intp]
Scorer = Callable[[IndexSets], NDArray[np.float64]]
"""Scores (b,) of b sets of one size, as rows of indices (b, k)."""
EXHAUSTIVE = 60_000
"""Sets of one size that are all tried; of more, exchanges look for the best."""
LARGEST = 24
"""Conditions in a set, at most: exchanges take time that grows with the square of it."""
_STARTS, _FEW = 8, 100
_BATCH = 256
_TIE = 1e-9


@dataclass(frozen=True)
class BestSet:
    """The best set of a size: indices in ascending order, score, number of sets tried, and whether those were all."""

    members: tuple[int, ...]
    score: float
    tried: int
    exhaustive: bool


def largest_size(budget: int, count: int) -> int:
    """The size of the largest set to look for among `count` candidates; InputError for none, and above LARGEST."""
    if budget < 1:
        raise InputError(f"the budget must be at least 1 condition, not {budget}")
    size = min(budget, count)
    if size > LARGEST:
        raise InputError(
            f"a budget of {budget} conditions is more than the {LARGEST} that are searched for: give at most {LARGEST}"
        )
    return size


def best_sets(count: int, budget: int, score: Scorer, exhaustive: int = EXHAUSTIVE) -> list[BestSet]:
    """The best set of each size from 1 to `budget` out of `count` candidates, each at most once in a set.

    If a size has at most `exhaustive` sets, all are tried. Otherwise the best set of the size before grows by the
    member that helps most, and single members are exchanged as long as that helps; the same from a set spaced evenly
    over the candidates and, for up to a hundred candidates, from eight random sets, always the same ones. The best of
    these is a local optimum. Of equal scores the first in the candidates' order wins.
    """
    found: list[BestSet] = []
    for size in range(1, min(budget, count) + 1):
        if math.comb(count, size) <= exhaustive:
            found.append(_exhaustive(count, size, score))
        else:
            found.append(_exchanged(count, size, score, found[-1].members if found else ()))
    return found


def _exhaustive(count: int, size: int, score: Scorer) -> BestSet:
    best: tuple[int, ...] = ()
    value = -np.inf
    for rows in _batches(itertools.combinations(range(count), size)):
        scores = score(rows)
        top = int(np.argmax(scores >= scores.max() - _TIE))
        if scores[top] > value + _TIE:
            best, value = tuple(int(i) for i in rows[top]), float(scores[top])
    return BestSet(best, value, math.comb(count, size), True)


def _exchanged(count: int, size: int, score: Scorer, before: tuple[int, ...]) -> BestSet:
    others = [i for i in range(count) if i not in before]
    grown = [tuple(sorted((*before, i))) for i in others] if len(before) == size - 1 else []
    even = tuple(sorted({round(i) for i in np.linspace(0, count - 1, size)}))
    best: tuple[int, ...] = ()
    value, tried = -np.inf, 0
    generator = np.random.default_rng(size)
    drawn = [
        tuple(sorted(generator.permutation(count)[:size].tolist())) for _ in range(_STARTS if count <= _FEW else 0)
    ]
    for starts in filter(None, (grown, [even], *([one] for one in drawn))):
        found = _climb(count, starts, score)
        tried += found.tried
        if found.score > value + _TIE:
            best, value = found.members, found.score
    return BestSet(best, value, tried, False)


def _climb(count: int, starts: Sequence[tuple[int, ...]], score: Scorer) -> BestSet:
    """The best start, improved by the best exchange of one member until none helps."""
    best, tried = _best_of(starts, score), len(starts)
    while True:
        others = [i for i in range(count) if i not in best.members]
        near = [tuple(sorted({*best.members} - {old} | {new})) for old in best.members for new in others]
        tried += len(near)
        better = _best_of(near, score) if near else best
        if better.score <= best.score + _TIE:
            return replace(best, tried=tried)
        best = better


def _best_of(sets: Sequence[tuple[int, ...]], score: Scorer) -> BestSet:
    scores = np.concatenate([score(rows) for rows in _batches(iter(sets))])
    top = int(np.argmax(scores >= scores.max() - _TIE))
    return BestSet(sets[top], float(scores[top]), len(sets), False)


def _batches(sets: Iterator[tuple[int, ...]]) -> Iterator[IndexSets]:
    while rows := list(itertools.islice(sets, _BATCH)):
        yield np.array(rows, dtype=np.intp)
