"""Which conditions to train on: the set of candidates that serves the targets best, and what each member adds.

A plan is a set of different conditions, trained at in equal parts: repeating a condition would cost as much to simulate
as a new one. Dose and specimen are not considered, see docs/how-to/planning.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.conditions import Conditions
from hrtem_bench.errors import InputError
from hrtem_bench.physics import Spectra, transfer_spectra
from hrtem_bench.physics.band import Weight
from hrtem_bench.planning.plan import BestOfSize, Criterion, Over, Plan, QRange, Step, Target, TargetScore
from hrtem_bench.planning.search import EXHAUSTIVE, best_sets, largest_size

Floats = NDArray[np.float64]
SEARCHED = 2048
"""Nodes of the band on which sets are searched; what is reported of the sets found is from all of them."""
EFFORT = 400_000
"""Sets times targets at most, where all sets of a size are tried."""
ENOUGH = 0.01
"""A smaller set is enough where its score comes this close to the best."""
_ASIDE = 1e-3
"""Weight of the mean beside the worst, or of the worst beside the mean, so that it decides between equals."""
_EQUAL = 1e-6
_NOTHING = 1e-9
BINS = 100
"""Bins of the band in which gains are added up: the resolution of what is said."""
_LEAST = 0.2
"""A bin counts where it holds this share of the largest bin's gain."""
_MOST_BANDS = 3
_LOOKED, _DIGITS = 500, 9
"""Where P of two candidates is the same to so many digits at so many places, they are one."""


@dataclass(frozen=True)
class _Problem:
    """Candidates and targets on one quadrature, by name. alike: for each candidate, the names of those with equal P."""

    names: list[str]
    alike: list[list[str]]
    candidates: Spectra
    labels: list[str]
    targets: Spectra
    criterion: Criterion
    over: Over

    def values(self, power: Floats) -> Floats:
        """The criterion at each target (b, T), of training sets with P (b, n)."""
        return self.targets.sigma(power) if self.criterion == "sigma" else self.targets.coverage(power)

    def headline(self, values: Floats) -> Floats:
        """The value to maximise, (b,), from values (b, T)."""
        both = values.min(axis=-1), values.mean(axis=-1)
        first, second = both if self.over == "worst" else both[::-1]
        return cast(Floats, first + _ASIDE * second)

    def power(self, members: Sequence[int]) -> Floats:
        return cast(Floats, self.candidates.power[list(members)].mean(axis=0, keepdims=True))

    def score(self, name: str, size: int, power: Floats) -> TargetScore:
        values = self.values(power)[0]
        worst = int(values.argmin())
        return TargetScore(
            name=name, size=size, mean=float(values.mean()), worst=float(values[worst]), worst_at=self.labels[worst]
        )


