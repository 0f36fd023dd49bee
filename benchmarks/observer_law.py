"""Fits the law of the expected loss on the rows that it may be fitted on, and freezes it.

    python benchmarks/observer_law.py --published OUT --powers CACHE

OUT is the folder of `hrtem-bench study published --out OUT`. Fitted on are its blocks `defocus`, `dose` and
`structure`, seeds 0 to 4, film below; spectra are kept in CACHE. Written is hrtem_bench/observer/frozen.json, unless it
is there: a frozen law is not fitted anew.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hrtem_bench.dataset import open_dataset
from hrtem_bench.observer import (
    ObserverSettings,
    RingPowers,
    Setup,
    fit_coefficients,
    foreseen,
    freeze,
    hold,
    pairs_of,
    places_of,
    setups_of_rows,
    setups_of_track,
    simulated_specimens,
    specimens_of,
)
from hrtem_bench.observer.agreement import mean_of_known, r_squared, rank, ranks_of_rows
from hrtem_bench.observer.fitting import left_out, terms_of_pairs, training_sets, weights_of, with_constant
from hrtem_bench.observer.law import FROZEN
from hrtem_bench.recipes.loading import recipe_from_dict
from hrtem_bench.study.table import all_rows

BLOCKS = ("defocus", "dose", "structure")
SEEDS = 5
SCENES = 4
"""Test structures of each scene: all that the track has."""


def own_setups(out: Path, cache: Path, settings: ObserverSettings) -> dict[tuple[str, str], Setup]:
    """The setups of the tracks `defocus` and `dose`, of specimens whose waves the dataset keeps."""
    data = out / "data" / "published"
    own = RingPowers(specimens_of(data), settings, cache / "published.npz")
    found: dict[tuple[str, str], Setup] = {}
    for name in ("defocus", "dose"):
        found |= setups_of_track(open_dataset(data, name), "published", own)
    return found


def rendered_setups(
    rows: Sequence[Mapping[str, Any]], study: str, out: Path, cache: Path, settings: ObserverSettings
) -> Mapping[tuple[str, str], Setup]:
    """The setups of rows of a study whose images are rendered from the waves of its specimens; OUT is its folder."""
    powers = {
        one: RingPowers(specimens_of(out / "data" / one), settings, cache / f"{study}-{one}.npz")
        for one in sorted({row["specimens"] for row in rows})
    }
    return setups_of_rows(rows, powers)


def structure_setups(out: Path, cache: Path, settings: ObserverSettings) -> dict[tuple[str, str], Setup]:
    """Those of the track `structure`, whose specimens are simulated again."""
    track = open_dataset(out / "data" / "published", "structure")
    recipe = recipe_from_dict(track.manifest.recipe)
    scenes = {
        one.condition_id: RingPowers(
            simulated_specimens(recipe, one.scene, SCENES), settings, cache / f"{one.scene}.npz"
        )
        for one in track.conditions
    }
    return setups_of_track(track, "published", next(iter(scenes.values())), scenes)


def print_left_out(
    rows: list[Mapping[str, object]], setups: Mapping[tuple[str, str], Setup], settings: ObserverSettings
) -> None:
    pairs = pairs_of(rows)
    measured, sets = np.array([one.log_loss for one in pairs]), training_sets(pairs)
    blocks = np.array([one.block for one in pairs])
    design = with_constant(terms_of_pairs(pairs, places_of(pairs, setups, settings)))
    foretold = left_out(design, measured, sets, weights_of(pairs))
    for name in BLOCKS:
        e, m, s = (one[blocks == name] for one in (foretold, measured, sets))
        scores = r_squared(e, m), rank(e, m), mean_of_known(ranks_of_rows(e, m, s))
        print("{}, from other training sets: R² {:.2f}, rank {:.2f}, in rows {:.2f}".format(name, *scores))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--published", type=Path, required=True)
    parser.add_argument("--powers", type=Path, required=True)
    parser.add_argument("--loss", default="nll", help="column that is taken for the loss")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "hrtem_bench" / "observer" / FROZEN)
    asked = parser.parse_args()
    asked.powers.mkdir(parents=True, exist_ok=True)
    start = time.process_time()
    rows = [
        row | {"nll": row[asked.loss]}
        for row in all_rows(asked.published).to_pylist()
        if row["block"] in BLOCKS and row["seed"] < SEEDS
    ]
    setups = own_setups(asked.published, asked.powers, ObserverSettings())
    setups |= structure_setups(asked.published, asked.powers, ObserverSettings())
    words = "study published, film below: CdSe at defocus and dose, nine lattices in two sizes"
    law = fit_coefficients(rows, setups, fitted_on=words)
    print(law.settings, law.coefficients, sep="\n")
    print_left_out(rows, setups, law.settings)
    for block in BLOCKS:
        found = hold(foreseen([row for row in rows if row["block"] == block], law, setups))
        print(f"{block}, {found.pairs} pairs, as fitted: R² {found.r2.value:.2f}, oracle {found.oracle_r2:.2f}")
        observer = found.rank.value, found.rank_in_rows.value
        for name, one in {"observer": observer, **found.rivals}.items():
            print("    {:60s} rank {:.2f}, in rows {:.2f}".format(name, *one))
    print(f"{time.process_time() - start:.0f} s of CPU")
    if asked.out.exists():
        print(f"{asked.out} is there and stays")
    else:
        freeze(law, asked.out)


if __name__ == "__main__":
    main()
