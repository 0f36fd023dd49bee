"""The texts that cards are filled from, data_cards/, and the scores of shipped baselines that they hold."""

from __future__ import annotations

import math
import re
import string
from pathlib import Path

import msgspec

import hrtem_bench
from hrtem_bench.errors import InputError
from hrtem_bench.generation.manifest import Manifest
from hrtem_bench.imaging.labels import SMOOTHING, THRESHOLD

SCORES = "scores.json"
MeanDice = tuple[float, float, float] | None
"""Mean Dice with the lower and upper end of its interval; None where a curve has no such number."""


class BaselineScores(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of one model on one track of a dataset.

    dataset: its checksum. model: name that `hrtem-bench evaluate` takes. trained: conditions of the track; none for a
    model that was not trained on it. The scores are those of results.json; confidence: of their intervals.
    """

    dataset: str
    track: str
    model: str
    trained: tuple[str, ...]
    worst_condition: str
    id_dice: MeanDice
    worst_dice: MeanDice
    area_dice: MeanDice
    confidence: float


def baseline_scores(checksum: str) -> list[BaselineScores]:
    """The scores of shipped baselines on the dataset with that checksum, by track and model; mostly empty."""
    every = msgspec.json.decode(card_source(SCORES), type=list[BaselineScores])
    return sorted((s for s in every if s.dataset == checksum), key=lambda s: (s.track, s.model))


def render_scores(manifest: Manifest, location: str) -> str:
    """The section of a card with scores of baselines; "" for a dataset without known scores."""
    scores = baseline_scores(manifest.checksum)
    if not scores:
        return ""
    lines = ["| track | model | trained at | ID | worst | at | area |", "|---|---|---|---|---|---|---|"]
    for s in scores:
        trained = ", ".join(f"`{c}`" for c in s.trained) or "–"
        numbers = f"{_shown(s.id_dice)} | {_shown(s.worst_dice)} | `{s.worst_condition}` | {_shown(s.area_dice)}"
        lines.append(f"| `{s.track}` | `{s.model}` | {trained} | {numbers} |")
    return string.Template(card_source("scores.md")).substitute(
        score_table="\n".join(lines), confidence=f"{100 * scores[0].confidence:g}", location=location
    )


def without_scores(card: str) -> str:
    """A card without its section of scores, which depends on what is shipped beside the dataset."""
    return re.sub(r"^## Baselines\n.*?^(?=## )", "", card, flags=re.DOTALL | re.MULTILINE)


def _shown(score: MeanDice) -> str:
    return "–" if score is None else "{:.3f} ({:.3f} to {:.3f})".format(*score)


def label_rule() -> dict[str, str]:
    """The numbers of the rule that makes labels, as the sources name them."""
    return {"smoothing": f"{SMOOTHING:g}", "threshold": f"π/{math.pi / THRESHOLD:g}"}


def card_source(name: str) -> str:
    """The text of a file of data_cards/; InputError if this installation does not have it."""
    package = Path(hrtem_bench.__file__).parent
    for folder in (package / "shipped" / "data_cards", package.parent / "data_cards"):
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8")
    raise InputError(f"the card source {name} is missing from this installation: install hrtem-bench again")
