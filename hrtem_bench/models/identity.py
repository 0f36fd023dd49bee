"""How models are told apart: SHA-256 over everything that is loaded of a model."""

from __future__ import annotations

import ast
import hashlib
import inspect
import os
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError
from hrtem_bench.models.contract import standardise
from hrtem_bench.models.onnx_data import external_files

MOST_FILES = 100_000
MOST_BYTES = 64 << 30
"""Of a submission, so that a checksum comes to an end."""
TRIAL_SIDE = 64
TRIAL_DIGITS = 2
"""Of means over parts of the trial answers: more would differ between processors and PyTorch's versions."""


def files_of(path: Path) -> list[Path]:
    """The files that make up a submission, sorted, without caches and hidden files.

    For an .onnx file, the file and those it refers to; for another file, the file itself.
    """
    if path.is_dir():
        try:
            return sorted(file for file in _regular_files(path) if file.suffix != ".pyc")
        except OSError as error:
            raise InputError(f"{error.filename} cannot be read: {error.strerror}") from None
    return [path, *(external_files(path) if path.suffix.lower() == ".onnx" else ())]


def submission_checksum(path: Path, code: Path | None = None) -> str:
    """sha256 over the names and contents of a submission's files, then of the Python files of the folder `code`."""
    root = path if path.is_dir() else path.parent
    named = [(file.relative_to(root).as_posix(), file) for file in files_of(path)]
    if code is not None:
        named += [(file.relative_to(code).as_posix(), file) for file in files_of(code) if file.suffix == ".py"]
    return _sha256(named)


def function_checksum(file: Path | None, module: str, function: Any, predict: Callable[..., Any]) -> str:
    """SHA-256 over the code of a function, as far as it is found, and over its answers to trial images.

    The code is the file of its module and the files that it imports from its own folder or package. A function without
    a file, such as one from a notebook, counts with its source. Data that it reads are covered only by the answers.
    """
    if file is not None:
        root = import_root(file, module)
        code = _sha256((one.relative_to(root).as_posix(), one) for one in imported_files(file, root, module))
    else:
        code = source_of(function)
    return with_answers(code, predict)


def with_answers(code: str, predict: Callable[..., Any]) -> str:
    """SHA-256 over a text and a model's answers to trial images, if it answers them."""
    return hashlib.sha256(code.encode() + b"\0" + trial_answers(predict)).hexdigest()


def trial_answers(predict: Callable[..., Any]) -> bytes:
    """Rounded means of what a predictor returns for two fixed images; empty where it returns no numbers for them."""
    try:
        answer = np.asarray(predict(trial_images()))
        answer = answer.astype(np.float64) if answer.dtype.kind in "buif" else np.empty(0)
    except KeyboardInterrupt:
        raise
    except BaseException:  # it may want images of another size: the run itself will tell
        return b""
    if not answer.size or not np.isfinite(answer).all():
        return b""
    means = np.array([part.mean() for part in np.array_split(answer.ravel(), 16) if part.size])
    relative = means / max(1.0, float(np.abs(answer).max()))
    return np.asarray(relative.round(TRIAL_DIGITS) + 0.0, "<f8").tobytes()  # + 0.0: there are two zeros


def trial_images() -> NDArray[np.float32]:
    """Two images (2, 64, 64) of mean 0 and variance 1: a bright disc on fringes, and fringes of growing frequency."""
    y, x = np.mgrid[:TRIAL_SIDE, :TRIAL_SIDE] / TRIAL_SIDE
    disc = np.hypot(y - 0.4, x - 0.55) < 0.25
    return standardise(np.stack([2 * disc + np.cos(40 * x + 25 * y), np.cos(60 * x**2) * np.sin(30 * y)]))


def source_of(function: Any) -> str:
    """The source of a function or class; "" where Python does not find it, as for compiled ones."""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return ""


def import_root(file: Path, module: str) -> Path:
    """The folder that a module of this name is imported from: the one above its outermost package."""
    place = file.parent if file.name == "__init__.py" else file
    return place.parents[module.count(".")]


def imported_files(file: Path, root: Path, module: str) -> list[Path]:
    """The file of a Python module and the files below `root` that it imports, directly or indirectly, sorted.

    If `root` is the folder of installed packages, only those of the module's own package. Imports are read from the
    source, so that those under conditions and in functions count too.
    """
    installed = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib")}
    own = module.split(".", maxsplit=1)[0] if root.resolve() in installed else None
    found: set[Path] = set()
    waiting = [file]
    while waiting and len(found) < MOST_FILES:
        one = waiting.pop()
        if one in found:
            continue
        found.add(one)
        for parts in _imports(one, root):
            if own is None or parts[0] == own:
                waiting += _files_of_module(root, parts)
    return sorted(found)


def _imports(file: Path, root: Path) -> Iterator[tuple[str, ...]]:
    """What a Python file imports, as parts of names relative to `root`; nothing for a file that is not Python."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return
    package = file.parent.relative_to(root).parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level - 1 <= len(package):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = (*above, *(node.module.split(".") if node.module else ()))
            yield from ((*base, alias.name) for alias in node.names)


def _files_of_module(root: Path, parts: tuple[str, ...]) -> list[Path]:
    """The files that importing a name runs: its packages' and its own. The last part may be a name in a module."""
    found = []
    for count in range(1, len(parts) + 1):
        place = root.joinpath(*parts[:count])
        found += [one for one in (place / "__init__.py", place.with_name(f"{place.name}.py")) if one.is_file()]
    return found


def _regular_files(folder: Path) -> Iterator[Path]:
    waiting = [folder]
    while waiting:
        for entry in os.scandir(waiting.pop()):
            if entry.name.startswith(".") or entry.name == "__pycache__":
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))
            elif entry.is_file():
                yield Path(entry.path)


def _sha256(named: Iterable[tuple[str, Path]]) -> str:
    """Over the names and contents of files; InputError for more files or bytes than a submission may have."""
    files: Sequence[tuple[str, Path]] = list(named)
    size = sum(file.stat().st_size for _, file in files)
    if len(files) > MOST_FILES or size > MOST_BYTES:
        raise InputError(
            f"the model has {len(files)} files of {size >> 30} GiB: at most {MOST_FILES} files and "
            f"{MOST_BYTES >> 30} GiB are read"
        )
    digest = hashlib.sha256()
    for name, file in files:
        digest.update(name.encode() + b"\0")
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
