"""What the rows of a study say: means over seeds, what a shift costs, and how much of the spread is between seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.scoring.estimate import Estimate

Floats = NDArray[np.float64]
SAMPLES = 2000
"""Of the bootstrap over networks."""


@dataclass(frozen=True)
class Matrix:
    """One score of the networks of a block: training sets by test conditions.

    Parameters
    ----------
    train, test
        Training sets and test conditions, in the order of the rows.
    mean, spread
        (train, test): mean over seeds, and their standard deviation (NaN for one seed).
    values
        (train, test, seeds), NaN where a seed is missing or its network failed.
    """

    metric: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    mean: Floats
    spread: Floats
    values: Floats


@dataclass(frozen=True)
class Costs:
    """What testing elsewhere costs, for one training set: ln of the loss at each condition over the loss where trained.

    The intervals are those of a bootstrap over seeds.
    """

    train: str
    test: tuple[str, ...]
    cost: tuple[Estimate, ...]


@dataclass(frozen=True)
class SeedShare:
    """How much of the variance of the logarithm of the loss is between seeds, within a training set and test condition.

    Parameters
    ----------
    seed_sd
        Standard deviation between seeds, of ln(loss), pooled over cells.
    total_sd
        Standard deviation of ln(loss) over all.
    share
        seed_sd² / total_sd².
    """

    seed_sd: float
    total_sd: float
    share: float


def rows_of(table: Any, block: str, specimens: str | None = None) -> list[dict[str, Any]]:
    """The rows of a block's networks that did not fail; InputError where there are none."""
    rows = [
        row
        for row in table.to_pylist()
        if row["block"] == block and not row["failed"] and specimens in (None, row["specimens"])
    ]
    if not rows:
        raise InputError(f"the table has no rows of the block {block!r}")
    return rows


def matrix(rows: Sequence[dict[str, Any]], metric: str, order: Sequence[str] = ()) -> Matrix:
    """The score of the rows by training set and test condition; `order`: of conditions, others come after it."""
    place = {name: index for index, name in enumerate(order)}

    def ordered(names: set[str]) -> tuple[str, ...]:
        return tuple(sorted(names, key=lambda name: (place.get(name, len(place)), _number(name), name)))

    train, test = (ordered({row[key] for row in rows}) for key in ("train", "test"))
    seeds = sorted({row["seed"] for row in rows})
    values = np.full((len(train), len(test), len(seeds)), np.nan)
    for row in rows:
        values[train.index(row["train"]), test.index(row["test"]), seeds.index(row["seed"])] = row[metric]
    count = np.isfinite(values).sum(axis=-1)
    mean = np.where(count > 0, np.nansum(values, axis=-1) / np.maximum(count, 1), np.nan)
    squares = np.nansum((values - mean[..., None]) ** 2, axis=-1)
    spread = np.where(count > 1, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)
    return Matrix(metric, train, test, mean, spread, values)


def costs(losses: Matrix, seed: int = 0) -> list[Costs]:
    """What testing elsewhere costs each training set of one condition that was tested where it was trained.

    The interval holds 95 % of a bootstrap over seeds of the mean of ln(loss elsewhere) - ln(loss where trained).
    """
    generator = np.random.default_rng(seed)
    found = []
    for index, name in enumerate(losses.train):
        if name not in losses.test:
            continue
        own = losses.values[index, losses.test.index(name)]
        logs = np.log(losses.values[index] / own)
        logs = logs[:, np.isfinite(logs).all(axis=0)]
        if not logs.shape[1]:
            continue
        drawn = generator.integers(logs.shape[1], size=(SAMPLES, logs.shape[1]))
        means = logs[:, drawn].mean(axis=-1)
        each = zip(logs.mean(axis=-1), means, strict=True)
        found.append(Costs(name, losses.test, tuple(drawn_estimate(v, one, logs.shape[1] > 1) for v, one in each)))
    return found


def drawn_estimate(value: float, drawn: Floats | Sequence[float], several: bool = True) -> Estimate:
    """A number with the 95 % interval of its bootstrap; without one where there was only one thing to draw from."""
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(float(value), float(low), float(high)) if several else Estimate(float(value))


def seed_share(losses: Matrix) -> SeedShare:
    """The part of the variance of ln(loss) that lies between seeds; NaN where each cell has one."""
    logs = np.log(losses.values)
    deviations = logs - np.nanmean(logs, axis=-1, keepdims=True)
    count = np.isfinite(logs).sum(axis=-1)
    freedom = int(np.maximum(count - 1, 0).sum())
    within = float(np.nansum(deviations**2) / freedom) if freedom else np.nan
    total = float(np.nanvar(logs, ddof=1))
    return SeedShare(within**0.5, total**0.5, within / total if total > 0 else np.nan)


def _number(name: str) -> float:
    """The number after the first = of a condition's text; infinity where there is none."""
    digits = name.partition("=")[2].split(";")[0].split(",")[0]
    while digits and digits[-1] not in "0123456789":
        digits = digits[:-1]
    try:
        return float(digits)
    except ValueError:
        return np.inf
