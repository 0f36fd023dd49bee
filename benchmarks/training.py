"""How fast a network is trained to the end, beside another optimiser and the floor of the machine's arithmetic.

    python benchmarks/training.py --data published [--track defocus] [--condition defocus=10nm]

On one thread, for `unet_small` at full and at half width: processor seconds and validation loss after each cycle of the
schedule of the studies; the same steps with AdamW alone; what a step of the optimiser takes, and one of PyTorch's own
Muon; and the time that the multiplications of a step take at the speed of a large matrix product.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import torch

from hrtem_bench.dataset import open_dataset
from hrtem_bench.models.python_models import function_in_folder
from hrtem_bench.models.shipped_baselines import baseline_at
from hrtem_bench.training import TrainingSettings
from hrtem_bench.training.images import TrainingImages, track_images
from hrtem_bench.training.loop import Training, begin, run_cycle, seeded
from hrtem_bench.training.optimisation import share_of_peak

NETWORKS = {"half width": "model:half", "full width": "model:network"}
STEPS, CYCLES = 75, 4
"""Steps of a cycle, as in the studies; cycles."""
GOAL = 0.05
"""Nats per pixel."""


class AdamWAlone:
    """The optimiser's interface with AdamW for every parameter."""

    def __init__(self, network: Any, settings: TrainingSettings) -> None:
        self._peak = 1e-2
        self._adamw = torch.optim.AdamW(network.parameters(), lr=self._peak, weight_decay=settings.weight_decay)

    def step(self, share: float) -> None:
        for group in self._adamw.param_groups:
            group["lr"] = share * self._peak
        self._adamw.step()
        self._adamw.zero_grad(set_to_none=True)


@dataclass(frozen=True)
class Reached:
    """What a network had reached after a cycle, and the processor seconds from the start to there."""

    steps: int
    seconds: float
    loss: float
    dice: float


def cycles(
    state: Training, data: TrainingImages, validation: TrainingImages, settings: TrainingSettings
) -> list[Reached]:
    """Run the cycles."""
    start, found = time.process_time(), []
    for _ in range(settings.most_cycles):
        run_cycle(state, data, validation, settings)
        row = state.log[-1]
        spent, steps = time.process_time() - start, len(state.log) * settings.steps
        found.append(Reached(steps, spent, row["validation_loss"], row["validation_dice"]))
    return found


def multiplications(network: Any, settings: TrainingSettings) -> float:
    """Multiply-adds of one step: those of the forward pass, and twice as many backward."""
    total = 0.0

    def count(module: Any, _: Any, output: Any) -> None:
        nonlocal total
        total += output.numel() * module.weight[0].numel()

    hooks = [m.register_forward_hook(count) for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    with torch.no_grad():
        network(torch.zeros(settings.batch_size, 1, settings.crop, settings.crop))
    for hook in hooks:
        hook.remove()
    return 3 * total


def seconds_of_product(side: int = 1024) -> float:
    """Processor seconds of one multiply-add in a product of two matrices of `side`², the best of five."""
    a, times = torch.randn(side, side), []
    for _ in range(5):
        start = time.process_time()
        torch.mm(a, a)
        times.append(time.process_time() - start)
    return min(times) / side**3


def seconds_of_step(state: Training, settings: TrainingSettings) -> float:
    """Processor seconds of one step of the optimiser."""
    state.network(torch.zeros(settings.batch_size, 1, settings.crop, settings.crop)).mean().backward()
    start = time.process_time()
    state.optimiser.step(share_of_peak(0, settings.steps))
    return time.process_time() - start


def seconds_of_muon(network: Any) -> float:
    """Processor seconds of one step of PyTorch's own Muon on the network's kernels."""
    kernels = [m.weight for m in network.modules() if isinstance(m, torch.nn.Conv2d) and min(m.weight.shape[:2]) >= 4]
    matrices = [torch.nn.Parameter(one.detach().reshape(len(one), -1).clone()) for one in kernels]
    for one in matrices:
        one.grad = torch.randn_like(one)
    muon, times = torch.optim.Muon(matrices, lr=0.0, ns_steps=4), []
    for _ in range(5):
        start = time.process_time()
        muon.step()
        times.append(time.process_time() - start)
    return min(times)


def table(found: Mapping[str, Sequence[Reached]]) -> str:
    """Markdown: the cycles of each network, and how many reach `GOAL` in an hour of two cores."""
    lines = [
        f"| network, optimiser | steps | processor seconds | validation loss | Dice | to {GOAL}, two cores, an hour |",
        "|---|---|---|---|---|---|",
    ]
    for name, several in found.items():
        reached = next((one.seconds for one in several if one.loss <= GOAL), None)
        for one in several:
            hourly = f"{2 * 3600 / reached:.0f}" if reached == one.seconds else ""
            lines.append(f"| {name} | {one.steps} | {one.seconds:.1f} | {one.loss:.3f} | {one.dice:.3f} | {hourly} |")
    return "\n".join(lines)


def parts(found: Mapping[str, tuple[float, float, float, float]]) -> str:
    """Markdown: milliseconds of a step, a cycle's validation shared out, and of what it is made of."""
    lines = [
        "| network | a step and its share of the validation, ms | its multiplications as a matrix product "
        "| the optimiser | PyTorch's Muon |",
        "|---|---|---|---|---|",
    ]
    for name, times in found.items():
        lines.append(f"| {name} | {' | '.join(f'{1e3 * one:.1f}' for one in times)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--track", default="defocus")
    parser.add_argument("--condition", default="defocus=10nm")
    given = parser.parse_args()
    torch.set_num_threads(1)
    settings = msgspec.structs.replace(TrainingSettings(), most_cycles=CYCLES, steps=STEPS)
    track = open_dataset(given.data, given.track)
    data, validation = (track_images(track, split, [given.condition]) for split in ("train", "validation"))
    reached, milliseconds = {}, {}
    for name, function in NETWORKS.items():
        make = function_in_folder(baseline_at("unet_small"), function)
        state, other = (begin(seeded(make, 0), settings) for _ in range(2))
        reached[f"{name}, Muon and AdamW"] = own = cycles(state, data, validation, settings)
        other.optimiser = AdamWAlone(other.network, settings)  # type: ignore[assignment]
        reached[f"{name}, AdamW alone"] = cycles(other, data, validation, settings)
        floor = multiplications(state.network, settings) * seconds_of_product()
        milliseconds[name] = (
            own[0].seconds / STEPS,
            floor,
            seconds_of_step(state, settings),
            seconds_of_muon(state.network),
        )
    print(table(reached), parts(milliseconds), sep="\n\n")


if __name__ == "__main__":
    main()
