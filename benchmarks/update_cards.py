"""Brings the sources of dataset cards, and the card shown in the documentation, up to date.

    python benchmarks/update_cards.py [--mini DIR]

data_cards/scores.json holds what the shipped baselines scored, from submissions/. docs/mini is the card of the recipe
`mini` with its manifest and pictures: taken from the generated dataset DIR if given, else rendered again from the
manifest that is there.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

import msgspec

from hrtem_bench.dataset import read_manifest
from hrtem_bench.generation.card import render_body
from hrtem_bench.generation.card_sources import SCORES, BaselineScores, MeanDice
from hrtem_bench.generation.manifest import MANIFEST
from hrtem_bench.generation.pictures import PICTURES
from hrtem_bench.models.shipped_baselines import baseline_names
from hrtem_bench.scoring.reading import read_results

ROOT = Path(__file__).parents[1]
CARD = ROOT / "docs" / "mini" / "card.md"
LOCATION = "data/mini"


def scores_of(submissions: Path) -> list[BaselineScores]:
    """What each shipped baseline scored, in the order of their names; results of part of a test set are left out."""
    found = []
    for name in baseline_names():
        if not (submissions / name).is_dir():
            continue
        results = read_results(submissions / name)
        if results.settings.official:
            found.append(_scores(name, results))
    return found


def render_scores_source(submissions: Path) -> str:
    """The text of data_cards/scores.json."""
    return msgspec.json.format(msgspec.json.encode(scores_of(submissions)), indent=2).decode() + "\n"


def _scores(name: str, results: Any) -> BaselineScores:
    return BaselineScores(
        dataset=results.dataset.checksum,
        track=results.dataset.track,
        model=name,
        trained=tuple(results.train.conditions),
        worst_condition=results.summary.worst_condition,
        id_dice=_score(results.summary, "id_dice"),
        worst_dice=_score(results.summary, "worst_dice"),
        area_dice=_score(results.summary, "area_dice"),
        confidence=results.settings.confidence,
    )


def _score(summary: Any, name: str) -> MeanDice:
    one = summary.scores.get(name)
    return None if one is None else (round(one.value, 6), round(one.low, 6), round(one.high, 6))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mini", type=Path, help="folder of the generated recipe mini")
    arguments = parser.parse_args()
    (ROOT / "data_cards" / SCORES).write_text(render_scores_source(ROOT / "submissions"), encoding="utf-8")
    if arguments.mini:
        CARD.parent.mkdir(exist_ok=True)
        shutil.copy(arguments.mini / MANIFEST, CARD.parent)
        shutil.copytree(arguments.mini / PICTURES, CARD.parent / PICTURES, dirs_exist_ok=True)
    CARD.write_text(render_body(read_manifest(CARD.parent), LOCATION), encoding="utf-8")


if __name__ == "__main__":
    main()
