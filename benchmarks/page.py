"""Puts what a benchmark found between two marks of a page."""

from __future__ import annotations

from pathlib import Path

OBSERVER = Path(__file__).parents[1] / "docs" / "explanation" / "observer.md"
"""The page of the model observer."""


def write_between(page: Path, marks: tuple[str, str], text: str) -> None:
    """Put text between two marks, each of which the page has once."""
    before, rest = page.read_text("utf-8").split(marks[0])
    after = rest.split(marks[1])[1]
    page.write_text(f"{before}{marks[0]}\n\n{text}\n\n{marks[1]}{after}", "utf-8")
