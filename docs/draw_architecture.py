"""Draws the packages, what imports what, and the data's way from seed to verdict, as an SVG picture.

    python docs/draw_architecture.py architecture.svg

Boxes, their words and the grey lines come from the sources. Building the documentation draws it anew.
"""

from __future__ import annotations

import ast
import functools
import sys
import textwrap
from collections.abc import Mapping
from html import escape
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "hrtem_bench"
COLUMNS = (
    ("image_files", "observer", "micrographs"),
    ("conditions", "physics", "measurement", "comparison"),
    ("errors", "machine", "multislice", "imaging", "generation", "dataset", "models", "scoring", "evaluation",
     "report", "interactive", "cli"),
    ("support", "specimens", "recipes", "training", "study"),
    ("planning",),
)  # fmt: skip
"""Where a package stands from left to right; its row is one below the lowest of what it imports."""
WAY = (
    ("specimens", "multislice", "atoms"),
    ("multislice", "imaging", "exit waves"),
    ("imaging", "generation", "counts, masks"),
    ("generation", "dataset", "folder of files"),
    ("dataset", "models", "images"),
    ("models", "scoring", "probabilities"),
    ("scoring", "evaluation", "scores of images"),
    ("evaluation", "report", "curve with intervals"),
)
"""What is handed on: from, to, what."""
WIDTH, HEIGHT, ROW, GAP = 168, 62, 92, 20
STYLE = """text{font:11px system-ui,sans-serif;fill:#222}.name{font-weight:bold;font-size:13px}
.way{fill:#a84300;paint-order:stroke;stroke:#fff;stroke-width:3px}
rect{fill:#fff;stroke:#8a9097}.on rect{fill:#fff3e9;stroke:#D55E00}path{fill:none;stroke:#b5bac0}
.data{stroke:#D55E00;stroke-width:2.5}"""


@functools.cache
def imports() -> Mapping[str, frozenset[str]]:
    """Package -> the packages that any of its modules imports; errors and machine are modules and count alike."""
    names = {path.stem for path in PACKAGE.iterdir() if (path / "__init__.py").exists()} | {"errors", "machine"}
    found: dict[str, set[str]] = {name: set() for name in sorted(names)}
    for path in PACKAGE.rglob("*.py"):
        home = path.relative_to(PACKAGE).with_suffix("").parts[0]
        if home in found:
            nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
            taken = [node for node in nodes if isinstance(node, ast.ImportFrom)]
            used = {f"{node.module}.{one.name}" for node in taken for one in node.names}
            used |= {str(node.value) for node in nodes if isinstance(node, ast.Constant)}  # require("hrtem_bench.…")
            parts = [one.split(".") for one in used if one.startswith("hrtem_bench.")]
            found[home] |= {part[1] for part in parts if part[1] in names} - {home}
    return {name: frozenset(used) for name, used in found.items()}


def reached(name: str) -> frozenset[str]:
    """What a package imports, directly or through others."""
    direct = imports()[name]
    return direct.union(*(reached(one) for one in direct))


def needed(name: str) -> frozenset[str]:
    """What a package imports and none of its other imports brings."""
    direct = imports()[name]
    return frozenset(one for one in direct if not any(one in reached(other) for other in direct - {one}))


def row(name: str) -> int:
    """0 for what imports nothing, else one below the lowest import."""
    return 1 + max((row(one) for one in imports()[name]), default=-1)


def job(name: str) -> str:
    """The first line of the docstring."""
    path = PACKAGE / name / "__init__.py" if (PACKAGE / name).is_dir() else PACKAGE / f"{name}.py"
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]


def place(name: str) -> tuple[int, int]:
    """The middle of the upper edge of a box."""
    column = next(number for number, names in enumerate(COLUMNS) if name in names)
    return GAP + WIDTH // 2 + column * (WIDTH + GAP), GAP + row(name) * ROW


def line(start: str, end: str, kind: str = "") -> str:
    """From the foot of one box to the head of another."""
    (x, y), (to_x, to_y) = place(start), place(end)
    y += HEIGHT
    bend = (to_y - y) / 2
    arrow = ' marker-end="url(#head)"' if kind else ""
    return f'<path class="{kind}" d="M{x} {y}C{x} {y + bend:g} {to_x} {to_y - bend:g} {to_x} {to_y}"{arrow}/>'


def box(name: str) -> str:
    x, y = place(name)
    left = f"{x - WIDTH / 2 + 8:g}"
    words = textwrap.wrap(job(name).replace("`", ""), 27, max_lines=3, placeholder=" …")
    lines = "".join(f'<text x="{left}" y="{y + 29 + 12 * k}">{escape(part)}</text>' for k, part in enumerate(words))
    on = "on" if any(name in (start, end) for start, end, _ in WAY) else ""
    return (
        f'<g class="{on}"><rect x="{x - WIDTH / 2:g}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="5"/>'
        f'<text class="name" x="{left}" y="{y + 15}">{name}</text>{lines}</g>'
    )


def said(start: str, end: str, words: str) -> str:
    """The name of what is handed on, beside its arrow, above the box that takes it."""
    x, y = place(end)
    return f'<text class="way" x="{x + 8}" y="{y - 10}">{escape(words)}</text>'


def drawing() -> str:
    """The picture as an SVG document."""
    names = sorted(imports(), key=lambda name: (row(name), name))
    width, height = GAP + len(COLUMNS) * (WIDTH + GAP), 2 * GAP + max(row(name) for name in names) * ROW + HEIGHT
    parts = [line(used, name) for name in names for used in sorted(needed(name))]
    parts += [box(name) for name in names]
    parts += [line(start, end, "data") + said(start, end, words) for start, end, words in WAY]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<title>Packages of hrtem-bench and the data's way from seed to verdict</title><style>{STYLE}</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="5" markerHeight="5" orient="auto">'
        '<path d="M0 0L8 4L0 8z" style="fill:#D55E00;stroke:none"/></marker></defs>',
        f'<rect width="{width}" height="{height}" style="stroke:none"/>', *parts, "</svg>", "",
    ])  # fmt: skip


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(drawing(), encoding="utf-8")
