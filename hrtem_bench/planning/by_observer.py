"""Which conditions to train on by the model observer: the set whose expected loss at the targets is least.

Dose, camera and specimen count, as they do for the observer; a plan is a set of different conditions, trained at in
equal parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.observer import Exposure, Frozen, RingPowers, loaded, observer_at, terms
from hrtem_bench.observer.expectation import mixed_place
from hrtem_bench.observer.law import log_losses
from hrtem_bench.planning.plan import Over
from hrtem_bench.planning.search import best_sets

Floats = NDArray[np.float64]
EFFORT = 40_000
"""Sets times targets at most, where all sets of a size are tried."""
_ASIDE = 1e-3
"""Weight of the mean beside the worst, or of the worst beside the mean, so that it decides between equals."""


class Losses(msgspec.Struct, frozen=True, kw_only=True):
    """The losses to expect of a training set over the targets, nats per pixel.

    Parameters
    ----------
    name
        "plan of 2", or what else it is.
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
    best
        The best set of all sizes.
    sizes
        The best set of each size up to the budget.
    compared
        Other choices.
    targets
        Target -> the loss to expect there of the best set, and of networks trained at the target itself.
    """

    over: Over
    best: Losses
    sizes: list[Losses]
    compared: list[Losses]
    targets: dict[str, tuple[float, float]]


def design_by_observer(
    targets: Mapping[str, Exposure],
    candidates: Mapping[str, Exposure],
    budget: int,
    powers: RingPowers,
    *,
    over: Over = "worst",
    compared: Mapping[str, Sequence[str]] | None = None,
    law: Frozen | None = None,
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
    compared
        Name -> candidates of other training sets, to be scored alike.
    law
        The package's if left out.

    Raises
    ------
    InputError
        For no target, no candidate, a budget below 1, and as `observer_at`.
    """
    if budget < 1:
        raise InputError(f"the budget must be at least 1 condition, not {budget}")
    if not targets or not candidates:
        raise InputError(f"there is no {'candidate' if targets else 'target'}: give at least one")
    law = law or loaded()
    powers.prepare(one for each in (*targets.values(), *candidates.values()) for one in each.conditions)
    there = {name: observer_at(one, powers, law.settings) for name, one in candidates.items()}
    here = {name: observer_at(one, powers, law.settings) for name, one in targets.items()}
    names, places = list(there), list(here.values())

    def losses(members: Sequence[str]) -> Floats:
        """Of a training set at each target, (targets,)."""
        place = mixed_place([there[name] for name in members])
        found = [terms(place, one).numbers for one in places]
        return np.exp(log_losses(found, law.coefficients))

    def score(sets: NDArray[np.intp]) -> Floats:
        values = np.array([losses([names[i] for i in row]) for row in sets])
        both = -values.max(axis=1), -values.mean(axis=1)
        first, second = both if over == "worst" else both[::-1]
        total: Floats = first + _ASIDE * second
        return total

    def told(name: str, members: Sequence[str], **found: int) -> Losses:
        values = losses(members)
        worst = int(values.argmax())
        return Losses(
            name=name,
            conditions=list(members),
            mean=float(values.mean()),
            worst=float(values[worst]),
            worst_at=list(here)[worst],
            tried=found.get("tried", 1),
            exhaustive=bool(found.get("exhaustive", 0)),
        )

    found = best_sets(len(names), budget, score, max(1, EFFORT // len(places)))
    sizes = [
        told(f"best of {len(one.members)}", [names[i] for i in one.members], tried=one.tried, exhaustive=one.exhaustive)
        for one in found
    ]
    best = sizes[int(np.argmax([one.score for one in found]))]
    matched = {name: np.exp(log_losses(terms(one, one).matched, law.coefficients)) for name, one in here.items()}
    return ObserverPlan(
        over=over,
        best=best,
        sizes=sizes,
        compared=[told(name, members) for name, members in (compared or {}).items()] + [told("all candidates", names)],
        targets={
            name: (float(one), float(matched[name])) for name, one in zip(here, losses(best.conditions), strict=True)
        },
    )


def exposures_of(texts: Sequence[str], option: str, powers: RingPowers, std: float = 0.0) -> dict[str, Exposure]:
    """Exposures from text such as "defocus=-25nm:25nm:5nm,dose=100,camera=k3-300kV,ideal", by name.

    Parameters
    ----------
    texts
        Settings as `planning.choices.region` reads them, cameras besides; what is left out is as the specimens are
        imaged.
    option
        For messages.
    powers
        Of the specimens.
    std
        Standard deviation of C10 from image to image, Å.

    Raises
    ------
    InputError
        For what cannot be read.
    """
    from hrtem_bench.imaging import camera
    from hrtem_bench.observer.exposures import focus_spread
    from hrtem_bench.planning.choices import region

    found: dict[str, Exposure] = {}
    for text in texts:
        settings, _, rest = text.partition("camera=")
        names = [one.strip() for one in rest.split(",") if one.strip()] if rest else [""]
        if any("=" in one for one in names):
            raise InputError(f"{option} {text}: write camera=NAME last")
        base = dict(powers.specimens.lens)
        given = region(settings.rstrip(", "), base, option) if settings.strip(", ") else region("C10=0", base, option)
        for name in names:
            detector = camera(name) if name else powers.specimens.detector
            for key, condition in given.items():
                conditions, weights = zip(*focus_spread(condition, std), strict=True)
                label = f"{key},camera={name}" if name else key
                if label in found:
                    label = f"{text}: {label}"
                found[label] = Exposure(conditions, weights, (detector,) * len(weights))
    return found


__all__ = ["EFFORT", "Losses", "ObserverPlan", "design_by_observer", "exposures_of"]
