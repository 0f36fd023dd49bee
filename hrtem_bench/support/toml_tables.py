"""Tables of a TOML file to msgspec Structs, with errors that name key, value and what is allowed."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from hrtem_bench.errors import InputError
from hrtem_bench.support.reading import MAX_TOML, read_text

T = TypeVar("T")
LONGEST_SHOWN = 120
"""Characters of a value in an error."""
_MESSAGE = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$")


def convert_table(raw: Any, kind: type[T], where: str) -> T:
    """A table of a file as a msgspec Struct.

    Parameters
    ----------
    raw
        The table; NumPy numbers in it count as numbers.
    kind
        The Struct, or a union of Structs told apart by a tag.
    where
        The table's name in the file, for errors; "" for the file itself.

    Raises
    ------
    InputError
        In one line, with the key, its value and what is allowed, if the table does not fit.
    """
    if not isinstance(raw, Mapping):
        raise InputError(f"{where or 'the file'}: expected a table, not {shown(raw)}")
    plain = plain_values(raw)
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise InputError(_explain(str(error), plain, kind, where)) from None


def plain_values(value: Any) -> Any:
    """A copy in which NumPy numbers and arrays are Python's numbers and lists."""
    if isinstance(value, Mapping):
        return {key: plain_values(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(inner) for inner in value]
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value


def shipped_names(folder: Any) -> list[str]:
    """Names of the TOML files in a folder of the package."""
    return sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml"))


def shipped_or_own(name: str | Path, folder: Any, kind: str) -> str:
    """The text of a TOML file: one of the package's by name, or a user's own by path.

    kind: what it is, for errors: "recipe". Raises InputError if there is none, or it cannot be read.
    """
    path = Path(name)
    if path.suffix == ".toml":
        return read_text(path, MAX_TOML)
    if str(name) not in shipped_names(folder):
        raise InputError(
            f"no {kind} {str(name)!r}: shipped are {', '.join(shipped_names(folder))}; "
            "your own is given as the path of a .toml file"
        )
    return str(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def key_error(where: str, value: Any, allowed: str) -> InputError:
    """The error for a key: its name, its value and what is allowed."""
    return InputError(f"{where} = {shown(value)}: {allowed}")


def shown(value: Any) -> str:
    """A value as an error shows it: as Python writes it, cut after LONGEST_SHOWN characters."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"


def _explain(message: str, raw: Mapping[str, Any], kind: Any, where: str) -> str:
    """msgspec's message in terms of the file: the key, its value, what is allowed."""
    match = _MESSAGE.match(message)
    what, path = (match["what"], match["path"] or "") if match else (message, "")
    key = ".".join(filter(None, [where, path.lstrip(".")]))
    holder, table = _at(kind, raw, path)
    if unknown := re.search(r"unknown field `(.*)`", what):
        return f"{_join(key, unknown[1])} is not known: allowed in [{key or 'the recipe'}] are {_fields(holder, table)}"
    if missing := re.search(r"missing required field `(.*)`", what):
        return f"{_join(key, missing[1])} is missing: give {_annotation(holder, table, missing[1])}"
    if tag := next((t for t in [_tag_field(holder)] if t and key.endswith(f".{t}")), None):
        return f"{key} = {shown(table.get(tag))}: give {_annotation(holder, table, tag)}"
    return f"{key} = {shown(table)}: give {_type_name(holder)}"


def _at(kind: Any, raw: Any, path: str) -> tuple[Any, Any]:
    """The annotation and the value that a path of msgspec, ".values[2]", leads to.

    At the tag of a union (".kind") it stops at the table with the tag. Where msgspec writes "[...]" for a key or an
    element, the value is the whole table or list.
    """
    for name, index in re.findall(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]", path):
        if name:
            if name == _tag_field(kind):
                return kind, raw
            kind = _struct(kind, raw)
            kind = next((f.type for f in msgspec.structs.fields(kind) if f.encode_name == name), Any)
            raw = raw.get(name) if isinstance(raw, Mapping) else None
        else:
            kind = typing.get_args(_bare(kind))[-1] if typing.get_args(_bare(kind)) else Any
            raw = raw[int(index)] if index.isdigit() and isinstance(raw, list) else raw
        kind = _without_none(kind)
    return kind, raw


def _bare(annotation: Any) -> Any:
    """An annotation without its limits."""
    return typing.get_args(annotation)[0] if typing.get_origin(annotation) is typing.Annotated else annotation


def _without_none(annotation: Any) -> Any:
    """The one type of an optional value."""
    members = [m for m in typing.get_args(annotation) if m not in (type(None), msgspec.UnsetType)]
    union = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    return members[0] if union and len(members) == 1 else annotation


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _structs(kind: Any) -> list[Any]:
    """The Structs of a union, or the one that it is."""
    return [m for m in (typing.get_args(kind) or (kind,)) if isinstance(m, type) and issubclass(m, msgspec.Struct)]


def _struct(kind: Any, raw: Any) -> Any:
    """The Struct meant, of a union the one whose tag the table has."""
    members = _structs(kind)
    for member in members:
        config = member.__struct_config__
        if isinstance(raw, Mapping) and config.tag is not None and raw.get(config.tag_field) == config.tag:
            return member
    return members[0] if members else kind


def _tag_field(kind: Any) -> str | None:
    members = _structs(kind)
    return members[0].__struct_config__.tag_field if members else None


def _fields(kind: Any, raw: Any) -> str:
    struct, tag = _struct(kind, raw), _tag_field(kind)
    return ", ".join([*([tag] if tag else []), *(f.encode_name for f in msgspec.structs.fields(struct))])


def _annotation(kind: Any, raw: Any, name: str) -> str:
    """What a key of a table takes, in words."""
    if name == _tag_field(kind):
        return "one of " + ", ".join(repr(m.__struct_config__.tag) for m in _structs(kind))
    for field in msgspec.structs.fields(_struct(kind, raw)):
        if field.encode_name == name:
            return _type_name(field.type)
    return "another value"


def _type_name(annotation: Any) -> str:
    """A type with its limits in plain words: "a whole number from 16 to 8192"."""
    annotation = _without_none(annotation)
    if typing.get_origin(annotation) is typing.Literal:
        return "one of " + ", ".join(map(repr, typing.get_args(annotation)))
    if typing.get_origin(annotation) is typing.Annotated:
        inner, *rest = typing.get_args(annotation)
        return " ".join(filter(None, [_type_name(inner), *(_limits(m) for m in rest if isinstance(m, msgspec.Meta))]))
    if typing.get_origin(annotation) is list:
        inner = _type_name(typing.get_args(annotation)[0])
        return "a list of " + ("texts" if inner == "text" else f"{inner.removeprefix('a ')}s")
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return " or ".join(_type_name(member) for member in typing.get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return f"a table of {_fields(annotation, {})}"
    words = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false"}
    return words.get(getattr(annotation, "__name__", ""), "a table")


def _limits(meta: msgspec.Meta) -> str:
    """Limits in words: "from 1 to 1000", "above 0", "with at least 1 and at most 1000 of them"."""
    if meta.description:
        return meta.description
    if meta.ge is not None and meta.le is not None:
        return f"from {meta.ge} to {meta.le}"
    words = {"gt": "above", "ge": "of at least", "lt": "below", "le": "of at most", "pattern": "matching"}
    words |= {"min_length": "with at least", "max_length": "with at most"}
    return " and ".join(f"{word} {getattr(meta, k)}" for k, word in words.items() if getattr(meta, k) is not None)
