"""A progress bar for the terminal or a notebook, as a callback that is told how far the work is."""

from __future__ import annotations

import html
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Progress = Callable[[str, int, int], None]
"""Called with (what is under way, done, in all)."""
CountProgress = Callable[[int, int], None]
"""Called with (done, in all)."""


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """A bar on standard error, or in a notebook's cell, during the block; None if there is neither."""
    if (display := _notebook_display()) is not None:
        with _notebook_bar(display) as moved:
            yield moved
        return
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        yield show


def _notebook_display() -> Callable[..., Any] | None:
    """IPython's `display` if the code runs in a notebook, else None. IPython is not imported to find out."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return display


@contextmanager
def _notebook_bar(display: Callable[..., Any]) -> Iterator[Progress]:
    """A bar as HTML in the cell's output, removed at the end of the block. It needs no extension of the notebook."""
    handle = display(_bar("", 0, 0), display_id=True)

    def show(what: str, done: int, total: int) -> None:
        handle.update(_bar(what, done, total))

    try:
        yield show
    finally:
        handle.update(_Markup(""))


def _bar(what: str, done: int, total: int) -> _Markup:
    return _Markup(f'<progress value="{done}" max="{max(total, 1)}"></progress> {done}/{total} {html.escape(what)}')


class _Markup:
    """HTML that a notebook shows as such."""

    def __init__(self, markup: str) -> None:
        self.markup = markup

    def _repr_html_(self) -> str:
        return self.markup
