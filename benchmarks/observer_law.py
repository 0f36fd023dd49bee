"""Fits the law of the expected loss on the rows that it may be fitted on, and freezes it.

    python benchmarks/observer_law.py --wide OUT --powers CACHE

OUT is the folder of `hrtem-bench study wide --out OUT`. Fitted on are the first 29 training sets of the study's file,
each on twelve specimens; the other 55 are for tests. Spectra are kept in CACHE. Written are two tables of
docs/explanation/observer.md, the coefficients and what was tried, and hrtem_bench/observer/frozen.json, unless it is
there: a frozen law is not fitted anew.
"""

from __future__ import annotations

import argparse
import functools
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from page import OBSERVER, write_between

from hrtem_bench.dataset import open_dataset
from hrtem_bench.observer import (
    Frozen,
    ObserverSettings,
    RingPowers,
    Setup,
    fit_coefficients,
    freeze,
    loaded,
    pairs_of,
    places_of,
    setups_of_rows,
    setups_of_track,
    simulated_specimens,
    specimens_of,
)
from hrtem_bench.observer.agreement import mean_of_known, r_squared, rank, ranks_of_rows
from hrtem_bench.observer.fitting import TrainTestPair, left_out, terms_of_pairs, training_sets, with_constant
from hrtem_bench.observer.law import FROZEN
from hrtem_bench.recipes.loading import recipe_from_dict
from hrtem_bench.study import load_study
from hrtem_bench.study.networks import drawn_sets
from hrtem_bench.study.table import all_rows

FITTED_SETS = 29
"""Training sets of the study `wide` that were complete when the law was fitted, in the order of its file."""
SCENES = 4
"""Test structures of each scene: all that the track has."""
TERMS = ("M", "G", "(T − M)₊", "(M − T)₊", "F")
TRIED: Mapping[str, Mapping[str, float]] = {
    "a 8 Å²": {"area": 8.0},
    "a 32 Å²": {"area": 32.0},
    "κ 0.1": {"floor": 0.1},
    "λ 0.8": {"standardised": 0.8},
    "λ 1": {"standardised": 1.0},
    "b 0.03": {"edge_loss": 0.03},
    "b 0.2": {"edge_loss": 0.2},
}
MARKS = "<!-- what was tried: written by benchmarks/observer_law.py -->", "<!-- end of what was tried -->"
COEFFICIENTS = "<!-- coefficients: written by benchmarks/observer_law.py -->", "<!-- end of coefficients -->"
Setups = Mapping[tuple[str, str], Setup]


@functools.cache
def fitted_texts() -> frozenset[str]:
    """The training sets that the law was fitted on, as rows of the study `wide` have them."""
    drawn = load_study("wide").blocks[0].draw_train
    assert drawn
    return frozenset(";".join(one) for one in drawn_sets(drawn)[:FITTED_SETS])


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
) -> Setups:
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


def left_out_scores(found: np.ndarray, pairs: Sequence[TrainTestPair]) -> str:
    """Cells of a table: R², rank correlation, and that within training sets, of pairs foretold from other sets."""
    measured = np.array([one.log_loss for one in pairs])
    # a training set is left out on all specimens together
    texts = np.unique([one.train for one in pairs], return_inverse=True)[1]
    foretold = left_out(with_constant(found), measured, texts)
    inner = mean_of_known(ranks_of_rows(foretold, measured, training_sets(pairs)))
    return f"{r_squared(foretold, measured):.2f} | {rank(foretold, measured):.2f} | {inner:.2f}"


def tried(pairs: Sequence[TrainTestPair], setups: Setups, settings: ObserverSettings) -> str:
    """Markdown: the law's scores, those of fewer terms, and those with other settings."""
    found = terms_of_pairs(pairs, places_of(pairs, setups, settings))
    lines = ["| | R² | rank correlation | within training sets |", "|---|---|---|---|"]
    lines.append(f"| the law | {left_out_scores(found, pairs)} |")
    for number, name in enumerate(TERMS):
        lines.append(f"| without {name} | {left_out_scores(np.delete(found, number, axis=1), pairs)} |")
    lines.append(f"| M alone | {left_out_scores(found[:, :1], pairs)} |")
    for name, change in TRIED.items():
        other = terms_of_pairs(pairs, places_of(pairs, setups, replace(settings, **change)))
        lines.append(f"| {name} | {left_out_scores(other, pairs)} |")
    return "\n".join(lines)


def coefficients(law: Frozen) -> str:
    """Markdown: the settings and coefficients of a law."""
    settings, found = law.settings, law.coefficients
    others = ", ".join(f"{one:g}" for one in (settings.floor, settings.standardised, settings.edge_loss))
    lines = [
        "| | |",
        "|---|---|",
        f"| a, κ, λ, b | {settings.area:g} Å², {others} nats per pixel |",
        f"| α, β, γ, η, ζ, φ | {', '.join(f'{one:.3f}' for one in (found.alpha, *found.slopes))} |",
        f"| standard deviation of ln loss about the law | {found.residual:.2f} |",
    ]
    return "\n".join(lines).replace(" -", " −")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wide", type=Path, required=True)
    parser.add_argument("--powers", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "hrtem_bench" / "observer" / FROZEN)
    asked = parser.parse_args()
    asked.powers.mkdir(parents=True, exist_ok=True)
    start = time.process_time()
    rows = [row for row in all_rows(asked.wide).to_pylist() if row["train"] in fitted_texts()]
    settings = ObserverSettings()
    setups = rendered_setups(rows, "wide", asked.wide, asked.powers, settings)
    words = f"study wide: {FITTED_SETS} training sets on CdSe, gold, silver and silicon, film below, above and none"
    law = fit_coefficients(rows, setups, fitted_on=words, settings=settings)
    print(law.rows, law.settings, law.coefficients, sep="\n")
    text = tried(pairs_of(rows), setups, settings)
    print(text, f"{time.process_time() - start:.0f} s of CPU", sep="\n")
    write_between(OBSERVER, MARKS, text)
    if asked.out.exists():
        print(f"{asked.out} is there and stays")
    else:
        freeze(law, asked.out)
    write_between(OBSERVER, COEFFICIENTS, coefficients(loaded()))


if __name__ == "__main__":
    main()
