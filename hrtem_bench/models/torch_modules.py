"""PyTorch modules as models: run in evaluation mode without gradients, and left unchanged."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hrtem_bench.errors import InputError, require
from hrtem_bench.models.identity import source_of


def is_module(value: object) -> bool:
    """Whether a value is a torch.nn.Module; PyTorch is not imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def module_predictor(module: Any) -> Callable[[NDArray[np.float32]], NDArray[Any]]:
    """The predictor of a module, which takes images as (N, 1, ny, nx) on its own device and of its own precision.

    Each call sets the module to evaluation mode and runs it without gradients; then the module and each of its
    submodules get back the training flag that they had.
    """
    torch = require("torch", "torch")

    def predict(images: NDArray[np.float32]) -> NDArray[Any]:
        device, dtype = _placement(module)
        # Tensors made in inference mode could not be used in a later training step, those without gradients can.
        with evaluating(module), torch.no_grad():
            answer = only_output(module(torch.from_numpy(images)[:, None].to(device, dtype)))
        return as_array(answer)

    return predict


def module_device(module: Any) -> str:
    """The device of a module's parameters and buffers, "cpu" where it has none; InputError for more than one."""
    return str(_placement(module)[0])


def only_output(answer: Any) -> Any:
    """The tensor of an answer that may come in a list, a tuple or a mapping; InputError for several."""
    if isinstance(answer, dict):
        answer = list(answer.values())
    if isinstance(answer, list | tuple):
        if len(answer) != 1:
            raise InputError(f"the model returned {len(answer)} outputs where one is due")
        return answer[0]
    return answer


def as_array(answer: Any) -> NDArray[Any]:
    """A tensor of any device and precision as a NumPy array (bfloat16 becomes float32); other answers are passed on."""
    torch = require("torch", "torch")
    if not isinstance(answer, torch.Tensor):
        return answer
    answer = answer.detach().cpu()
    return (answer.float() if answer.is_floating_point() else answer).numpy()


@contextlib.contextmanager
def evaluating(module: Any) -> Iterator[None]:
    """The module and its submodules in evaluation mode during the block; afterwards each has the flag that it had."""
    flags = [(one, one.training) for one in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for one, training in flags:
            one.training = training


def module_checksum(module: Any) -> str:
    """SHA-256 over a module's structure as it prints itself, its parameters and buffers, and the code of its classes.

    The code is that of classes that are not PyTorch's own, where Python finds their source. Functions, files and
    tensors that are no buffers are not covered.
    """
    torch = require("torch", "torch")
    digest = hashlib.sha256(repr(module).encode())
    held = dict(module.named_parameters()) | dict(module.named_buffers()) | module.state_dict()
    for name, value in sorted(held.items()):
        digest.update(f"\0{name}\0".encode())
        if not isinstance(value, torch.Tensor):  # what get_extra_state gives
            digest.update(repr(value).encode())
            continue
        tensor = value.detach().cpu().contiguous()
        digest.update(f"{tensor.dtype}{tuple(tensor.shape)}\0".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    classes = {type(one) for one in module.modules()}
    for kind in sorted(classes, key=lambda one: f"{one.__module__}.{one.__qualname__}"):
        if kind.__module__.split(".")[0] != "torch":
            digest.update(f"\0{kind.__qualname__}\0{source_of(kind)}".encode())
    return digest.hexdigest()


def _placement(module: Any) -> tuple[Any, Any]:
    """The device and the floating-point type of a module's parameters and buffers; CPU and float32 without any."""
    torch = require("torch", "torch")
    tensors = list(itertools.chain(module.parameters(), module.buffers()))
    devices = sorted({str(one.device) for one in tensors})
    if len(devices) > 1:
        raise InputError(f"the model lies on several devices ({', '.join(devices)}): give a function that runs it")
    dtype = next((one.dtype for one in tensors if one.is_floating_point()), torch.float32)
    return torch.device(devices[0] if devices else "cpu"), dtype
