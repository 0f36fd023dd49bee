"""Fits the law of the expected loss on the rows that it may be fitted on, and freezes it.

    python benchmarks/observer_law.py --rows docs/studies/published/networks.parquet --data OUT/data/published

OUT is the folder of `hrtem-bench study published --out OUT`. Fitted on are its blocks `defocus` and `dose`, seeds 0 to
4: CdSe with the film below. Written is hrtem_bench/observer/frozen.json, unless it is there: a frozen law is not fitted
anew.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from hrtem_bench.dataset import open_dataset
from hrtem_bench.observer import (
    ObserverSettings,
    RingPowers,
    fit_coefficients,
    freeze,
    hold,
    pairs_of,
    places_of,
    setups_of_track,
    specimens_of,
)
from hrtem_bench.observer.agreement import r_squared, rank, rank_in_rows
from hrtem_bench.observer.fitting import left_out, terms_of_pairs, training_sets, with_constant
from hrtem_bench.observer.law import FROZEN
from hrtem_bench.study import read_rows

BLOCKS = ("defocus", "dose")
SEEDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--loss", default="nll", help="column that is taken for the loss")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "hrtem_bench" / "observer" / FROZEN)
    asked = parser.parse_args()
    start = time.process_time()
    rows = [
        row | {"nll": row[asked.loss]}
        for row in read_rows(asked.rows).to_pylist()
        if row["block"] in BLOCKS and row["seed"] < SEEDS
    ]
    powers = RingPowers(specimens_of(asked.data), ObserverSettings())
    setups = {}
    for block in BLOCKS:
        setups |= setups_of_track(open_dataset(asked.data, block), "published", powers)
    words = "study published, CdSe with the film below: five training sets of defocus by eleven, five of dose by five"
    law = fit_coefficients(rows, setups, fitted_on=words)
    print(law.settings, law.coefficients, sep="\n")
    pairs = pairs_of(rows)
    measured, sets = np.array([one.log_loss for one in pairs]), training_sets(pairs)
    design = with_constant(terms_of_pairs(pairs, places_of(pairs, setups, law.settings)))
    foretold = left_out(design, measured, sets)
    scores = r_squared(foretold, measured), rank(foretold, measured), rank_in_rows(foretold, measured, sets)
    print("other training sets: R² {:.2f}, rank {:.2f}, in rows {:.2f}".format(*scores))
    found = hold(rows, law, setups)
    print(f"fitted: R² {found.r2.value:.2f}, oracle {found.oracle_r2:.2f}")
    for name, one in {"observer": found.observer, **found.rivals}.items():
        print(f"{name:60s} rank {one.rank.value:.2f}, in rows {one.rank_in_rows.value:.2f}")
    print(f"{time.process_time() - start:.0f} s of CPU")
    if asked.out.exists():
        print(f"{asked.out} is there and stays")
    else:
        freeze(law, asked.out)


if __name__ == "__main__":
    main()
