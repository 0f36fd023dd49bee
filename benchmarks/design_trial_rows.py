"""What came of the plans of benchmarks/design_trial.py: losses and Dice by rule, beside those of the frozen law.

    python benchmarks/design_trial_rows.py

From benchmarks/design_trial_study/networks.parquet: the tables of docs/explanation/observer.md, and the figure
docs/images/design_trial.svg.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from page import OBSERVER, write_between

from hrtem_bench.report.figure_style import new_figure, styled, write_figure
from hrtem_bench.study import read_rows
from hrtem_bench.study.comparisons import difference_of_means

ROOT = Path(__file__).parents[1]
ROWS = ROOT / "benchmarks" / "design_trial_study" / "networks.parquet"
PICTURE = ROOT / "docs" / "images" / "design_trial.svg"
MEASURED = "<!-- plans trained: written by benchmarks/design_trial_rows.py -->", "<!-- end of plans trained -->"
RULES = {
    "worst": "for the worst",
    "mean": "for the mean",
    "observer": "second law",
    "even": "even",
    "sigma": "σ",
    "random": "random",
    "again": "best random pick",
}
OWN = "worst"
"""The rule that the others are compared with: the law's plan for the worst condition."""
Floats = np.ndarray
Row = Mapping[str, Any]


def by_network(rows: Iterable[Row], column: str) -> dict[tuple[str, int], dict[str, float]]:
    """(Training set, seed) -> test condition -> value."""
    found: dict[tuple[str, int], dict[str, float]] = {}
    for one in rows:
        found.setdefault((one["train"], one["seed"]), {})[one["test"]] = one[column]
    return found


def numbers(rows: Sequence[Row]) -> dict[str, Floats]:
    """Of each network of some rows: ln of its worst and of its mean loss, its lowest and its mean Dice, (networks,)."""
    losses, dice = (by_network(rows, name).values() for name in ("nll", "dice"))
    return {
        "worst": np.log([max(one.values()) for one in losses]),
        "mean": np.log([np.mean(list(one.values())) for one in losses]),
        "lowest Dice": np.array([min(one.values()) for one in dice]),
        "mean Dice": np.array([np.mean(list(one.values())) for one in dice]),
    }


def difference(one: Floats, own: Floats) -> str:
    """Mean of a rule's networks less that of `OWN`, with 95 % of a bootstrap over the networks of either."""
    found = difference_of_means(own, one)
    return f"{found.value:+.2f} ({found.low:+.2f} to {found.high:+.2f})".replace("-", "−")


def worst_place(rows: Sequence[Row]) -> str:
    """Where the networks lose most, the condition of most of them."""
    places = [max(one, key=one.__getitem__) for one in by_network(rows, "nll").values()]
    most = max(set(places), key=places.count)
    share = f" ({places.count(most)} of {len(places)})" if places.count(most) < len(places) else ""
    return f"{short(most)}{share}"


def short(condition: str) -> str:
    """ "-10 nm at 50" of "defocus=-10nm,dose=50e/A2"."""
    focus, dose = (one.partition("=")[2] for one in condition.split(","))
    return f"{focus.removesuffix('nm')} nm at {dose.removesuffix('e/A2')}".replace("-", "−")


def groups(rows: Sequence[Row]) -> dict[str, dict[str, list[Row]]]:
    """Material -> rule -> rows."""
    found: dict[str, dict[str, list[Row]]] = {}
    for one in rows:
        found.setdefault(one["material"], {name: [] for name in RULES})[one["block"].partition("-")[0]].append(one)
    return {material: found[material] for material in ("CdSe", "Ag")}


def table(rows: Sequence[Row]) -> str:
    """Markdown: the four numbers of each rule; below them their distance from the law's plan."""
    lines = [
        "| | networks | worst loss | where | mean loss | lowest Dice | mean Dice |",
        "|---|---|---|---|---|---|---|",
    ]
    apart = [
        "| less the plan for the worst | ln worst loss | ln mean loss | lowest Dice | mean Dice |",
        "|---|---|---|---|---|",
    ]
    for material, rules in groups(rows).items():
        own = numbers(rules[OWN])
        for rule, mine in rules.items():
            name, found = f"{material}, {RULES[rule]}", numbers(mine)
            worst, mean = (np.exp(found[key]).mean() for key in ("worst", "mean"))
            dice = " | ".join(f"{found[key].mean():.3f}" for key in ("lowest Dice", "mean Dice"))
            count = len(found["worst"])
            lines.append(f"| {name} | {count} | {worst:.3f} | {worst_place(mine)} | {mean:.3f} | {dice} |")
            if rule != OWN:
                apart.append(f"| {name} | {' | '.join(difference(found[key], own[key]) for key in found)} |")
        for rule in ("worst", "mean"):
            mine = numbers(rules[rule])
            beaten = [int((numbers(rules["random"])[key] > mine[key].mean()).sum()) for key in ("worst", "mean")]
            lines.append(
                f"| {material}, picks worse than the plan {RULES[rule]} | 20 | {beaten[0]} | | {beaten[1]} | | |"
            )
    return "\n".join([*lines, "", *apart])


@styled
def figure(rows: Sequence[Row]) -> Figure:
    """Worst and mean loss of every network, by rule: one dot a network, a bar at the mean of a plan's seeds."""
    drawn = new_figure(170, 105)
    axes = drawn.subplots(2, 2, sharex=True, sharey="row")
    for column, (material, rules) in enumerate(groups(rows).items()):
        for row, key in enumerate(("worst", "mean")):
            ax = axes[row, column]
            for x, (rule, mine) in enumerate(rules.items()):
                values = np.exp(numbers(mine)[key])
                across = x + np.linspace(-0.25, 0.25, len(values))
                ax.plot(across, values, "o", ms=3.5, color="0.55" if rule == "random" else "C0", alpha=0.9)
                ax.plot([x - 0.32, x + 0.32], [np.mean(values)] * 2, color="black", lw=1.2)
            ax.set_yscale("log")
            ticks = (0.2, 0.3, 0.5, 0.8) if key == "worst" else (0.08, 0.1, 0.15, 0.2)
            ax.set_yticks(ticks, [f"{one:g}" for one in ticks])
            ax.minorticks_off()
            ax.set_xticks(range(len(RULES)), [name.replace(" ", "\n") for name in RULES.values()])
            if column == 0:
                ax.set_ylabel(f"{key} loss, nats per pixel")
            if row == 0:
                ax.set_title(f"{material}, film below")
    return drawn


def main() -> None:
    rows = read_rows(ROWS).to_pylist()
    text = table(rows)
    print(text)
    write_between(OBSERVER, MEASURED, text)
    write_figure(PICTURE, figure(rows))


if __name__ == "__main__":
    main()
