"""From what a user names to a model that can be scored: a folder, a function, a file, or a shipped baseline."""

from __future__ import annotations

import difflib
import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError, one_line, require
from hrtem_bench.models.card import CARD, SCHEMA_VERSION, Card, ModelEntry, TrainedOn, read_card
from hrtem_bench.models.contract import InputContract
from hrtem_bench.models.exported import load_onnx, load_pt2
from hrtem_bench.models.hub import download_model, is_hub_id, refuse_code
from hrtem_bench.models.identity import function_checksum, submission_checksum, with_answers
from hrtem_bench.models.python_models import (
    called,
    file_of,
    function_in_file,
    function_in_folder,
    function_in_module,
    is_factory,
    named_in_code,
    predictor_of,
    returned_by,
)
from hrtem_bench.models.runtime import CPU, Runtime, cpu_only, in_precision
from hrtem_bench.models.shipped_baselines import baseline_folder, baseline_names, has_card
from hrtem_bench.models.stored_predictions import Stored, has_predictions, stored_predictions
from hrtem_bench.models.torch_modules import is_module, module_checksum, module_device, module_predictor
from hrtem_bench.models.weight_files import parameter_count, refuse_pickles

EXPORTED_KINDS = ("pt2", "onnx")
FORMS = (
    f"a folder with {CARD}, a .pt2 or .onnx file, a folder of predictions, module:function, path.py:function, or "
    "ORGANISATION/NAME@REVISION on the Hub"
)
Predictor = Callable[[NDArray[np.float32]], Any]
"""Images float32 (N, ny, nx), normalised as the contract says, to as many answers of the same shape."""


@dataclass(frozen=True)
class Submission:
    """A model ready to be scored.

    Parameters
    ----------
    kind
        "folder", "function", "file", "module" (a torch.nn.Module given as such), "pt2", "onnx" or "predictions".
    path
        As the user gave it; for an object, where its class or function is defined.
    contract
        What the model takes and returns.
    trained_on
        None where it is not known.
    checksum
        SHA-256 over the submission's files and the files they refer to; for functions and modules see
        `function_checksum` and `module_checksum`. Files that code loads from elsewhere are not covered.
    parameters
        Their number; None where it is not known.
    stored
        Finds predictions that were made elsewhere; None for a model to run.
    device
        Where it runs.
    """

    name: str
    kind: str
    path: str
    predict: Predictor
    checksum: str
    contract: InputContract = field(default_factory=InputContract)
    trained_on: TrainedOn | None = None
    parameters: int | None = None
    stored: Stored | None = None
    device: str = "cpu"


@dataclass(frozen=True)
class _Asked:
    """What `load_submission` was asked for: the model's name and its arguments."""

    model: str
    contract: InputContract | None
    runtime: Runtime
    allow_code: bool


def load_submission(
    model: Any,
    contract: InputContract | None = None,
    *,
    name: str | None = None,
    runtime: Runtime = CPU,
    allow_code: bool = False,
) -> Submission:
    """The model that `model` is, or that it names.

    Parameters
    ----------
    model
        An object: a function of images float32 (N, ny, nx), or a torch.nn.Module of images (N, 1, ny, nx), which is
        run in evaluation mode, without gradients, on its own device, and left as it was.
        Or a name or path: a folder with card.toml and code, or with card.toml and one .pt2 or .onnx file;
        `package.module:function` or `path.py:function`, where the function may also be an nn.Module, or a function or
        class without parameters that returns either; a .pt2 file of torch.export; an .onnx file; a folder of
        predictions (see `stored_predictions`); a shipped baseline; or any of the folders in a repository on the Hub,
        as ORGANISATION/NAME@REVISION.
    contract
        What the model is given and returns, in place of its own.
    name
        In place of its own; that of an object is its function's or class's.
    runtime
        Where a named model runs, and in what precision; a factory that takes a parameter `device` is given it.
    allow_code
        Whether code may run that comes from the Hub, or in a .pt2 file, where it cannot be read beforehand.

    Raises
    ------
    InputError
        In one line, for what is not there, not a model, or refused.
    """
    if isinstance(model, str | os.PathLike):
        submission = _named(_Asked(os.fspath(model), contract, runtime, allow_code))
    else:
        submission = _from_object(model, runtime)
    runtime = replace(runtime, device=submission.device)
    submission = replace(submission, predict=in_precision(submission.predict, runtime), name=name or submission.name)
    if contract is None or submission.kind in EXPORTED_KINDS:
        return submission
    return replace(submission, contract=contract)


