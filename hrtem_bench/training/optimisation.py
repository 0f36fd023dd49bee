"""The optimiser and its schedule: Muon for convolution kernels, AdamW for all other parameters.

Muon (K. Jordan et al., 2024, "Muon: an optimizer for hidden layers in neural networks") replaces the momentum of a
weight matrix by the nearest orthogonal matrix; a kernel counts as a matrix of outputs by inputs. PyTorch's own Muon
works in bfloat16, which on a processor without such arithmetic takes as long as the network itself; this one is in
float32. `benchmarks/training.py` measures both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from hrtem_bench.training.settings import TrainingSettings

WARM_UP = 0.1
"""Share of a cycle over which the learning rates rise."""
MOMENTUM = 0.9
QUINTIC = (3.4445, -4.7750, 2.0315)
"""Coefficients of the Newton-Schulz step, X -> a X + b (X Xᵀ) X + c (X Xᵀ)² X, steep at zero (Jordan et al., 2024)."""
ITERATIONS = 4
"""After so many all but the smallest singular values lie between 0.6 and 1.3, which serves as well as 1."""


class Optimiser:
    """AdamW and Muon for the parameters of one network, or of several stacked along a first axis, stepped together.

    Parameters
    ----------
    parameters
        Name -> leaf tensor.
    kernels
        Names of those that Muon changes, see `kernel_names`.
    settings
        For the peak learning rates and the weight decay.
    """

    def __init__(self, parameters: Mapping[str, Any], kernels: Collection[str], settings: TrainingSettings) -> None:
        import torch

        self._kernels = [one for name, one in parameters.items() if name in kernels]
        self._others = [one for name, one in parameters.items() if name not in kernels]
        self._momenta = [torch.zeros_like(kernel) for kernel in self._kernels]
        self._peaks = (settings.learning_rate, settings.kernel_learning_rate)
        self._adamw = torch.optim.AdamW(
            self._others, lr=settings.learning_rate, betas=(0.9, 0.99), weight_decay=settings.weight_decay
        )

    def step(self, share: float) -> None:
        """Change the parameters by their gradients, at this share of the peak learning rates; forget the gradients."""
        import torch

        for group in self._adamw.param_groups:
            group["lr"] = share * self._peaks[0]
        self._adamw.step()
        with torch.no_grad():
            for kernel, momentum in zip(self._kernels, self._momenta, strict=True):
                if kernel.grad is not None:
                    momentum.mul_(MOMENTUM).add_(kernel.grad)
                    update = _orthogonal_update(kernel.grad + MOMENTUM * momentum)
                    kernel.sub_(update, alpha=share * self._peaks[1])
        for one in (*self._kernels, *self._others):
            one.grad = None

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` takes."""
        return {"adamw": self._adamw.state_dict(), "momenta": self._momenta}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state_dict` gave."""
        self._adamw.load_state_dict(state["adamw"])
        for own, momentum in zip(self._momenta, state["momenta"], strict=True):
            own.copy_(momentum)


def share_of_peak(step: int, steps: int) -> float:
    """The learning rate at a step (from 0) of a cycle, as a share of its peak: up over WARM_UP, then down to 0."""
    done = (step + 0.5) / steps
    return done / WARM_UP if done < WARM_UP else (1 - done) / (1 - WARM_UP)


def orthogonalised(matrix: Any) -> Any:
    """Matrices (..., m, n), a torch tensor, with singular values brought near 1 by ITERATIONS Newton-Schulz steps."""
    a, b, c = QUINTIC
    tall = matrix.shape[-2] > matrix.shape[-1]
    x = matrix.mT if tall else matrix
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-12)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.mT if tall else x


def kernel_names(network: Any) -> frozenset[str]:
    """The kernels of all two-dimensional convolutions with at least 4 inputs and 4 outputs and without groups."""
    import torch

    return frozenset(
        f"{name}.weight" if name else "weight"
        for name, one in network.named_modules()
        if isinstance(one, torch.nn.Conv2d) and one.groups == 1 and min(one.weight.shape[:2]) >= 4
    )


def _orthogonal_update(values: Any) -> Any:
    """Muon's change of kernels (..., out, in, ky, kx), scaled so that its size does not depend on their shape."""
    matrix = values.flatten(-3)
    scale = max(1.0, matrix.shape[-2] / matrix.shape[-1]) ** 0.5
    return (scale * orthogonalised(matrix)).reshape(values.shape)
