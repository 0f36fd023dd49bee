"""`kernel`: Numba's compiler, with compiled code cached on disk where a folder can be written to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def kernel(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator: a function compiled by Numba at its first call, and kept on disk for the next process.

    Numba keeps compiled code beside the source, in the user's cache folder, or where NUMBA_CACHE_DIR says. Where none
    of them can be written (a read-only installation without a home), every process compiles anew.

    Parameters
    ----------
    **options
        As of `numba.njit`, `cache` aside.

    Returns
    -------
    Callable
        The decorator. The function as plain Python is the compiled one's `py_func`.
    """

    def compiled(function: Callable[..., Any]) -> Any:
        from numba import njit

        try:
            return njit(cache=True, **options)(function)
        except RuntimeError as error:
            if "no locator available" not in str(error):
                raise
            return njit(**options)(function)

    return compiled
