"""Text from others that is shown to readers: limited in length, without characters that change the text around it."""

from __future__ import annotations

import unicodedata

from hrtem_bench.errors import InputError

HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode's categories of characters that show nothing: control, format (direction among them), surrogates, breaks."""


def check_plain(where: str, text: str, most: int) -> None:
    """Raise InputError, one line that begins with `where`, for text longer than `most` or with a hidden character."""
    if len(text) > most:
        raise InputError(f"{where} has {len(text)} characters: {most} are allowed")
    hidden = next((one for one in text if unicodedata.category(one) in HIDDEN), None)
    if hidden is not None:
        raise InputError(f"{where} holds the character U+{ord(hidden):04X}, which is not shown: leave it out")


def plain_line(text: str) -> str:
    """The text with a question mark in place of every hidden character."""
    return "".join("?" if unicodedata.category(one) in HIDDEN else one for one in text)