def design(
    targets: Mapping[str, Conditions],
    candidates: Mapping[str, Conditions],
    budget: int,
    *,
    criterion: Criterion = "sigma",
    over: Over = "worst",
    q_max: float = 2.5,
    weight: Weight = "area",
    compared: Mapping[str, Sequence[Conditions]] | None = None,
    exhaustive: int = EXHAUSTIVE,
) -> Plan:
    """Choose training conditions: at most `budget` of the candidates, so that training on them serves the targets best.

    Candidates of equal P, such as equal and opposite defocus without C30, count as one, named by the first. One more
    condition lowers P where it transfers less than the others, so that the best set may be smaller than the budget.

    Parameters
    ----------
    targets, candidates
        Name -> a Condition, or the set that it stands for with its spread.
    budget
        The largest number of candidates to choose.
    criterion
        "sigma": the cosine of what training and target transfer. "coverage": the share of what a target transfers that
        training has shown; it is not lowered where a target transfers less.
    over
        "worst": the lowest value over the targets; "mean": their mean. The other decides between equals.
    q_max, weight
        The band, see `physics.information`; q_max in 1/Å.
    compared
        Other training sets to score, by name.
    exhaustive
        Up to so many sets of one size are all tried, see `best_sets`; fewer where targets are many.

    Returns
    -------
    Plan
        The chosen conditions in order, with scores.

    Raises
    ------
    InputError
        For no target, no candidate, a budget below 1 or one for sets too large to look for, and where nothing is
        transferred at any target.
    """
    budget = largest_size(budget, len(candidates))
    if not targets or not candidates:
        raise InputError(f"there is no {'candidate' if targets else 'target'}: give at least one")
    others = compared or {}
    sets = [*targets.values(), *candidates.values(), *(one for group in others.values() for one in group)]
    spectra = transfer_spectra(sets, q_max, weight)
    count = len(targets)
    reached = [i for i in range(count) if spectra.power[i] @ spectra.share > _NOTHING]
    if not reached:
        raise InputError(
            "nothing is transferred at any of the targets (no aberration at all): no training can serve them"
        )
    labels, names = list(targets), list(candidates)
    offered = spectra.take(range(count, count + len(names)))
    groups = _distinct(offered.power)
    problem = _Problem(
        names=[names[i] for i in groups],
        alike=[[names[i] for i in same] for same in groups.values()],
        candidates=offered.take(list(groups)),
        labels=[labels[i] for i in reached],
        targets=spectra.take(reached),
        criterion=criterion,
        over=over,
    )
    sizes = _searched(problem, budget, min(exhaustive, max(1, EFFORT // len(reached))))
    members, enough = _chosen(sizes, over)
    steps = _steps(problem, [problem.names.index(name) for name in members], q_max)
    rest, everything = spectra.power[count + len(names) :], offered.power.mean(axis=0, keepdims=True)
    return Plan(
        criterion=criterion,
        over=over,
        q_max=q_max,
        budget=budget,
        steps=steps,
        sizes=sizes,
        enough=enough,
        compared=[*_compared(problem, others, rest), problem.score("all candidates", len(names), everything)],
        targets=_targets(problem, [problem.names.index(step.condition) for step in steps]),
        unreachable=[name for i, name in enumerate(labels) if i not in reached],
    )


def _searched(problem: _Problem, budget: int, exhaustive: int) -> list[BestOfSize]:
    thin = replace(problem, candidates=problem.candidates.thinned(SEARCHED), targets=problem.targets.thinned(SEARCHED))

    def score(sets: NDArray[np.intp]) -> Floats:
        share = np.zeros((len(sets), len(thin.names)))
        np.put_along_axis(share, sets, 1.0 / sets.shape[1], axis=1)
        return thin.headline(thin.values(share @ thin.candidates.power))

    return [
        BestOfSize(
            score=problem.score(
                " and ".join(problem.names[i] for i in one.members), len(one.members), problem.power(one.members)
            ),
            conditions=[problem.names[i] for i in one.members],
            tried=one.tried,
            exhaustive=one.exhaustive,
        )
        for one in best_sets(len(problem.names), budget, score, exhaustive)
    ]


def _chosen(sizes: Sequence[BestOfSize], over: Over) -> tuple[list[str], int]:
    """The best of the sets of each size, of equal ones the smaller; and the smallest size that comes close to it."""
    scores = [one.score.worst if over == "worst" else one.score.mean for one in sizes]
    close = [i for i, score in enumerate(scores) if score > max(scores) - ENOUGH]
    best = next(i for i, score in enumerate(scores) if score > max(scores) - _EQUAL)
    return sizes[best].conditions, sizes[close[0]].score.size


def _steps(problem: _Problem, members: Sequence[int], q_max: float) -> list[Step]:
    """The members in the order in which they help: each time the one that raises the score most."""
    waiting, steps = list(members), list[Step]()
    order: list[int] = []
    before: TargetScore | None = None
    while waiting:
        tries = np.array([problem.headline(problem.values(problem.power([*order, i])))[0] for i in waiting])
        index = waiting.pop(int(np.argmax(tries >= tries.max() - _EQUAL)))
        at = before.worst_at if before is not None and problem.over == "worst" else ""
        chosen = problem.targets if not at else problem.targets.take([problem.labels.index(at)])
        after = problem.power([*order, index])
        bands = gained_bands(
            chosen, problem.power(order) if order else None, after, q_max, shape=problem.criterion == "sigma"
        )
        score = problem.score(problem.names[index], len(order) + 1, after)
        reached = float(problem.values(after)[0, problem.labels.index(at)]) if at else score.mean
        step = Step(
            condition=problem.names[index],
            alike=problem.alike[index],
            score=score,
            at=at,
            bands=bands,
            moved=None if before is None else (before.worst if at else before.mean, reached),
        )
        steps.append(step)
        order.append(index)
        before = score
    return steps


def _distinct(power: Floats) -> dict[int, list[int]]:
    """The first of each group of equal rows (k, n) -> the others. Rows are compared at some places of the band."""
    seen: dict[bytes, int] = {}
    groups: dict[int, list[int]] = {}
    looked = np.linspace(0, power.shape[1] - 1, _LOOKED).astype(int)
    for index, row in enumerate(np.round(power[:, looked], _DIGITS) + 0.0):
        first = seen.setdefault(row.tobytes(), index)
        groups.setdefault(first, []).extend([index] if index != first else [])
    return groups


def _compared(problem: _Problem, others: Mapping[str, Sequence[Conditions]], power: Floats) -> list[TargetScore]:
    """Scores of the other sets, whose members' P are the rows of `power`."""
    found, start = [], 0
    for name, group in others.items():
        mean = power[start : start + len(group)].mean(axis=0, keepdims=True)
        found.append(problem.score(name, len(group), mean))
        start += len(group)
    return found


def _targets(problem: _Problem, members: Sequence[int]) -> list[Target]:
    plan = problem.power(members)
    first = problem.values(problem.power(members[:1]))[0]
    columns = (problem.targets.epsilon(), first, problem.targets.coverage(plan)[0], problem.targets.sigma(plan)[0])
    return [
        Target(name=name, epsilon=float(e), first=float(f), coverage=float(c), sigma=float(s))
        for name, e, f, c, s in zip(problem.labels, *columns, strict=True)
    ]


def gained_bands(targets: Spectra, before: Floats | None, after: Floats, q_max: float, *, shape: bool) -> list[QRange]:
    """Where in q, 1/Å, a training set that grew covers more of the targets: at most three bands, ascending.

    before, after: P (1, n) of the set; before None for an empty set. shape: compare amplitudes scaled to equal power,
    as σ does, instead of amplitudes as they are.
    """
    wanted = _amplitude(targets.power, targets.share, shape)
    covered = np.minimum(_amplitude(after, targets.share, shape), wanted)
    if before is not None:
        covered = covered - np.minimum(_amplitude(before, targets.share, shape), wanted)
    place = np.minimum((targets.q / q_max * BINS).astype(int), BINS - 1)
    gain = np.bincount(place, weights=covered.mean(axis=0) * targets.share, minlength=BINS).astype(np.float64)
    return _bands(gain, q_max / BINS)


def _amplitude(power: Floats, share: Floats, shape: bool) -> Floats:
    strength = np.sqrt(power @ share)[:, None] if shape else 1.0
    return np.sqrt(power) / np.maximum(strength, 1e-30)


def _bands(gain: Floats, width: float) -> list[QRange]:
    """The runs of bins that gain most."""
    if gain.max() <= 0:
        return []
    counts = np.concatenate([[False], gain >= _LEAST * gain.max(), [False]])
    starts, ends = np.flatnonzero(counts[1:] & ~counts[:-1]), np.flatnonzero(~counts[1:] & counts[:-1])
    runs = _merged(list(zip(starts.tolist(), ends.tolist(), strict=True)))
    largest = sorted(runs, key=lambda run: -gain[run[0] : run[1]].sum())[:_MOST_BANDS]
    return [(round(a * width, 4), round(b * width, 4)) for a, b in sorted(largest)]


def _merged(runs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Runs of bins; runs that are one bin apart are joined."""
    joined: list[tuple[int, int]] = []
    for start, end in runs:
        if joined and start - joined[-1][1] <= 1:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
