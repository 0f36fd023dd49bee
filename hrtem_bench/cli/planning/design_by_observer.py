"""`hrtem-bench design --criterion observer`."""

from __future__ import annotations

from collections.abc import Sequence

from hrtem_bench.cli.printing import fixed, print_table
from hrtem_bench.errors import InputError


def design_by_observer(
    target: Sequence[str], candidates: Sequence[str], budget: int, data: str | None, spread: str | None, worst: bool
) -> None:
    """Print the plan of the model observer.

    Parameters
    ----------
    target, candidates
        As text; the candidates are the targets where none is given.
    budget
        Conditions to train at, at most.
    data
        Specimens: a dataset that keeps exit waves or a shipped kind; CdSe on carbon if left out.
    spread
        "C10=15": standard deviation about every condition, Å.
    worst
        Whether the largest loss or the mean is made small.
    """
    from hrtem_bench.observer import RingPowers, loaded, specimens_of
    from hrtem_bench.planning.by_observer import design_by_observer as choose
    from hrtem_bench.planning.by_observer import exposures_of
    from hrtem_bench.planning.choices import parse_spread

    if not target:
        raise InputError('--criterion observer needs --target, as in --target "defocus=-20nm:20nm:5nm,dose=100"')
    deviations = parse_spread(spread) if spread else {}
    if set(deviations) - {"C10"}:
        raise InputError(f"--spread {spread}: the observer knows a spread of C10 alone")
    powers = RingPowers(specimens_of(data, structures=6), loaded().settings)
    std = deviations.get("C10", 0.0)
    wanted = exposures_of(target, "--target", powers, std)
    offered = exposures_of(candidates, "--candidates", powers, std) if candidates else wanted
    last = len(offered) - 1
    names = list(offered)
    even = [names[round(last * i / max(budget - 1, 1))] for i in range(min(budget, len(names)))]
    if budget == 1:
        even = [names[last // 2]]
    found = choose(
        wanted, offered, budget, powers, over="worst" if worst else "mean", compared={"counted off evenly": even}
    )
    print(f"{len(wanted)} targets, {len(offered)} candidates, on {powers.specimens.name}")
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
