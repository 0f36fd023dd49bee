"""`hrtem-bench design --criterion observer`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hrtem_bench.cli.printing import fixed, print_table

if TYPE_CHECKING:
    from hrtem_bench.planning import ObserverPlan


def print_observer_plan(found: ObserverPlan) -> None:
    """Print a plan of the model observer: the best sets by size, other choices, and what each target is to lose."""
    from hrtem_bench.observer import loaded

    print(f"{len(found.targets)} targets, {found.candidates} candidates, on {found.specimens}")
    print(f"train at {'; '.join(found.best.conditions)}")
    print_table(
        f"expected loss, nats per pixel; the {found.over} over the targets was made small",
        ("train at", "conditions", "mean", "worst", "where worst", "found by"),
        [
            (
                one.name,
                str(len(one.conditions)),
                fixed(one.mean),
                fixed(one.worst),
                one.worst_at,
                f"all {one.tried} sets" if one.exhaustive else f"{one.tried} sets tried" if one.tried > 1 else "–",
            )
            for one in (*found.sizes, *found.compared)
        ],
    )
    print_table(
        "at each target",
        ("target", "this plan", "if trained there"),
        [(name, fixed(own), fixed(matched)) for name, (own, matched) in found.targets.items()],
    )
    law = loaded()
    print(
        f"law of {law.date}, from {law.fitted_on}: its offset is that of the networks there, the order is what counts"
    )
