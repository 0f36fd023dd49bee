"""Many networks of one structure trained together: their parameters stacked, one pass for all, faster on a GPU."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hrtem_bench.errors import require
from hrtem_bench.training.batches import draw_batch
from hrtem_bench.training.images import TrainingImages
from hrtem_bench.training.loop import batch_generator, best_row, copied, has_ended, row_of
from hrtem_bench.training.optimisation import Optimiser, kernel_names, share_of_peak
from hrtem_bench.training.settings import TrainingSettings


@dataclass(frozen=True)
class Member:
    """One of the networks: where it is trained and how.

    Parameters
    ----------
    network
        A torch.nn.Module, changed in place; all of the networks have the same structure and the same device.
    training, validation
        Its images; those of all networks have one size.
    settings
        Its schedule. The seeds may differ, the steps, the batch and the crop may not.
    """

    network: Any
    training: TrainingImages
    validation: TrainingImages
    settings: TrainingSettings


@dataclass(frozen=True)
class Outcome:
    """What came of a network: its log, see `Training`; whether training ended; why it failed, "" where it did not."""

    log: list[dict[str, float]]
    ended: bool
    failed: str = ""


def fit_together(members: Sequence[Member]) -> list[Outcome]:
    """Train each network as `fit` does, all in the same passes, until the last has ended.

    The batches, steps and validations of each are those that `fit` would give it; sums are taken in another order. A
    network that has ended, or whose loss is not finite, leaves the stack, and the others go on.
    """
    logs: list[list[dict[str, float]]] = [[] for _ in members]
    failed = [""] * len(members)
    best: list[dict[str, Any]] = [{} for _ in members]
    active = list(range(len(members)))
    stack = _Stack([one.network for one in members], members[0].settings) if members else None
    while active and stack is not None:
        start, cycle = time.perf_counter(), len(logs[active[0]])
        losses = stack.run_cycle([members[k] for k in active], cycle)
        stack.write_back()
        for k, mine in zip(active, losses.T, strict=True):
            if np.isfinite(mine).all():
                seconds = (time.perf_counter() - start) / len(active)
                logs[k].append(row_of(members[k].network, mine.tolist(), members[k].validation, cycle, seconds))
                if best_row(logs[k]) is logs[k][-1]:
                    best[k] = copied(members[k].network)
            else:
                failed[k] = f"the loss is not finite in cycle {cycle + 1}: lower the learning rate"
        stay = [place for place, k in enumerate(active) if not failed[k] and not _done(logs[k], members[k].settings)]
        active = [active[place] for place in stay]
        stack.keep(stay)
    for one, state in zip(members, best, strict=True):
        if state:
            one.network.load_state_dict(state)
    ended = [has_ended(log, one.settings) for log, one in zip(logs, members, strict=True)]
    return [Outcome(*found) for found in zip(logs, ended, failed, strict=True)]


def _done(log: list[dict[str, float]], settings: TrainingSettings) -> bool:
    return len(log) >= settings.most_cycles or has_ended(log, settings)


class _Stack:
    """Networks' parameters and buffers along a first axis, with the optimiser of them all."""

    def __init__(self, networks: Sequence[Any], settings: TrainingSettings) -> None:
        torch = require("torch", "torch")
        self._networks = list(networks)
        for one in self._networks:
            one.train()
        self._parameters, self._buffers = torch.func.stack_module_state(self._networks)
        self._kernels, self._settings = kernel_names(networks[0]), settings
        self._optimiser = Optimiser(self._parameters, self._kernels, settings)

    def run_cycle(self, members: Sequence[Member], cycle: int) -> Any:
        """One cycle of steps: the losses, (steps, networks)."""
        generators = [batch_generator(one.settings.seed, cycle) for one in members]
        steps = self._settings.steps
        losses = []
        for step in range(steps):
            drawn = [draw_batch(one.training, one.settings, rng) for one, rng in zip(members, generators, strict=True)]
            images, masks = (np.stack(parts) for parts in zip(*drawn, strict=True))
            losses.append(self._step(images, masks, share_of_peak(step, steps)))
        return np.array(losses)

    def _step(self, images: Any, masks: Any, share: float) -> Any:
        torch = require("torch", "torch")
        device = next(iter(self._parameters.values())).device
        batch, target = (torch.from_numpy(one)[:, :, None].to(device) for one in (images, masks))
        logits = torch.vmap(self._answer)(self._parameters, self._buffers, batch)
        each = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none").mean((1, 2, 3, 4))
        each.sum().backward()  # the gradient of one network's loss by another's parameters is 0
        self._optimiser.step(share)
        return each.detach().cpu().numpy()

    def _answer(self, parameters: Any, buffers: Any, images: Any) -> Any:
        return require("torch", "torch").func.functional_call(self._networks[0], (parameters, buffers), (images,))

    def write_back(self) -> None:
        """Put the parameters and buffers into the networks."""
        torch = require("torch", "torch")
        held = self._parameters | self._buffers
        with torch.no_grad():
            for place, network in enumerate(self._networks):
                for name, own in (*network.named_parameters(), *network.named_buffers()):
                    own.copy_(held[name][place])

    def keep(self, places: Sequence[int]) -> None:
        """Go on with some of the networks."""
        if len(places) == len(self._networks) or not places:
            return
        index = list(places)
        state = self._optimiser.state_dict()
        momenta = [one[index] for one in state["momenta"]]
        adamw = state["adamw"]
        held = {
            key: {name: one[index] if name != "step" else one for name, one in values.items()}
            for key, values in adamw["state"].items()
        }
        self._networks = [self._networks[place] for place in index]
        self._parameters = {
            name: one.detach()[index].clone().requires_grad_() for name, one in self._parameters.items()
        }
        self._buffers = {name: one[index].clone() for name, one in self._buffers.items()}
        self._optimiser = Optimiser(self._parameters, self._kernels, self._settings)
        self._optimiser.load_state_dict({"momenta": momenta, "adamw": adamw | {"state": held}})
