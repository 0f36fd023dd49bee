"""Plans of training conditions by the observer, by even spacing, by σ and at random, before and after training.

    python benchmarks/design_trial.py --data DIR [--rows OUT/networks.parquet]

DIR holds the datasets CdSe-below and Ag-below of `hrtem-bench study wide`. What the frozen law expects of each plan is
printed and written into docs/explanation/observer.md. benchmarks/design_trial_study/study.toml is written from the
plans unless it is there: plans that were frozen stay. With the rows of that study, the random pick that did best on
each material is added to the file, and printed is how the plans rank by what is expected and by what came.
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
from design_trial_rows import RULES, Row, by_network, short
from page import OBSERVER, write_between

from hrtem_bench.observer import RingPowers, loaded, observer_at, parse_exposure, specimens_of, terms
from hrtem_bench.observer.agreement import rank
from hrtem_bench.observer.expectation import Place, mixed_place
from hrtem_bench.observer.law import log_losses
from hrtem_bench.planning import design
from hrtem_bench.planning.by_observer import design_by_observer
from hrtem_bench.planning.choices import choices
from hrtem_bench.study import read_rows

ROOT = Path(__file__).parents[1]
STUDY = ROOT / "benchmarks" / "design_trial_study" / "study.toml"
EXPECTED = "<!-- plans: written by benchmarks/design_trial.py -->", "<!-- end of plans -->"
MATERIALS = {"CdSe-below": "CdSe", "Ag-below": "Ag"}
FOCI, DOSES = range(-25, 26, 5), (50, 100, 200, 400)
SIZE, SPREAD = 3, 15.0
"""Conditions of a plan; standard deviation of C10 from image to image, Å."""
SEEDS, PICKS = 3, 20
PLANNING_STRUCTURES = 8
"""Training structures that the observer plans by: none of those that the networks are tested on."""

AGAIN = "again"
"""Block of the random pick that did best with one seed, trained with others."""

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


def even_plan() -> Plan:
    """Counted off evenly from the first of the grid to the last: low, middle and high of both focus and dose."""
    every = grid()
    return tuple(every[round((len(every) - 1) * i / (SIZE - 1))] for i in range(SIZE))


def sigma_plan() -> Plan:
    """Foci by σ, which is blind to the dose; in ascending order they take the doses of the even plan."""
    region = f"defocus={FOCI[0]}nm:{FOCI[-1]}nm:{FOCI.step}nm"
    given = choices([region], [region], SIZE, spread=f"C10={SPREAD:g}")
    found = design(given.target_sets, given.candidate_sets, SIZE, q_max=given.q_max)
    foci = sorted(0.0 - given.candidates[name].C10 / 10 for name in found.sizes[-1].conditions)
    doses = [one.partition(",")[2] for one in even_plan()]
    return tuple(f"defocus={focus:g}nm,{dose}" for focus, dose in zip(foci, doses, strict=True))


def random_plans() -> list[Plan]:
    """Picks without return from the grid; the same for both materials."""
    generator, every = np.random.default_rng(0), grid()
    return [tuple(every[i] for i in sorted(generator.choice(len(every), SIZE, replace=False))) for _ in range(PICKS)]


def observer_plan(powers: RingPowers) -> Plan:
    """The set of three whose largest expected loss over the grid is smallest."""
    every = {one: parse_exposure(one, powers.specimens, SPREAD) for one in grid()}
    return tuple(design_by_observer(every, every, SIZE, powers).sizes[-1].conditions)


def plans_of(material: str, powers: RingPowers) -> dict[str, list[Plan]]:
    """Rule -> its plans."""
    return {
        f"observer-{material}": [observer_plan(powers)],
        "even": [even_plan()],
        "sigma": [sigma_plan()],
        "random": random_plans(),
    }


def expected(plan: Plan, places: Mapping[str, Place]) -> Expected:
    """What the frozen law expects over the grid."""
    mix = mixed_place([places[one] for one in plan])
    losses = np.exp(log_losses([terms(mix, one).numbers for one in places.values()], loaded().coefficients))
    return Expected(float(losses.max()), list(places)[int(losses.argmax())], float(losses.mean()))


def study_toml(found: Mapping[str, Mapping[str, Sequence[Plan]]]) -> str:
    """The study that trains the plans: one block for each rule, the observer's for each material."""
    lines = [
        "# Plans of three training conditions out of focus by dose: by the observer, counted off evenly, by σ, and at",
        "# random. Written by benchmarks/design_trial.py before any network was trained.",
        'name = "design"',
        'description = "Plans of three training conditions, trained for real and used over focus and dose."',
        'network = "unet_small"',
        'function = "model:half"',
        "",
        "[training]",
        "steps = 75",
    ]
    for material, lattice in MATERIALS.items():
        lines += ["", "[[specimens]]", f'name = "{material}"', 'recipe = "waves"']
        lines += [f'scene = {{ lattices = ["{lattice}"], film_side = "below" }}']
        lines += [f'material = "{lattice}"', 'film = "below"']
    rules = {rule: plans for one in found.values() for rule, plans in one.items()}
    for rule, plans in rules.items():
        lines += ["", "[[blocks]]", f'name = "{rule}"']
        lines += [f"specimens = {json.dumps([one for one in found if rule in found[one]])}"]
        lines += [f"seeds = {1 if rule == 'random' else SEEDS}", f"spread = {SPREAD}"]
        lines += [f"train = {json.dumps([list(one) for one in plans])}", f"test = {json.dumps(grid())}"]
    return "\n".join(lines) + "\n"


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


def with_best_pick(rows: Sequence[Row]) -> None:
    """Add to the study's file the random pick with the least worst loss on each material, for other seeds."""
    text = STUDY.read_text("utf-8")
    for material in MATERIALS:
        block = f"{AGAIN}-{material}"
        losses = by_network([one for one in rows if one["specimens"] == material and one["block"] == "random"], "nll")
        if f'"{block}"' in text or not losses:
            continue
        (train, _), _ = min(losses.items(), key=lambda one: max(one[1].values()))
        plan = json.dumps([train.split(";")])
        text += f'\n[[blocks]]\nname = "{block}"\nspecimens = ["{material}"]\nseeds = {SEEDS}\nfirst_seed = 1\n'
        text += f"spread = {SPREAD}\ntrain = {plan}\ntest = {json.dumps(grid())}\n"
    STUDY.write_text(text, "utf-8")


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
    parser.add_argument("--rows", type=Path)
    asked = parser.parse_args()
    powers = {
        one: RingPowers(specimens_of(asked.data / one, structures=PLANNING_STRUCTURES, split="train"))
        for one in MATERIALS
    }
    if not STUDY.exists():
        STUDY.parent.mkdir(parents=True, exist_ok=True)
        STUDY.write_text(study_toml({one: plans_of(one, powers[one]) for one in MATERIALS}), "utf-8")
    rows = read_rows(asked.rows).to_pylist() if asked.rows else []
    with_best_pick(rows)
    plans, found = frozen_plans(), {}
    for material, own in powers.items():
        places = {
            one: observer_at(parse_exposure(one, own.specimens, SPREAD), own, loaded().settings) for one in grid()
        }
        found[material] = {
            rule: [expected(one, places) for one in several] for rule, several in plans[material].items()
        }
        if rows:
            print_ranks(material, [one for one in rows if one["specimens"] == material], places)
    text = table(found, plans)
    print(text)
    write_between(OBSERVER, EXPECTED, text)


if __name__ == "__main__":
    main()
