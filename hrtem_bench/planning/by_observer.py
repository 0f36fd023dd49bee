"""Which conditions to train on by the model observer: the set whose expected loss at the targets is least.

Dose, camera and specimen count, as they do for the observer; a plan is a set of different conditions, trained at in
equal parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.conditions import Condition
from hrtem_bench.errors import InputError
from hrtem_bench.observer import Coefficients, Exposure, Place, RingPowers, exposure, loaded, observer_at, specimens_of
from hrtem_bench.observer.decision import Stacked, stacked_moments
from hrtem_bench.observer.expectation import matched_numbers, mixed_place, terms_at
from hrtem_bench.observer.exposures import focus_spread
from hrtem_bench.observer.law import log_losses
from hrtem_bench.planning.choices import Region, even_places, parse_spread, region, regions
from hrtem_bench.planning.plan import Over
from hrtem_bench.planning.search import best_sets

Floats = NDArray[np.float64]
EFFORT = 200_000
"""Sets times targets at most, where all sets of a size are tried: some seconds."""
STRUCTURES = 6
"""Specimens of a dataset that a plan is made by."""
_ASIDE = 1e-3
"""Weight of the mean beside the worst, or of the worst beside the mean, so that it decides between equals."""


class Losses(msgspec.Struct, frozen=True, kw_only=True):
    """The losses to expect of a training set over the targets, nats per pixel.

    Parameters
    ----------
    name
        "best of 2", or what else it is.
    conditions
        Names of its members.
    mean, worst, worst_at
        Over the targets, and the target of the largest loss.
    tried, exhaustive
        Sets tried, and whether those were all of the size.
    """

    name: str
    conditions: list[str]
    mean: float
    worst: float
    worst_at: str
    tried: int = 1
    exhaustive: bool = False


class ObserverPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `design_by_observer`.

    Parameters
    ----------
    over
        "worst" or "mean": which loss over the targets was made as small as possible.
    specimens
        Whose images are meant, by name.
    candidates
        How many there were to choose from.
    best
        The best set of all sizes.
    sizes
        The best set of each size up to the budget.
    compared
        Other choices: as many candidates counted off evenly, and all of them.
    targets
        Target -> the loss to expect there of the best set, and of networks trained at the target itself.
    """

    over: Over
    specimens: str
    candidates: int
    best: Losses
    sizes: list[Losses]
    compared: list[Losses]
    targets: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class _Problem:
    """Candidates and targets as the observer finds them, by name."""

    names: list[str]
    candidates: list[Place]
    labels: list[str]
    targets: list[Place]
    stacked: Stacked
    over: Over
    law: Coefficients

    def losses(self, members: Sequence[int]) -> Floats:
        """Expected of a training set at each target, (targets,)."""
        train = mixed_place([self.candidates[i] for i in members])
        return np.exp(log_losses(terms_at(train, self.targets, self.stacked), self.law))

    def score(self, sets: NDArray[np.intp]) -> Floats:
        """What is made large, (sets,)."""
        values = np.array([self.losses(row) for row in sets.tolist()])
        both = -values.max(axis=1), -values.mean(axis=1)
        first, second = both if self.over == "worst" else both[::-1]
        total: Floats = first + _ASIDE * second
        return total

    def told(self, name: str, members: Sequence[int], tried: int = 1, exhaustive: bool = False) -> Losses:
        """The losses of a set."""
        values = self.losses(members)
        worst = int(values.argmax())
        return Losses(
            name=name,
            conditions=[self.names[i] for i in members],
            mean=float(values.mean()),
            worst=float(values[worst]),
            worst_at=self.labels[worst],
            tried=tried,
            exhaustive=exhaustive,
        )


