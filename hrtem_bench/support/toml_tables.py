"""Tables of a TOML file to msgspec Structs, with errors that name key, value and what is allowed."""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from hrtem_bench.errors import InputError
from hrtem_bench.support.reading import MAX_TOML, read_text

T = TypeVar("T")
_MESSAGE = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$")


def convert_table(raw: Any, kind: type[T], where: str) -> T:
    """`raw`, the table named `where` in the file, as a `kind`; InputError in one line if it does not fit."""
    if not isinstance(raw, Mapping):
        raise InputError(f"{where}: expected a table, not {raw!r}")
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise InputError(_explain(str(error), raw, kind, where)) from None


def shipped_names(folder: Any) -> list[str]:
    """Names of the TOML files in a folder of the package."""
    return sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml"))


def shipped_or_own(name: str | Path, folder: Any, kind: str) -> str:
    """The text of a TOML file: of the package's folder by name, or a user's own by its path.

    kind: what it is, for errors: "recipe". Raises InputError where there is none, or where it cannot be read.
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
    """The error of one key: its name, the value it has and what is allowed."""
    return InputError(f"{where} = {value!r}: {allowed}")


def _explain(message: str, raw: Mapping[str, Any], kind: Any, where: str) -> str:
    match = _MESSAGE.match(message)
    what, path = (match["what"], match["path"] or "") if match else (message, "")
    key = ".".join(filter(None, [where, path.lstrip(".")]))
    if unknown := re.search(r"unknown field `(.*)`", what):
        inner, table = _inner(kind, raw, path), key or "the recipe"
        fields = f": allowed in [{table}] are {_fields(*inner)}" if inner else f" in [{table}]"
        return f"{_join(key, unknown[1])} is not known{fields}"
    if missing := re.search(r"missing required field `(.*)`", what):
        return f"{_join(where, missing[1])} is missing: give {_annotation(kind, raw, missing[1])}"
    name = re.split(r"[.\[]", path.lstrip("."))[0]
    allowed = f"; allowed is {_annotation(kind, raw, name)}" if name else ""
    return f"{key} = {_look_up(raw, path)!r}: {what[0].lower()}{what[1:]}{allowed}"


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _struct(kind: Any, raw: Mapping[str, Any]) -> Any:
    """The Struct meant, of a union the one whose tag the table has."""
    for member in typing.get_args(kind):
        config = member.__struct_config__
        if raw.get(config.tag_field) == config.tag:
            return member
    return typing.get_args(kind)[0] if typing.get_args(kind) else kind


def _inner(kind: Any, raw: Any, path: str) -> tuple[Any, Any] | None:
    """The Struct at a path inside `kind`, and its table; None where the path ends at no single Struct.

    The path is one of msgspec's errors, such as ".cameras[...].spread": [...] stands for any key of a dict.
    """
    for step in re.findall(r"\[\.\.\.\]|[^.\[\]]+", path):
        if step == "[...]" and typing.get_origin(kind) is dict:
            kind, raw = typing.get_args(kind)[-1], {}
        else:
            kind = {f.encode_name: f.type for f in msgspec.structs.fields(_struct(kind, raw))}.get(step)
            raw = raw.get(step, {}) if isinstance(raw, Mapping) else {}
        if typing.get_origin(kind) is not dict:
            structs = [
                one for one in (kind, *typing.get_args(kind)) if isinstance(one, type) and issubclass(one, Struct)
            ]
            if len(structs) != 1:
                return None
            kind = structs[0]
    return (kind, raw) if typing.get_origin(kind) is not dict else None


def _fields(kind: Any, raw: Mapping[str, Any]) -> str:
    struct = _struct(kind, raw)
    tag = struct.__struct_config__.tag_field
    return ", ".join([*([tag] if tag else []), *(f.encode_name for f in msgspec.structs.fields(struct))])


def _annotation(kind: Any, raw: Mapping[str, Any], name: str) -> str:
    members = typing.get_args(kind)
    if members and name == members[0].__struct_config__.tag_field:
        return "one of " + ", ".join(repr(m.__struct_config__.tag) for m in members)
    for field in msgspec.structs.fields(_struct(kind, raw)):
        if field.encode_name == name:
            return _type_name(field.type)
    return "another value"


def _type_name(annotation: Any) -> str:
    if typing.get_origin(annotation) is typing.Literal:
        return "one of " + ", ".join(map(repr, typing.get_args(annotation)))
    if typing.get_origin(annotation) is typing.Annotated:
        inner, *rest = typing.get_args(annotation)
        return " ".join([_type_name(inner), *(_limits(m) for m in rest if isinstance(m, msgspec.Meta))])
    if typing.get_origin(annotation) is list:
        return f"a list of {_type_name(typing.get_args(annotation)[0]).removeprefix('a ')}s"
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return f"a table of {_fields(annotation, {})}"
    words = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false"}
    return words.get(getattr(annotation, "__name__", ""), "a table")


def _limits(meta: msgspec.Meta) -> str:
    words = {"gt": "above", "ge": "of at least", "lt": "below", "le": "of at most", "pattern": "matching"}
    return " ".join(f"{word} {getattr(meta, k)}" for k, word in words.items() if getattr(meta, k) is not None)


def _look_up(raw: Any, path: str) -> Any:
    for step in re.findall(r"\.([^.\[]+)|\[(\d+)\]|\[(\.\.\.)\]", path):
        name, index, _ = step
        if name and isinstance(raw, Mapping):
            raw = raw.get(name)
        elif index and isinstance(raw, list):
            raw = raw[int(index)]
    return raw
