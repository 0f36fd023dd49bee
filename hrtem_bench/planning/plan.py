"""What `design` answers, and a plan as TOML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from hrtem_bench.conditions import UNITS, Condition, flat
from hrtem_bench.planning.choices import varying
from hrtem_bench.recipes.tracks import AXES

QRange = tuple[float, float]
"""From and to, 1/Å."""
Criterion = Literal["coverage", "sigma"]
Over = Literal["worst", "mean"]


class TargetScore(msgspec.Struct, frozen=True, kw_only=True):
    """How well a set of `size` conditions serves the targets: mean, lowest value, and the target that has it."""

    name: str
    size: int
    mean: float
    worst: float
    worst_at: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A condition of the plan, and the score of the conditions up to it.

    alike: candidates with equal P. bands: where in q (1/Å) it supplies what those before it lack, `at` a target or on
    average (""). moved: the score before and with it; None for the first.
    """

    condition: str
    alike: list[str]
    score: TargetScore
    at: str
    bands: list[QRange]
    moved: tuple[float, float] | None


class BestOfSize(msgspec.Struct, frozen=True, kw_only=True):
    """The best set of a size. exhaustive: whether all sets of that size were tried; else exchanges found it."""

    score: TargetScore
    conditions: list[str]
    tried: int
    exhaustive: bool


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A target: its ε, and by each measure what the first condition alone and the plan reach there."""

    name: str
    epsilon: float
    first: float
    coverage: float
    sigma: float


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `design`.

    Parameters
    ----------
    criterion
        "coverage" or "sigma".
    over
        "worst" or "mean": which value over the targets was maximised.
    steps
        The conditions, the most helpful first.
    sizes
        The best set of each size up to the budget.
    enough
        The smallest size whose score is within 0.01 of the plan's.
    compared
        Scores of other choices.
    unreachable
        Targets that transfer nothing, which no training can serve. They are left out of the scores.
    """

    criterion: Criterion
    over: Over
    q_max: float
    budget: int
    steps: list[Step]
    sizes: list[BestOfSize]
    enough: int
    compared: list[TargetScore]
    targets: list[Target]
    unreachable: list[str]

    @property
    def conditions(self) -> list[str]:
        """The names of the conditions chosen, in order."""
        return [step.condition for step in self.steps]


def plan_toml(
    plan: Plan,
    candidates: Mapping[str, Condition],
    targets: Mapping[str, Condition],
    spread: Mapping[str, Any],
    notes: Sequence[str] = (),
) -> str:
    """The plan as TOML: a track for a recipe if one setting varies, else tables [[condition]].

    The track tests at the targets and trains at the plan. A file of tables serves as `--conditions-file` of
    `evaluate-rendered`.

    Parameters
    ----------
    plan
        Of `design`.
    candidates, targets
        Name -> condition, as `design` was given them.
    spread
        About every condition, for the track: setting -> standard deviation, or std and distribution as in a recipe.
    notes
        Comments below the first line, one a line, such as `hrtem_bench.report.step_reason` makes.
    """
    chosen = {name: candidates[name] for name in plan.conditions}
    every = [*targets.values(), *chosen.values()]
    names = varying(every)
    found = f"# {', '.join(chosen)}: by {plan.criterion}, {plan.over} over {len(targets)} targets"
    lines = [f"{found}, |q| <= {plan.q_max:g} 1/Å."]
    lines += [f"# {' '.join(note.split())}" for note in notes]
    if len(names) != 1 or names[0] not in AXES:
        lines.append(
            "# Several settings vary, so this is no track of a recipe: a table for each condition to train at."
        )
        for name, condition in chosen.items():
            lines += ["", "[[condition]]", f"id = {json.dumps(name)}", *_settings(condition)]
        return "\n".join(lines) + "\n"
    (axis,) = names
    train = [_place(axis, one) for one in chosen.values()]
    values = sorted({_place(axis, one) for one in every})
    base = {name: value for name, value in _changed(every[0]).items() if name != axis}
    lines += [
        "[tracks.planned]",
        'kind = "scan"',
        f'axis = "{axis}"',
        f'unit = "{UNITS[axis]}"',
        f"values = {values}",
        f"train = {train}",
    ]
    tables = {"base": base, "spread": dict(spread)}
    lines += [f"{key} = {_inline(one)}" for key, one in tables.items() if one]
    return "\n".join(lines) + "\n"


def _inline(table: Mapping[str, Any]) -> str:
    """A table on one line of TOML."""
    pairs = (f"{n} = {_inline(v) if isinstance(v, Mapping) else json.dumps(v)}" for n, v in table.items())
    return f"{{ {', '.join(pairs)} }}"


def _place(axis: str, condition: Condition) -> float:
    return float(flat(condition).get(axis, 0.0))


def _changed(condition: Condition) -> dict[str, float]:
    """The settings that differ from those of `Condition()`."""
    usual = flat(Condition())
    return {name: value for name, value in flat(condition).items() if value != usual.get(name, 0.0)}


def _settings(condition: Condition) -> Sequence[str]:
    return [f"{name} = {value}" for name, value in flat(condition).items() if value is not None]
