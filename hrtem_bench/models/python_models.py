"""Models that are Python code: functions, factories and modules, given by name or as objects."""

from __future__ import annotations

import functools
import importlib
import inspect
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from hrtem_bench.errors import InputError, MissingPackage, one_line
from hrtem_bench.models.runtime import Runtime, on_device
from hrtem_bench.models.torch_modules import is_module, module_predictor


def function_in_folder(folder: Path, entry: str) -> Callable[..., Any]:
    """The function that a card's `module:function` names. Runs the module's code.

    The folder becomes a package with a new name, so that its modules can import each other with `from .model import
    ...` and modules of two folders are never confused. sys.path is not changed.
    """
    module_name, name = split_entry(entry)
    path = folder.joinpath(*module_name.split(".")).with_suffix(".py")
    if not path.is_file():
        raise InputError(f"{folder}: the card's entry {entry!r} names {path.name}, which is not there")
    package = _package(folder)
    return _function(_import(f"{package}.{module_name}", folder, entry), name, entry)


def function_in_file(path: Path, name: str) -> Callable[..., Any]:
    """The function `name` of a Python file. Runs the file's code."""
    if not path.is_file():
        raise InputError(f"{path} is not there")
    package = _package(path.parent)
    return _function(_import(f"{package}.{path.stem}", path.parent, str(path)), name, str(path))


def function_in_module(entry: str) -> Callable[..., Any]:
    """The function that `package.module:function` names, from the installed packages or the current folder."""
    module_name, name = split_entry(entry)
    here = str(Path.cwd())
    added = here not in sys.path
    if added:
        sys.path.insert(0, here)
    try:
        module = _import(module_name, Path.cwd(), entry)
    finally:
        if added:
            sys.path.remove(here)
    return _function(module, name, entry)


def split_entry(entry: str) -> tuple[str, str]:
    """("package.module", "function") of "package.module:function"."""
    module, separator, name = entry.rpartition(":")
    if not separator or not name.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        raise InputError(f"{entry!r} should read module:function")
    return module, name


def _package(folder: Path) -> str:
    """Register the folder as a package under a new name each time, so that changed code is read again."""
    name = f"hrtem_bench_submission_{secrets.token_hex(8)}"
    package = ModuleType(name, f"The code of {folder.name}.")
    package.__path__ = [str(folder.resolve())]
    sys.modules[name] = package
    return name


def _import(name: str, folder: Path, entry: str) -> ModuleType:
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # a submission's folder is left as it is
    try:
        return importlib.import_module(name)
    except MissingPackage:
        raise
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing == name or name.startswith(missing + "."):
            raise InputError(f"{entry}: there is no module {missing!r}") from None
        sibling = folder.joinpath(missing.split(".")[0] + ".py").exists()
        hint = f"write `from .{missing} import ...`" if sibling else "install it"
        raise InputError(f"{entry}: it imports {missing!r}, which is not installed: {hint}") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # some are no Exception: SystemExit, asyncio's CancelledError
        raise InputError(f"{entry}: importing it failed with {type(error).__name__}: {one_line(error)}") from error
    finally:
        sys.dont_write_bytecode = writes


def _function(module: ModuleType, name: str, entry: str) -> Callable[..., Any]:
    function = getattr(module, name, None)
    if function is None:
        raise InputError(f"{entry}: the module has no {name!r}")
    if not callable(function):
        raise InputError(f"{entry}: {name} is a {type(function).__name__}, not a function")
    if inspect.iscoroutinefunction(function):
        raise InputError(f"{entry}: {name} is asynchronous: write it with def, not async def")
    return function


def is_factory(function: Callable[..., Any]) -> bool:
    """Whether it is a function or class that needs no argument, and so returns a predictor instead of being one."""
    if not (inspect.isfunction(function) or inspect.isclass(function)):
        return False
    parameters = inspect.signature(function).parameters.values()
    return not any(p.default is p.empty and p.kind is not p.VAR_KEYWORD for p in parameters)


def called(factory: Callable[..., Any], arguments: tuple[Any, ...], name: str, runtime: Runtime) -> Callable[..., Any]:
    """The predictor that a factory returns; its errors and wrong answers as InputError in one line."""
    placed = {} if _is_module_class(factory) else on_device(factory, runtime, name)
    predict = returned_by(factory, name, *arguments, **placed)
    if not callable(predict):
        raise InputError(f"{name} returned a {type(predict).__name__}, not a function of images or an nn.Module")
    return predictor_of(predict, runtime)


def returned_by(function: Callable[..., Any], name: str, *arguments: Any, **named: Any) -> Any:
    """What a model's function returns; an error becomes an InputError in one line that begins with `name`."""
    try:
        return function(*arguments, **named)
    except (InputError, KeyboardInterrupt):
        raise
    except BaseException as error:  # some are no Exception: SystemExit, asyncio's CancelledError
        raise InputError(f"{name} failed with {type(error).__name__}: {one_line(error)}") from error


def predictor_of(model: Any, runtime: Runtime) -> Callable[..., Any]:
    """The predictor for a callable; an nn.Module is put on the runtime's device."""
    if not is_module(model):
        return model
    return module_predictor(model if runtime.device == "cpu" else model.to(runtime.for_torch()))


def _is_module_class(factory: Callable[..., Any]) -> bool:
    """Whether calling it gives a torch.nn.Module, which can be moved to a device later."""
    torch = sys.modules.get("torch")
    return torch is not None and inspect.isclass(factory) and issubclass(factory, torch.nn.Module)


def named_in_code(model: Callable[..., Any]) -> Any:
    """The function or class that a callable is, wraps, or is an instance of."""
    inner = model.func if isinstance(model, functools.partial) else model
    return inner if hasattr(inner, "__qualname__") else type(inner)


def file_of(named: Any) -> Path | None:
    """The Python file in which a function or class is defined; None where there is none, as in a notebook."""
    try:
        file = inspect.getsourcefile(named)
    except TypeError:  # compiled
        return None
    return Path(file) if file is not None and Path(file).is_file() else None