def design_by_observer(
    targets: Mapping[str, Exposure],
    candidates: Mapping[str, Exposure],
    budget: int,
    powers: RingPowers,
    *,
    over: Over = "worst",
) -> ObserverPlan:
    """Choose at most `budget` of the candidates so that networks trained on them lose least at the targets.

    Parameters
    ----------
    targets, candidates
        Name -> exposure.
    budget
        Conditions to train at, at most.
    powers
        Of the specimens.
    over
        Whether the largest loss over the targets or the mean is made small.

    Raises
    ------
    InputError
        For no target, no candidate, a budget below 1, and as `observer_at`.
    """
    if budget < 1:
        raise InputError(f"the budget must be at least 1 condition, not {budget}")
    if not targets or not candidates:
        raise InputError(f"there is no {'candidate' if targets else 'target'}: give at least one")
    law = loaded()
    powers.prepare(one for each in (*targets.values(), *candidates.values()) for one in each.conditions)
    offered, wanted = (
        [observer_at(one, powers, law.settings) for one in group.values()] for group in (candidates, targets)
    )
    stacked = stacked_moments([one.moments for one in wanted])
    problem = _Problem(list(candidates), offered, list(targets), wanted, stacked, over, law.coefficients)
    found = best_sets(len(offered), budget, problem.score, max(1, EFFORT // len(wanted)))
    sizes = [problem.told(f"best of {len(one.members)}", one.members, one.tried, one.exhaustive) for one in found]
    best = max(found, key=lambda one: one.score)
    matched = np.exp(log_losses([matched_numbers(one.hardness) for one in wanted], problem.law))
    even = even_places(len(offered), min(budget, len(offered)))
    return ObserverPlan(
        over=over,
        specimens=powers.specimens.name,
        candidates=len(offered),
        best=sizes[found.index(best)],
        sizes=sizes,
        compared=[problem.told("counted off evenly", even), problem.told("all candidates", range(len(offered)))],
        targets={
            name: (float(own), float(there))
            for name, own, there in zip(problem.labels, problem.losses(best.members), matched, strict=True)
        },
    )


def plan_by_observer(
    target: Sequence[Region],
    candidates: Sequence[Region],
    budget: int,
    *,
    data: str | None = None,
    spread: str | None = None,
    over: Over = "worst",
) -> ObserverPlan:
    """`design_by_observer` of conditions as text or as such.

    Parameters
    ----------
    target, candidates
        As of `exposures_of`; the candidates are the targets where none is given.
    budget
        Conditions to train at, at most.
    data
        Specimens: a dataset that keeps exit waves or a shipped kind; CdSe on carbon if left out.
    spread
        "C10=15": standard deviation about every condition, Å.
    over
        Whether the largest loss over the targets or the mean is made small.

    Raises
    ------
    InputError
        For no target, a spread of anything but C10, and as `design_by_observer`.
    """
    if not target:
        raise InputError('the observer needs a target, as in --target "defocus=-20nm:20nm:5nm,dose=100"')
    deviations = parse_spread(spread) if spread else {}
    if set(deviations) - {"C10"}:
        raise InputError(f"--spread {spread}: the observer knows a spread of C10 alone")
    powers = RingPowers(specimens_of(data, structures=STRUCTURES), loaded().settings)
    std = deviations.get("C10", 0.0)
    wanted = exposures_of(target, "--target", powers, std)
    offered = exposures_of(candidates, "--candidates", powers, std) if candidates else wanted
    return design_by_observer(wanted, offered, budget, powers, over=over)


def exposures_of(given: Sequence[Region], option: str, powers: RingPowers, std: float = 0.0) -> dict[str, Exposure]:
    """Exposures of conditions, by name.

    Parameters
    ----------
    given
        Text such as "defocus=-25nm:25nm:5nm,dose=100,camera=k3-300kV,ideal": settings as `planning.choices.region`
        reads them, cameras last; what is left out is as the specimens are imaged. Or a Condition, or a ConditionSet,
        which is one exposure with the spread that it has.
    option
        For messages.
    powers
        Of the specimens.
    std
        Standard deviation of C10 from image to image, Å; not of a ConditionSet.

    Raises
    ------
    InputError
        For what cannot be read.
    """
    found: dict[str, Exposure] = {}
    for text in (one for one in given if isinstance(one, str)):
        for name, one in _of_text(text, option, powers, std).items():
            found[f"{text}: {name}" if name in found else name] = one
    objects = regions([one for one in given if not isinstance(one, str)], option=option)
    for name, condition in objects.items():
        number = sum(key == name or key.startswith(f"{name} #") for key in found)
        spread = _spread(condition, powers.specimens.detector, std) if isinstance(condition, Condition) else None
        found[f"{name} #{number + 1}" if number else name] = spread or exposure(condition, powers.specimens.detector)
    return found


def _of_text(text: str, option: str, powers: RingPowers, std: float) -> dict[str, Exposure]:
    from hrtem_bench.imaging import camera

    settings, _, rest = text.partition("camera=")
    names = [one.strip() for one in rest.split(",") if one.strip()] if rest else [""]
    if any("=" in one for one in names):
        raise InputError(f"{option} {text}: write camera=NAME last")
    given = region(settings.strip(", ") or "C10=0", dict(powers.specimens.lens), option)
    return {
        f"{key},camera={name}" if name else key: _spread(
            condition, camera(name) if name else powers.specimens.detector, std
        )
        for name in names
        for key, condition in given.items()
    }


def _spread(condition: Condition, detector: object, std: float) -> Exposure:
    conditions, weights = zip(*focus_spread(condition, std), strict=True)
    return Exposure(conditions, weights, (detector,) * len(weights))
