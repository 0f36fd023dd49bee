"""The training of one network: cycles of steps, a validation after each, and the end when nothing is gained."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hrtem_bench.errors import InputError, require
from hrtem_bench.models.torch_modules import evaluating
from hrtem_bench.scoring.metrics import dice, nll
from hrtem_bench.support.progress import Progress
from hrtem_bench.training.batches import draw_batch
from hrtem_bench.training.images import TrainingImages
from hrtem_bench.training.optimisation import Optimiser, kernel_names, share_of_peak
from hrtem_bench.training.settings import TrainingSettings

_BATCH, _WEIGHTS = 1, 2  # tags of the seeds derived from a training's own


class Diverged(InputError):
    """The loss became infinite or no number."""


@dataclass
class Training:
    """A training under way: the network, its optimiser, and a row of numbers for each finished cycle.

    A row has "cycle", "steps", "loss" (mean over the last tenth of the cycle, nats per pixel), "validation_loss",
    "validation_dice" and "seconds". best: the network's state after the cycle with the lowest validation loss.
    """

    network: Any
    optimiser: Optimiser
    log: list[dict[str, float]] = field(default_factory=list)
    best: dict[str, Any] = field(default_factory=dict)


def seeded(make: Callable[[], Any], seed: int) -> Any:
    """The network that `make` returns, its first weights drawn from `seed`; the global generators are left alone."""
    torch = require("torch", "torch")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(np.random.SeedSequence([seed, _WEIGHTS]).generate_state(1)[0]))
        return make()


def begin(network: Any, settings: TrainingSettings, device: str = "cpu") -> Training:
    """A training of `network` on `device`, its weights with the channels last, which is faster for convolutions."""
    torch = require("torch", "torch")
    network = network.to(device=device, memory_format=torch.channels_last)
    return Training(network, Optimiser(dict(network.named_parameters()), kernel_names(network), settings))


def run_cycle(
    state: Training,
    training: TrainingImages,
    validation: TrainingImages,
    settings: TrainingSettings,
    progress: Progress | None = None,
) -> None:
    """One cycle of steps and the validation after it; adds a row to the log.

    The same state, images and settings give the same weights on one machine with one number of threads. Diverged when a
    step's loss is not finite.
    """
    start, cycle = time.perf_counter(), len(state.log)
    generator = batch_generator(settings.seed, cycle)
    losses: list[float] = []
    for step in range(settings.steps):
        images, masks = draw_batch(training, settings, generator)
        losses.append(_step(state, images, masks, share_of_peak(step, settings.steps)))
        if not np.isfinite(losses[-1]):
            raise Diverged(f"the loss is {losses[-1]} at step {step + 1} of cycle {cycle + 1}: lower the learning rate")
        if progress is not None:
            total = settings.steps * max(settings.cycles, cycle + 1)
            progress(f"loss {np.mean(losses[-10:]):.3f}", cycle * settings.steps + step + 1, total)
    state.log.append(row_of(state.network, losses, validation, cycle, time.perf_counter() - start))
    if best_row(state.log) is state.log[-1]:
        state.best = copied(state.network)


def best_row(log: list[dict[str, float]]) -> dict[str, float]:
    """The row of the cycle with the lowest validation loss, which is that of the trained network."""
    return min(log, key=lambda row: row["validation_loss"])


def copied(network: Any) -> dict[str, Any]:
    """A copy of a network's state."""
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def batch_generator(seed: int, cycle: int) -> np.random.Generator:
    """What draws the batches of a cycle, from 0."""
    return np.random.default_rng(np.random.SeedSequence([seed, _BATCH, cycle]))


def row_of(
    network: Any, losses: list[float], validation: TrainingImages, cycle: int, seconds: float
) -> dict[str, float]:
    """A row of the log, for the losses of a finished cycle's steps; the validation is made here."""
    loss, overlap = validated(network, validation)
    return {
        "cycle": cycle + 1,
        "steps": len(losses),
        "loss": float(np.mean(losses[-max(1, len(losses) // 10) :])),
        "validation_loss": loss,
        "validation_dice": overlap,
        "seconds": seconds,
    }


def has_ended(log: list[dict[str, float]], settings: TrainingSettings) -> bool:
    """Whether the last cycle gained so little that training has ended; see `TrainingSettings`."""
    if len(log) < max(settings.cycles, 2):
        return False
    before, after = (row["validation_loss"] for row in log[-2:])
    return before - after <= max(settings.gain * before, settings.least_gain)


def fit(
    state: Training,
    training: TrainingImages,
    validation: TrainingImages,
    settings: TrainingSettings,
    *,
    keep: Callable[[Training], None] | None = None,
    progress: Progress | None = None,
) -> bool:
    """Cycles until training has ended or the most are done; returns whether it has ended.

    The network is then that of the cycle with the lowest validation loss: a cycle begins at the full learning rate, and
    the last may end higher.

    keep: called with the state after every cycle, to save it.
    """
    while len(state.log) < settings.most_cycles and not has_ended(state.log, settings):
        run_cycle(state, training, validation, settings, progress)
        if keep is not None:
            keep(state)
    state.network.load_state_dict(state.best)
    return has_ended(state.log, settings)


def validated(network: Any, data: TrainingImages) -> tuple[float, float]:
    """Mean loss (negative log-likelihood, nats per pixel) and mean Dice of the whole images, one at a time."""
    probability = np.concatenate([network_probabilities(network, one[None]) for one in data.images])
    return float(nll(probability, data.masks).mean()), float(dice(probability > 0.5, data.masks).mean())


def network_probabilities(network: Any, images: Any) -> Any:
    """Probabilities (N, ny, nx) float32 of the particle class, for standardised images (N, ny, nx)."""
    torch = require("torch", "torch")
    device = next(network.parameters()).device
    batch = torch.from_numpy(np.ascontiguousarray(images))[:, None].to(device, memory_format=torch.channels_last)
    with evaluating(network), torch.no_grad():
        return torch.sigmoid(network(batch))[:, 0].float().cpu().numpy()


def _step(state: Training, images: Any, masks: Any, share: float) -> float:
    torch = require("torch", "torch")
    device = next(state.network.parameters()).device
    batch = torch.from_numpy(images)[:, None].to(device, memory_format=torch.channels_last)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        state.network(batch), torch.from_numpy(masks)[:, None].to(device)
    )
    loss.backward()
    state.optimiser.step(share)
    return float(loss.detach())
