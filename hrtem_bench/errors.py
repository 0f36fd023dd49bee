"""The errors a user can cause, and the check for optional packages."""

from __future__ import annotations

import importlib
from types import ModuleType

LONGEST = 400
"""Characters of another library's message, or of a model's, that are shown."""


class InputError(ValueError):
    """Something the user gave cannot be used; the message says what was wrong and what to do, in one line.

    The command line prints the message and exits with 2; it never shows a traceback for it.
    """


class MissingPackage(ImportError, InputError):
    """An optional package is not installed; the message holds the command that installs it."""


def require(module: str, extra: str) -> ModuleType:
    """Import an optional package, or say how to install it.

    Parameters
    ----------
    module
        The name by which it is imported.
    extra
        The extra of hrtem-bench that installs it.

    Raises
    ------
    MissingPackage
        An ImportError, if it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".", 1)[0] != module.split(".", 1)[0]:
            raise
        name = module.split(".", 1)[0]
        raise MissingPackage(f"{name} is not installed: pip install 'hrtem-bench[{extra}]'") from None


def one_line(error: BaseException) -> str:
    """An error's message on one line of at most LONGEST characters, its type's name where it has none."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


__all__ = ["InputError", "MissingPackage", "one_line", "require"]
