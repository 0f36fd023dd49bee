"""The page of a study: what was found and a picture, other findings in a line each, then their figures and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hrtem_bench.report.figure_style import figure_png
from hrtem_bench.report.study_sections import Blocks, Picture, Section, block_section, effect_sections
from hrtem_bench.report.study_sentences import size_sentence
from hrtem_bench.support.files import write_aside, write_aside_bytes

DPI = 200.0


def write_findings(table: Any, out: Path, title: str, planned: int | None = None) -> list[Path]:
    """Write findings.md and its figures for the rows of a study. The same rows give the same bytes.

    Parameters
    ----------
    table
        The rows, a pyarrow Table.
    out
        The folder.
    title
        Of the page.
    planned
        Networks of the whole study, said where there are fewer.

    Returns
    -------
    list of Path
        What was written.
    """
    rows = [row for row in table.to_pylist() if not row["failed"]]
    blocks = _ordered(rows)
    effects, parts = effect_sections(blocks), [block_section(name, mine) for name, mine in blocks.items()]
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for picture in (picture for section in (*effects, *parts) for picture in section.pictures):
        write_aside_bytes(out / picture.name, figure_png(picture.figure, DPI))
        written.append(out / picture.name)
    write_aside(out / "findings.md", _page(title, size_sentence(rows, planned), effects, parts))
    return [*written, out / "findings.md"]


def _ordered(rows: Sequence[dict[str, Any]]) -> Blocks:
    """Rows by block: those with many networks first, those of other networks beside them last."""
    blocks: Blocks = {}
    for row in rows:
        blocks.setdefault(row["block"], []).append(row)
    sets = {name: {row["train"] for row in mine} for name, mine in blocks.items()}

    def place(name: str) -> tuple[bool, int, str]:
        beside = any(sets[name] < other for other in sets.values())
        return beside, -len({row["seed"] for row in blocks[name]}), name

    return {name: blocks[name] for name in sorted(blocks, key=place)}


def _page(title: str, size: str, effects: Sequence[Section], parts: Sequence[Section]) -> str:
    """What was found, with the first block's first picture; the other findings in a line each; then each at length."""
    lead = next(iter([*effects, *parts]))
    pictured = parts[0] if parts[0].whole else lead
    others = [f"- [{one.title}](#{_anchor(one.title)}): {one.sentence}" for one in effects if one is not lead]
    lines = [f"# {title}\n", f"**{lead.sentence}**\n", *map(_shown, pictured.pictures[:1]), f"{size}\n"]
    lines += ["The rows say besides:\n", *others, ""] if others else []
    for one in (*parts, *effects):
        lines += [f"## {one.title}\n"] + ([] if one is lead else [f"{one.sentence}\n"])
        lines += [*map(_shown, one.pictures[one is pictured :]), *([one.rest] if one.rest else [])]
    return "\n".join(lines)


def _shown(picture: Picture) -> str:
    return f"![{picture.caption.split('. ')[0]}]({picture.name})\n\n*{picture.caption}*\n"


def _anchor(title: str) -> str:
    return "".join(c for c in title.lower() if c.isalnum() or c in "- ").replace(" ", "-")
