"""Networks exported to a file, .pt2 or .onnx, as predictors.

They take images as (N, 1, ny, nx) or (N, ny, nx), float32; `contract.probabilities` says what they may return.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError, one_line, require
from hrtem_bench.models.runtime import CPU, Runtime
from hrtem_bench.models.torch_modules import as_array, only_output

Runner = Callable[[NDArray[np.float32]], Any]


@dataclass(frozen=True)
class Exported:
    """predict: the predictor. window: the side of the images it takes, None for any. parameters: None if unknown."""

    predict: Runner
    window: int | None
    parameters: int | None


Shape = tuple[int | None, ...]
"""Sides of an input, None for those that may vary."""


def load_pt2(path: Path, runtime: Runtime = CPU) -> Exported:
    """A program of torch.export. Loading it can run code: the caller has to ask first whether that is allowed."""
    torch = require("torch", "torch")
    device = runtime.for_torch()
    try:
        program = torch.export.load(path)
    except Exception as error:
        raise InputError(
            f"{path} cannot be loaded by PyTorch {torch.__version__} ({type(error).__name__}): save it whole with "
            "torch.export.save, by a version no newer than this"
        ) from error
    if device.type != "cpu":
        program = importlib.import_module("torch.export.passes").move_to_device_pass(program, device)
    names = program.graph_signature.user_inputs
    values = [node.meta["val"] for node in program.graph.nodes if node.op == "placeholder" and node.name in names]
    shape = _only_input(path, [tuple(n if isinstance(n, int) else None for n in v.shape) for v in values])
    network = program.module()

    def run(images: NDArray[np.float32]) -> Any:
        with torch.inference_mode():
            answer = network(torch.from_numpy(images).to(device))
        return as_array(only_output(answer))

    return Exported(_predictor(run, shape), _window(path, shape), sum(one.numel() for one in program.parameters()))


def load_onnx(path: Path, runtime: Runtime = CPU) -> Exported:
    """An ONNX model, run by onnxruntime."""
    onnxruntime = require("onnxruntime", "onnx")
    providers = _providers(onnxruntime, runtime)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:
        raise InputError(f"{path} cannot be loaded as an ONNX model: {one_line(error)[:200]}") from None
    inputs = session.get_inputs()
    shape = _only_input(path, [tuple(n if isinstance(n, int) else None for n in one.shape) for one in inputs])
    name, outputs = inputs[0].name, session.get_outputs()
    if len(outputs) != 1:
        raise InputError(f"{path} returns {len(outputs)} outputs where one is due")

    def run(images: NDArray[np.float32]) -> Any:
        return session.run(None, {name: images})[0]

    return Exported(_predictor(run, shape), _window(path, shape), None)


def _providers(onnxruntime: Any, runtime: Runtime) -> list[Any]:
    if runtime.bf16:
        raise InputError("--bf16 is for PyTorch models, and this one runs in onnxruntime")
    kind, _, index = runtime.device.partition(":")
    if kind == "cpu":
        return ["CPUExecutionProvider"]
    if kind != "cuda" or "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise InputError(f"this onnxruntime cannot use {runtime.device}: install onnxruntime-gpu, or use --device cpu")
    return [("CUDAExecutionProvider", {"device_id": int(index or 0)})]


def _only_input(path: Path, shapes: list[Shape]) -> Shape:
    if len(shapes) != 1:
        raise InputError(f"{path} takes {len(shapes)} inputs where one, the images, is due")
    shape = shapes[0]
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[1] not in (1, None)):
        shown = " x ".join("?" if n is None else str(n) for n in shape)
        raise InputError(f"{path} takes {shown} where images as N x 1 x ny x nx or N x ny x nx are due")
    return shape


def _window(path: Path, shape: Shape) -> int | None:
    """The side of the square images that a model of fixed size takes; None where the size may vary."""
    ny, nx = shape[-2:]
    if ny is None and nx is None:
        return None
    if ny != nx:
        sides = " x ".join("any" if n is None else str(n) for n in (ny, nx))
        raise InputError(f"{path} takes images of {sides} pixels: export it for square images, or for any size")
    return ny


def _predictor(run: Runner, shape: Shape) -> Runner:
    """The predictor that adds the channel axis and gives the model batches of the size it was exported for."""

    def predict(images: NDArray[np.float32]) -> Any:
        given = np.ascontiguousarray(images[:, None] if len(shape) == 4 else images)
        batch = shape[0]
        if batch is None:
            return run(given)
        padded = np.concatenate([given, np.repeat(given[-1:], -len(given) % batch, axis=0)])
        parts = [np.asarray(run(padded[i : i + batch])) for i in range(0, len(padded), batch)]
        return np.concatenate(parts)[: len(images)]

    return predict
