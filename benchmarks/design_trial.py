"""Plans of training conditions by the observer, even spacing, σ and at random: what the frozen law expects of them.

    python benchmarks/design_trial.py --data DIR

DIR holds the datasets CdSe-below and Ag-below of `hrtem-bench study wide`. The plans stand in
benchmarks/design_trial_study/study.toml, where they were written before any of their networks was trained; those that
the frozen law makes for the worst condition and for the mean are added unless they are there. What the law expects of
each is printed and written into docs/explanation/observer.md, and how the plans that were trained rank by it.
benchmarks/design_trial_rows.py tells the rest.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from design_trial_rows import ROWS, RULES, Row, by_network, short
from page import OBSERVER, write_between

from hrtem_bench.observer import RingPowers, loaded, observer_at, parse_exposure, specimens_of, terms
from hrtem_bench.observer.agreement import rank
from hrtem_bench.observer.expectation import Place, mixed_place
from hrtem_bench.observer.law import log_losses
from hrtem_bench.planning.by_observer import Over, design_by_observer
from hrtem_bench.study import read_rows
from hrtem_bench.support.files import write_aside

ROOT = Path(__file__).parents[1]
STUDY = ROOT / "benchmarks" / "design_trial_study" / "study.toml"
EXPECTED = "<!-- plans: written by benchmarks/design_trial.py -->", "<!-- end of plans -->"
MATERIALS = {"CdSe-below": "CdSe", "Ag-below": "Ag"}
FOCI, DOSES = range(-25, 26, 5), (50, 100, 200, 400)
SIZE, SPREAD = 3, 15.0
"""Conditions of a plan; standard deviation of C10 from image to image, Å."""
SEEDS = 3
OVERS: tuple[Over, ...] = ("worst", "mean")
PLANNING_STRUCTURES = 8
"""Training structures that the observer plans by: none of those that the networks are tested on."""

Plan = tuple[str, ...]


@dataclass(frozen=True)
class Expected:
    """Losses to expect of a plan over all conditions, nats per pixel."""

    worst: float
    worst_at: str
    mean: float


def grid() -> list[str]:
    """Every condition at which the networks are used, and may be trained: focus by dose, as texts."""
    return [_text(focus, dose) for focus in FOCI for dose in DOSES]


def _text(focus: float, dose: float) -> str:
    return f"defocus={focus:g}nm,dose={dose:g}e/A2"


def plans_of_law(material: str, powers: RingPowers) -> dict[str, Plan]:
    """Block -> the three conditions whose largest, or mean, expected loss over the grid is smallest."""
    every = {one: parse_exposure(one, powers.specimens, SPREAD) for one in grid()}
    return {
        f"{over}-{material}": tuple(design_by_observer(every, every, SIZE, powers, over=over).sizes[-1].conditions)
        for over in OVERS
    }


def expected(plan: Plan, places: Mapping[str, Place]) -> Expected:
    """What the frozen law expects over the grid."""
    mix = mixed_place([places[one] for one in plan])
    losses = np.exp(log_losses([terms(mix, one).numbers for one in places.values()], loaded().coefficients))
    return Expected(float(losses.max()), list(places)[int(losses.argmax())], float(losses.mean()))


def frozen_plans() -> dict[str, dict[str, list[Plan]]]:
    """Material -> rule -> plans, as the study's file has them."""
    blocks = tomllib.loads(STUDY.read_text("utf-8"))["blocks"]
    return {
        material: {
            one["name"]: [tuple(plan) for plan in one["train"]] for one in blocks if material in one["specimens"]
        }
        for material in MATERIALS
    }


def table(found: Mapping[str, Mapping[str, Sequence[Expected]]], plans: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown: what is expected of each rule's plan; of random picks lowest, median and highest."""
    lines = ["| | plan | worst, expected | where | mean, expected |", "|---|---|---|---|---|"]
    for material, rules in found.items():
        for rule, several in rules.items():
            worst, mean = (np.array([getattr(one, name) for one in several]) for name in ("worst", "mean"))
            name = f"{MATERIALS[material]}, {RULES[rule.partition('-')[0]]}"
            if len(several) == 1:
                plan, where = (", ".join(map(short, one)) for one in (plans[material][rule][0], [several[0].worst_at]))
                lines.append(f"| {name} | {plan} | {worst[0]:.3f} | {where} | {mean[0]:.3f} |")
            else:
                lines.append(f"| {name} | {len(several)} picks | {_range(worst)} | | {_range(mean)} |")
    return "\n".join(lines)


def with_plans_of_law(material: str, powers: RingPowers) -> None:
    """Add to the study's file what the law plans for a material, unless it is there: plans that were frozen stay."""
    text = STUDY.read_text("utf-8")
    if f'"worst-{material}"' in text:
        return
    for block, plan in plans_of_law(material, powers).items():
        text += f'\n[[blocks]]\nname = "{block}"\nspecimens = ["{material}"]\nseeds = {SEEDS}\nspread = {SPREAD}\n'
        text += f"train = {json.dumps([list(plan)])}\ntest = {json.dumps(grid())}\n"
    write_aside(STUDY, text)


def print_ranks(material: str, rows: Sequence[Row], places: Mapping[str, Place]) -> None:
    """Rank correlation over all plans of what is expected and of what their networks lost, worst and mean."""
    losses = by_network(rows, "nll")
    trained = sorted({train for train, _ in losses})
    own = [[list(values.values()) for (train, _), values in losses.items() if train == one] for one in trained]
    foretold = [expected(tuple(one.split(";")), places) for one in trained]
    worst = rank(np.array([one.worst for one in foretold]), np.array([np.mean([max(v) for v in o]) for o in own]))
    mean = rank(np.array([one.mean for one in foretold]), np.array([np.mean([np.mean(v) for v in o]) for o in own]))
    print(f"{material}: {len(trained)} plans, rank correlation of worst {worst:.2f}, of mean {mean:.2f}")


def _range(values: np.ndarray) -> str:
    return "{:.3f}, {:.3f}, {:.3f}".format(*np.quantile(values, [0, 0.5, 1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    asked = parser.parse_args()
    powers = {
        one: RingPowers(specimens_of(asked.data / one, structures=PLANNING_STRUCTURES, split="train"))
        for one in MATERIALS
    }
    for one, own in powers.items():
        with_plans_of_law(one, own)
    rows = read_rows(ROWS).to_pylist()
    plans, found = frozen_plans(), {}
    for material, own in powers.items():
        places = {
            one: observer_at(parse_exposure(one, own.specimens, SPREAD), own, loaded().settings) for one in grid()
        }
        found[material] = {
            rule: [expected(one, places) for one in several] for rule, several in plans[material].items()
        }
        print_ranks(material, [one for one in rows if one["specimens"] == material], places)
    text = table(found, plans)
    print(text)
    write_between(OBSERVER, EXPECTED, text)


if __name__ == "__main__":
    main()
