"""Holds the frozen law against rows that it was not fitted on, and writes the table of docs/explanation/observer.md.

    python benchmarks/observer_held_out.py --published OUT --film OUT2 --wide OUT3 --powers CACHE

The folders are those of `hrtem-bench study published`, `film` and `wide`; each may be left out. Spectra are kept in
CACHE. Nothing is refitted.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from observer_law import BLOCKS, published_setups

from hrtem_bench.observer import Estimate, Held, RingPowers, hold, loaded, setups_of_rows, specimens_of
from hrtem_bench.study.table import all_rows

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "observer.md"
MARKS = "<!-- held out: written by benchmarks/observer_held_out.py -->", "<!-- end of held out -->"


def families(asked: argparse.Namespace) -> Iterator[tuple[str, Held]]:
    """Families by name, each held against the frozen law."""
    law = loaded()
    if asked.published:
        yield from of_networks(asked.published, asked.powers, law)
    for name in ("film", "wide"):
        if getattr(asked, name):
            yield from of_rendered(name, getattr(asked, name), asked.powers, law)


def of_networks(out: Path, cache: Path, law: Any) -> Iterator[tuple[str, Held]]:
    """Other networks and schedules on the same images: blocks that the law was not fitted on."""
    setups = published_setups(out, cache, law.settings)
    rows = rows_of(out)
    for block in sorted({row["block"] for row in rows} - set(BLOCKS)):
        chosen = [row for row in rows if row["block"] == block]
        if any(row["converged"] for row in chosen):
            yield block, hold(chosen, law, setups)


def of_rendered(name: str, out: Path, cache: Path, law: Any) -> Iterator[tuple[str, Held]]:
    """A study of rendered conditions: all of it, each of its specimens, and training sets of several conditions."""
    rows = [row for row in rows_of(out) if row["converged"] and not row["failed"]]
    specimens = sorted({row["specimens"] for row in rows})
    powers = {
        one: RingPowers(specimens_of(out / "data" / one), law.settings, cache / f"{name}-{one}.npz")
        for one in specimens
    }
    setups = setups_of_rows(rows, powers)
    yield f"{name}, all", hold(rows, law, setups)
    for one in specimens:
        yield f"{name}, {one}", hold([row for row in rows if row["specimens"] == one], law, setups)
    several = [row for row in rows if ";" in row["train"]]
    if several:
        yield f"{name}, trained on mixtures", hold(several, law, setups)


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
    parser.add_argument("--film", type=Path)
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
