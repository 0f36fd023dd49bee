"""Numbers, quantities and lists as readers see them."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hrtem_bench.scoring.estimate import Estimate


MOST_DIGITS = 4


def number(value: float | None, digits: int = 2, *, signed: bool = False) -> str:
    """A number for readers: fixed digits, a true minus sign, an en dash if it is not known."""
    if value is None or np.isnan(value):
        return "–"
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    if not text.strip("+-0."):
        text = text.lstrip("+-")
    return text.replace("-", "−")


def with_unit(value: float, unit: str, *, signed: bool = False) -> str:
    """A value and its unit with as few digits as it needs: ``−10 nm``, ``400 e/Å²``."""
    text = f"{value:+g}" if signed and value else f"{value + 0.0:g}"
    return f"{text} {unit}".strip().replace("-", "−")


def plain(words: str, most: int = 10_000) -> str:
    """Words for a figure: on one line, without characters that cannot be drawn, cut with an ellipsis after `most`."""
    shown = "".join(c for c in " ".join(words.split()) if unicodedata.category(c)[0] != "C")
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def wrapped(words: str, width: int, lines: int = 2) -> str:
    """`plain` words on at most so many lines of `width` characters, cut with an ellipsis."""
    return "\n".join(textwrap.wrap(plain(words), width, max_lines=lines, placeholder=" …"))


def estimated(one: Estimate, *, digits: int = 2, signed: bool = False) -> str:
    """A number with its interval: ``0.91 (0.89 to 0.93)``, with a digit more if both ends would read alike."""
    if one.low is None or one.high is None:
        return number(one.value, digits, signed=signed)
    more = digits_apart(one, digits)
    low, high = number(one.low, more, signed=signed), number(one.high, more, signed=signed)
    return f"{number(one.value, more, signed=signed)} ({low} to {high})"


def digits_apart(one: Estimate, digits: int) -> int:
    """The number of digits after the point with which both ends of an interval differ: at least `digits`, at most 4."""
    more = digits
    while one.low is not None and one.high is not None and one.low < one.high and more < MOST_DIGITS:
        if number(one.low, more) != number(one.high, more):
            break
        more += 1
    return more


def counted(count: int, noun: str) -> str:
    """A count and its noun: ``1 condition``, ``12 conditions``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def listed(words: Sequence[str]) -> str:
    """Words as a list: ``a, b and c``."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def between(low: float, high: float, digits: int = 3) -> str:
    """A range: ``0.890–0.930``, with "to" if a dash could be read as a minus sign."""
    return f"{number(low, digits)}{'–' if low >= 0 else ' to '}{number(high, digits)}"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; cells are taken as they are."""
    return "".join("| " + " | ".join(cells) + " |\n" for cells in (head, ["---"] * len(head), *rows))
