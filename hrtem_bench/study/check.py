"""Whether networks trained afresh are like those that a study's table tells of."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.machine import cpus
from hrtem_bench.study.networks import Network, networks
from hrtem_bench.study.run import TrainingJob, make_specimens, rows_of_networks
from hrtem_bench.study.settings import Study
from hrtem_bench.study.table import all_rows
from hrtem_bench.support.files import locked
from hrtem_bench.support.pool import pooled

LEAST_SEEDS = 3
"""Networks of a training set in the table, so that their spread is known."""
LEVEL = 0.99


@dataclass(frozen=True)
class Checked:
    """A network trained afresh, beside those of its training set that the table tells of.

    Parameters
    ----------
    network
        Its block, specimens, training set and seed, one that the table does not have.
    loss
        Mean over the test conditions of ln(loss), the loss in nats per pixel.
    low, high
        Where a further network of the same training set lies with a probability of LEVEL, if the means of ln(loss) of
        networks are normally distributed: mean ± t s √(1 + 1/n) of the n in the table.
    """

    network: Network
    loss: float
    low: float
    high: float

    @property
    def like(self) -> bool:
        """Whether it lies there."""
        return self.low <= self.loss <= self.high


def check_study(
    study: Study, out: Path, rows: Sequence[Path], count: int, workers: int | None = None
) -> Iterator[Checked]:
    """Train `count` networks of a study with a new seed, and hold them against its rows; each as it comes.

    The training sets are spread evenly over those that have at least LEAST_SEEDS networks in the rows of the folder
    `out` and of the tables `rows`. The specimens are made in `out` where they are not there; no rows are written.
    InputError where no training set has so many networks, and for a network that fails.
    """
    losses = _losses(all_rows(out, rows).to_pylist())
    cells = list(
        dict.fromkeys(one for one in map(_anew, networks(study)) if len(losses.get(_cell(one), {})) >= LEAST_SEEDS)
    )
    if not cells:
        raise InputError(
            f"no training set has {LEAST_SEEDS} networks in the rows: there is no spread to hold others against"
        )
    chosen = [cells[k * len(cells) // count] for k in range(min(count, len(cells)))]
    out.mkdir(parents=True, exist_ok=True)
    with locked(out / "lock", f"another run works on {out}"):
        make_specimens(study, out, workers)
        seeds = [max(losses[_cell(one)]) + 1 for one in chosen]
        jobs = [
            TrainingJob((dataclasses.replace(one, seed=seed),), study, out)
            for one, seed in zip(chosen, seeds, strict=True)
        ]
        by_name = {job.name: job.networks[0] for job in jobs}
        for (found,) in pooled(rows_of_networks, jobs, min(workers or cpus(), len(jobs)), kept="nothing is kept"):
            network = by_name[found[0]["name"]]
            if found[0]["failed"]:
                raise InputError(f"{network.block}, {network.train_id}: {found[0]['failed']}")
            yield _held(network, losses[_cell(network)], _mean_log(found))


def _held(network: Network, losses: dict[int, float], loss: float) -> Checked:
    from scipy import stats

    values = np.array(list(losses.values()))
    n = len(values)
    reach = stats.t.ppf(0.5 + LEVEL / 2, n - 1) * values.std(ddof=1) * np.sqrt(1 + 1 / n)
    return Checked(network, loss, float(values.mean() - reach), float(values.mean() + reach))


def _losses(rows: Sequence[dict[str, Any]]) -> dict[tuple[str, ...], dict[int, float]]:
    """Cell -> seed -> mean of ln(loss), of the networks that did not fail."""
    by_network: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if not row["failed"]:
            by_network.setdefault(row["name"], []).append(row)
    found: dict[tuple[str, ...], dict[int, float]] = {}
    for mine in by_network.values():
        cell = tuple(mine[0][name] for name in ("block", "specimens", "train", "key"))
        found.setdefault(cell, {})[mine[0]["seed"]] = _mean_log(mine)
    return found


def _mean_log(rows: Sequence[dict[str, Any]]) -> float:
    return float(np.mean(np.log([row["nll"] for row in rows])))


def _cell(one: Network) -> tuple[str, ...]:
    return one.block, one.specimens, one.train_id, one.key


def _anew(one: Network) -> Network:
    return dataclasses.replace(one, seed=0)
