"""Holds the frozen law against rows that it was not fitted on, and writes the table of docs/explanation/observer.md.

    python benchmarks/observer_held_out.py --published OUT --wide OUT2 --powers CACHE

OUT and OUT2 are folders of `hrtem-bench study published` and `hrtem-bench study wide`; either may be left out. Spectra
are kept in CACHE. Nothing is refitted.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hrtem_bench.dataset import open_dataset
from hrtem_bench.dataset.recipes import recipe_from_dict
from hrtem_bench.observer import (
    Estimate,
    Held,
    RingPowers,
    hold,
    loaded,
    setups_of_rows,
    setups_of_track,
    simulated_specimens,
    specimens_of,
)
from hrtem_bench.study.table import all_rows

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "observer.md"
MARKS = "<!-- held out: written by benchmarks/observer_held_out.py -->", "<!-- end of held out -->"
SCENES = 4
"""Test structures of each scene: all that the track has."""


def families(asked: argparse.Namespace) -> Iterator[tuple[str, Held]]:
    """Families by name, each held against the frozen law."""
    law = loaded()
    if asked.published:
        yield from of_structures(asked.published, asked.powers, law)
    if asked.wide:
        yield from of_wide(asked.wide, asked.powers, law)


def of_structures(out: Path, cache: Path, law: Any) -> Iterator[tuple[str, Held]]:
    data = out / "data" / "published"
    track = open_dataset(data, "structure")
    recipe = recipe_from_dict(track.manifest.recipe)
    own = RingPowers(specimens_of(data), law.settings, cache / "published.npz")
    scenes = {
        one.condition_id: RingPowers(
            simulated_specimens(recipe, one.scene, SCENES), law.settings, cache / f"{one.scene}.npz"
        )
        for one in track.conditions
    }
    setups = setups_of_track(track, "published", own, scenes)
    rows = [row for row in rows_of(out) if row["block"] == "structure"]
    yield "nine lattices, two sizes", hold(rows, law, setups)
    known = [row for row in rows if "CdSe" in row["train"]]
    yield "… trained on CdSe", hold(known, law, setups)


def of_wide(out: Path, cache: Path, law: Any) -> Iterator[tuple[str, Held]]:
    rows = [row for row in rows_of(out) if row["converged"] and not row["failed"]]
    names = sorted({row["specimens"] for row in rows})
    powers = {
        name: RingPowers(specimens_of(out / "data" / name), law.settings, cache / f"{name}.npz") for name in names
    }
    setups = setups_of_rows(rows, powers)
    yield "wide, all", hold(rows, law, setups)
    for name in names:
        yield f"wide, {name}", hold([row for row in rows if row["specimens"] == name], law, setups)
    several = [row for row in rows if ";" in row["train"]]
    if several:
        yield "wide, trained on mixtures", hold(several, law, setups)


def rows_of(out: Path) -> list[Mapping[str, Any]]:
    return all_rows(out).to_pylist()


def cell(one: Estimate) -> str:
    return f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})".replace("-", "−")


def table(found: Mapping[str, Held]) -> str:
    """Markdown: the law's numbers for each family, and below them the rivals' rank correlations."""
    lines = [
        "| family | pairs | training sets | rank correlation | within training sets | R² as it is | R² with its own α "
        "| oracle R² |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, one in found.items():
        cells = (one.observer.rank, one.observer.rank_in_rows, one.r2, one.r2_own_offset)
        numbers = f"{one.pairs} | {one.training_sets} | {' | '.join(map(cell, cells))} | {one.oracle_r2:.2f}"
        lines.append(f"| {name} | {numbers} |".replace("-0.", "−0."))
    lines += ["", "Rank correlations of the rivals, over all pairs and, after the stroke, within training sets:", ""]
    names = list(found)
    lines += [f"| | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    every = {"observer": None} | dict.fromkeys(next(iter(found.values())).rivals)
    for rival in every:
        agreements = [one.observer if rival == "observer" else one.rivals[rival] for one in found.values()]
        cells = [f"{a.rank.value:.2f} / {a.rank_in_rows.value:.2f}" for a in agreements]
        lines.append(f"| {rival} | {' | '.join(cells)} |".replace("-0.", "−0.").replace("nan", "–"))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--published", type=Path)
    parser.add_argument("--wide", type=Path)
    parser.add_argument("--powers", type=Path, required=True)
    asked = parser.parse_args()
    asked.powers.mkdir(parents=True, exist_ok=True)
    start, found = time.process_time(), {}
    for name, one in families(asked):
        found[name] = one
        print(f"{name}: rank {cell(one.observer.rank)}, {time.process_time() - start:.0f} s of CPU", flush=True)
    text = PAGE.read_text("utf-8")
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    PAGE.write_text(f"{before}{MARKS[0]}\n\n{table(found)}\n\n{MARKS[1]}{after}", "utf-8")


if __name__ == "__main__":
    main()
