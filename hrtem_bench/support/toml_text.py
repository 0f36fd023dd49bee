"""Tables written as TOML text, which the standard library reads and does not write."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from hrtem_bench.errors import InputError

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(tables: Mapping[str, Any]) -> str:
    """Tables as `tomllib` gives them, as text that `tomllib` reads as the same; comments are not kept.

    Values are text, whole numbers, floats, truth values, dates and times, lists and mappings; a value None is left out,
    since TOML has no word for it. Raises InputError for a value of another kind.
    """
    return "\n".join(_table(tables, ())).strip() + "\n"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """The lines of a table without its head: its plain values, then the tables inside."""
    inner = {}
    for name, value in table.items():
        if isinstance(value, Mapping) or _is_array_of_tables(value):
            inner[name] = value
        elif value is not None:
            yield f"{_key(name)} = {_value(value)}"
    for name, value in inner.items():
        here = (*path, _key(name))
        head = ".".join(here)
        if isinstance(value, Mapping):
            yield from ("", f"[{head}]", *_table(value, here))
        else:
            for one in value:
                yield from ("", f"[[{head}]]", *_table(one, here))


def _is_array_of_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)  # inf, -inf and nan are TOML too
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(name)} = {_value(one)}" for name, one in value.items()) + "}"
    raise InputError(f"a {type(value).__name__} cannot be written as TOML: {value!r}")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    """A JSON string is a TOML string, save that JSON lets the character DEL stand."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


__all__ = ["toml_text"]