def _named(asked: _Asked) -> Submission:
    model, path = asked.model, Path(asked.model)
    if model and path.is_dir() and (baseline_folder(model) is None or has_card(path) or has_predictions(path)):
        return _from_folder(path, asked)
    if path.is_file():
        refuse_pickles(path)
        if path.suffix.lower()[1:] in EXPORTED_KINDS:
            return _from_export(path, asked)
        raise InputError(f"{model}: not a model: give {FORMS}")
    if ":" in model:
        return _from_function(model, asked.runtime)
    folder = baseline_folder(model)
    if folder is not None:
        return _from_folder(folder, asked)
    if is_hub_id(model):
        return _from_hub(asked)
    close = difflib.get_close_matches(model, baseline_names(), n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    raise InputError(
        f"there is no model {model!r}: {hint}give {FORMS}, or a shipped baseline "
        f"({', '.join(baseline_names()) or 'none here'})"
    )


def _from_hub(asked: _Asked) -> Submission:
    folder, exact = download_model(asked.model)
    found = replace(asked, model=exact)
    exports = _exports(folder)
    if not has_card(folder) and len(exports) == 1:
        return _from_export(exports[0], found)
    own = read_card(folder).model if has_card(folder) else None
    if own is not None and own.code is None:
        refuse_code(folder, asked.model, asked.allow_code)
    return _from_folder(folder, found)


def _exports(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix.lower()[1:] in EXPORTED_KINDS)


def _from_folder(folder: Path, asked: _Asked) -> Submission:
    if not has_card(folder) and has_predictions(folder):
        return _from_predictions(folder, asked, Card(schema_version=SCHEMA_VERSION, name=folder.resolve().name))
    card = read_card(folder)
    if card.model is None:
        return (_from_predictions if has_predictions(folder) else _from_carded_export)(folder, asked, card)
    refuse_pickles(folder)
    code = _code_of(folder, card.model)
    parameters = None if card.model.weights is None else _counted(folder, card.model.weights)
    return Submission(
        name=card.name,
        kind="folder",
        path=asked.model,
        predict=_predictor_in(folder, code, card.model, asked.runtime),
        checksum=submission_checksum(folder, None if code == folder else code),
        contract=card.input,
        trained_on=card.trained_on,
        parameters=parameters,
        device=asked.runtime.device,
    )


def _code_of(folder: Path, model: ModelEntry) -> Path:
    """The folder of a card's modules: the card's own, or that of the shipped baseline that it names."""
    if model.code is None:
        return folder
    code = baseline_folder(model.code)
    if code is None:
        shipped = ", ".join(baseline_names())
        raise InputError(f"{folder / CARD}: [model] code {model.code!r} is no shipped baseline: they are {shipped}")
    return code


def _predictor_in(folder: Path, code: Path, model: ModelEntry, runtime: Runtime) -> Predictor:
    """The predictor of a folder with modules in `code`: its network with its weights, or what its entry returns."""
    named = _named_in(code, model)
    if named.network is None:
        assert named.entry is not None
        return called(function_in_folder(code, named.entry), (folder,), f"{folder}: {named.entry}", runtime)
    network = _network(code, named.network)
    if model.weights is None:
        raise InputError(f"{folder / CARD}: [model] names a network and no weights: train it with `hrtem-bench train`")
    load = require("safetensors.torch", "torch").load_file
    try:
        network.load_state_dict(load(folder / model.weights))
    except RuntimeError as error:  # of keys and shapes
        raise InputError(f"{folder / model.weights} is not of the network {named.network}: {one_line(error)}") from None
    torch = require("torch", "torch")
    network.to(device=runtime.for_torch(), memory_format=torch.channels_last)
    return module_predictor(network)


def untrained_network(folder: Path) -> Any:
    """The network that a folder's card names, with new random weights.

    Parameters
    ----------
    folder
        With card.toml and code.

    Returns
    -------
    torch.nn.Module
        To be trained.

    Raises
    ------
    InputError
        If the card names none, or its function fails or returns something else.
    """
    model = read_card(folder).model
    code = folder if model is None else _code_of(folder, model)
    named = None if model is None else _named_in(code, model)
    if named is None or named.network is None:
        raise InputError(f'{folder / CARD} names no [model] network = "module:function", so there is nothing to train')
    return _network(code, named.network)


def _network(code: Path, network: str) -> Any:
    require("torch", "torch")
    made = returned_by(function_in_folder(code, network), f"{code}: {network}")
    if not is_module(made):
        raise InputError(f"{code}: {network} returned a {type(made).__name__} where a torch.nn.Module is due")
    return made


def _named_in(code: Path, model: ModelEntry) -> ModelEntry:
    """The card's entries, or those of the shipped baseline whose code it takes."""
    if model.network is not None or model.entry is not None:
        return model
    own = read_card(code).model
    if own is None or (own.network is None and own.entry is None):
        raise InputError(f"{code / CARD} names no network and no entry: give one in the card that takes its code")
    return own


def _from_carded_export(folder: Path, asked: _Asked, card: Card) -> Submission:
    """An exported network with a card that says what it is given and where it was trained."""
    exports = _exports(folder)
    if len(exports) != 1:
        raise InputError(
            f"{folder / CARD}: it has no [model], and the folder no predictions and no single .pt2 or .onnx"
        )
    refuse_pickles(folder)
    submission = _from_export(exports[0], replace(asked, contract=asked.contract or card.input))
    return replace(submission, name=card.name, trained_on=card.trained_on, checksum=submission_checksum(folder))


def _counted(folder: Path, name: str) -> int:
    """Parameters in a folder's weights, after checking that they are a safetensors file of the folder."""
    weights = folder / name
    if not Path(os.path.normpath(weights)).is_relative_to(os.path.normpath(folder)):  # the Hub's cache has links
        raise InputError(f"{folder / CARD}: weights {name!r} must lie in the folder")
    if weights.suffix != ".safetensors":
        raise InputError(f"{folder / CARD}: weights {name!r} must be a .safetensors file")
    return parameter_count(weights)


def _from_predictions(folder: Path, asked: _Asked, card: Card) -> Submission:
    refuse_pickles(folder)

    def predict(images: NDArray[np.float32]) -> Any:
        raise InputError(f"{folder} holds predictions and no model: it cannot be given images")

    return Submission(
        name=card.name,
        kind="predictions",
        path=asked.model,
        predict=predict,
        checksum=submission_checksum(folder),
        contract=card.input,
        trained_on=card.trained_on,
        stored=stored_predictions(folder),
    )


def _from_export(path: Path, asked: _Asked) -> Submission:
    contract = asked.contract or InputContract()
    load = load_pt2 if path.suffix.lower() == ".pt2" else load_onnx
    if load is load_pt2 and not asked.allow_code:
        raise InputError(
            f"{path}: a .pt2 file can run code when it is loaded: export the network as .onnx, which cannot, or give "
            "--allow-code (in Python allow_code=True) if you trust whom it comes from"
        )
    identity = submission_checksum(path)  # which sees that an ONNX refers to nothing outside of its folder
    exported = load(path, asked.runtime)
    if exported.window is not None:
        try:
            contract = msgspec.structs.replace(contract, window=exported.window)
        except ValueError as error:
            raise InputError(f"{path} takes images of {exported.window} pixels a side: {error}") from None
    return Submission(
        name=path.stem,
        kind=path.suffix[1:].lower(),
        path=asked.model,
        predict=exported.predict,
        checksum=identity,
        contract=contract,
        parameters=exported.parameters,
        device=asked.runtime.device,
    )


def _from_object(model: Any, runtime: Runtime) -> Submission:
    """A function or a module, as an object."""
    if inspect.isclass(model):
        raise InputError(f"{model.__name__} is a class: give an instance of it, {model.__name__}(…)")
    if not callable(model):
        raise InputError(f"a {type(model).__name__} is no model: give a function of images, an nn.Module, or {FORMS}")
    module = is_module(model)
    place = module_device(model) if module else "cpu"
    if runtime.device not in ("cpu", place):
        raise InputError(f"the model is on {place}: put it on {runtime.device} before it is given")
    named = named_in_code(model)
    predict = module_predictor(model) if module else model
    return Submission(
        name=named.__name__.strip("<>"),
        kind="module" if module else "function",
        path=f"{named.__module__}.{named.__qualname__}",
        predict=predict,
        checksum=with_answers(module_checksum(model), predict)
        if module
        else function_checksum(file_of(named), named.__module__, named, predict),
        parameters=sum(one.numel() for one in model.parameters()) if module else None,
        device=place,
    )


def _from_function(model: str, runtime: Runtime) -> Submission:
    """A function, class or nn.Module that `package.module:name` or `path.py:name` names."""
    location, _, name = model.rpartition(":")
    is_file = location.endswith(".py")
    function = function_in_file(Path(location), name) if is_file else function_in_module(model)
    factory = is_factory(function)
    if inspect.isclass(function) and not factory:
        raise InputError(
            f"{model} is a class whose instances need arguments: write a function without parameters that returns one"
        )
    if not factory and not is_module(function):
        cpu_only(runtime, f"{model} is the model itself")
    predict = called(function, (), model, runtime) if factory else predictor_of(function, runtime)
    source = location if is_file else getattr(sys.modules[location], "__file__", None)
    module = Path(location).stem if is_file else location
    return Submission(
        name=name,
        kind="file" if is_file else "function",
        path=model,
        predict=predict,
        checksum=function_checksum(None if source is None else Path(source), module, function, predict),
        device=runtime.device,
    )
