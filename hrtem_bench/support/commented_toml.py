"""Tables of TOML with a comment above each key."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    """A key with its value and, in words, where that comes from."""

    key: str
    value: Any
    source: str = ""


def written(table: str, entries: Sequence[Entry]) -> str:
    """A table, each of its keys below a comment with its source; table: its name, "" for the head of the file."""
    lines = [f"[{table}]\n"] if table else []
    for one in entries:
        lines += [comment(one.source) if one.source else "", f"{one.key} = {toml(one.value)}\n"]
    return "".join(lines)


def comment(words: str) -> str:
    """Words as lines of comment."""
    return textwrap.fill(" ".join(words.split()), 118, initial_indent="# ", subsequent_indent="# ") + "\n"


def toml(value: Any) -> str:
    """A value on one line of TOML."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else json.dumps(key)
