"""From what a user names to a model that can be scored: a folder, a function, a file, or a shipped baseline."""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hrtem_bench
from hrtem_bench.errors import InputError
from hrtem_bench.harness.cards import CARD, Card, TrainedOn, one_line, read_card
from hrtem_bench.harness.contract import InputContract
from hrtem_bench.harness.modules import function_in_file, function_in_folder, function_in_module
from hrtem_bench.harness.weights import checksum, parameter_count, refuse_pickles

Predictor = Callable[[NDArray[np.float32]], Any]
"""Images float32 (N, ny, nx), normalised as the contract says, to as many answers of the same shape."""


@dataclass(frozen=True)
class Submission:
    """A model ready to be scored.

    kind: "folder", "function" or "file". path: as the user named it. contract: what it is given and returns.
    trained_on: None where nobody said. checksum: sha256 over the folder's or the file's files; for a
    function, over the file that defines it, which does not cover weights loaded from elsewhere. parameters:
    None where unknown.
    """

    name: str
    kind: str
    path: str
    predict: Predictor
    contract: InputContract
    trained_on: TrainedOn | None
    checksum: str
    parameters: int | None


def load_submission(model: str) -> Submission:
    """The model that `model` names.

    A folder with card.toml; `package.module:function` or `path.py:function`, the function a predictor, or a
    factory without parameters that returns one; or the name of a shipped baseline. Code runs only from these.
    Raises InputError, one line, for what is not there, not a model, or refused.
    """
    path = Path(model)
    if model and path.is_dir():
        return _from_folder(path, model)
    if path.is_file():
        refuse_pickles(path)
    if ":" in model:
        return _from_function(model)
    folder = baseline_folder(model)
    if folder is not None:
        return _from_folder(folder, model)
    if path.is_file():
        raise InputError(f"{model}: not a model: give a folder with {CARD}, module:function or path.py:function")
    close = difflib.get_close_matches(model, baseline_names(), n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    raise InputError(
        f"there is no model {model!r}: {hint}give a folder with {CARD}, module:function, path.py:function or a shipped "
        f"baseline ({', '.join(baseline_names()) or 'none here'})"
    )


def baseline_names() -> list[str]:
    """The shipped baselines' names, sorted."""
    return sorted({folder.name for root in _baseline_roots() for folder in root.iterdir() if _has_card(folder)})


def baseline_folder(name: str) -> Path | None:
    """The folder of a shipped baseline, None if no such baseline is shipped."""
    if not name.isidentifier():
        return None
    return next((root / name for root in _baseline_roots() if _has_card(root / name)), None)


def load_trainer(folder: Path) -> Callable[..., Any]:
    """The function that trains the baseline in `folder`: (data, track, conditions, out, *, seed, epochs) -> None."""
    card = read_card(folder)
    if card.model.train is None:
        raise InputError(f"{card.name} has nothing to train: its card names no [model] train")
    return function_in_folder(folder, card.model.train)


def _baseline_roots() -> list[Path]:
    """Where baselines lie: in an installed package, and at the top of a checkout."""
    package = Path(hrtem_bench.__file__).parent
    return [root for root in (package / "shipped" / "baselines", package.parent / "baselines") if root.is_dir()]


def _has_card(folder: Path) -> bool:
    return (folder / CARD).is_file()


def _from_folder(folder: Path, model: str) -> Submission:
    card = read_card(folder)
    refuse_pickles(folder)
    parameters = None
    if card.model.weights is not None:
        weights = folder / card.model.weights
        if not weights.resolve().is_relative_to(folder.resolve()):
            raise InputError(f"{folder / CARD}: weights {card.model.weights!r} must lie in the folder")
        if weights.suffix != ".safetensors":
            raise InputError(f"{folder / CARD}: weights {card.model.weights!r} must be a .safetensors file")
        parameters = parameter_count(weights)
    return Submission(
        name=card.name,
        kind="folder",
        path=model,
        predict=_loaded(folder, card),
        contract=card.input,
        trained_on=card.trained_on,
        checksum=checksum(folder),
        parameters=parameters,
    )


def _loaded(folder: Path, card: Card) -> Predictor:
    load = function_in_folder(folder, card.model.entry)
    try:
        predict = load(folder)
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"{folder}: {card.model.entry} failed with {type(error).__name__}: {one_line(error)}"
        ) from error
    if not callable(predict):
        raise InputError(f"{folder}: {card.model.entry} returned a {type(predict).__name__}, not a function of images")
    return predict


def _from_function(model: str) -> Submission:
    location, _, name = model.rpartition(":")
    is_file = location.endswith(".py")
    function = function_in_file(Path(location), name) if is_file else function_in_module(model)
    source = location if is_file else getattr(sys.modules[location], "__file__", None)
    return Submission(
        name=name,
        kind="file" if is_file else "function",
        path=model,
        predict=_made(function, model),
        contract=InputContract(),
        trained_on=None,
        checksum=checksum(Path(source)) if source else "",
        parameters=None,
    )


def _made(function: Callable[..., Any], model: str) -> Predictor:
    """The function itself, or what it returns if it is a factory: a function or class that needs no argument."""
    if not (inspect.isfunction(function) or inspect.isclass(function)):
        return function
    parameters = inspect.signature(function).parameters.values()
    if any(p.default is p.empty and p.kind is not p.VAR_KEYWORD for p in parameters):
        return function
    try:
        predict = function()
    except Exception as error:
        raise InputError(f"{model} failed with {type(error).__name__}: {one_line(error)}") from error
    if not callable(predict):
        raise InputError(f"{model} takes no images and returned a {type(predict).__name__}, not a function of images")
    return predict


__all__ = ["Predictor", "Submission", "baseline_folder", "baseline_names", "load_submission", "load_trainer"]
