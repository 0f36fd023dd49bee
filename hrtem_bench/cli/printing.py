"""What the commands print: tables, progress, where a file was written."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hrtem_bench.micrographs.expectation import Expectation
    from hrtem_bench.scoring.estimate import Estimate


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on standard output; all columns but the first are numbers and stand to the right."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="")
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(highlight=False).print(table)


def wrote(path: Path) -> None:
    """Say where something is to be found."""
    print(f"wrote {path}")


@contextlib.contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on standard error, moved by calling the value with (done, in all); None without a terminal."""
    from hrtem_bench.support.progress import progress_bar

    with progress_bar() as show:
        yield None if show is None else lambda done, total: show(what, done, total)


@contextlib.contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long the block took, if it succeeds."""
    start = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - start:.0f} s")


def print_warnings(warnings: Sequence[str]) -> None:
    """A line for each."""
    for warning in warnings:
        print(f"warning: {warning}")


def print_expectation(expected: Expectation | None) -> None:
    """What Dice is expected, from the model's own curve."""
    if expected is None:
        return
    print(
        f"expected Dice {fixed(expected.dice)} ({limits(expected.dice)}), from the model's results on "
        f"simulated images: σ(train, condition) = {expected.sigma:.3f}, tested from {fixed(expected.tested_low)} to "
        f"{fixed(expected.tested_high)}"
    )
    for warning in expected.warnings:
        print(f"note: {warning}")


def fixed(one: float | Estimate | None, digits: int = 3) -> str:
    """A number, or that of an estimate, for a table; a dash if there is none."""
    value = one if one is None or isinstance(one, float | int) else one.value
    return "–" if value is None else f"{value:.{digits}f}"


def limits(one: Estimate | None, digits: int = 3, *, sign: str = "") -> str:
    """The interval of an estimate for a table; a dash if there is none. sign: "+" to write it."""
    if one is None or one.low is None or one.high is None:
        return "–"
    return f"{one.low:{sign}.{digits}f} to {one.high:{sign}.{digits}f}"


def bytes_text(count: int) -> str:
    """Bytes for readers: 3 significant digits and a decimal prefix."""
    scale = min(max((len(str(count)) - 1) // 3, 0), 4)
    return f"{count / 1000**scale:.3g} {('B', 'kB', 'MB', 'GB', 'TB')[scale]}"


def duration(seconds: float) -> str:
    """A time for readers, in the largest unit that it has at least two of."""
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"
