"""Programs of torch.export (.pt2), loaded so that nothing in the file can run but tensor operations.

`torch.export.load` unpickles parts of a .pt2 file, evaluates others as Python and imports modules that it
names. Here the archive is taken apart, each part is held against what a plain network needs, and only what
passes is put together again for PyTorch to read.
"""

from __future__ import annotations

import ast
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

from hrtem_bench.errors import InputError

_PARTS = re.compile(
    r"models/model\.json|archive_format|archive_version|byteorder|\.data/(version|serialization_id)"
    r"|data/(weights|constants)/(model_(weights|constants)_config\.json|weight_\d+|tensor_\d+)"
)
_EXAMPLES = "data/sample_inputs/model.pt"
_OPERATOR = re.compile(
    r"torch\.ops\.(aten|prims)\.((?!__|(from_file|save|_?print|warn)\b)\w+|__(and|or|xor)__)(\.(?!_)\w+)?|_operator\.(getitem|add|sub|mul|floordiv|mod|neg|[gl][te]|eq|ne)"
    r"|torch\.sym_(int|float|min|max|not|ite)|math\.(floor|ceil|trunc)"
    r"|torch\.ops\.higher_order\.wrap_with_set_grad_enabled"
)
_NAME = re.compile(r"([A-Za-z_]\w*)?")
_PLAIN = re.compile(r"[\w.,:>+ /-]*")
_FUNCTIONS = frozenset({
    "Symbol", "Integer", "Float", "Rational", "Add", "Mul", "Pow", "Max", "Min", "Mod", "PythonMod", "FloorDiv",
    "CleanDiv", "CeilDiv", "CeilToInt", "FloorToInt", "IntTrueDiv", "FloatTrueDiv", "PowByNatural", "TruncToInt",
    "ToFloat", "Eq", "Ne", "Ge", "Gt", "Le", "Lt", "And", "Or", "Not",
})  # fmt: skip
_EXPRESSION = (
    ast.Expression, ast.Call, ast.Name, ast.Load, ast.Constant, ast.keyword, ast.BinOp, ast.UnaryOp, ast.Compare,
    ast.operator, ast.unaryop, ast.cmpop,
)  # fmt: skip
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
_LONGEST, _MOST_POWERS, _HIGHEST_POWER = 4000, 3, 8
"""Of an expression: more would keep PyTorch busy for ever with numbers that no memory holds."""
_CONTAINERS = (None, "builtins.tuple", "builtins.list", "builtins.dict")
_REPLACED: dict[str, Any] = {"metadata": {}, "guards_code": []}
"""Parts of a program that carry no arithmetic, and could carry code: left out."""


class _Refused(ValueError):
    """Why a part of a file is not passed on."""


def load_program(path: Path) -> Any:
    """The ExportedProgram in a .pt2 file; InputError, one line, for a file that is broken or not a plain network."""
    import torch

    try:
        archive = _plain_archive(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except _Refused as error:
        raise InputError(f"{path} is refused, nothing of it was run: {error}") from None
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError, NotImplementedError, RecursionError):
        raise InputError(f"{path} is no whole .pt2 file: save it with torch.export.save") from None
    try:
        return torch.export.load(io.BytesIO(archive))
    except Exception as error:
        raise InputError(
            f"{path} cannot be loaded by PyTorch {torch.__version__} ({type(error).__name__}): export it again"
        ) from error


def _plain_archive(content: bytes) -> bytes:
    """The archive made anew from the parts of `content` that pass."""
    parts = _parts(content)
    for config in ("data/weights/model_weights_config.json", "data/constants/model_constants_config.json"):
        _check_payloads(json.loads(parts[config]))
    parts["models/model.json"] = json.dumps(_cleaned(json.loads(parts["models/model.json"]), "")).encode()
    parts[_EXAMPLES] = b""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(f"model/{name}", data)
    return made.getvalue()


def _parts(content: bytes) -> dict[str, bytes]:
    """Name, without the archive's own folder -> content, where all are what a plain network has."""
    parts = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            name = entry.filename.partition("/")[2]
            if name == _EXAMPLES:
                continue
            if not _PARTS.fullmatch(name):
                raise _Refused(f"it holds {entry.filename!r}, which a plain network has not")
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > len(content):
                raise _Refused(f"{entry.filename!r} is compressed, which torch.export.save does not do")
            if name in parts:
                raise _Refused(f"it holds {entry.filename!r} twice")
            parts[name] = archive.read(entry)
    return parts


def _check_payloads(config: dict[str, Any]) -> None:
    for name, payload in config["config"].items():
        if payload["use_pickle"] is not False:
            raise _Refused(f"{name} is a pickled object, which runs code when loaded")


def _cleaned(value: Any, key: str) -> Any:
    """A copy of a part of the program with every string checked for its place, `key`."""
    if isinstance(value, dict):
        for name in value:
            _check(name, "")
        return {name: _REPLACED[name] if name in _REPLACED else _cleaned(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_cleaned(one, key) for one in value]
    if isinstance(value, str):
        _check(value, key)
    return value


def _check(text: str, key: str) -> None:
    if key == "target":
        fine = _OPERATOR.fullmatch(text) is not None
    elif key == "expr_str":
        fine = _is_arithmetic(text)
    elif key in ("in_spec", "out_spec"):
        fine = "__" not in text and _is_plain_tree(json.loads(text)[1])
    else:
        fine = (_NAME if key == "name" else _PLAIN).fullmatch(text) is not None
    if not fine:
        shown = text if len(text) <= 60 else text[:57] + "..."
        raise _Refused(f"its program holds {shown!r}, which is not among the tensor operations that are let through")


def _is_arithmetic(text: str) -> bool:
    """Whether an expression is numbers, symbols and arithmetic functions of them, and nothing else."""
    if len(text) > _LONGEST:
        return False
    try:
        nodes = list(ast.walk(ast.parse(text, mode="eval")))
    except (SyntaxError, MemoryError, RecursionError):
        return False
    exponents = [exponent for node in nodes for exponent in _exponents(node)]
    if len(exponents) > _MOST_POWERS or not all(map(_is_low, exponents)):
        return False
    return all(map(_is_part_of_arithmetic, nodes))


def _is_part_of_arithmetic(node: ast.AST) -> bool:
    if isinstance(node, ast.operator):
        return isinstance(node, _OPERATORS)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS
    if isinstance(node, ast.Name):
        return node.id in _FUNCTIONS or re.fullmatch(r"[a-z]+\d+", node.id) is not None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.fullmatch(r"\w+", node.value) is not None
    return isinstance(node, _EXPRESSION)


def _exponents(node: ast.AST) -> list[ast.expr]:
    """What a power is raised to, if the node is one."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        return [node.right]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Pow", "PowByNatural"):
        return node.args[1:2]
    return []


def _is_low(exponent: ast.expr) -> bool:
    """Whether an exponent is a small whole number, written out."""
    if isinstance(exponent, ast.Call) and len(exponent.args) == 1:  # Integer(2)
        exponent = exponent.args[0]
    if isinstance(exponent, ast.UnaryOp):
        exponent = exponent.operand
    return isinstance(exponent, ast.Constant) and isinstance(exponent.value, int) and exponent.value <= _HIGHEST_POWER


def _is_plain_tree(spec: dict[str, Any]) -> bool:
    return spec["type"] in _CONTAINERS and all(_is_plain_tree(child) for child in spec["children_spec"])
