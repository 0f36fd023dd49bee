"""Where the sources of cards are: in the installed package, or in the project's folder."""

from __future__ import annotations

import math
from pathlib import Path

import hrtem_bench
from hrtem_bench.errors import InputError
from hrtem_bench.imaging.labels import SMOOTHING, THRESHOLD


def label_rule() -> dict[str, str]:
    """The numbers of the rule by which labels are made, as the sources name them."""
    return {"smoothing": f"{SMOOTHING:g}", "threshold": f"π/{math.pi / THRESHOLD:g}"}


def card_source(name: str) -> str:
    """The text of a file of data_cards/; InputError if this installation lacks it."""
    package = Path(hrtem_bench.__file__).parent
    for folder in (package / "shipped" / "data_cards", package.parent / "data_cards"):
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8")
    raise InputError(f"the card source {name} is missing from this installation: install hrtem-bench again")
