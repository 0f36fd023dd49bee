"""Files that commands write: endings of their names, JSON, text and figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hrtem_bench.cli.printing import wrote
from hrtem_bench.errors import InputError

FIGURES = (".svg", ".png")


def check_ending(out: Path | None, endings: Sequence[str], option: str = "--out") -> None:
    """Raise InputError for a file whose name has another ending."""
    if out is not None and out.suffix not in endings:
        listed = " or ".join([", ".join(endings[:-1]), endings[-1]]) if len(endings) > 1 else endings[0]
        raise InputError(f"{option} {out}: the name must end in {listed}")


def write_text(out: Path, text: str) -> None:
    """Write a file, aside and renamed, and print its path."""
    from hrtem_bench.support.files import write_aside

    out.parent.mkdir(parents=True, exist_ok=True)
    write_aside(out, text)
    wrote(out)


def write_json(out: Path, value: Any) -> None:
    """Write records as JSON, and print the path."""
    from hrtem_bench.support.versioned_json import json_text

    write_text(out, json_text(value))


def write_figure(out: Path, figure: Any, dpi: float = 300.0) -> None:
    """Write a figure in the format of the file's ending, one of `FIGURES`, and print the path; dpi: of a PNG."""
    from hrtem_bench.report import write_figure as write

    write(out, figure, dpi)
    wrote(out)
